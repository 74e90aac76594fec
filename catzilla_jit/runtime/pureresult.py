"""PureTaskResult: one call of a task on the pure-Python pool, and the handle on it.

The states are those of a native record (catzilla_jit.h). Whoever moves a call away from
PENDING under its lock owns the run: a worker, a waiter that helps, a canceller. The outcome is
written before the final state, and nothing is written after it. Cold methods are added by
result.py.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ..errors import RuntimeClosed, TaskCancelled
from .native import CANCELLED, COMPLETED, FAILED, PENDING, RUNNING
from .purelane import on_worker

#: Runs the function: (False, its value) or (True, its exception). Raises nothing.
Call = Callable[[], "tuple[bool, Any]"]

_LONGEST_SECONDS = 4e9  # a century: more than a lock can wait for


def python_call(function: Callable[..., Any], args: Any, kwargs: Any) -> Call:
    """Return the call of a Python function."""

    def call() -> tuple[bool, Any]:
        try:
            return False, function(*args, **kwargs)
        except BaseException as error:
            traceback = error.__traceback__
            # Without this frame: it begins in the task's own source.
            return True, error.with_traceback(traceback.tb_next if traceback else None)

    return call


class PureTaskResult:
    """What a submission returns: a handle on one call of a task."""

    __slots__ = (
        "__weakref__", "_call", "_ended", "_finished", "_lock", "_process", "_started", "_state",
        "_traceback", "_value", "queued_at", "task_id", "task_name",
    )  # fmt: skip

    def __init__(self, name: str, number: int, call: Call) -> None:
        self.task_name = name
        self.task_id = f"{name}-{number}"
        self.queued_at: float | None = time.monotonic()
        self._process = os.getpid()
        self._lock = threading.Lock()  # guards the move away from PENDING
        self._state = PENDING
        self._call: Call | None = call  # None once it has ended: the arguments are let go
        self._ended = threading.Event()
        self._value: Any = None  # the result, or the exception when FAILED
        self._traceback: TracebackType | None = None
        self._started = self._finished = 0.0

    # --- the pool's side ----------------------------------------------------------------------

    def _leave_pending(self, state: int) -> bool:
        with self._lock:
            if self._state != PENDING:
                return False
            self._state = state
            return True

    def next_job(self) -> Callable[[], None] | None:
        """Return what runs the call, or None when it needs no run any more."""
        return self.run if self._state == PENDING else None

    def exhausted(self) -> bool:
        """Return True: a call is one job."""
        return True

    def run(self) -> None:
        """Run the call on this thread, unless somebody else does or it was cancelled."""
        if not self._leave_pending(RUNNING):
            return
        assert self._call is not None
        self._started = time.monotonic()
        failed, self._value = self._call()
        self._finished = time.monotonic()
        self._call = None
        if failed:
            self._traceback = self._value.__traceback__
        self._state = FAILED if failed else COMPLETED
        self._ended.set()

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
        if not self._ended.wait(timeout):
            raise TimeoutError(f"task {self.task_name}: not done within the given timeout")
        if self._state == CANCELLED:
            raise TaskCancelled(f"task {self.task_name} was cancelled")

    def _exception(self) -> BaseException:
        # What was raised before has collected the frames that it passed.
        exception: BaseException = self._value.with_traceback(self._traceback)
        return exception

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the task and return its result.

        timeout is in seconds. Raises the task's exception, TaskCancelled, or the builtin
        TimeoutError when the task is not done in time (it goes on).
        """
        if self._state == PENDING and on_worker():
            self.run()  # else tasks that wait for their own submissions could block every worker
        self._wait(timeout)
        if self._state == FAILED:
            raise self._exception()
        return self._value

    wait = result

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the task and return the exception it raised, or None."""
        if self._state == PENDING and on_worker():
            self.run()
        self._wait(timeout)
        return self._exception() if self._state == FAILED else None

    def done(self) -> bool:
        """Return whether the task has ended, in any way."""
        self._check_process()
        return self._ended.is_set()

    def cancel(self) -> bool:
        """Cancel the task if it has not started; True if it is cancelled."""
        self._check_process()
        if self._leave_pending(CANCELLED):
            self._call = None
            self._ended.set()
        return self._state == CANCELLED

    def _phase(self) -> int:
        self._check_process()
        return self._state

    def _has_run(self) -> bool:
        return self._state in (COMPLETED, FAILED)

    @property
    def started_at(self) -> float | None:
        """When it began to run, on time.monotonic's clock; None before it has ended."""
        return self._started if self._has_run() else None

    @property
    def finished_at(self) -> float | None:
        """When it ended, on time.monotonic's clock; None if it has not run."""
        return self._finished if self._has_run() else None

    @property
    def execution_time_ms(self) -> float | None:
        """How long it ran, in milliseconds; None before it has ended."""
        return (self._finished - self._started) * 1e3 if self._has_run() else None
