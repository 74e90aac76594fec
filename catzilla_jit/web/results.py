"""The results that can be asked for by id: noted by the app, held until their turn is over.

The number of them and the time after their end are bounded. What is not noted here is found as
long as the runtime knows it (`Runtime.get`). Every method may be called from any thread.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

#: Entries that are looked at for one that has ended, before another one is dropped.
_LOOKED_AT = 16
_REASONS_MOST = 10_000  # of results that were let go, the last ones


class Entry(NamedTuple):
    """A result, its id, and its number in the order of the submissions."""

    number: int
    task_id: str
    result: Any


def epoch(moment: float | None) -> float | None:
    """Return a time of a result in seconds since the epoch, whichever clock it is of."""
    if moment is None or moment > 1e9:  # the monotonic clock counts from the machine's start
        return moment
    return time.time() - (time.monotonic() - moment)


class Results:
    """What one app has submitted and may be asked about.

    most: how many results are held at least as long as `seconds` after their end have not
    passed; with more, the oldest that have ended go first. seconds: None for no limit.
    """

    def __init__(self, most: int, seconds: float | None, find: Callable[[str], Any]) -> None:
        # constant
        self._most = most
        self._seconds = seconds
        self._find = find  # in the runtime
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        # guarded by the lock
        self._entries: dict[str, Entry] = {}  # in the order of the submissions
        self._gone: dict[str, str] = {}  # why what was held is not any more

    def note(self, result: Any, task_id: str | None = None) -> str:
        """Hold a result; return its id."""
        task_id = task_id or str(result.task_id)
        with self._lock:
            if task_id in self._entries:
                return task_id
            self._entries[task_id] = Entry(next(self._numbers), task_id, result)
            dropped = self._drop() if len(self._entries) > self._most else []
        del dropped  # what goes with a result may do anything: without the lock
        return task_id

    def find(self, task_id: str) -> Any:
        """Return the result of this id, None if there is none."""
        with self._lock:
            dropped = self._expire()
            entry = self._entries.get(task_id)
            if entry is not None and self._is_old(entry.result):
                self._let_go(task_id, self._too_old())
                return None
        del dropped
        return self._find(task_id) if entry is None else entry.result

    def forget(self, task_id: str) -> bool:
        """Let a result go; return whether it was held."""
        with self._lock:
            entry = self._let_go(task_id, "it was forgotten")
        return entry is not None

    def reason(self, task_id: str) -> str:
        """Say why there is no result of this id."""
        return self._gone.get(task_id, "")

    def newest(self) -> Iterator[Entry]:
        """Yield what is held, the newest first."""
        with self._lock:
            dropped = self._expire()
            entries = list(self._entries.values())
        del dropped
        yield from (entry for entry in reversed(entries) if not self._is_old(entry.result))

    def _drop(self) -> list[Any]:
        """Let the oldest go that has ended; nothing while the oldest ones all go on."""
        for task_id in list(itertools.islice(self._entries, _LOOKED_AT)):
            if self._entries[task_id].result.done():
                return [self._let_go(task_id, f"the app keeps the last {self._most} results")]
        return []

    def _expire(self) -> list[Any]:
        """Let go of what is too old among the oldest; the others follow with the next calls."""
        oldest = [
            task_id
            for task_id in itertools.islice(self._entries, _LOOKED_AT)
            if self._is_old(self._entries[task_id].result)
        ]
        return [self._let_go(task_id, self._too_old()) for task_id in oldest]

    def _is_old(self, result: Any) -> bool:
        if self._seconds is None or not result.done():
            return False
        ended = epoch(result.finished_at)
        return ended is not None and time.time() - ended >= self._seconds

    def _too_old(self) -> str:
        return f"results are kept for {self._seconds:g} s after their end"

    def _let_go(self, task_id: str, why: str) -> Entry | None:
        entry = self._entries.pop(task_id, None)
        if entry is not None:
            self._gone[task_id] = why
            if len(self._gone) > _REASONS_MOST:
                del self._gone[next(iter(self._gone))]
        return entry
