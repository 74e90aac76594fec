"""Waiting for several results: in which order they end, and what a waiting worker does.

The dispatcher puts results into the waiter's queue as they end, so waiting takes neither a
thread per result nor a look at each of them again and again.

A Python worker that waits runs what it waits for if that is queued and Python, else tasks that wait
for their own submissions could occupy the last worker for ever. It runs nothing else: another task
might want a lock that the waiting one holds. Of a promise it runs what the promise depends on.
"""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from .. import deadline
from .interrupt import check_interrupt, shielded
from .result_type import on_worker
from .watch import notice, unwatch

# A worker that waits looks this often whether it was stopped, or a delay is over.
SLICE_SECONDS = 0.05


class _Needed:
    """A result that a promise depends on: to be helped, not to be handed out."""

    __slots__ = ("result",)

    def __init__(self, result: Any) -> None:
        self.result = result


class Arrivals:
    """Hands out results in the order in which they end. For one thread."""

    def __init__(self, results: Iterable[Any]) -> None:
        self.pending: set[Any] = set(results)
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._worker = on_worker()
        self._to_help: deque[Any] = deque()
        self._not_yet: list[Any] = []
        self._arrived = self._queue.put  # one object, for unwatch
        if self._worker:
            self._to_help.extend(results)
        self._notice_all(results)

    @shielded  # one for all of them
    def _notice_all(self, results: Iterable[Any]) -> None:
        for result in results:
            if not notice(result, self._arrived):
                self._arrived(result)

    @shielded
    def close(self) -> None:
        """Wait no longer for what is still pending."""
        for result in self.pending:
            unwatch(result, self._arrived)
        self.pending.clear()

    def next(self, until: float | None) -> Any:
        """Return the next result that has ended, None when the time is over."""
        while True:
            if self._worker:
                check_interrupt()
            # Not `or`: a batch without items is false.
            result = self._look()
            if result is None:
                result = self._help_one()
            if result is None:
                result = self._sleep(until)
            if result is not None:
                if result in self.pending:
                    self.pending.discard(result)
                    return result
            elif until is not None and time.monotonic() >= until:
                return None

    def _look(self) -> Any:
        try:
            return self._sort(self._queue.get_nowait())
        except queue.Empty:
            return None

    def _sleep(self, until: float | None) -> Any:
        if self._to_help:
            return None
        left = deadline.left(until)
        if self._worker:
            left = SLICE_SECONDS if left is None else min(left, SLICE_SECONDS)
        try:
            return self._sort(self._queue.get(timeout=left))
        except queue.Empty:
            self._to_help.extend(self._not_yet)
            self._not_yet.clear()
            return None

    def _sort(self, item: Any) -> Any:
        if isinstance(item, _Needed):
            self._to_help.append(item.result)
            return None
        return item

    def _help_one(self) -> Any:
        """Help with one result; return it if this has ended it."""
        if not self._to_help:
            return None
        result = self._to_help.popleft()
        answer = result._assist()
        if answer is None:
            return None
        if not isinstance(answer, bool):
            answer.listen(lambda needed: self._queue.put(_Needed(needed)))
        elif result.done():
            return result
        elif answer:
            self._to_help.append(result)  # a batch, of which there may be more
        else:
            self._not_yet.append(result)  # delayed, or to be tried again
        return None


def assist(promise: Any, timeout: float | None) -> None:
    """Wait for a promise on a Python worker; the binding calls this."""
    if not promise.done():
        arrivals = Arrivals([promise])
        try:
            arrivals.next(deadline.after(timeout))
        finally:
            arrivals.close()
