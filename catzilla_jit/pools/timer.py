"""One thread of a pool that calls functions when they are due.

The time limits of maps need it, and on the pure-Python pool everything that has its time.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_log = logging.getLogger("catzilla_jit")

_FEW = 64  # cancelled alarms that are not worth a clean-up


class Alarm:
    """One function to call when it is due."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Callable[[], None] | None = function  # None: cancelled, or called


class Timer:
    """Its thread starts with the first use. Functions run on it, and must be short.

    A cancelled alarm lets go of its function at once. It stays in the heap until it is due, or
    until most of the heap is such alarms.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())  # guards what follows
        self._due: list[tuple[float, int, Alarm]] = []
        self._cancelled = 0  # of those
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def start(self) -> None:
        """Start the thread if it does not run yet."""
        with self._changed:
            self._start()

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="cz-timer", daemon=True)
            thread.start()
            self._thread = thread  # not one that could not be had

    def after(self, seconds: float, function: Callable[[], None]) -> Alarm:
        """Call the function after so long."""
        alarm = Alarm(function)
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), alarm))
            self._start()
            if self._due[0][2] is alarm:
                self._changed.notify()
        return alarm

    def cancel(self, alarm: Alarm) -> None:
        """Do not call the function, if it was not called yet."""
        with self._changed:
            if alarm.function is None:
                return
            alarm.function = None
            self._cancelled += 1
            if self._cancelled > _FEW and self._cancelled > len(self._due) // 2:
                self._due = [entry for entry in self._due if entry[2].function is not None]
                heapq.heapify(self._due)
                self._cancelled = 0

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
            try:
                function()
            except BaseException:
                # Everything else that is due needs this thread.
                _log.exception("what was due at this time failed")
            del function

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closed:
                left = self._due[0][0] - time.monotonic() if self._due else None
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                alarm = heapq.heappop(self._due)[2]
                function, alarm.function = alarm.function, None
                if function is not None:
                    return function
                self._cancelled -= 1
            return None
