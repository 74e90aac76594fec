"""Background tasks for an app of the web framework Catzilla (package catzilla, 0.2.3).

    from catzilla import Catzilla
    from catzilla_jit.integrations import catzilla as tasks

    app = tasks.install(Catzilla())
    app.enable_background_tasks(workers=4)

The framework has the same methods, but what its workers run never arrives. `install` puts methods
of one app in their place; its routes and everything else stay the framework's.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..stats.snapshot import TaskStats
from ..tasks.runtime import Runtime
from ..types import TaskPriority

if TYPE_CHECKING:
    from ..runtime.result import TaskResult

_METHODS = ("enable_background_tasks", "task", "add_task", "get_task_stats", "get_memory_stats")


def install(app: Any) -> Any:
    """Give an app of the catzilla package these tasks; return the app.

    Call it before `app.enable_background_tasks()`. Raises TypeError for what is no such app, and
    RuntimeError where its own tasks are enabled already.
    """
    missing = [name for name in _METHODS if not callable(getattr(app, name, None))]
    if missing:
        raise TypeError(f"catzilla: expected an app with {', '.join(missing)}, not {app!r}")
    if getattr(app, "tasks", None) is not None:
        raise RuntimeError("catzilla: install() comes before app.enable_background_tasks()")
    tasks = _Tasks(app.get_memory_stats)
    for name in _METHODS:
        setattr(app, name, getattr(tasks, name))
    app.task_runtime = tasks.runtime
    return app


class _Tasks:
    """What the methods of one app do."""

    def __init__(self, memory_stats: Callable[[], dict[str, Any]]) -> None:
        self._memory_stats = memory_stats  # the framework's
        self._runtime: Runtime | None = None

    def runtime(self) -> Runtime:
        """Return the runtime; RuntimeError before enable_background_tasks()."""
        if self._runtime is None:
            raise RuntimeError("call app.enable_background_tasks() first")
        return self._runtime

    def enable_background_tasks(
        self,
        workers: int | None = None,
        min_workers: int | None = None,
        max_workers: int | None = None,
        queue_size: int = 10_000,
        enable_auto_scaling: bool = True,
        memory_pool_mb: float | None = None,
        enable_c_compilation: bool = True,
        enable_profiling: bool = True,
    ) -> None:
        """Give the app its runtime; the options are those of `catzilla_jit.Runtime`."""
        if self._runtime is not None:
            raise RuntimeError("the background tasks are enabled already")
        self._runtime = Runtime(
            workers=workers,
            min_workers=min_workers,
            max_workers=max_workers,
            queue_size=queue_size,
            enable_auto_scaling=enable_auto_scaling,
            memory_pool_mb=memory_pool_mb,
            enable_c_compilation=enable_c_compilation,
            enable_profiling=enable_profiling,
        )

    def task(self, function: Any = None, /, **options: Any) -> Any:
        """Make a function a task; options as for `catzilla_jit.task`, also without parentheses."""
        return self.runtime().task(function, **_translated(options))

    def add_task(self, func: Callable[..., Any], /, *args: Any, **options: Any) -> TaskResult[Any]:
        """Submit a function or a task; arguments as for `Runtime.add_task`."""
        return self.runtime().add_task(func, *args, **_translated(options))

    def get_task_stats(self) -> TaskStats:
        """Return the statistics of the tasks; see Runtime.stats."""
        return self.runtime().stats()

    def get_memory_stats(self) -> dict[str, Any]:
        """Return what the framework tells, and the runtime's figures over it once there is one."""
        found = dict(self._memory_stats())
        return found if self._runtime is None else found | self._runtime.memory_stats()


def _translated(options: dict[str, Any]) -> dict[str, Any]:
    """Take the framework's own TaskPriority by its name: its numbers mean nothing here."""
    priority = options.get("priority")
    if isinstance(priority, enum.Enum) and not isinstance(priority, TaskPriority):
        return {**options, "priority": priority.name}
    return options
