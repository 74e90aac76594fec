"""What a result offers besides waiting: callbacks, futures, asyncio, and what comes next.

All of it rests on one primitive, `pool.dispatcher.watch(result, callback)`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import threading
import weakref
from collections import deque
from collections.abc import Generator
from typing import Any

from ..types import TaskStatus
from .callbackthread import Callback, run_callback


def watch(result: Any, callback: Callback, *, may_block: bool = False) -> None:
    """Call `callback(result)` once it is final: on the dispatcher, or here if that has ended.

    may_block: it is a user's and goes to a thread where it may take its time. Raises
    RuntimeClosed for a result of the process that this one was forked from.
    """
    result.done()  # which refuses those: nobody here would ever call back
    pool = result._pool
    if pool is None:
        run_callback(result, callback, contextvars.copy_context())
    else:
        pool.dispatcher.watch(result, callback, may_block=may_block)


def notice(result: Any, callback: Callback) -> bool:
    """The same without the context variables; False, and no call, if it has ended already.

    The callback is called on the dispatcher, and must neither raise nor wait.
    """
    pool = result._pool
    return pool is not None and pool.dispatcher.notice(result, callback)


def unwatch(result: Any, callback: Callback) -> None:
    """Undo `watch` or `notice` with the same callback object, if it was not called yet."""
    pool = result._pool
    if pool is not None:
        pool.dispatcher.unwatch(result, callback)


def outcome(result: Any) -> tuple[bool, Any]:
    """Return (failed, value or exception) of a final result; a cancelled one has failed."""
    try:
        return False, result.result()
    except BaseException as error:
        return True, error


# --- concurrent.futures ---------------------------------------------------------------------


def as_future(result: Any) -> concurrent.futures.Future[Any]:
    """Return a Future that follows the result; cancelling it cancels the task."""
    future: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def follow(result: Any) -> None:
        if result.status() is TaskStatus.CANCELLED:
            future.cancel()
            future.set_running_or_notify_cancel()
        elif future.set_running_or_notify_cancel():
            failed, value = outcome(result)
            if failed:
                future.set_exception(value)
            else:
                future.set_result(value)

    def cancelled(future: concurrent.futures.Future[Any]) -> None:
        if future.cancelled():
            result.cancel()

    future.add_done_callback(cancelled)
    watch(result, follow, may_block=True)
    return future


# --- asyncio --------------------------------------------------------------------------------------


# So many awaits in a row may go on without giving the loop a turn.
_STRAIGHT_MOST = 64


class _LoopWaiters:
    """What one event loop's coroutines wait for, and what of that has ended.

    The dispatcher wakes the loop once for all that end before the loop comes to look: a
    wake-up writes to a socket, which costs more than a small task. Without a lock: the
    order of single steps under the GIL does.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = weakref.ref(loop)
        self._futures: dict[Any, asyncio.Future[None]] = {}  # the loop's thread
        self._ended: deque[Any] = deque()  # dispatchers append, the loop's thread takes
        self._rung = False  # the loop will come to look; set after appending
        self._notice = self._result_ended  # one object, not one per result
        self._straight = 0  # awaits since the loop had a turn

    def wait(self, result: Any, loop: asyncio.AbstractEventLoop) -> Generator[Any, None, None]:
        # A small compiled task may end within the microsecond that this polls; to suspend the
        # coroutine costs ten. (A Python worker runs the Python task itself.)
        if result._ended_within(0.0):
            self._straight += 1
            if self._straight == _STRAIGHT_MOST:
                self._straight = 0
                yield  # other coroutines want a turn too
            return
        self._straight = 0
        if result in self._futures:
            # Another coroutine waits for the same one.
            yield from _LoopWaiters(loop).wait(result, loop)
            return
        future = self._futures[result] = loop.create_future()
        if not notice(result, self._notice):
            del self._futures[result]
            return
        try:
            yield from future
        except asyncio.CancelledError:
            # As with any awaited future, the cancellation reaches what is waited for.
            result.cancel()
            raise
        finally:
            self._futures.pop(result, None)

    def _result_ended(self, result: Any) -> None:
        self._ended.append(result)
        if self._rung:
            return
        self._rung = True
        loop = self.loop()
        if loop is not None:
            # RuntimeError: the loop was closed, so nobody waits any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._rung = False  # first: what is appended from now on rings again
        while self._ended:
            future = self._futures.pop(self._ended.popleft(), None)
            if future is not None and not future.done():
                future.set_result(None)


class _Here(threading.local):
    waiters: _LoopWaiters | None = None  # those of the loop that ran last in this thread


_here = _Here()


def wait_in_loop(result: Any) -> Generator[Any, None, Any]:
    """Wait for the result without blocking the running loop; what `await result` does."""
    if not result.done():
        loop = asyncio.get_running_loop()
        waiters = _here.waiters
        if waiters is None or waiters.loop() is not loop:
            waiters = _here.waiters = _LoopWaiters(loop)
        yield from waiters.wait(result, loop)
    return result.result()
