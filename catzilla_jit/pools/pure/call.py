"""PureTaskResult: one call of a task on the pure-Python pool, and the handle on it.

The states are those of a native record (catzilla_jit.h): PENDING -> RUNNING -> a final one, and
RUNNING -> RETRYING -> RUNNING for a call with retries. Every move is made under the call's
lock. The outcome is written before the final state, and nothing is written after it: what a
stopped call still returns is dropped. Cold methods are added by result.py. One class holds every
move, so that the lock and the order of writes can be checked in one file: hence its length.
"""

from __future__ import annotations

import contextvars
import functools
import math
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from ... import deadline
from ...errors import RuntimeClosed, TaskCancelled, TaskTimeout
from ...stats import events, segment
from .. import child
from ..blocked_loop import warn_if_in_loop
from ..ended import Ended
from ..epoch import epoch
from ..interrupt import cancel_awaited, run_here, shielded, wait_for
from ..record import CANCELLED, COMPLETED, FAILED, PENDING, RETRYING, RUNNING
from ..takeback import TakenBack, look
from ..timer import Alarm, Timer
from .depth import is_too_deep, refuse
from .interrupt import TAKEN_BACK, Running, lock, raise_in, run, settle
from .lane import Lane, on_worker
from .recorder import Happened, Recorder

#: Runs the function: returns what it returns, raises what it raises.
Call = Callable[[], Any]

_ENDS = {
    COMPLETED: segment.COMPLETED,
    FAILED: segment.FAILED,
    CANCELLED: segment.CANCELLED,
}
_PACKAGE = __file__.rsplit("/", 3)[0]
_OWN = (f"{_PACKAGE}/pools/", f"{_PACKAGE}/runtime/")
SLICE_SECONDS = 0.05
_LONGEST_SECONDS = 4e9  # a century: more than a lock can wait for


class Mail(Protocol):
    """The mailbox of a pool, as calls use it (mailbox.py)."""

    def ended(self, result: Any) -> None: ...
    def failed(self, result: Any) -> None: ...


class Pool(Protocol):
    """What a call needs of its pool (pure_pool.py)."""

    @property
    def python_lane(self) -> Lane: ...
    @property
    def number(self) -> int: ...
    @property
    def mail(self) -> Mail: ...
    @property
    def recorder(self) -> Recorder | None: ...
    @property
    def running(self) -> set[Any]: ...
    @property
    def timer(self) -> Timer: ...
    @property
    def assist(self) -> Callable[[Any, float | None], None]: ...
    def forget(self, result: Any) -> None: ...
    def later(self, result: Any, delay: float, *, more: bool) -> bool: ...
    def privileged_here(self) -> bool: ...


def python_call(function: Callable[..., Any], args: Any, kwargs: Any) -> Call:
    """Return the call of a Python function in the context variables of the submitter."""
    # Also in an empty context: what the task sets must not stay with the worker.
    return functools.partial(contextvars.copy_context().run, function, *args, **kwargs)


def _for_one_try(call: Call) -> Call:
    """Return the call in a copy of its context: what a try sets must not be seen by the next."""
    assert isinstance(call, functools.partial)
    context = getattr(call.func, "__self__", None)
    if not isinstance(context, contextvars.Context):
        return call  # compiled
    return functools.partial(context.copy().run, *call.args, **call.keywords)


def _of_the_task(error: BaseException) -> BaseException:
    """Return the exception with the part of its traceback that lies outside of this package."""
    traceback = error.__traceback__
    while traceback and traceback.tb_frame.f_code.co_filename.startswith(_OWN):
        traceback = traceback.tb_next
    return error.with_traceback(traceback)


class PureTaskResult:
    """What a submission returns: a handle on one call of a task."""

    __slots__ = (
        "__weakref__", "_alarm", "_call", "_diverts", "_ended", "_finished", "_keeper", "_lane",
        "_late", "_level",
        "_limit", "_lock", "_parent", "_pool", "_process", "_queued", "_running", "_started",
        "_state", "_timed_out", "_traceback", "_try", "_undecided", "_value", "_watched",
        "_maker", "_number", "_queued_at", "counted", "retries", "task_name",
    )  # fmt: skip

    def __init__(
        self, pool: Pool, lane: Lane, level: int, name: str, number: int, call: Call | None
    ) -> None:
        # constant
        self.task_name = name
        self.counted = True  # False: it counts what it runs itself
        self._maker = pool.number
        self._number = number
        self._parent = run_here()
        self._process = os.getpid()
        self._pool = pool
        self._lane = lane
        self._level = level
        self._limit = 0.0  # seconds for one run, 0: any
        self._diverts = False  # a failure may be tried again
        self._lock = threading.RLock()  # guards what follows
        self._queued_at: float | None = None
        self.retries = 0
        self._state = PENDING
        self._queued = False  # in a lane, so a waiter may run it
        self._watched = False  # its end is to be dispatched
        self._keeper: Any = None  # of a promise, until it has ended
        self._call = call  # None once it has ended (the arguments are let go), and of promises
        self._undecided = False  # it has failed; the dispatcher decides whether that is the end
        self._try = 0  # number of the run
        self._late = False  # this run was stopped by its limit
        self._timed_out = 0  # number of the last run that was stopped to be tried again
        self._running: Running | None = None
        self._alarm: Alarm | None = None  # of the run's time limit
        self._ended = Ended()
        self._value: Any = None  # the result, or the exception when FAILED
        self._traceback: TracebackType | None = None
        self._started = self._finished = 0.0

    # --- the pool's side ----------------------------------------------------------------------

    def promise(self, more: bool) -> bool:
        self._lane.need_worker()
        return self._lane.promise(more)

    def promise_kept(self) -> None:
        self._lane.promise_kept()

    def queue(self, promised: bool = False) -> None:
        """Put the call into its lane, or run it here where that is the policy."""
        self._queued_at = time.monotonic()
        self._queued = True
        if not self._lane.push(self, self._level, promised):
            self.run()

    def next_job(self) -> Callable[[], None] | None:
        """Return what runs the call, or None when it needs no run any more."""
        return self.run if self._state in (PENDING, RETRYING) else None

    def exhausted(self) -> bool:
        """Return True: a call is one job."""
        return True

    def drop(self) -> bool:
        """Cancel the call if it waits in the queue; a waiter may be running it already."""
        with self._lock:
            if self._state not in (PENDING, RETRYING):
                return False
            self._end(CANCELLED, None)
            return True

    def run(self) -> None:
        """Run the call on this thread, unless somebody else does or it has ended."""
        running = Running()
        if (call := self._begin(running)) is not None:
            self._run_ended(*run(running, call))
        running.end()

    def _begin(self, running: Running) -> Call | None:
        """Return the call for this thread to run, None if it is not this thread's."""
        with self._lock:
            if self._state not in (PENDING, RETRYING) or not self._queued:
                return None
            self._state = RUNNING
            self._queued = False
            self._try += 1
            self._started = time.monotonic()
            self._running = running
            running.result = self
            self._pool.running.add(self)
            self._late = False
            if self._pool.recorder is not None:
                self._pool.recorder.begins(self._lane_number, self.task_name, self._started)
            if self._limit:
                number = self._try
                self._alarm = self._pool.timer.after(self._limit, lambda: self._time_out(number))
            assert self._call is not None
            if is_too_deep(running.depth):
                return refuse(self.task_name)
            return _for_one_try(self._call) if self._diverts else self._call

    def _run_ended(self, failed: bool, value: Any) -> None:
        if os.getpid() != self._process:
            child.leave(value if failed else None)
        if failed:
            _of_the_task(value)
        with self._lock:
            self._running = None
            self._pool.running.discard(self)
            if self._alarm is not None:
                self._pool.timer.cancel(self._alarm)
                self._alarm = None
            finished = time.monotonic()
            self._record_run(finished, failed)
            if self._state != RUNNING:
                return  # it was stopped, and its end has been told
            self._finished = finished
            if failed and self._timed_out == self._try:
                value = self._timeout()
            if failed and self._diverts:
                self._undecided = True
                self._value = value
                self._pool.mail.failed(self)
            else:
                self._end(FAILED if failed else COMPLETED, value)

    @property
    def _lane_number(self) -> int:
        return int(self._lane is self._pool.python_lane)

    def _record_run(self, finished: float, failed: bool) -> None:
        """Count the run for the statistics; its end comes with `_end`."""
        recorder = self._pool.recorder
        if recorder is not None and not self.counted:
            recorder.leaves(finished - self._started)
        elif recorder is not None:
            waited = self._started - (self._queued_at or self._started)
            lane, seconds = self._lane_number, finished - self._started
            event = self._event(failed, finished) if recorder.is_traced() else None
            recorder.ran(lane, self.task_name, self._level, waited, seconds, event=event)

    def _event(self, failed: bool, finished: float) -> Happened:
        """Return how this run ends, for who traces the pool."""
        if self._state != RUNNING:
            outcome = "timed out" if self._late else "cancelled"
        elif failed:
            outcome = "failed try" if self._diverts else "failed"
        else:
            outcome = "completed"
        queued = self._queued_at is not None
        return Happened(events.RUN, self._number, outcome, finished, queued)

    def _record_end(self, state: int) -> None:
        # A promise is no call.
        if self._pool.recorder is not None and self._call is not None and self.counted:
            end = segment.TIMED_OUT if state == FAILED and self._late else _ENDS[state]
            self._pool.recorder.count(self._lane_number, self.task_name, end)

    def _end(self, state: int, value: Any) -> None:
        self._record_end(state)
        if self._finished < self._started:  # it has not ended by itself
            self._finished = time.monotonic()
        self._value = value
        self._traceback = value.__traceback__ if state == FAILED else None
        self._call = self._keeper = None
        self._state = state
        self._ended.set()
        if self._watched:
            self._pool.mail.ended(self)
        if self._diverts:
            self._lane.promise_kept()

    def _stop(self, state: int, value: Any, interrupt: type[BaseException]) -> None:
        """End a running call for its waiters; Python code is interrupted, compiled goes on."""
        running = self._running
        self._end(state, value)
        if running is not None:
            running.interrupt(interrupt, self._pool.timer)

    def _time_out(self, number: int) -> None:
        with self._lock:
            if self._state != RUNNING or self._try != number or self._undecided:
                return
            if (
                self._diverts
                and self._running is not None
                and (self._lane is self._pool.python_lane)
            ):
                # Another try must not begin before this one has ended.
                self._timed_out = number
                self._running.interrupt(TaskTimeout, self._pool.timer)
                return
            self._stop(FAILED, self._timeout(), TaskTimeout)

    def _timeout(self) -> TaskTimeout:
        self._late = True
        return TaskTimeout(
            f"task {self.task_name}: stopped after {self._limit * 1e3:g} ms, its timeout_ms"
        )

    def keep(self, keeper: Any) -> PureTaskResult:
        """Be the promise of this keeper."""
        self._keeper = keeper
        return self

    def fulfil(self, failed: bool, value: Any) -> None:
        """End a promise, unless it was cancelled."""
        with self._lock:
            if self._state == PENDING:
                self._started = time.monotonic()
                self._end(FAILED if failed else COMPLETED, value)

    # --- the dispatcher's side ----------------------------------------------------------------

    def watch(self) -> bool:
        with self._lock:
            if not self._ended.is_set():
                self._watched = True
            return not self._ended.is_set()

    def limit(self, seconds: float, divert: bool) -> None:
        self._limit = seconds
        if divert:
            self._diverts = self._lane.promise(self._pool.privileged_here())

    def forgo(self) -> None:
        """Undo `limit`: the call could not be queued."""
        if self._diverts:
            self._diverts = False
            self._lane.promise_kept()

    def failure(self) -> BaseException:
        exception: BaseException = self._value
        return exception

    def retry(self, seconds: float) -> bool:
        with self._lock:
            if self._state != RUNNING:
                return False  # cancelled
            self._undecided = False
            self.retries += 1
            self._state = RETRYING
            if self._pool.recorder is not None:
                name = self.task_name
                self._pool.recorder.count(self._lane_number, name, segment.RETRIED)
            return self._pool.later(self, seconds, more=True)  # more than `limit` promised

    def conclude(self, cancelled: bool) -> None:
        with self._lock:
            if self._state == RUNNING:
                self._end(CANCELLED if cancelled else FAILED, self._value)

    # --- the caller's side --------------------------------------------------------------------

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeClosed(
                f"task {self.task_name}: this result belongs to the process that this one was "
                "forked from; submit the task again here"
            )

    def _wait(self, timeout: float | None) -> None:
        self._check_process()
        if timeout is not None:
            if math.isnan(timeout):
                raise ValueError(f"task {self.task_name}: timeout must not be NaN")
            timeout = max(0.0, timeout) if timeout <= _LONGEST_SECONDS else None
        try:
            ended = self._wait_until(deadline.after(timeout))
        except BaseException as error:
            if not isinstance(error, KeyboardInterrupt):
                cancel_awaited([self], error)
            raise
        if not ended:
            raise TimeoutError(f"task {self.task_name}: not done within the given timeout")
        if self._state == CANCELLED:
            raise TaskCancelled(f"task {self.task_name} was cancelled")

    def _wait_until(self, until: float | None) -> bool:
        if not self._ended.is_set() and (until is None or until > time.monotonic()):
            warn_if_in_loop(self.task_name)
        # An interrupt hits a worker that waits at the end of a slice.
        longest = SLICE_SECONDS if on_worker() else _LONGEST_SECONDS
        while True:
            left = longest if until is None else until - time.monotonic()
            if wait_for(self._ended, max(0.0, min(left, longest))):
                return True
            if left <= 0:
                return False

    def _exception(self) -> BaseException:
        # What was raised before has collected the frames that it passed.
        exception: BaseException = self._value.with_traceback(self._traceback)
        return exception

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the task and return its result.

        timeout is in seconds. Raises the task's exception, TaskCancelled, or the builtin
        TimeoutError when the task is not done in time (it goes on).
        """
        # What a worker waits for and is still queued it runs itself, see _help. This is run(), and
        # interrupt.run(), without the frames between: a nest of tasks has Python's recursion
        # limit.
        if self._queued and on_worker():
            running = Running()
            if (call := self._begin(running)) is not None:
                try:
                    try:
                        running.enter()
                        failed, value = False, call()
                        running.inside = False
                    except BaseException as error:
                        running.inside = False
                        failed, value = True, error
                except BaseException as error:
                    running.inside = False
                    failed, value = True, error
                with lock:
                    if running.sent:
                        try:
                            raise_in(running.thread, TAKEN_BACK)
                            look()
                        except TakenBack:
                            running.sent = False
                        except BaseException:
                            settle(running)
                            raise
                self._run_ended(failed, value)
            running.end()
        self._help(timeout)
        self._wait(timeout)
        if self._state == FAILED:
            raise self._exception()
        return self._value

    wait = result

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the task and return the exception it raised, or None."""
        self._help(timeout)
        self._wait(timeout)
        return self._exception() if self._state == FAILED else None

    def _ended_within(self, seconds: float | None) -> bool:
        self._help(seconds)
        return self._wait_until(deadline.after(seconds))

    def _assist(self) -> Any:
        """Do what this thread can; answers as native/binding/result.c's."""
        keeper = self._keeper
        if keeper is not None or not on_worker():
            return keeper
        if not self._queued:
            # One that runs with retries left may be queued again.
            later = self._state in (PENDING, RETRYING) or (self._diverts and self._state == RUNNING)
            return False if later else None
        self.run()
        return True

    def _help(self, timeout: float | None) -> None:
        # Else tasks that wait for their own submissions could block every worker.
        if on_worker() and self._assist() is not None and not self._ended.is_set():
            self._pool.assist(self, timeout)

    def done(self) -> bool:
        """Return whether the task has ended, in any way."""
        self._check_process()
        return self._ended.is_set()

    @shielded
    def cancel(self) -> bool:
        """Cancel the task; False if it has ended.

        A Python task that runs is stopped at its next bytecode; compiled code is left alone
        and its result dropped.
        """
        self._check_process()
        with self._lock:
            if self._state == RUNNING:
                self._stop(CANCELLED, None, TaskCancelled)
            else:
                self.drop()
        self._pool.forget(self)
        return self._state == CANCELLED

    @shielded
    def _cancel_pending(self) -> bool:
        """Cancel the task unless it runs; return whether it is cancelled."""
        self._check_process()
        with self._lock:
            if self._state != RUNNING:
                self.drop()
        self._pool.forget(self)
        return self._state == CANCELLED

    def _phase(self) -> int:
        self._check_process()
        return self._state

    def _has_run(self) -> bool:
        return self._started > 0.0 and self._state in (COMPLETED, FAILED)

    @property
    def _ended_ns(self) -> int:
        return round(self._finished * 1e9) if self._has_run() else 0

    @property
    def _deadline(self) -> float | None:
        """For the thread that runs it: when it is stopped, in seconds since the epoch."""
        return epoch(self._started + self._limit) if self._limit else None

    @property
    def queued_at(self) -> float | None:
        """When it was submitted, in seconds since the epoch."""
        return epoch(self._queued_at)

    @property
    def started_at(self) -> float | None:
        """When it began to run, in seconds since the epoch; None before it has ended."""
        return epoch(self._started) if self._has_run() else None

    @property
    def finished_at(self) -> float | None:
        """When it ended, in seconds since the epoch; None if it has not run."""
        return epoch(self._finished) if self._has_run() else None

    @property
    def execution_time_ms(self) -> float | None:
        """How long it ran, in milliseconds; None before it has ended."""
        return (self._finished - self._started) * 1e3 if self._has_run() else None

    @property
    def allocated_bytes(self) -> None:
        """Not known: this pool counts no memory."""
        return None
