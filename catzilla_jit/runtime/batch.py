"""Maps: many calls of one task over arrays, as one entry in the queue.

Arguments broadcast against each other like NumPy's. Dimensions are merged as far as the
strides allow; up to two remain, which the chunk function walks without a copy of a
broadcast argument. What needs more is copied.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from ..errors import RuntimeClosed, TaskCancelled, TaskTimeout
from ..types import TaskStatus
from . import native
from .backend import Backend, BatchCall, BatchHandle, SettleItem
from .callbacks import watch
from .exceptioncopy import copy_exception
from .interrupt import cancel_awaited, run_here, shielded
from .layout import SCALARS, Compiled, Unfit, exact_array
from .leftbatch import LeftBatch
from .leftitems import LeftItems
from .result import STATUSES, ColdMethods, add_type, on_worker

if TYPE_CHECKING:
    from .dispatcher import Dispatcher
    from .timer import Timer

T = TypeVar("T")
Array = np.ndarray[Any, Any]

SLICE_SECONDS = 0.05

_numbers = itertools.count(1)


class UnfitArgument(Exception):
    """Mixed into the error for an array that the compiled task cannot take."""

    def plain(self) -> Exception:
        """Return the builtin exception that it is, for users."""
        kind = next(each for each in type(self).__mro__ if each in _UNFIT)
        return kind(*self.args)


class _UnfitType(UnfitArgument, TypeError):
    pass


class _UnfitValue(UnfitArgument, ValueError):
    pass


class _UnfitRange(UnfitArgument, OverflowError):
    pass


_UNFIT = {TypeError: _UnfitType, ValueError: _UnfitValue, OverflowError: _UnfitRange}


def unfit_argument(error: Unfit, text: str) -> UnfitArgument:
    """Return the error of the kind that `error` asks for."""
    return _UNFIT[error.kind](text)


def broadcast(name: str, parameters: Sequence[str], arrays: Sequence[Array]) -> tuple[int, ...]:
    """Return the common shape, or raise a ValueError that names the first odd argument."""
    shape: tuple[int, ...] = ()
    for parameter, array in zip(parameters, arrays, strict=True):
        try:
            shape = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            raise ValueError(
                f"task {name}: argument {parameter!r} of shape {array.shape} does not broadcast "
                f"against the shape {shape} of the arguments before it"
            ) from None
    return shape


def _merge(shape: tuple[int, ...], strides: list[tuple[int, ...]]) -> tuple[Any, Any]:
    """Merge neighbouring dimensions that every array walks with one stride."""
    dims: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if dims and all(
            step[-1] == stride[axis] * size for step, stride in zip(steps, strides, strict=True)
        ):
            dims[-1] *= size
            for step, stride in zip(steps, strides, strict=True):
                step[-1] = stride[axis]
        else:
            dims.append(size)
            for step, stride in zip(steps, strides, strict=True):
                step.append(stride[axis])
    return dims, steps


def _letter(stride: int, itemsize: int) -> str:
    if stride == itemsize:
        return "c"
    return "s" if stride == 0 else "v"


def lay_out(
    task: Compiled, arrays: Sequence[Array], out: Array
) -> tuple[str, tuple[tuple[Array, int, int], ...], int]:
    """Return the pattern, the spans (output first) and the inner length of a map."""
    views = [out, *(np.broadcast_to(array, out.shape) for array in arrays)]
    dims, steps = _merge(out.shape, [view.strides for view in views])
    if len(dims) > 2:
        views = [out, *(np.ascontiguousarray(view) for view in views[1:])]
        dims, steps = _merge(out.shape, [view.strides for view in views])
    inner = max(dims[-1], 1) if dims else 1
    spans = []
    letters = []
    for view, step in zip(views, steps, strict=True):
        inner_stride = step[-1] if step else view.itemsize
        outer_stride = step[0] if len(step) == 2 else inner_stride * inner
        letters.append(_letter(inner_stride, view.itemsize))
        spans.append((view, outer_stride, inner_stride))
    return "".join(letters), tuple(spans), inner


def _output(name: str, task: Compiled, shape: tuple[int, ...], out: Array | None) -> Array:
    dtype = SCALARS[task.result.code].dtype
    if dtype is None:
        if out is not None:
            raise ValueError(f"task {name}: it returns None, so there is nothing to put into out")
        return np.empty(shape, np.int8)
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or out.dtype != dtype or out.shape != shape:
        raise ValueError(
            f"task {name}: out must be an array of shape {shape} and type {dtype}, not "
            f"{getattr(out, 'shape', type(out).__name__)} {getattr(out, 'dtype', '')}"
        )
    if not out.flags.writeable or not out.flags.c_contiguous:
        raise ValueError(f"task {name}: out must be writeable and C-contiguous")
    return out


def submit_compiled(
    backend: Backend,
    task: Compiled,
    name: str,
    values: Sequence[Any],
    *,
    out: Array | None,
    level: int,
    collect: bool,
    chunk_size: int,
    settle: SettleItem,
    progress: bool,
    arena: bool = False,
    again: Callable[..., Any] | None = None,
    any_number: bool = True,
) -> BatchResult[Any]:
    """Queue a map of a compiled task; TypeError, ValueError or OverflowError before it is.

    again: what computes an item that compiled code has no answer to; None: such an item fails.
    any_number: arrays of NumPy's other types are taken as well, where nothing is lost.
    """
    arrays = []
    names = [slot.name for slot in task.arguments]
    if any(slot.code == "O" for slot in (task.result, *task.arguments)):
        raise _UnfitType(f"task {name}: only tasks of numbers are mapped as machine code")
    for slot, value in zip(task.arguments, values, strict=True):
        try:
            arrays.append(exact_array(slot.code, value, any_number=any_number))
        except Unfit as error:
            raise unfit_argument(error, f"task {name}: argument {slot.name!r} {error}") from None
    shape = broadcast(name, names, arrays)
    result = _output(name, task, shape, out)
    for parameter, array in zip(names, arrays, strict=True):
        if out is not None and np.may_share_memory(out, array) and array is not out:
            raise ValueError(
                f"task {name}: out overlaps argument {parameter!r}; items would read what "
                "others have written"
            )
    pattern, spans, inner = lay_out(task, arrays, result)
    returns_none = SCALARS[task.result.code].dtype is None
    left = None if again is None else LeftItems(name, again, arrays, result, returns_none)
    handle = backend.batch(
        BatchCall(
            name, task, pattern, spans, inner, result.size, chunk_size, level, collect, arena, left
        )
    )
    if left is not None:
        handle = both = LeftBatch(handle, left, settle, collect)
        settle = both.settle
    return BatchResult(
        backend, name, handle, None if returns_none else result, result.size, settle, progress,
        gaps=collect and not returns_none,
    )  # fmt: skip


def missing(dtype: np.dtype[Any]) -> Any:
    """Return what stands for the value of a failed item: NaN where there is one, None, or zero."""
    if dtype.kind in "mM":
        return np.array("NaT", dtype)[()]
    if dtype.kind == "O":
        return None
    return np.nan if dtype.kind in "fc" else np.zeros((), dtype)[()]


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
        "_any_handle", "_errors", "_gaps", "_id", "_length", "_limit", "_name", "_out", "_parent",
        "_pool", "_process", "_progress", "_settle", "__weakref__",
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
    ) -> None:
        self._name = name
        self._id = f"{name}-map-{next(_numbers)}"
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

    def __repr__(self) -> str:
        if os.getpid() != self._process:
            return f"<BatchResult {self._name} of the parent process>"
        return (
            f"<BatchResult {self._name} {self.status().value} "
            f"{self._handle.done_items()}/{self._length}>"
        )

    def _repr_html_(self) -> str:
        from ..integrations.html import of_batch

        return of_batch(self)

    def __len__(self) -> int:
        return self._length

    def done(self) -> bool:
        """Return whether every item has ended, or the batch was stopped."""
        return self.status().final

    def _phase(self) -> int:
        phase = self._handle.phase()
        if phase == native.CANCELLED and self._timed_out:
            return native.FAILED
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
        """When it was submitted, on time.monotonic's clock."""
        return self._handle.times()[0]

    @property
    def started_at(self) -> float | None:
        """When its first item began to run, on time.monotonic's clock; None before it has ended."""
        return self._handle.times()[1] if self.done() else None

    @property
    def finished_at(self) -> float | None:
        """When it ended, on time.monotonic's clock; None before."""
        return self._handle.times()[2] if self.done() else None

    @property
    def execution_time_ms(self) -> float | None:
        """How long it ran, from its first item to its end, in milliseconds; None before."""
        started, finished = self.started_at, self.finished_at
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
        until = None if timeout is None else time.monotonic() + timeout
        left = SLICE_SECONDS
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
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            left = SLICE_SECONDS if until is None else max(0.0, until - time.monotonic())
            if self._handle.wait(min(left, SLICE_SECONDS)):
                return True
            if left == 0.0:
                return False

    def _wait_with_bar(self, timeout: float | None) -> None:
        from ..integrations.progress import bar

        with bar(self._name, self._length, self._handle.done_items) as tick:
            self._wait(timeout, tick)


add_type(BatchResult)
