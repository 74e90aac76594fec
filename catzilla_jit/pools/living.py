"""Objects that are known as long as they live."""

from __future__ import annotations

import functools
import weakref
from typing import Generic, TypeVar

T = TypeVar("T")


class Living(Generic[T]):
    """What `weakref.WeakSet` is, where a Ctrl-C must not be lost.

    A reference calls C when its object goes; the WeakSet's is Python code, and what a signal's
    handler raises in there is dropped. Nor is there a lock: each line is one step under the GIL.
    """

    def __init__(self) -> None:
        self._known: dict[int, weakref.ref[T]] = {}  # by the address, as long as it lives there

    def add(self, each: T) -> None:
        key = id(each)
        self._known[key] = weakref.ref(each, functools.partial(self._known.pop, key))

    def all(self) -> list[T]:
        """Return all of them, the first added first."""
        found = (reference() for reference in list(self._known.values()))
        return [each for each in found if each is not None]

    def clear(self) -> None:
        self._known.clear()
