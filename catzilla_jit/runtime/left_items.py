"""Items of a compiled map that compiled code has no answer to: a Python worker computes them.

They do not stop the map. When its compiled part has ended, one Python call at the map's level runs
the function for each of them, and puts the value where the others are; after each TURN_SECONDS
another call goes on, so that other tasks of the level get their turn. So an item gets what a
submission of its own gets: Python's value, or Python's exception. A value that the array cannot
hold exactly fails the item. Until that call is over the map has not ended (left_batch.py), whoever
asks; a cancel or the map's time limit stops it.

Who ends the compiled part, or is told of that end, calls `begin`, with a promise of the pool that
it keeps until then. So a close waits for the items.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..errors import TaskCancelled
from ..pools.ended import Ended
from ..pools.interrupt import act_for, call_exposed, run_here, shielded
from ..pools.native import library
from ..pools.watch import notice

#: queue(work) has a Python worker call work(), also after a close, and returns the result.
Queue = Callable[[Callable[[], None]], Any]

TURN_SECONDS = 0.005  # how long a call computes items before it lets others run

Array = np.ndarray[Any, Any]
#: Elements of these types are Python's own numbers to a task.
_PLAIN = (np.bool_, np.int64, np.float64, np.complex128)
#: What of Python's numbers an array of each kind takes.
_HELD: dict[str, tuple[type, ...]] = {
    "b": (bool, np.bool_),
    "i": (int, np.integer),
    "u": (int, np.integer),
    "f": (float, int, np.floating, np.integer),
    "c": (complex, float, int, np.number),
}


class Failures(Protocol):
    """What tells the items of a map that have failed in compiled code."""

    def failures(self) -> list[tuple[int, int, int]]: ...


def left_of(handle: Failures) -> list[int]:
    """Return the items that compiled code had no answer to, in order."""
    return [index for index, status, _ in handle.failures() if status == library.LEFT]


class LeftItems:
    """Those of one map, and what came of them."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        arrays: Sequence[Array],
        out: Array,
        returns_none: bool,
    ) -> None:
        self._name = name
        self._function = function
        self._arrays = arrays
        self._out = out
        self._returns_none = returns_none
        self._owner = run_here()
        # Guards what follows. Entered again by a signal handler that asks for the map.
        self._lock = threading.RLock()
        self.begun = Ended()
        self.ended = Ended()
        self.cancelled = False
        self.finished: float | None = None
        self.call: Any = None  # the submission of _work
        self._indices: Sequence[int] = ()
        self._next = 0  # of those; of the call that computes
        self._settled: dict[int, BaseException | None] = {}
        self._failure: BaseException | None = None  # why none of them is computed
        self._tell_end: Callable[[], object] | None = None

    # --- the pool's side ------------------------------------------------------------------------

    @shielded
    def begin(self, handle: Failures, queue: Queue, count: Callable[[int], object]) -> None:
        """Have the items computed; once. count: is told for how many Python gave a value."""
        with self._lock:
            if self.begun.is_set():
                return
            self._count = count
            self._queue = queue
            self.begun.set()
        if self.ended.is_set():
            return
        try:
            self._indices = left_of(handle)
            self._queue_call()
        except BaseException as error:
            self._failure = error
            self._end(False)

    def _queue_call(self) -> None:
        with self._lock:  # held until `call` is that one: it may begin at once
            call = self._queue(self._work)
            call._parent = self._owner  # who waits, and runs it, is stopped with it
            self.call = call
        if self.ended.is_set():
            call.cancel()
        elif not notice(call, self._call_ended):
            self._call_ended(call)

    def _call_ended(self, call: Any) -> None:
        with self._lock:
            if call is not self.call:
                return  # another goes on
        # Not `_work` does this: it cannot tell the interrupt of a shutdown, which cancels the call
        # without us, from an exception of the function.
        cancelled = call.cancelled()
        if not cancelled and not self.ended.is_set():
            self._failure = call.exception()
        if cancelled:
            with self._lock:  # what was interrupted has not been computed
                for index, error in tuple(self._settled.items()):
                    if isinstance(error, TaskCancelled):
                        del self._settled[index]
        self._end(cancelled)

    @shielded
    def _work(self) -> None:
        # What an item submits is the work of whoever has the map.
        act_for(self._owner)
        until = time.monotonic() + TURN_SECONDS
        while self._next < len(self._indices):
            index = self._indices[self._next]
            error = self._computed(index)
            with self._lock:
                if self.ended.is_set():
                    return
                self._settled[index] = error
                self._next += 1
                if self.call.done():  # cancelled, but not by our `cancel`
                    return
            if time.monotonic() >= until and self._next < len(self._indices) and self._hand_over():
                return

    def _hand_over(self) -> bool:
        """Let another call go on; False: there can be none."""
        try:
            self._queue_call()
        except Exception:  # no memory: this one goes on
            return False
        return True

    def _end(self, cancelled: bool) -> bool:
        with self._lock:
            if self.ended.is_set():
                return False
            self.cancelled = cancelled
            self.finished = time.monotonic()
            values = sum(error is None for error in self._settled.values())
            tell_end = self._tell_end
            if values:
                self._count(values)
            self.ended.set()
        if tell_end is not None:
            tell_end()
        return True

    # --- the side of who asks -------------------------------------------------------------------

    @shielded
    def cancel(self) -> bool:
        """End now, as cancelled; False if it has ended."""
        if not self._end(True):
            return False
        with self._lock:
            call = self.call
        if call is not None:
            call.cancel()
        return True

    @shielded
    def watch(self, ended: Callable[[], object]) -> bool:
        """Call ended() at the end; False, and no call, if that has come."""
        with self._lock:
            self._tell_end = ended
            return not self.ended.is_set()

    def done(self) -> int:
        """Return how many of them have been computed."""
        return len(self._settled)

    def is_settled(self, index: int) -> bool:
        """Tell whether this one has been computed."""
        return index in self._settled

    def error(self, index: int) -> BaseException | None:
        """Return the exception of an item, if it has one."""
        return self._settled.get(index, self._failure)

    # --- one item -------------------------------------------------------------------------------

    def _computed(self, index: int) -> BaseException | None:
        """Compute an item and store it; return why that failed, if it did."""
        place = np.unravel_index(index, self._out.shape)
        views = [np.broadcast_to(array, self._out.shape) for array in self._arrays]
        try:
            value = call_exposed(self._function, *(_element(view, place) for view in views))
        except BaseException as error:
            return error
        with self._lock:
            if self.ended.is_set() or self._returns_none or self._store(place, value):
                return None
        return OverflowError(
            f"task {self._name}, element {index} of the map: a value of Python's does not fit "
            f"an array of {self._out.dtype}; compile_to_c=False makes an array that holds it"
        )

    def _store(self, place: Any, value: Any) -> bool:
        """Put a value into the array; tell whether that holds it exactly."""
        kind = self._out.dtype.kind
        if not isinstance(value, _HELD.get(kind, ())):
            return False
        if isinstance(value, bool | np.bool_) != (kind == "b"):
            return False
        try:
            self._out[place] = value
        except (OverflowError, TypeError, ValueError):
            return False
        stored = self._out[place].item()
        return bool(stored == value or (stored != stored and value != value))


def _element(view: Array, place: Any) -> Any:
    element = view[place]
    return element.item() if isinstance(element, _PLAIN) else element
