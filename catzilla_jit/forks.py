"""What a fork waits for: imports under way, and the locks of what compiles.

The child inherits locks as they are; one that is held by a thread which the child does not have
would never be released, and a module that such a thread was importing never be there. So the
forking thread waits for these imports, whose end may need the locks, and then takes the locks in
their order, and CPython's import lock, so that no import begins any more. What has begun to be
imported meanwhile is waited for again without them. One pair of functions does it all from the
start: of functions that are registered while another thread waits in its fork, CPython would
call the second without the first.

The hook of `logging` takes its lock, which imports under way need (`getLogger`). What is registered
first is called last: so that module is imported before the hook here is registered.
"""

from __future__ import annotations

import logging  # noqa: F401 -- its hook comes first
import threading
from typing import Any

from . import importing
from .posix import at_fork

#: The order of the locks: those of a lower rank are taken first.
COMPILER, ENGINE, LLVM, IMPORTS = range(4)
#: An import that waits for the forking thread is under way, however often it is waited for.
ATTEMPTS = 100

_locks: dict[int, Any] = {IMPORTS: importing.ImportLock}


class _Here(threading.local):
    def __init__(self) -> None:
        self.held: list[Any] = []


_here = _Here()


def hold(rank: int, lock: Any) -> None:
    """Hold a re-entrant lock during every fork from now on, so that the child finds it free."""
    _locks[rank] = lock


def _before() -> None:
    for _ in range(ATTEMPTS):
        importing.finish()
        known = len(_locks)
        _acquire()
        if known == len(_locks) and not importing.in_progress():
            return
        _release()
    _acquire()


def _acquire() -> None:
    for _, lock in sorted(_locks.items()):
        lock.acquire()
        _here.held.append(lock)


def _release() -> None:
    while _here.held:
        _here.held.pop().release()


def _in_child() -> None:
    importing.forget_other_threads()
    _release()


at_fork(before=_before, after_in_parent=_release, after_in_child=_in_child)
