"""A concurrent.futures.Future that follows a result.

It is lazy: what the standard class keeps (a condition, a state, callbacks) is made when somebody
asks for any of it, as `concurrent.futures.wait` and `asyncio.wrap_future` do, and only then is the
result watched. Until then it asks the result, so that a program which submits and takes results
pays for one small object.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections import deque
from typing import Any

from ..errors import CatzillaError
from ..pools import record
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


_making = threading.RLock()  # held while a Future becomes a whole one; a finalizer may ask, too


class Following(concurrent.futures.Future[Any]):
    """A Future that ends when the result does; waiting for it is waiting for the result.

    So it helps on a Python worker, and Ctrl-C cancels, as with the result itself.
    """

    __slots__ = ("_ending", "_followed", "_is_whole")

    def __init__(self, followed: Any) -> None:
        self._followed = followed
        self._is_whole = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in Following.__slots__:
            raise AttributeError(name)
        self._make_whole()
        try:
            return vars(self)[name]
        except KeyError:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message) from None

    @shielded
    def _make_whole(self) -> None:
        """Have what the standard class has, and follow the result from here on."""
        with _making:
            if self._is_whole:
                return
            whole = vars(concurrent.futures.Future[Any]())
            whole["_condition"] = _Condition()
            whole["_done_callbacks"] = [_cancel_followed]
            self._ending = threading.Lock()  # taken by whoever ends it, for good
            vars(self).update(whole)  # a single step: no other thread sees a part of it
            self._is_whole = True
            if not self._followed.done():
                watch(self._followed, self.end, may_block=True)
                return
        self.end(self._followed)

    # Both call the callbacks, each of which is to come, whole.

    @shielded
    def cancel(self) -> bool:
        self._make_whole()
        return super().cancel()

    @shielded
    def end(self, result: Any) -> None:
        """Take over the outcome of the final result, unless that has happened."""
        if not self._ending.acquire(blocking=False):
            return
        if result.cancelled():
            super().cancel()
            self.set_running_or_notify_cancel()
        elif self.set_running_or_notify_cancel():
            failed, value = outcome(result)
            if failed:
                self.set_exception(value)
            else:
                self.set_result(value)

    def done(self) -> bool:
        return super().done() if self._is_whole else self._followed.done()

    def cancelled(self) -> bool:
        return super().cancelled() if self._is_whole else self._followed.cancelled()

    def running(self) -> bool:
        if self._is_whole and super().done():
            return False
        return bool(self._followed._phase() == record.RUNNING)

    def result(self, timeout: float | None = None) -> Any:
        if not self._is_whole:
            try:
                return self._followed.result(timeout)
            except TimeoutError as error:
                self._tell_timeout(error)
                raise
        self._await(timeout)
        return call_shielded(super().result, 0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        if not self._is_whole:
            try:
                return self._followed.exception(timeout)  # type: ignore[no-any-return]
            except TimeoutError as error:
                self._tell_timeout(error)
                raise
        self._await(timeout)
        return call_shielded(super().exception, 0)  # type: ignore[no-any-return]

    def _tell_timeout(self, error: TimeoutError) -> None:
        """Raise the TimeoutError of concurrent.futures, another one before Python 3.11."""
        if not isinstance(error, CatzillaError) and not self._followed.done():
            raise concurrent.futures.TimeoutError from None

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
        except concurrent.futures.TimeoutError:
            return False
        except concurrent.futures.CancelledError:
            pass
        return True


def _cancel_followed(future: concurrent.futures.Future[Any]) -> None:
    if future.cancelled():
        assert isinstance(future, Following)
        future._followed.cancel()


def as_future(result: Any) -> concurrent.futures.Future[Any]:
    """Return a Future that follows the result; cancelling it cancels the task."""
    result.done()  # refuses those of a parent process
    return Following(result)
