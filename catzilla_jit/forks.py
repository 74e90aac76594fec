"""What a fork waits for: imports under way, and the locks of what compiles.

The child inherits locks as they are; one that is held by a thread which the child does not have
would never be released, and a module that such a thread was importing never be there. So the
forking thread waits for these imports, whose end may need the locks, and then takes the locks and
CPython's import lock, so that no import begins any more. It waits for none with another in its
hands, since Numba takes the locks of its target and of its compiler, and CPython's of modules, in
more than one order. What has begun to be imported meanwhile is waited for again without them. One
pair of functions does it all from the start: of functions that are registered while another
thread waits in its fork, CPython would call the second without the first.

The hook of `logging` takes its lock, which imports under way need (`getLogger`). What is registered
first is called last: so that module is imported before the hook here is registered.
"""

from __future__ import annotations

import logging  # noqa: F401 -- its hook comes first
import operator
import threading
from collections.abc import Mapping
from typing import Any

from . import importing
from .posix import at_fork

#: The order of the locks: those of a lower rank are taken first.
TARGET, COMPILER, ENGINE, LLVM, IMPORTS = range(5)
#: Where Numba and llvmlite have theirs: the rank, the module, and the way from there.
NUMBAS = (
    (TARGET, "numba.core.registry", "CPUTarget __dict__ _toplevel_target_context _lock"),
    (TARGET, "numba.core.registry", "CPUTarget __dict__ _toplevel_typing_context _lock"),
    (COMPILER, "numba.core.compiler_lock", "global_compiler_lock _lock"),
    (LLVM, "llvmlite.binding.ffi", "lib _lock _lock"),
)
#: An import that waits for the forking thread is under way, however often it is waited for. Behind
#: that the locks are taken in their order.
ATTEMPTS = 100

_locks: dict[int, Any] = {IMPORTS: importing.ImportLock()}


class _Here(threading.local):
    def __init__(self) -> None:
        self.held: list[Any] = []


_here = _Here()


def hold(rank: int, lock: Any) -> None:
    """Hold a re-entrant lock during every fork from now on, so that the child finds it free."""
    _locks[rank] = lock


def _known() -> list[Any]:
    """Return the locks in their order: ours, and those of Numba, whoever has imported it."""
    found = list(_locks.items())
    for rank, name, way in NUMBAS:
        at = importing.imported(name)
        for each in way.split():
            at = at.get(each) if isinstance(at, Mapping) else getattr(at, each, None)
        if at is not None:
            found.append((rank, at))
    return [lock for _, lock in sorted(found, key=operator.itemgetter(0))]


def _before() -> None:
    for _ in range(ATTEMPTS):
        importing.finish()
        locks = _known()
        if _try(locks):
            if locks == _known() and not importing.in_progress():
                return
            _release()
    for lock in _known():
        lock.acquire()
        _here.held.append(lock)


def _try(locks: list[Any]) -> bool:
    """Take all of them, or none; False: another thread had one, and was waited for."""
    for lock in locks:
        if not lock.acquire(blocking=False):
            _release()
            with lock:
                return False
        _here.held.append(lock)
    return True


def _release() -> None:
    while _here.held:
        _here.held.pop().release()


def _in_child() -> None:
    importing.forget_other_threads()
    _release()


at_fork(before=_before, after_in_parent=_release, after_in_child=_in_child)
