"""A task runtime: functions run as machine code on native threads, or as Python.

    from catzilla_jit import task

    @task
    def price(spot: float, strike: float) -> float: ...

    price.submit(100.0, 95.0).result()      # one call
    price.map(spots, strikes)               # one call per element, as an array

The guide is docs/tasks.md; errors are in `catzilla_jit.errors`.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .runtime.batch import BatchResult
    from .runtime.chain import Chain, Group, chain, group
    from .runtime.combine import as_completed, gather, wait
    from .runtime.default import configure, get_runtime, shutdown
    from .runtime.memory import has_jemalloc
    from .runtime.result import TaskResult
    from .runtime.runtime import Runtime
    from .runtime.stats import get_memory_stats, get_task_stats
    from .task import Task, add_task, task
    from .types import TaskPriority, TaskStatus

__all__ = [
    "BatchResult",
    "Chain",
    "Group",
    "Runtime",
    "Task",
    "TaskPriority",
    "TaskResult",
    "TaskStatus",
    "add_task",
    "as_completed",
    "chain",
    "configure",
    "gather",
    "get_memory_stats",
    "get_runtime",
    "get_task_stats",
    "group",
    "has_jemalloc",
    "shutdown",
    "task",
    "wait",
]
__version__ = "0.1.0"

# Imported by the first use of a name: the command line, which runs in this package too,
# starts without NumPy.
_HOMES = {
    "BatchResult": "runtime.batch",
    "Chain": "runtime.chain",
    "Group": "runtime.chain",
    "Runtime": "runtime.runtime",
    "Task": "task",
    "TaskPriority": "types",
    "TaskResult": "runtime.result",
    "TaskStatus": "types",
    "add_task": "task",
    "as_completed": "runtime.combine",
    "chain": "runtime.chain",
    "configure": "runtime.default",
    "gather": "runtime.combine",
    "get_memory_stats": "runtime.stats",
    "get_runtime": "runtime.default",
    "get_task_stats": "runtime.stats",
    "group": "runtime.chain",
    "has_jemalloc": "runtime.memory",
    "load_ipython_extension": "integrations.ipython",  # %load_ext catzilla_jit
    "shutdown": "runtime.default",
    "task": "task",
    "unload_ipython_extension": "integrations.ipython",
    "wait": "runtime.combine",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = importlib.import_module(f".{_HOMES[name]}", __name__)
    except AttributeError as error:
        # `from catzilla_jit import ...` would take it for a name that does not exist.
        raise ImportError(f"catzilla_jit is not in order, install it again: {error}") from error
    value = globals()[name] = getattr(home, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps `catzilla_jit.task` the decorator: an import of the submodule would replace it."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "task" and isinstance(value, ModuleType):
            value = value.task
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package

if os.environ.get("CATZILLA_JIT_LOG_LEVEL"):
    from . import logs

    logs.configure()
