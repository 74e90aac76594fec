"""Results by their id, for programs that hand ids to somebody else."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import Any

MOST = 10_000


class KnownResults:
    """The results whose `task_id` was read last, at most MOST of them; it keeps them alive.

    Whoever wants to ask by id later has read the id, so other submissions cost nothing.
    """

    # Without a lock: a signal's handler may read an id while its thread does. Each line that
    # changes the dictionary is one step under the GIL.

    def __init__(self) -> None:
        self._results: OrderedDict[str, Any] = OrderedDict()

    def note(self, task_id: str, result: Any) -> None:
        results = self._results
        results[task_id] = result
        with contextlib.suppress(KeyError):
            results.move_to_end(task_id)
        if len(results) > MOST:
            results.popitem(last=False)

    def find(self, task_id: str) -> Any:
        """Return the result of this id, None if it is not known (any more)."""
        return self._results.get(task_id)

    def clear(self) -> None:
        """Let go of all."""
        self._results = OrderedDict()
