"""Catzilla: a FastAPI app that has tasks, with the names of the specification."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from ..runtime.warmup import Registry
from ..stats.allocator import has_jemalloc, start_background_threads
from ..stats.snapshot import TaskStats
from ..tasks.runtime import Runtime, make_task
from ..tasks.task import Home
from .endpoint import RouteWithRequest
from .submissions import Submissions
from .task_routes import TaskRoutes

_log = logging.getLogger("catzilla_jit")
_warned = False


def _warn_without_jemalloc() -> None:
    """Say, once per process, that it does not run on jemalloc."""
    global _warned
    if not _warned:
        _warned = True
        _log.warning(
            "Catzilla: use_jemalloc=True has no effect, since this process runs on malloc: start "
            "it with `catzilla-jit run -m uvicorn MODULE:app`, or say use_jemalloc=False"
        )


class Catzilla(FastAPI):
    """A FastAPI app with `task`, `add_task` and the routes of TaskRoutes.

    use_jemalloc: whether the process is meant to run on jemalloc; a warning says so where it
    does not (`catzilla-jit run` starts it so). memory_profiling: on jemalloc, the statistics tell
    what the tasks of each name and each worker have allocated (docs/memory.md).
    auto_memory_tuning: on jemalloc, threads of its own give unused memory back.
    auto_validation: True; FastAPI validates what a handler declares. task_routes: says where the
    routes are and who may use them; by default they answer to this machine alone, and control
    nothing. Everything else goes to FastAPI.
    """

    def __init__(
        self,
        *,
        use_jemalloc: bool = True,
        memory_profiling: bool = False,
        auto_validation: bool = True,
        auto_memory_tuning: bool = True,
        task_routes: TaskRoutes | None = None,
        **fastapi_options: Any,
    ) -> None:
        if not auto_validation:
            raise NotImplementedError(
                "Catzilla: auto_validation=False is not possible: FastAPI validates what a "
                "handler declares; declare `request` alone for a handler that reads it itself"
            )
        super().__init__(**fastapi_options)
        self.router.route_class = RouteWithRequest
        if use_jemalloc and not has_jemalloc:
            _warn_without_jemalloc()
        self.has_jemalloc: bool = use_jemalloc and has_jemalloc
        self.memory_profiling: bool = memory_profiling and self.has_jemalloc
        self.auto_memory_tuning: bool = (
            auto_memory_tuning and self.has_jemalloc and start_background_threads()
        )
        if task_routes is not None and task_routes.has_own_runtime:
            raise ValueError("Catzilla: the app makes the runtime; give its TaskRoutes none")
        self.task_routes = task_routes or TaskRoutes()
        self._registry = Registry()  # tasks outlive the runtime, which may be made anew
        self._runtime_options: dict[str, Any] | None = None
        self._runtime: Runtime | None = None

    # --- tasks ----------------------------------------------------------------------------------

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
        when_full: str = "raise",
    ) -> None:
        """Give the app its runtime; the options are those of `Runtime`.

        when_full is "raise": a request that finds the queue full is answered with 503. Called
        again, later submissions go to a new runtime, and the former one finishes its work.
        """
        options: dict[str, Any] = {
            "workers": workers,
            "min_workers": min_workers,
            "max_workers": max_workers,
            "queue_size": queue_size,
            "enable_auto_scaling": enable_auto_scaling,
            "memory_pool_mb": memory_pool_mb,
            "enable_c_compilation": enable_c_compilation,
            "enable_profiling": enable_profiling,
            "when_full": when_full,
            "memory_profiling": self.memory_profiling,
        }
        former, first = self._runtime, self._runtime_options is None
        if first and self.middleware_stack is not None:
            raise RuntimeError("call app.enable_background_tasks() before the app is started")
        self._runtime = self._made(options)
        self._runtime_options = options
        if former is not None:
            former.shutdown(wait=False)
        if first:
            self.task_routes.use(self._find_runtime)
            self.task_routes.attach(self)
        self.task_routes.served.flags = self._flags(options)

    def _made(self, options: dict[str, Any]) -> Runtime:
        runtime = Runtime(**options)
        runtime.registry = self._registry
        return runtime

    def _find_runtime(self) -> Runtime:
        if self._runtime is None or self._runtime_options is None:
            raise RuntimeError("call app.enable_background_tasks() before tasks are submitted")
        if self._runtime.closed:  # of a server that ran before in this process
            self._runtime = self._made(self._runtime_options)
        return self._runtime

    @property
    def runtime(self) -> Runtime:
        """The runtime of the tasks."""
        return self._find_runtime()

    def _flags(self, options: dict[str, Any]) -> dict[str, Any]:
        settings = self.runtime.settings
        return {
            "c_compilation_enabled": options["enable_c_compilation"],
            "auto_scaling_active": settings.python_workers_most > settings.python_workers,
            "jemalloc_optimized": self.has_jemalloc,
            "memory_profiling": self.memory_profiling,
            "auto_memory_tuning": self.auto_memory_tuning,
        }

    def task(self, function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Make a function a task of the app; options as for `catzilla_jit.task`.

        It is compiled when the app starts, not by the first request that needs it.
        """
        return make_task(function, options, Home(self._registry, self._find_runtime))

    def add_task(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Submit a function or a task; arguments as for `Runtime.add_task`.

        The result can be asked for by its id at /tasks/ID/status.
        """
        self._find_runtime()
        return self.task_routes.add_task(func, *args, **kwargs)

    def batch(self, *results: Any) -> Submissions:
        """Return several submissions as one, whose `task_id` has a status as well."""
        submitted = Submissions(results)
        self.task_routes.note(submitted)
        return submitted

    def get_task_stats(self) -> TaskStats:
        """Return the statistics of the tasks; see Runtime.stats."""
        return self.runtime.stats()

    def get_memory_stats(self) -> dict[str, Any]:
        """Return what the allocator tells; see Runtime.memory_stats."""
        return self.runtime.memory_stats()

    def build_middleware_stack(self) -> ASGIApp:
        """Add the routes of the tasks behind the app's own: the first that fits answers."""
        if self._runtime_options is not None:
            self.task_routes.add_routes(self)
        return super().build_middleware_stack()
