"""What a result offers besides waiting: callbacks, futures, and what comes next.

All of it rests on one primitive, `pool.dispatcher.watch(result, callback)`.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections import deque
from typing import Any

from ..errors import CatzillaError
from ..pools.interrupt import call_shielded, shielded, wait_until
from ..pools.watch import outcome, watch


class _Condition(type(threading.RLock())):  # type: ignore[misc]
    """A Condition whose `with` is that of its lock, a single step.

    The program asks and cancels a Future, and Ctrl-C may come at any bytecode. `with` of a
    Condition is Python code: hit there, its lock stays held, and the callbacks' thread waits.
    """

    wait = threading.Condition.wait
    notify = threading.Condition.notify
    notify_all = threading.Condition.notify_all

    def __init__(self) -> None:
        self._waiters: deque[Any] = deque()


class _Following(concurrent.futures.Future[Any]):
    """A Future that ends when the result does; waiting for it is waiting for the result.

    So it helps on a Python worker, and Ctrl-C cancels, as with the result itself.
    """

    def __init__(self, followed: Any) -> None:
        super().__init__()
        self._condition = _Condition()
        self._followed = followed
        self._ending = threading.Lock()  # taken by whoever ends it, for good
        self.add_done_callback(_cancel_followed)

    # Both call the callbacks, each of which is to come, whole.

    @shielded
    def cancel(self) -> bool:
        return super().cancel()

    @shielded
    def end(self, result: Any) -> None:
        """Take over the outcome of the final result, unless that has happened."""
        if not self._ending.acquire(blocking=False):
            return
        if result.cancelled():
            self.cancel()
            self.set_running_or_notify_cancel()
        elif self.set_running_or_notify_cancel():
            failed, value = outcome(result)
            if failed:
                self.set_exception(value)
            else:
                self.set_result(value)

    def result(self, timeout: float | None = None) -> Any:
        self._await(timeout)
        return call_shielded(super().result, 0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._await(timeout)
        return call_shielded(super().exception, 0)  # type: ignore[no-any-return]

    def _await(self, timeout: float | None) -> None:
        if self.done():
            return
        try:
            self._followed.exception(timeout)
        except (TimeoutError, concurrent.futures.CancelledError) as error:
            # Ours to tell, unless it is the task that waits here that is stopped.
            if isinstance(error, CatzillaError) and not self._followed.done():
                raise
        if self._followed.done():
            # Not left to the thread of the callbacks: it may be the one that waits.
            self.end(self._followed)
            wait_until(self._has_ended, None)  # another thread may be about to end it

    def _has_ended(self, seconds: float) -> bool:
        try:
            super().exception(seconds)
        except TimeoutError:
            return False
        except concurrent.futures.CancelledError:
            pass
        return True


def _cancel_followed(future: concurrent.futures.Future[Any]) -> None:
    if future.cancelled():
        assert isinstance(future, _Following)
        future._followed.cancel()


def as_future(result: Any) -> concurrent.futures.Future[Any]:
    """Return a Future that follows the result; cancelling it cancels the task."""
    future = _Following(result)
    if result.done():
        future.end(result)
    else:
        watch(result, future.end, may_block=True)
    return future
