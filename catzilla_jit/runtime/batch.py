"""Maps: many calls of one task over arrays, as one entry in the queue, and the result of one."""

from __future__ import annotations

import functools
import itertools
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .. import deadline
from ..errors import RuntimeClosed, TaskCancelled, TaskTimeout
from ..pools import record
from ..pools.blocked_loop import warn_if_in_loop
from ..pools.epoch import epoch
from ..pools.exception_copy import copy_exception
from ..pools.interrupt import cancel_awaited, run_here, shielded
from ..pools.protocol import Backend, BatchHandle, SettleItem
from ..pools.result_type import add_type, on_worker
from ..pools.task_ids import MAPS, task_id
from ..pools.watch import watch
from ..types import TaskStatus
from .broadcast import missing
from .result import STATUSES, ColdMethods

if TYPE_CHECKING:
    from ..pools.dispatcher import Dispatcher
    from ..pools.timer import Timer

T = TypeVar("T")

SLICE_SECONDS = 0.05

#: Of maps, in all pools.
map_numbers = itertools.count(1)


def map_id(name: str, number: int) -> str:
    """Return the id of a map of this task."""
    return task_id(f"{name}-map", MAPS, number)


class _TimeLimit:
    """Cancels a batch when its time is over; holds the handle, for the batch may be dropped."""

    __slots__ = ("_alarm", "_handle", "_timer", "milliseconds", "passed")

    def __init__(self, timer: Timer, handle: BatchHandle, milliseconds: float) -> None:
        self.milliseconds = milliseconds
        self.passed = False
        self._handle = handle
        self._timer = timer
        self._alarm = timer.after(milliseconds / 1000, self._end)

    def _end(self) -> None:
        # First the flag: whoever sees the cancel asks for it.
        self.passed = True
        self.passed = self._handle.cancel()

    def lift(self, _result: object = None) -> None:
        self._timer.cancel(self._alarm)


class BatchResult(ColdMethods, Generic[T]):
    """The handle on one map; in callbacks, await and so on it is a result like others."""

    __slots__ = (
        "_any_handle", "_errors", "_gaps", "_length", "_limit", "_name", "_number", "_out",
        "_parent", "_pool", "_process", "_progress", "_settle", "__weakref__",
    )  # fmt: skip

    def __init__(
        self,
        backend: Backend,
        name: str,
        handle: BatchHandle,
        out: Any,
        length: int,
        settle: SettleItem,
        progress: bool = False,
        gaps: bool = False,
        number: int | None = None,
    ) -> None:
        self._name = name
        self._number = next(map_numbers) if number is None else number
        self._pool = backend
        self._parent = run_here()
        self._process = os.getpid()
        self._any_handle = handle
        self._out = out
        self._length = length
        self._settle = settle
        self._progress = progress
        self._errors: dict[int, BaseException] | None = None
        self._gaps = gaps  # `out` may have items that failed, where nobody has written
        self._limit: _TimeLimit | None = None

    @shielded
    def limit(self, milliseconds: float) -> None:
        """Stop the batch with TaskTimeout if it has not ended after so long."""
        self._limit = _TimeLimit(self._pool.timer, self._any_handle, milliseconds)
        # Else the timer would have it, and its arrays, until the time is over.
        watch(self, self._limit.lift)

    @property
    def _timed_out(self) -> bool:
        return self._limit is not None and self._limit.passed

    @property
    def _handle(self) -> BatchHandle:
        if os.getpid() != self._process:
            raise RuntimeClosed(
                f"task {self._name}: this batch belongs to the process that this one was forked "
                "from; submit it again here"
            )
        return self._any_handle

    def _made_id(self) -> str:
        return map_id(self._name, self._number)

    def __repr__(self) -> str:
        if os.getpid() != self._process:
            return f"<BatchResult {self._name} of the parent process>"
        return (
            f"<BatchResult {self._name} {self.status().value} "
            f"{self._handle.done_items()}/{self._length}>"
        )

    def _repr_html_(self) -> str:
        from ..display.html import of_batch

        return of_batch(self, lambda: len(self._handle.failures()))

    def __len__(self) -> int:
        return self._length

    def done(self) -> bool:
        """Return whether every item has ended, or the batch was stopped."""
        return self.status().final

    def _phase(self) -> int:
        phase = self._handle.phase()
        if phase == record.CANCELLED and self._timed_out:
            return record.FAILED
        return phase

    def status(self) -> TaskStatus:
        """Return where the batch stands: FAILED once it has ended by an error or its time limit."""
        return STATUSES[self._phase()]

    @property
    def task_name(self) -> str:
        """The name of the task."""
        return self._name

    @property
    def queued_at(self) -> float | None:
        """When it was submitted, in seconds since the epoch."""
        return epoch(self._handle.times()[0])

    @property
    def started_at(self) -> float | None:
        """When its first item began to run, in seconds since the epoch; None before the end."""
        return epoch(self._handle.times()[1]) if self.done() else None

    @property
    def finished_at(self) -> float | None:
        """When it ended, in seconds since the epoch; None before."""
        return epoch(self._handle.times()[2]) if self.done() else None

    @property
    def _ended_ns(self) -> int:
        ended = self._handle.times()[2] if self.done() else None
        return 0 if ended is None else round(ended * 1e9)

    @property
    def execution_time_ms(self) -> float | None:
        """How long it ran, from its first item to its end, in milliseconds; None before."""
        _, started, finished = self._handle.times() if self.done() else (None, None, None)
        return None if started is None or finished is None else (finished - started) * 1e3

    @property
    def progress(self) -> float:
        """The fraction of the items that have ended, 0.0 to 1.0."""
        return self._handle.done_items() / self._length if self._length else 1.0

    @property
    def completed_range(self) -> tuple[int, int]:
        """The items (start, stop) in flat order that were handed out to workers.

        After a cancel every one of them has run, and none behind them: the output is valid
        in this range. A batch that stopped at an error has run none behind it either, but
        lacks the rest of the chunk of each item in `errors`.
        """
        return 0, self._handle.handed_out()

    def cancel(self) -> bool:
        """Hand out no further items; chunks that run end. False if it had ended already."""
        return self._handle.cancel()

    @property
    @shielded  # what a worker left of an error may be read only once
    def errors(self) -> Mapping[int, BaseException]:
        """The exceptions by flat index of the item; empty until the batch has ended.

        With errors="raise" these are the failures met before the batch stopped, with
        errors="collect" all of them.
        """
        return self._find_errors() if self.done() else {}

    def _find_errors(self) -> dict[int, BaseException]:
        """Return the errors of a batch that has ended."""
        if self._errors is None:
            self._errors = {
                index: self._noted(self._settle(status, error, index), index)
                for index, status, error in self._handle.failures()
            }
        return self._errors

    def _noted(self, error: BaseException, index: int) -> BaseException:
        if sys.version_info >= (3, 11):
            error.add_note(f"task {self._name}, element {index} of the map")
        return error

    def wait(self, timeout: float | None = None) -> T:
        """Wait for the batch and return its array (None for a task that returns None).

        With errors="collect" the array has NaN at failed elements (NaT for times), zero or
        False where its type has none, None if it holds objects; `errors` tells which they are.

        timeout is in seconds; the builtin TimeoutError when it is over (the batch goes
        on). Raises the exception of the failed item with the lowest index when the batch
        stops at errors, TaskCancelled when it was cancelled, TaskTimeout when it ran into
        its time limit. Ctrl-C cancels it. `completed_range` says what `out` has then.
        """
        try:
            if self._progress and not self.done():
                self._wait_with_bar(timeout)
            else:
                self._wait(timeout)
        except BaseException as error:
            cancel_awaited([self], error)
            raise
        self._mark_missing()
        failure = self._failure()
        if failure is not None:
            # A copy: what is raised collects the frames it passes, each time.
            raise copy_exception(failure)
        return self._out  # type: ignore[no-any-return]

    result = wait

    def _mark_missing(self) -> None:
        """Once, put what stands for no value where items failed."""
        if not self._gaps or self.status() is TaskStatus.FAILED:
            return
        failed = list(self._find_errors())
        if failed:
            self._out.reshape(-1)[failed] = missing(self._out.dtype)
        self._gaps = False

    def wait_alone(self) -> T:
        """Wait for a batch that nobody else has: what interrupts the wait cancels it."""
        try:
            return self.wait()
        except BaseException:
            self.cancel()
            raise

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the batch (seconds) and return the exception that wait() would raise, or None.

        Raises TaskCancelled when it was cancelled, like a TaskResult.
        """
        try:
            self.wait(timeout)
        except TaskCancelled:
            raise
        except BaseException:
            if not self.done():
                raise
        return self._failure()

    @shielded  # a timer's lock
    def _failure(self) -> BaseException | None:
        """Return what a batch that has ended raises; None if it completed."""
        if self._limit is not None:
            self._limit.lift()
        status = self.status()
        if status is TaskStatus.COMPLETED:
            return None
        ran = f"{self._handle.handed_out()} of {self._length} items"
        if status is TaskStatus.FAILED and self._timed_out:
            assert self._limit is not None
            return TaskTimeout(
                f"task {self._name}: the batch ran into its time limit of "
                f"{self._limit.milliseconds:g} ms after {ran}"
            )
        if status is TaskStatus.CANCELLED:
            return TaskCancelled(f"task {self._name}: the batch was cancelled after {ran}")
        return next(iter(self.errors.values()))

    def _listen(self, dispatcher: Dispatcher) -> bool:
        return self._handle.watch(functools.partial(dispatcher.ended, self))

    def _assist(self) -> bool | None:
        """Do what this thread can, as a TaskResult's; a batch of Python calls may have some."""
        return self._handle.help() if on_worker() else None

    def _wait(self, timeout: float | None, tick: Callable[[], None] | None = None) -> None:
        until = deadline.after(timeout)
        left = SLICE_SECONDS
        if not self.done():
            warn_if_in_loop(self._name)
        while not self._handle.wait(left):
            if tick is not None:
                tick()
            if until is not None:
                left = min(SLICE_SECONDS, until - time.monotonic())
                if left <= 0:
                    raise TimeoutError(
                        f"task {self._name}: the batch is not done within {timeout} seconds"
                    )

    def _ended_within(self, seconds: float | None) -> bool:
        """Wait so long, as a TaskResult's does; return whether it has ended."""
        until = deadline.after(seconds)
        if seconds != 0.0 and not self.done():
            warn_if_in_loop(self._name)
        while True:
            left = SLICE_SECONDS if until is None else deadline.left(until)
            if self._handle.wait(min(left, SLICE_SECONDS)):
                return True
            if left == 0.0:
                return False

    def _wait_with_bar(self, timeout: float | None) -> None:
        from ..display.progress import bar

        with bar(self._name, self._length, self._handle.done_items) as tick:
            self._wait(timeout, tick)


add_type(BatchResult)
