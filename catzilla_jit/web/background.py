"""BackgroundTasks: FastAPI's, with the tasks' retries, limits and statuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from ..tasks.task import Task
from .task_routes import TaskRoutes, of_app

if TYPE_CHECKING:
    from ..runtime.result import TaskResult

_OPTIONS = ("priority", "delay_ms", "max_retries", "timeout_ms", "compile_to_c")


class _BackgroundTasks:
    """What one request submits.

    Unlike FastAPI's, a task is submitted at once, so it has an id that the response can name, and
    may run before the response is sent. The response does not wait for it.
    """

    def __init__(self, routes: TaskRoutes) -> None:
        self._routes = routes
        self._options: dict[str, Any] = {}
        self.tasks: list[TaskResult[Any]] = []

    def options(self, **options: Any) -> _BackgroundTasks:
        """Return the same with options for what is added: max_retries, timeout_ms, priority..."""
        for name in options:
            if name not in _OPTIONS:
                raise TypeError(f"BackgroundTasks: no option {name!r}; there are {_OPTIONS}")
        other = _BackgroundTasks(self._routes)
        other._options = {**self._options, **options}
        other.tasks = self.tasks
        return other

    def add_task(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> TaskResult[Any]:
        """Submit func(*args, **kwargs); return its result. Coroutine functions run on a worker.

        Options may be given here as well, as to `Runtime.add_task`.
        """
        if isinstance(func, Task) and self._options:
            func = func.options(**self._options)
            result: TaskResult[Any] = self._routes.add_task(func, *args, **kwargs)
        else:
            result = self._routes.add_task(func, *args, **{**self._options, **kwargs})
        self.tasks.append(result)
        return result


def _of_request(request: Request) -> _BackgroundTasks:
    return _BackgroundTasks(of_app(request.app))


#: As a handler's annotation: `def notify(background: BackgroundTasks): background.add_task(...)`.
BackgroundTasks = Annotated[_BackgroundTasks, Depends(_of_request)]
