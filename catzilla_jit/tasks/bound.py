"""A task in a class body: `@task` over a method.

`instance.method` is then a BoundTask, as it would be a bound method without the task. It
holds the instance and passes it on as the first argument; everything else is the task's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar

from .each import Same
from .map_arguments import whole

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..runtime.batch import BatchResult
    from ..runtime.result import TaskResult
    from .options import TaskOptions

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


class Method(Protocol[R]):
    """A task, as far as a bound one passes calls on to it."""

    @property
    def name(self) -> str: ...
    @property
    def submit(self) -> Callable[..., TaskResult[R]]: ...
    def __call__(self, *args: Any, **kwargs: Any) -> R: ...
    def submit_each(self, *columns: Any, **named: Any) -> Any: ...
    def map(self, *arrays: Any, **options: Any) -> Any: ...
    def submit_map(self, *arrays: Any, **options: Any) -> BatchResult[Any]: ...
    def options(self, **options: Unpack[TaskOptions]) -> Method[R]: ...


class BoundTask(Generic[P, R]):
    """A task together with the instance (or class) that it was looked up on."""

    __slots__ = ("__self__", "__weakref__", "task")

    def __init__(self, task: Method[R], instance: Any) -> None:
        self.task = task
        self.__self__ = instance

    def __repr__(self) -> str:
        return f"<BoundTask {self.task.name} of {self.__self__!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BoundTask):
            return NotImplemented
        return self.task is other.task and self.__self__ is other.__self__

    def __reduce__(self) -> Any:
        return BoundTask, (self.task, self.__self__)

    def __hash__(self) -> int:
        return hash((id(self.task), id(self.__self__)))

    def __getattr__(self, name: str) -> Any:
        if name == "task":  # not set yet: a copy is being made
            raise AttributeError(name)
        return getattr(self.task, name)

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.task(self.__self__, *args, **kwargs)

    def submit(self, /, *args: P.args, **kwargs: P.kwargs) -> TaskResult[R]:
        """Queue a call on the instance; see Task.submit."""
        return self.task.submit(self.__self__, *args, **kwargs)

    def submit_each(self, /, *columns: Any, **named: Any) -> list[TaskResult[R]]:
        """Queue one call on the instance per element of the columns; see Task.submit_each."""
        results: list[TaskResult[R]] = self.task.submit_each(Same(self.__self__), *columns, **named)
        return results

    def map(self, /, *arrays: Any, **options: Any) -> Any:
        """Run the method over arrays and wait; see Task.map."""
        return self.task.map(whole(self.__self__), *arrays, **options)

    def submit_map(self, /, *arrays: Any, **options: Any) -> BatchResult[Any]:
        """Queue one call on the instance per element; see Task.submit_map."""
        return self.task.submit_map(whole(self.__self__), *arrays, **options)

    def options(self, **options: Unpack[TaskOptions]) -> BoundTask[P, R]:
        """Return the same with some of the task's options replaced."""
        return BoundTask(self.task.options(**options), self.__self__)
