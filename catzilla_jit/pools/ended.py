"""An event that happens once, for signal handlers and finalizers too.

threading.Event has a lock: a handler that sets the event while its own thread is about to wait
for it waits for that lock, for ever. Here each waiter has a lock of its own, which whoever sets
the event opens. A waiter is in the list before it looks at the flag, and the flag is set before
the list is emptied: one of the two sees the other.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque


class Ended:
    """Set once, for good."""

    __slots__ = ("_flag", "_waiters")

    def __init__(self) -> None:
        self._flag = False
        self._waiters: deque[threading.Lock] = deque()

    def is_set(self) -> bool:
        """Return whether it has happened."""
        return self._flag

    def set(self) -> None:
        """Let it have happened; any thread, also within a handler or a finalizer."""
        self._flag = True
        with contextlib.suppress(IndexError):
            while True:
                self._waiters.popleft().release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait so many seconds; return whether it has happened."""
        if self._flag:
            return True
        waiter = threading.Lock()
        waiter.acquire()
        self._waiters.append(waiter)
        try:
            if not self._flag:
                waiter.acquire(True, -1 if timeout is None else max(0.0, timeout))
        finally:
            with contextlib.suppress(ValueError):
                self._waiters.remove(waiter)
        return self._flag
