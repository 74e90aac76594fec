"""What a map over a Dask cluster runs in the workers (dask.py).

Dask cannot stop what runs. So whoever runs a chunk asks every POLL_SECONDS whether Dask still wants
its key, and stops the map in the worker's pool when it was cancelled or its client has gone.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from typing import Any, get_type_hints

import numpy as np

from ..errors import TaskCancelled
from ..stats.snapshot import TaskStats
from ..tasks import default
from .extras import library

distributed = library("distributed", "dask")

POLL_SECONDS = 0.05
#: The probe runs more and more elements until it has run so long. Other workers wait for it, and
#: what it got wrong in a busy moment the chunks correct.
PROBE_SECONDS = 0.005


@dataclasses.dataclass(frozen=True, slots=True)
class Chunk:
    """What one chunk came to; errors by index in the whole map."""

    first: int
    values: Any
    seconds: float  # that it ran
    errors: dict[int, BaseException]


class WarmUp(distributed.WorkerPlugin):  # type: ignore[misc, name-defined]
    """A plugin that makes each worker's runtime and compiles tasks ahead.

        client.register_plugin(WarmUp(price, memory_pool_mb=500))

    settings: those of `configure`; workers is by default the threads of the Dask worker.
    """

    name = "catzilla_jit"

    def __init__(self, *tasks: Any, **settings: Any) -> None:
        self._tasks = tasks
        self._settings = settings

    def setup(self, worker: Any) -> None:
        """Do it; Dask calls this in each worker, also in those that come later."""
        _configure(worker, self._settings)
        for task in self._tasks:
            task.warm_up()


def _configure(worker: Any, settings: dict[str, Any]) -> None:
    """Make the default runtime of this process, unless the program has one."""
    if default.is_made():
        return
    default.configure(**{"workers": worker.state.nthreads, **settings})


def _here() -> tuple[Any, str]:
    """Return this Dask worker and the key of the Dask task that runs."""
    worker = distributed.get_worker()
    _configure(worker, {})
    return worker, worker.get_current_task()


def probe(task: Any, values: list[Any]) -> float:
    """Return the seconds that an element takes in this worker, compilation left out."""
    _here()
    length = max((len(value) for value in values if isinstance(value, np.ndarray)), default=1)
    count = 1
    _timed_map(task, values, count)
    while True:
        seconds = _timed_map(task, values, count)
        if seconds >= PROBE_SECONDS or count >= length:
            return seconds / count
        count = min(length, count * 4)


def _timed_map(task: Any, values: list[Any], count: int) -> float:
    first = [value[:count] if isinstance(value, np.ndarray) else value for value in values]
    begin = time.perf_counter()
    task.map(*first, errors="collect")
    return time.perf_counter() - begin


def run_chunk(task: Any, values: list[Any], first: int, collect: bool) -> Chunk:
    """Run the elements from `first` on; stop when Dask wants them no more."""
    worker, key = _here()
    begin = time.perf_counter()
    batch = task.submit_map(*values, errors="collect" if collect else "raise")
    try:
        while not batch._ended_within(POLL_SECONDS):
            if not _is_wanted(worker, key):
                raise TaskCancelled(f"task {task.name}: the map was cancelled")
    except BaseException:
        batch.cancel()
        raise
    seconds = time.perf_counter() - begin
    errors = {
        first + index: _placed(error, task.name, first + index)
        for index, error in batch.errors.items()
    }
    if errors and not collect:
        return Chunk(first, None, seconds, {min(errors): errors[min(errors)]})
    return Chunk(first, np.atleast_1d(batch.wait()), seconds, errors)


def _is_wanted(worker: Any, key: str) -> bool:
    task = worker.state.tasks.get(key)
    return task is not None and task.state in ("executing", "long-running")


def _placed(error: BaseException, name: str, index: int) -> BaseException:
    """Have an error name the element of the whole map rather than that of its chunk."""
    if sys.version_info >= (3, 11):
        notes = getattr(error, "__notes__", [])
        error.__notes__ = [*notes[:-1], f"task {name}, element {index} of the map"]
    return error


def own_stats() -> TaskStats:
    """Return the statistics of this process's default runtime."""
    return default.get_task_stats()


class Blocks:
    """What dask.array calls with blocks of arrays."""

    def __init__(self, task: Any, errors: str) -> None:
        self._task = task
        self._errors = errors
        self.__name__ = task.name

    def __call__(self, *blocks: Any) -> Any:
        """Return the results of a block of each array."""
        return self._task.map(*blocks, errors=self._errors)


_TYPES: dict[Any, Any] = {
    float: np.float64, int: np.int64, bool: np.bool_, complex: np.complex128,
}  # fmt: skip


def result_type(task: Any) -> Any:
    """Return the dtype of a task's map by its hint; TypeError where that says nothing."""
    hint = get_type_hints(task._jit_function.function).get("return")
    if hint not in _TYPES:
        raise TypeError(
            f"task {task.name}: a map over dask.array needs a return hint of float, int, bool or "
            "complex, from which the type of the blocks is known"
        )
    return np.dtype(_TYPES[hint])
