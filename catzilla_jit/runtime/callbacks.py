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
from collections.abc import Generator
from typing import Any

from ..types import TaskStatus
from .callbackthread import Callback, run_callback


def watch(result: Any, callback: Callback, *, may_block: bool = False) -> None:
    """Call `callback(result)` once it is final: on the dispatcher, or here if that has ended.

    may_block: it is a user's and goes to a thread where it may take its time.
    """
    pool = result._pool
    if pool is None:
        run_callback(result, callback, contextvars.copy_context())
    else:
        pool.dispatcher.watch(result, callback, may_block=may_block)


def unwatch(result: Any, callback: Callback) -> None:
    """Undo `watch` with the same callback object, if it was not called yet."""
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


class _Wakeups:
    """Results that one event loop's coroutines wait for and that have ended.

    The dispatcher wakes the loop once for all that end before the loop comes to look: a
    wake-up writes to a socket, which costs more than a small task.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._ended: list[asyncio.Future[None]] = []

    def add(self, future: asyncio.Future[None]) -> None:
        with self._lock:
            self._ended.append(future)
            if len(self._ended) > 1:
                return
        # RuntimeError: the loop was closed, so nobody waits any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        with self._lock:
            ended, self._ended = self._ended, []
        for future in ended:
            if not future.done():
                future.set_result(None)


_wakeups: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Wakeups] = (
    weakref.WeakKeyDictionary()
)


def wait_in_loop(result: Any) -> Generator[Any, None, Any]:
    """Wait for the result without blocking the running loop; what `await result` does."""
    if not result.done():
        loop = asyncio.get_running_loop()
        wakeups = _wakeups.get(loop)
        if wakeups is None:
            wakeups = _wakeups.setdefault(loop, _Wakeups(loop))
        future: asyncio.Future[None] = loop.create_future()
        watch(result, lambda _: wakeups.add(future))
        try:
            yield from future
        except asyncio.CancelledError:
            # As with any awaited future, the cancellation reaches what is waited for.
            result.cancel()
            raise
    return result.result()
