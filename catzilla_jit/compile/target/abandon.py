"""Giving up a compilation that nobody waits for any more: asked for at points where nothing breaks.

Whoever compiles says how to ask (`while_wanted`). It is asked before each of Numba's passes over a
function and before each library is optimised, on the thread that compiles. A compiler that is cut
short anywhere else could keep its lock.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Abandoned(BaseException):
    """The compilation was given up; no handler of Numba's is to take it for an error."""


class _Here(threading.local):
    is_wanted: Callable[[], bool] | None = None


_here = _Here()


@contextlib.contextmanager
def while_wanted(is_wanted: Callable[[], bool] | None) -> Iterator[None]:
    """Compile in this thread as long as the function says True; None: to the end."""
    before = _here.is_wanted
    _here.is_wanted = is_wanted
    try:
        yield
    finally:
        _here.is_wanted = before


def go_on() -> None:
    """Raise Abandoned if what this thread compiles is not wanted any more."""
    if _here.is_wanted is not None and not _here.is_wanted():
        raise Abandoned
