"""Results by their id, for programs that hand ids to somebody else."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

MOST = 10_000


class KnownResults:
    """The results whose `task_id` was read last, at most MOST of them; it keeps them alive.

    Whoever wants to ask by id later has read the id, so other submissions cost nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._results: OrderedDict[str, Any] = OrderedDict()

    def note(self, task_id: str, result: Any) -> None:
        with self._lock:
            self._results[task_id] = result
            self._results.move_to_end(task_id)
            dropped = self._results.popitem(last=False) if len(self._results) > MOST else None
        del dropped  # outside of the lock: its end may run anything

    def find(self, task_id: str) -> Any:
        """Return the result of this id, None if it is not known (any more)."""
        with self._lock:
            return self._results.get(task_id)

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            dropped, self._results = self._results, OrderedDict()
        del dropped
