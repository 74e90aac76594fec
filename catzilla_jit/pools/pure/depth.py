"""How many calls may nest on one thread: the pure-Python counterpart of native/binding/depth.c.

A worker that waits for a queued task runs it on its own stack. CPython counts frames, and a program
may allow any number of them (sys.setrecursionlimit); each of these calls takes C stack besides, and
beyond its end the process crashes. Python code cannot ask how much is left, so calls are counted.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

from ...posix import resource

#: C stack that one call within another takes, with room for what it does before it waits again.
#: Measured: 0.8 kB on CPython 3.11; before that each Python frame takes C stack.
_BYTES_PER_CALL = 2048 if sys.version_info >= (3, 11) else 8192
_UNKNOWN_STACK = 512 * 1024  # the least that threads get on any system


@functools.cache
def _default_stack() -> int:
    """Return the bytes of stack that a thread gets unless it is told otherwise."""
    if sys.platform != "linux" or resource is None:
        return _UNKNOWN_STACK
    limit: int = resource.getrlimit(resource.RLIMIT_STACK)[0]
    return 2 * 1024 * 1024 if limit == resource.RLIM_INFINITY else limit


class _Here(threading.local):
    """How many calls the calling thread has stack for; asked for with its first call."""

    def __init__(self) -> None:
        size = threading.stack_size(0)  # which sets it, too
        if size:
            threading.stack_size(size)
        self.calls = (size or _default_stack()) // _BYTES_PER_CALL


_here = _Here()


def is_too_deep(calls: int) -> bool:
    """Return whether a thread that is inside of so many calls may not begin another."""
    return calls > _here.calls


def refuse(name: str) -> Callable[[], Any]:
    """Return what stands for a call that is too deep."""

    def call() -> Any:
        raise RecursionError(
            f"task {name}: tasks that wait for tasks have used the stack of their worker"
        )

    return call
