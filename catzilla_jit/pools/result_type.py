"""What results are on the pools of this process, and which threads are workers.

What the pure-Python pool needs is imported where it is the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .selection import native


def result_type() -> type[Any]:
    """Return the type of the results of single calls."""
    loaded = native()
    if loaded is not None:
        return loaded.binding.TaskResult  # type: ignore[no-any-return]
    from .pure.call import PureTaskResult

    return PureTaskResult


def on_worker() -> bool:
    """Return whether this thread is a Python worker: it runs what it waits for itself."""
    loaded = native()
    if loaded is not None:
        return bool(loaded.binding.on_worker())
    from .pure import lane

    return lane.on_worker()


def read_each(results: list[Any], values: list[Any], seconds: float) -> None:
    """Append the values of the first results, which are waited for so long in all.

    Up to the first that is no single result of this process's pool, has ended without a value, or
    has not ended by then; raises what interrupts the wait.
    """
    loaded = native()
    if loaded is not None:
        loaded.binding.read_each(results, values, seconds)


def add_type(kind: type[Any]) -> None:
    """Make objects of exactly this type results: as an argument they are waited for first."""
    loaded = native()
    if loaded is not None:
        loaded.binding.add_result_type(kind)
        return
    from .pure.submitter import add_result_type

    add_result_type(kind)


def connect(await_of: Callable[[Any], None]) -> None:
    """Call await_of(binding), which gives the binding what its await needs of asyncio."""
    loaded = native()
    if loaded is not None:
        await_of(loaded.binding)
