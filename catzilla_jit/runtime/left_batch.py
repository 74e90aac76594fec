"""The handle on a compiled map of which Python may have to compute some items (left_items.py).

It is that of the compiled part, until that has ended with such items: from then on the map runs
until they are computed. After a cancel they are not; then what was not computed was not handed
out.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

from .. import deadline
from ..pools import record
from ..pools.interrupt import shielded, wait_for
from ..pools.native import library
from ..pools.protocol import BatchHandle, SettleItem
from .left_items import LeftItems, left_of


class LeftBatch:
    """Both parts of one map."""

    __slots__ = ("_collect", "_compiled", "_items", "_left", "_settle")

    def __init__(
        self, compiled: BatchHandle, items: LeftItems, settle: SettleItem, collect: bool
    ) -> None:
        self._compiled = compiled
        self._items = items
        self._settle = settle
        self._collect = collect
        self._left: list[int] | None = None  # once the compiled part has ended

    def _goes_on(self, phase: int) -> bool:
        """Tell whether, in this phase of its compiled part, the map is Python's to end."""
        if phase in (record.PENDING, record.RUNNING):
            return False
        if self._left is None:
            self._left = left_of(self._compiled)
        return bool(self._left) and phase != record.CANCELLED

    def wait(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        if not self._compiled.wait(seconds):
            return False
        if self._left == [] or not self._goes_on(self._compiled.phase()):
            return True
        if not wait_for(self._items.begun, deadline.left(until)):
            return False
        # Else it might be the very worker that we occupy.
        while self.help() and not self._items.ended.is_set() and time.monotonic() < until:
            pass
        return wait_for(self._items.ended, deadline.left(until))

    def phase(self) -> int:
        phase = self._compiled.phase()
        if self._left == [] or not self._goes_on(phase):
            return phase
        if not self._items.ended.is_set():
            return record.RUNNING
        if not self._collect and phase == record.FAILED:
            return phase
        if self._items.cancelled:
            return record.CANCELLED
        return record.FAILED if self._errors() and not self._collect else record.COMPLETED

    def _errors(self) -> bool:
        return any(self._items.error(index) is not None for index in self._left or ())

    def done_items(self) -> int:
        return self._compiled.done_items() + self._items.done()

    def handed_out(self) -> int:
        handed_out = self._compiled.handed_out()
        if self.phase() != record.CANCELLED:
            return handed_out
        missed = (index for index in self._left or () if not self._items.is_settled(index))
        return min(handed_out, next(missed, handed_out))

    @shielded
    def cancel(self) -> bool:
        if self._compiled.cancel():
            return True
        return self._goes_on(self._compiled.phase()) and self._items.cancel()

    def failures(self) -> list[tuple[int, int, int]]:
        return [
            failure
            for failure in self._compiled.failures()
            if failure[1] != library.LEFT or self._items.error(failure[0]) is not None
        ]

    def settle(self, status: int, error: int, index: int) -> BaseException:
        """Return the exception of an item that `failures` has."""
        python = self._items.error(index)
        return self._settle(status, error, index) if python is None else python

    def watch(self, ended: Callable[[], object]) -> bool:
        if self._compiled.watch(functools.partial(self._compiled_ended, ended)):
            return True
        return self._goes_on(self._compiled.phase()) and self._items.watch(ended)

    def _compiled_ended(self, ended: Callable[[], object]) -> None:
        if not (self._goes_on(self._compiled.phase()) and self._items.watch(ended)):
            ended()

    def help(self) -> bool:
        call = self._items.call
        return call is not None and call._assist() is True

    def times(self) -> tuple[float | None, float | None, float | None]:
        queued, started, finished = self._compiled.times()
        if self._goes_on(self._compiled.phase()):
            finished = self._items.finished
        return queued, started, finished
