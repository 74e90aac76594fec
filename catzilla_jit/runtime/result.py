"""TaskResult: the handle on one submission.

The type itself comes from the binding (native/binding/result.c), or from the pure-Python
pool where the native part is missing. The methods here are the cold ones, the same for
both: they are added to whichever type it is.
"""

from __future__ import annotations

import concurrent.futures
import types
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ..pools import record, watch
from ..pools.result_type import connect, result_type
from ..pools.task_ids import task_id
from ..types import TaskStatus
from . import awaitable, future
from .task_log import LogLine, log_of

if TYPE_CHECKING:
    from ..pools.dispatcher import Dispatcher

T = TypeVar("T", covariant=True)
U = TypeVar("U", covariant=True)

STATUSES = (
    TaskStatus.PENDING,
    TaskStatus.RUNNING,
    TaskStatus.COMPLETED,
    TaskStatus.FAILED,
    TaskStatus.CANCELLED,
    TaskStatus.RETRYING,
)


class ColdMethods:
    """What a result can do beyond waiting; rests on `_phase()`, `_pool`, `_made_id()`."""

    __slots__ = ()

    @property
    def task_id(self: Any) -> str:
        """The task's name and 32 hexadecimal digits that no other submission has.

        Nobody can guess them. Runtime.get finds the result by it while somebody holds the result;
        a runtime that was told to (keep_results) keeps it itself from here on.
        """
        pool = self._pool
        made: str = self._made_id()
        if pool is not None:
            pool.known.note(made, self)
        return made

    def _made_id(self: Any) -> str:
        return task_id(self.task_name, self._maker, self._number)

    def status(self: Any) -> TaskStatus:
        """Return where the task stands now."""
        return STATUSES[self._phase()]

    def running(self: Any) -> bool:
        """Return whether the task runs at this moment."""
        return bool(self._phase() == record.RUNNING)

    def cancelled(self: Any) -> bool:
        """Return whether the task was cancelled."""
        return bool(self._phase() == record.CANCELLED)

    def add_done_callback(self: Any, fn: Callable[[Any], object]) -> Any:
        """Call fn(result) once the task has ended, in any way; return the result itself.

        Callbacks run one after the other on a thread of the runtime's, also when the task has
        ended already. They may submit, and wait for other tasks; meanwhile the callbacks
        behind them wait. One that raises is logged.
        """
        self._check_callback(fn)
        watch.watch(self, fn, may_block=True)
        return self

    def on_success(self: Any, fn: Callable[[Any], object]) -> Any:
        """Call fn(value) if the task completes; return the result itself."""
        self._check_callback(fn)

        def succeeded(result: Any) -> None:
            if result.status() is TaskStatus.COMPLETED:
                fn(result.result())

        return self.add_done_callback(succeeded)

    def on_error(self: Any, fn: Callable[[BaseException], object]) -> Any:
        """Call fn(exception) if the task fails or is cancelled; return the result itself."""
        self._check_callback(fn)

        def ended(result: Any) -> None:
            failed, error = watch.outcome(result)
            if failed:
                fn(error)

        return self.add_done_callback(ended)

    def _check_callback(self: Any, fn: object) -> None:
        if not callable(fn):
            raise TypeError(f"task {self.task_name}: expected a function to call back, not {fn!r}")

    def then(self: Any, other: Any, *more_args: Any) -> Any:
        """Submit other(value, *more_args) once this has completed; return that one's result.

        `other` is a task. If this fails or is cancelled, so does the returned result.
        """
        if not hasattr(other, "submit"):
            raise TypeError(f"task {self.task_name}: then() takes a task, not {other!r}")
        return other.submit(self, *more_args)

    def logs(self: Any) -> tuple[LogLine, ...]:
        """Return what the task has printed and logged so far, also while it runs.

        The last lines, of all tries, at most 1,000 with 64 KiB of text together; none for a task
        without `capture_logs`.
        """
        log = log_of(self)
        return () if log is None else log.lines()

    def _listen(self: Any, dispatcher: Dispatcher) -> bool:
        """Have the end dispatched; False if it has come already."""
        return dispatcher.listen(self)

    def future(self: Any) -> concurrent.futures.Future[Any]:
        """Return a concurrent.futures.Future that follows this result.

        Waiting for it is waiting for the result: a Python worker helps, Ctrl-C cancels.
        """
        return future.as_future(self)

    def __await__(self: Any) -> Generator[Any, None, Any]:
        return awaitable.wait_in_loop(self)

    def __repr__(self: Any) -> str:
        try:
            status = self.status().value
        except RuntimeError:
            status = "of the parent process"
        return f"<TaskResult {self.task_name} #{self._number} {status}>"

    def _repr_html_(self: Any) -> str:
        from ..display.html import of_result

        return of_result(self)


if TYPE_CHECKING:
    from typing_extensions import Self

    class Submits(Protocol[U]):
        """A task, as far as what comes after another is one."""

        def submit(self, /, *args: Any, **kwargs: Any) -> TaskResult[U]: ...

    class TaskResult(ColdMethods, Generic[T]):
        """The handle on one submission of a task; see the methods."""

        task_name: str
        queued_at: float | None
        started_at: float | None
        finished_at: float | None
        execution_time_ms: float | None
        allocated_bytes: int | None
        retries: int

        def result(self, timeout: float | None = None) -> T:
            """Wait for the task (seconds) and return its result, or raise its exception."""

        def wait(self, timeout: float | None = None) -> T:
            """Wait for the task: the same as result()."""

        def exception(self, timeout: float | None = None) -> BaseException | None:
            """Wait for the task (seconds) and return the exception it raised, or None."""

        def done(self) -> bool:
            """Return whether the task has ended, in any way."""

        def cancel(self) -> bool:
            """Cancel the task, stopping it if it runs; False if it has ended."""

        def add_done_callback(self, fn: Callable[[Self], object]) -> Self: ...
        def on_success(self, fn: Callable[[T], object]) -> Self: ...
        def on_error(self, fn: Callable[[BaseException], object]) -> Self: ...
        def then(self, other: Submits[U], *more_args: Any) -> TaskResult[U]: ...
        def future(self) -> concurrent.futures.Future[T]: ...
        def __await__(self) -> Generator[Any, None, T]: ...

else:
    connect(awaitable.connect)
    TaskResult = result_type()
    TaskResult.__class_getitem__ = classmethod(types.GenericAlias)
    for _name, _method in vars(ColdMethods).items():
        own = _name in vars(TaskResult)  # the binding's await
        if isinstance(_method, (types.FunctionType, property)) and not own:
            setattr(TaskResult, _name, _method)
