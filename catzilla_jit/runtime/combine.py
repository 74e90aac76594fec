"""Several results at once: wait, as_completed, gather.

The first two are those of concurrent.futures, for TaskResults and BatchResults. An interrupted
wait (Ctrl-C in the main thread) cancels what it waited for.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, overload

from .. import deadline
from ..pools.arrivals import SLICE_SECONDS, Arrivals
from ..pools.interrupt import cancel_awaited
from ..pools.result_type import on_worker, read_each
from ..pools.watch import outcome
from ..types import TaskStatus
from .batch import BatchResult
from .promise import is_result
from .result import TaskResult

R = TypeVar("R", bound="TaskResult[Any] | BatchResult[Any]")
T = TypeVar("T")
_Pending = dict[Any, None]  # an ordered set

FIRST_COMPLETED = "FIRST_COMPLETED"
FIRST_EXCEPTION = "FIRST_EXCEPTION"
ALL_COMPLETED = "ALL_COMPLETED"
_CONDITIONS = (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED)

# gather waits for each result in turn so long, before it asks to be told of each end: most
# gathers are over by then.
_IN_TURN_SECONDS = 0.02


class DoneAndNotDone(NamedTuple):
    """What `wait` returns: two sets of results."""

    done: set[Any]
    not_done: set[Any]


def _checked(name: str, results: Iterable[Any]) -> list[Any]:
    """Return the results; TypeError for what is none."""
    if is_result(results):
        raise TypeError(f"{name}: expected several results, not {results!r}")
    listed = list(results)
    for result in listed:
        if not is_result(result):
            raise TypeError(f"{name}: expected a TaskResult or BatchResult, not {result!r}")
    return listed


@contextlib.contextmanager
def _cancelling(results: Iterable[Any]) -> Iterator[None]:
    """Cancel the results if the wait for them is interrupted."""
    try:
        yield
    except BaseException as error:
        cancel_awaited(results, error)
        raise


def _failed(result: Any) -> bool:
    return bool(result.status() is TaskStatus.FAILED)


def _too_late(name: str, left: int, count: int, timeout: float | None) -> TimeoutError:
    return TimeoutError(f"{name}: {left} of {count} tasks are not done within {timeout} seconds")


# --- wait -----------------------------------------------------------------------------------------


def wait(
    results: Iterable[Any], timeout: float | None = None, return_when: str = ALL_COMPLETED
) -> DoneAndNotDone:
    """Wait for results and return the sets (done, not_done).

    return_when: "ALL_COMPLETED", "FIRST_COMPLETED", or "FIRST_EXCEPTION" for the first that
    fails (a cancelled one has not failed), else for all. timeout is in seconds; when it is over
    the sets say how far things are.
    """
    if return_when not in _CONDITIONS:
        raise ValueError(f"wait: return_when must be one of {_CONDITIONS}, not {return_when!r}")
    until = deadline.after(timeout)
    pending = dict.fromkeys(_checked("wait", results))
    done = {result for result in pending if result.done()}
    for result in done:
        del pending[result]
    with _cancelling(pending):
        if return_when == ALL_COMPLETED:
            _wait_for_all(done, pending, until)
        elif return_when == FIRST_COMPLETED:
            if not done:
                _wait_until(lambda _: True, done, pending, until)
        elif not any(map(_failed, done)):
            _wait_until(_failed, done, pending, until)
    return DoneAndNotDone(done, set(pending))


def _wait_for_all(done: set[Any], pending: _Pending, until: float | None) -> None:
    if on_worker():
        # What is queued behind a result that runs elsewhere can be run meanwhile.
        _wait_until(lambda _: False, done, pending, until)
    for result in list(pending):
        if result._ended_within(deadline.left(until)):
            del pending[result]
            done.add(result)


def _wait_until(
    enough: Callable[[Any], bool], done: set[Any], pending: _Pending, until: float | None
) -> None:
    """Move what ends from `pending` to `done`, until `enough(result)` says so of one."""
    if not pending:
        return
    arrivals = Arrivals(pending)
    try:
        while arrivals.pending and (result := arrivals.next(until)) is not None:
            del pending[result]
            done.add(result)
            if enough(result):
                break
    finally:
        arrivals.close()


# --- as_completed ---------------------------------------------------------------------------------


def as_completed(results: Iterable[R], timeout: float | None = None) -> Iterator[R]:
    """Return an iterator over the results in the order in which they end; each comes once.

    timeout is in seconds from this call; the builtin TimeoutError from the iterator when
    it is over.
    """
    listed = list(dict.fromkeys(_checked("as_completed", results)))
    return _in_order_of_completion(listed, timeout, deadline.after(timeout))


def _in_order_of_completion(
    results: list[Any], timeout: float | None, until: float | None
) -> Iterator[Any]:
    done = [result for result in results if result.done()]
    early = set(done)
    pending = [result for result in results if result not in early]
    yield from sorted(done, key=lambda result: result._ended_ns)
    arrivals = Arrivals(pending)
    try:
        while arrivals.pending:
            with _cancelling(pending):
                result = arrivals.next(until)
            if result is None:
                raise _too_late("as_completed", len(arrivals.pending), len(results), timeout)
            yield result
    finally:
        arrivals.close()


# --- gather ---------------------------------------------------------------------------------------


if TYPE_CHECKING:

    @overload
    def gather(
        *results: TaskResult[T] | BatchResult[T],
        timeout: float | None = None,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> list[T]: ...
    @overload
    def gather(
        results: Iterable[TaskResult[T] | BatchResult[T]],
        /,
        *,
        timeout: float | None = None,
        return_exceptions: Literal[False] = False,
        progress: bool = False,
    ) -> list[T]: ...
    @overload
    def gather(
        *results: TaskResult[T] | BatchResult[T] | Iterable[TaskResult[T] | BatchResult[T]],
        timeout: float | None = None,
        return_exceptions: bool,
        progress: bool = False,
    ) -> list[T | BaseException]: ...


def gather(
    *results: Any,
    timeout: float | None = None,
    return_exceptions: bool = False,
    progress: bool = False,
) -> list[Any]:
    """Wait for TaskResults and BatchResults and return their values in the order given.

    results: one argument each, or one iterable of them, as `submit_each` returns. As soon as one
    fails or is cancelled its exception is raised, and the others go on; with return_exceptions=True
    exceptions stand among the values instead. timeout is in seconds; the builtin TimeoutError when
    it is over. progress=True draws a bar.
    """
    one = results[0] if len(results) == 1 else None
    listed = list(one if isinstance(one, Iterable) and not is_result(one) else results)
    values: list[Any] = []
    work = _Gather(listed, timeout, return_exceptions)
    try:
        if progress:
            _checked("gather", listed)
            work.wait_with_bar()
            return work.values()
        until = work.in_turn_until()
        # In this frame: tasks that gather tasks that gather tasks may run on one stack.
        read_each(listed, values, deadline.left(until) or 0.0)
        if len(values) == len(listed):
            return values
        _checked("gather", listed)
        for result in listed[len(values) :]:
            if not result.done() and not result._ended_within(deadline.left(until)):
                work.wait_for_the_rest()
                break
            work.look_at(result)
        return work.values()
    except BaseException as error:
        cancel_awaited(listed, error)
        raise


class _Gather:
    """One call of gather."""

    def __init__(
        self, results: Sequence[Any], timeout: float | None, return_exceptions: bool
    ) -> None:
        self._results = results
        self._timeout = timeout
        self._until = deadline.after(timeout)
        self._return_exceptions = return_exceptions
        self._calls_left = 0

    def values(self) -> list[Any]:
        if self._return_exceptions:
            return [outcome(result)[1] for result in self._results]
        return [result.result() for result in self._results]

    def in_turn_until(self) -> float:
        """Return how long to wait for one after the other."""
        until = time.monotonic() + _IN_TURN_SECONDS
        return until if self._until is None else min(until, self._until)

    def wait_for_the_rest(self, tick: Callable[[], None] | None = None) -> None:
        """Wait for results in the order in which they end; call tick now and then."""
        pending = dict.fromkeys(result for result in self._results if not result.done())
        for result in self._results:
            if result not in pending:
                self.look_at(result)
        self._calls_left = sum(not isinstance(result, BatchResult) for result in pending)
        arrivals = Arrivals(pending)
        try:
            while arrivals.pending:
                if (result := self._next_of(arrivals, tick)) is None:
                    raise self._too_late()
                self._calls_left -= not isinstance(result, BatchResult)
                self.look_at(result)
        finally:
            arrivals.close()

    def _next_of(self, arrivals: Arrivals, tick: Callable[[], None] | None) -> Any:
        """Return the next result that has ended, None when the time is over; tick meanwhile."""
        if tick is None:
            return arrivals.next(self._until)
        while True:
            soon = time.monotonic() + SLICE_SECONDS
            until = soon if self._until is None else min(soon, self._until)
            result = arrivals.next(until)
            tick()
            if result is not None or until == self._until:
                return result

    def wait_with_bar(self) -> None:
        """Wait for the rest; the bar counts results, and of each batch its items."""
        from ..display.progress import bar

        batches = {result for result in self._results if isinstance(result, BatchResult)}
        calls = set(self._results) - batches
        total = len(calls) + sum(map(len, batches))

        def ended() -> int:
            items = sum(batch._handle.done_items() for batch in batches)
            return len(calls) - self._calls_left + items

        with bar("tasks", total, ended) as tick:
            self.wait_for_the_rest(tick)

    def look_at(self, result: Any) -> None:
        """Raise the exception of a failed result unless those are returned."""
        if not self._return_exceptions and result.status() is not TaskStatus.COMPLETED:
            result.result()

    def _too_late(self) -> TimeoutError:
        left = sum(not result.done() for result in self._results)
        return _too_late("gather", left, len(self._results), self._timeout)
