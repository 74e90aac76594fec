"""await: a coroutine of any event loop waits for a result, and for a batch.

The results of the native pool have an iterator in C (native/binding/awaiting.c); what is here
serves the others. Both work the same way: whoever sees a result end puts it into the inbox
of the loop, and rings the loop once for all that end before it comes to look. A wake-up writes to a
socket, which costs more than a small task.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ..pools.watch import notice

if TYPE_CHECKING:
    import asyncio  # at run time with the first await: its import takes as long as all of ours

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
        from asyncio import CancelledError

        try:
            yield from future
        except CancelledError:
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
        from asyncio import get_running_loop

        loop = get_running_loop()
        waiters = _here.waiters
        if waiters is None or waiters.loop() is not loop:
            waiters = _here.waiters = _LoopWaiters(loop)
        yield from waiters.wait(result, loop)
    return result.result()


def connect(binding: Any) -> None:
    """Give the binding what its own await needs of asyncio and of the dispatcher."""
    inboxes: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Any]
    inboxes = weakref.WeakKeyDictionary()

    def inbox_for(loop: asyncio.AbstractEventLoop) -> Any:
        return inboxes.get(loop) or inboxes.setdefault(loop, binding.Inbox(loop))

    def running_loop() -> asyncio.AbstractEventLoop:
        from asyncio import CancelledError, get_running_loop

        binding.set_asyncio(get_running_loop, CancelledError, notice, inbox_for)
        return get_running_loop()

    # Nothing is raised but what `running_loop` puts here in the first place.
    binding.set_asyncio(running_loop, RuntimeError, notice, inbox_for)
