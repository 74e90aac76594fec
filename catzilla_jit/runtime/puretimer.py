"""The clock of the pure-Python pool: one thread that calls functions when they are due."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Timer:
    """Its thread starts with the first use. Functions run on it, and must be short."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())  # guards the four below
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def after(self, seconds: float, function: Callable[[], None]) -> None:
        """Call the function after so long."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), function))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cz-timer", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """End the thread; what is not due yet is forgotten."""
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while (function := self._next()) is not None:
            function()
            del function

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closed:
                left = self._due[0][0] - time.monotonic() if self._due else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(left)
            return None
