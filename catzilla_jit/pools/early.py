"""Threads that would otherwise start with their first work, where that can be too late.

What was submitted is finished when the program ends, and may need its first Python worker then, the
thread of callbacks, or a timer. Python 3.12 starts no thread once it has begun to exit.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

#: Whether the interpreter starts no threads while `threading` waits for those there are.
NONE_AT_EXIT = sys.version_info[:2] == (3, 12)


def start(*starts: Callable[[], object]) -> None:
    """Start threads now where they could not be had at exit."""
    if NONE_AT_EXIT:
        with contextlib.suppress(RuntimeError):  # the system has none: as at the first work
            for each in starts:
                each()
