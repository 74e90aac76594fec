"""Items of a compiled map that compiled code has no answer to: Python computes them, one by one.

They do not stop the map. When it has ended, whoever asks for it first runs the function for each
of them, and puts the value where the others are. So an item gets what a submission of its own
gets: Python's value, or Python's exception. A value that the array cannot hold exactly fails the
item. Once the items are settled the others who ask find what came of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from . import native
from .backend import SettleItem
from .interrupt import shielded

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


class LeftItems:
    """How to compute the items of one map, and what came of those that were left."""

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
        # Entered again by a signal handler, or by the function, that asks for the map.
        self._lock = threading.RLock()
        self._settled: dict[int, BaseException | None] = {}

    def errors(
        self, failures: Iterable[tuple[int, int, int]], settle: SettleItem
    ) -> dict[int, BaseException]:
        """Return the exceptions of a map that has ended, by index; computes what was left."""
        with self._lock:
            for index, status, error in failures:
                if index in self._settled:  # before somebody was interrupted here
                    continue
                if status == native.LEFT:
                    self._settled[index] = self._computed(index)
                else:
                    self._settle(settle, status, error, index)
            return {i: error for i, error in self._settled.items() if error is not None}

    @shielded  # what a worker left of an error may be read only once
    def _settle(self, settle: SettleItem, status: int, error: int, index: int) -> None:
        self._settled[index] = settle(status, error, index)

    def _computed(self, index: int) -> BaseException | None:
        """Compute an item and store it; return why that failed, if it did."""
        place = np.unravel_index(index, self._out.shape)
        views = [np.broadcast_to(array, self._out.shape) for array in self._arrays]
        try:
            value = self._function(*(_element(view, place) for view in views))
        except Exception as error:
            return error
        if self._returns_none or self._store(place, value):
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
