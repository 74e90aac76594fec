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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .forking import fork, join
    from .runtime.batch import BatchResult
    from .runtime.combine import as_completed, gather, wait
    from .runtime.current import CurrentTask, current_task
    from .runtime.result import TaskResult
    from .stats.allocator import has_jemalloc
    from .tasks.default import (
        add_task,
        configure,
        get_memory_stats,
        get_runtime,
        get_task_stats,
        shutdown,
        task,
    )
    from .tasks.executor import Executor
    from .tasks.runtime import Runtime
    from .tasks.task import Task
    from .tasks.workflow import Chain, Group, chain, group
    from .types import TaskPriority, TaskStatus

__all__ = [
    "BatchResult",
    "Chain",
    "CurrentTask",
    "Executor",
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
    "current_task",
    "fork",
    "gather",
    "get_memory_stats",
    "get_runtime",
    "get_task_stats",
    "group",
    "has_jemalloc",
    "join",
    "shutdown",
    "task",
    "wait",
]
__version__ = "0.1.0"

# The layers, from the top: cli, integrations, tasks, runtime, pools, stats, display; each imports
# from those behind it alone. `compile` stands beside them, and only tasks, integrations and cli
# import it. Below all: errors, types, logs, jemalloc. (docs/design.md; tests/test_layers.py)
#
# Imported by the first use of a name: the command line, which runs in this package too,
# starts without NumPy.
_HOMES = {
    "BatchResult": "runtime.batch",
    "Chain": "tasks.workflow",
    "Executor": "tasks.executor",
    "Group": "tasks.workflow",
    "Runtime": "tasks.default",  # whose import lets tasks pickle
    "Task": "tasks.default",
    "TaskPriority": "types",
    "TaskResult": "runtime.result",
    "TaskStatus": "types",
    "add_task": "tasks.default",
    "as_completed": "runtime.combine",
    "chain": "tasks.workflow",
    "CurrentTask": "runtime.current",
    "configure": "tasks.default",
    "current_task": "runtime.current",
    "fork": "forking",
    "gather": "runtime.combine",
    "get_memory_stats": "tasks.default",
    "get_runtime": "tasks.default",
    "get_task_stats": "tasks.default",
    "group": "tasks.workflow",
    "has_jemalloc": "stats.allocator",
    "join": "forking",
    "load_ipython_extension": "integrations.ipython",  # %load_ext catzilla_jit
    "shutdown": "tasks.default",
    "task": "tasks.default",
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


if os.environ.get("CATZILLA_JIT_LOG_LEVEL"):
    from . import logs

    logs.configure()
