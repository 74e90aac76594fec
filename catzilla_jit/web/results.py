"""The results that can be asked for by id: those of the runtime, and groups of them.

The runtime knows a result once its id was read, and keeps it as long as it was told. Groups
(Submissions) are no results of a runtime, so they are held here, as many and as long.
Every method may be called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..errors import ResultGone
from ..tasks.runtime import Runtime
from .submissions import Submissions


class Results:
    """What one app has submitted and may be asked about."""

    def __init__(self, find_runtime: Callable[[], Runtime], most: int, seconds: float | None):
        # constant
        self._find_runtime = find_runtime
        self._most = most
        self._seconds = seconds
        self._lock = threading.RLock()
        # guarded by the lock
        self._groups: OrderedDict[str, Submissions] = OrderedDict()

    def note(self, result: Any) -> str:
        """Make a result known by its id; return the id."""
        task_id = str(result.task_id)
        if isinstance(result, Submissions):
            with self._lock:
                self._groups[task_id] = result
                gone = self._over()
            del gone  # what goes with a result may do anything: without the lock
        return task_id

    def find(self, task_id: str) -> Any:
        """Return the result of this id, None if there is none."""
        with self._lock:
            gone = self._over()
            group = self._groups.get(task_id)
        del gone
        return self._find_runtime().get(task_id) if group is None else group

    def reason(self, task_id: str) -> str:
        """Say why there is no result of this id."""
        try:
            self._find_runtime().lookup(task_id)
        except ResultGone as gone:
            return str(gone)
        return f"{task_id!r}: nobody holds it any more"

    def newest(self) -> list[tuple[str, Any]]:
        """Return the ids and results that are known, the newest first."""
        with self._lock:
            gone = self._over()
            groups = list(self._groups.items())
        del gone
        found: list[tuple[str, Any]] = [*self._find_runtime().known_results(), *groups]
        found.reverse()
        if groups:
            found.sort(key=lambda each: each[1].queued_at or 0.0, reverse=True)
        return found

    def _over(self) -> list[Submissions]:
        """Let go of the groups that are too many or too old; return them."""
        gone = []
        while self._groups:
            first = next(iter(self._groups.values()))
            ended = first.finished_at
            is_old = (
                self._seconds is not None
                and ended is not None
                and time.time() - ended >= self._seconds
            )
            if not is_old and len(self._groups) <= self._most:
                break
            gone.append(self._groups.popitem(last=False)[1])
        return gone
