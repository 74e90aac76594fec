"""TaskResult: the handle on one submission.

The type itself comes from the binding (native/binding/result.c), or from the pure-Python
pool where the native part is missing. The methods here are the cold ones, the same for
both: they are added to whichever type it is.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..errors import NativeUnavailable
from ..types import TaskStatus
from . import native

T = TypeVar("T", covariant=True)

STATUSES = (
    TaskStatus.PENDING,
    TaskStatus.RUNNING,
    TaskStatus.COMPLETED,
    TaskStatus.FAILED,
    TaskStatus.CANCELLED,
)


class ColdMethods:
    """What a result can do beyond waiting; rests on `_phase()` and `task_id`."""

    __slots__ = ()

    def status(self: Any) -> TaskStatus:
        """Return where the task stands now."""
        return STATUSES[self._phase()]

    def running(self: Any) -> bool:
        """Return whether the task runs at this moment."""
        return bool(self._phase() == native.RUNNING)

    def cancelled(self: Any) -> bool:
        """Return whether the task was cancelled."""
        return bool(self._phase() == native.CANCELLED)

    def __repr__(self: Any) -> str:
        try:
            status = self.status().value
        except RuntimeError:
            status = "of the parent process"
        return f"<TaskResult {self.task_id} {status}>"


def _find_type() -> type[Any]:
    try:
        return native.load().binding.TaskResult  # type: ignore[no-any-return]
    except NativeUnavailable:
        from .purepool import PureTaskResult

        return PureTaskResult


if TYPE_CHECKING:

    class TaskResult(ColdMethods, Generic[T]):
        """The handle on one submission of a task; see the methods."""

        task_id: str
        task_name: str
        queued_at: float | None
        started_at: float | None
        finished_at: float | None
        execution_time_ms: float | None

        def result(self, timeout: float | None = None) -> T:
            """Wait for the task (seconds) and return its result, or raise its exception."""

        def wait(self, timeout: float | None = None) -> T:
            """Wait for the task: the same as result()."""

        def exception(self, timeout: float | None = None) -> BaseException | None:
            """Wait for the task (seconds) and return the exception it raised, or None."""

        def done(self) -> bool:
            """Return whether the task has ended, in any way."""

        def cancel(self) -> bool:
            """Cancel the task if it has not started; True if it is cancelled."""

else:
    TaskResult = _find_type()
    TaskResult.__class_getitem__ = classmethod(types.GenericAlias)
    for _name, _method in vars(ColdMethods).items():
        if isinstance(_method, types.FunctionType):
            setattr(TaskResult, _name, _method)
