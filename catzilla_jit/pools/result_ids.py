"""Results by their id, for programs that hand ids to somebody else."""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from .interrupt import shielded
from .task_ids import is_own
from .timer import Alarm

_FEW = 1000  # entries that are not worth a clean-up
_REASONS_MOST = 10_000  # of results that were let go, the last ones


class Ends(Protocol):
    """What tells of the end of a result: a pool's dispatcher."""

    def notice(self, result: Any, callback: Callable[[Any], object]) -> bool: ...


class Clock(Protocol):
    """What pools/timer.py offers."""

    def after(self, seconds: float, function: Callable[[], None]) -> Alarm: ...


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

    def living(self) -> list[tuple[str, Any]]:
        """Return the ids and results that are known, in the order in which the ids were read."""
        found = ((task_id, each()) for task_id, each in self._results.copy().items())
        return [(task_id, result) for task_id, result in found if result is not None]

    def hand_over(self, other: KnownResults) -> None:
        """Let another one know what is known here."""
        for task_id, result in self.living():
            other.note(task_id, result)

    def forget(self, task_id: str) -> bool:
        """Know the result no more; return whether it was known."""
        reference = self._results.pop(task_id, None)
        return reference is not None and reference() is not None

    def reason(self, task_id: str) -> str:
        """Say why there is no result of this id."""
        if not is_own(task_id):
            return "no runtime of this process has made this id"
        return "nobody holds its result any more, and the runtime keeps none"

    def clear(self) -> None:
        """Forget all."""
        self._results = {}


class KeptResults(KnownResults):
    """Those of a runtime that keeps them: until their end, and then as many and as long as told.

    What is due is let go by the pool's timer, the oldest end first, also when nothing else happens.
    """

    def __init__(self, most: int, seconds: float | None, ends: Ends, clock: Clock) -> None:
        super().__init__()
        self._most = most
        self._seconds = seconds
        self._ends = ends
        self._clock = clock
        self._lock = threading.RLock()  # guards what follows; a signal's handler may come in
        self._pending: dict[str, Any] = {}
        # Ordered: the first of a dict is found behind all that were deleted before it.
        self._ended: OrderedDict[str, tuple[Any, float]] = OrderedDict()  # by their ends
        self._reasons: OrderedDict[str, str] = OrderedDict()  # why what was kept is not any more
        self._waits = False  # an alarm is set

    @shielded
    def note(self, task_id: str, result: Any) -> None:
        super().note(task_id, result)
        with self._lock:
            if task_id in self._pending or task_id in self._ended or task_id in self._reasons:
                return
            self._pending[task_id] = result
        if not self._ends.notice(result, lambda ended: self._note_end(task_id, ended)):
            self._note_end(task_id, result)

    def _note_end(self, task_id: str, result: Any) -> None:
        with self._lock:
            if self._pending.pop(task_id, None) is None:
                return  # forgotten
            self._ended[task_id] = (result, time.monotonic())
            gone = self._over()
            self._wait()
        del gone  # what goes with a result may do anything: without the lock

    def _over(self) -> list[Any]:
        """Let go of what is too many or too old; return it."""
        gone = []
        now = time.monotonic()
        while self._ended:
            task_id, (result, ended) = next(iter(self._ended.items()))
            if self._seconds is not None and now - ended >= self._seconds:
                reason = f"its result was kept for {self._seconds:g} s after its end"
            elif len(self._ended) > self._most:
                reason = f"its result was dropped: the runtime keeps the last {self._most}"
            else:
                break
            gone.append(result)
            del self._ended[task_id]
            self._note_reason(task_id, reason)
        return gone

    def _note_reason(self, task_id: str, reason: str) -> None:
        self._reasons[task_id] = reason
        if len(self._reasons) > _REASONS_MOST:
            self._reasons.popitem(last=False)

    def _wait(self) -> None:
        """Look again when the oldest is due."""
        if self._seconds is None or self._waits or not self._ended:
            return
        _, ended = next(iter(self._ended.values()))
        self._waits = True
        self._clock.after(max(0.0, ended + self._seconds - time.monotonic()), self._look)

    def _look(self) -> None:
        with self._lock:
            self._waits = False
            gone = self._over()
            self._wait()
        del gone

    @shielded
    def forget(self, task_id: str) -> bool:
        with self._lock:
            kept = self._pending.pop(task_id, None), self._ended.pop(task_id, None)
            known = super().forget(task_id)
            if known or kept != (None, None):
                self._note_reason(task_id, "it was forgotten")
        return known

    def reason(self, task_id: str) -> str:
        return self._reasons.get(task_id) or super().reason(task_id)

    def clear(self) -> None:
        super().clear()
        with self._lock:
            gone = self._pending, self._ended
            self._pending, self._ended = {}, OrderedDict()
        del gone
