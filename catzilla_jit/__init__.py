"""A task runtime: functions run as machine code on native threads, or as Python.

    from catzilla_jit import task

    @task
    def price(spot: float, strike: float) -> float: ...

    price.submit(100.0, 95.0).result()      # one call
    price.map(spots, strikes)               # one call per element, as an array

The guide is docs/guide.md; errors are in `catzilla_jit.errors`.
"""

from __future__ import annotations

from .runtime.batch import BatchResult
from .runtime.default import configure, get_runtime, shutdown
from .runtime.result import TaskResult
from .runtime.runtime import Runtime
from .task import Task, add_task, task
from .types import TaskPriority, TaskStatus

__all__ = [
    "BatchResult",
    "Runtime",
    "Task",
    "TaskPriority",
    "TaskResult",
    "TaskStatus",
    "add_task",
    "configure",
    "get_runtime",
    "shutdown",
    "task",
]
__version__ = "0.1.0"
