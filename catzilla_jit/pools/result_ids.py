"""Results by their id, for programs that hand ids to somebody else."""

from __future__ import annotations

import weakref
from typing import Any

_FEW = 1000  # entries that are not worth a clean-up


class KnownResults:
    """The results whose `task_id` was read, for as long as somebody holds them.

    Whoever wants to ask by id later has read the id, so other submissions cost nothing. The
    references are weak, for an id is also read by who only prints it.
    """

    # Without a lock: a signal's handler may read an id while its thread does. Each line that
    # changes the dictionary is one step under the GIL. And without callbacks of the references:
    # a result may die anywhere, and an interrupt that came just then would be lost in them.

    def __init__(self) -> None:
        self._results: dict[str, weakref.ref[Any]] = {}
        self._enough = _FEW

    def note(self, task_id: str, result: Any) -> None:
        results = self._results
        results[task_id] = weakref.ref(result)
        if len(results) > self._enough:
            self._sweep()

    def _sweep(self) -> None:
        """Forget the dead; it comes again once as many have been added as there are living."""
        for task_id, reference in self._results.copy().items():
            if reference() is None:
                self._results.pop(task_id, None)
        self._enough = max(_FEW, 2 * len(self._results))

    def find(self, task_id: str) -> Any:
        """Return the result of this id, None if it is not known, or nobody holds it any more."""
        reference = self._results.get(task_id)
        return None if reference is None else reference()

    def clear(self) -> None:
        """Forget all."""
        self._results = {}
