"""Modules that another thread may be importing at this moment.

Such a module is in sys.modules already, half made. Who wants it must wait for it, and who only
asks whether it is there must take it for absent.
"""

from __future__ import annotations

import _imp
import contextlib
import importlib
import importlib.util
import os
import pathlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

_bootstrap: Any = getattr(importlib, "_bootstrap", None)
#: CPython's locks of modules, by name, as weak references. A thread comes to one of them only with
#: the import lock, and keeps it alive until it lets go of it.
_locks: dict[str, Any] = getattr(_bootstrap, "_module_locks", {})
#: Packages whose modules a fork must not cut short, as those of the standard library: the child
#: would wait for their import for ever. Others may wait for the thread that forks.
OURS = (__package__, "llvmlite", "numba", "numpy", "scipy")
#: Folders of Numba's that its own import leaves alone.
ASIDE = ("tests", "cuda", "__pycache__")
ATTEMPTS = 100


def imported(name: str) -> Any | None:
    """Return a module of Numba's if Numba has been imported; None as long as somebody is at it."""
    package = sys.modules.get(name.partition(".")[0])
    return None if package is None or _is_half_made(package) else sys.modules.get(name)


def import_whole(package: str) -> None:
    """Import a package; other threads that ask for a module of it wait until all of it is there.

    CPython asks for a package before a module of it, but takes one that another thread has half
    made as it is, and modules that import each other in a circle then meet half made as well. So
    this thread holds the locks of all modules while it imports the package. It takes them at a
    moment when no other thread can have one of them: it waits for none, so no two wait for each
    other.
    """
    if imported(package) is None:
        with contextlib.ExitStack() as held:
            _hold_modules(package, held)
            importlib.import_module(package)


def _hold_modules(package: str, held: contextlib.ExitStack) -> None:
    names = list(_names(package))
    for _ in range(ATTEMPTS):
        _imp.acquire_lock()
        try:
            if package in sys.modules:  # another thread is at it
                return
            used = [name for name in _alive() if name.partition(".")[0] == package]
            if not used:
                for name in names:
                    held.enter_context(_bootstrap._ModuleLockManager(name))
                return
        finally:
            _imp.release_lock()
        _wait(used)


def _names(package: str) -> Iterator[str]:
    """Yield the names of a package's modules, by its files."""
    spec = importlib.util.find_spec(package)
    if (
        spec is None
        or not spec.submodule_search_locations
        or not hasattr(_bootstrap, "_module_locks")
    ):
        return
    for top in spec.submodule_search_locations:
        for folder, folders, files in os.walk(top):
            folders[:] = [each for each in folders if each not in ASIDE]
            prefix = ".".join((package, *pathlib.Path(folder).relative_to(top).parts))
            yield prefix
            yield from (f"{prefix}.{file[:-3]}" for file in files if file.endswith(".py"))


def in_progress() -> list[str]:
    """Return the names of the modules of ours, and of what we are made with, being imported."""
    return [name for name, lock in _alive().items() if _is_ours(name) and _is_held(lock)]


def _alive() -> dict[str, Any]:
    """Return the locks of modules that some thread has at hand."""
    locks = {name: reference() for name, reference in list(_locks.items())}
    return {name: lock for name, lock in locks.items() if lock is not None}


def _is_ours(name: str) -> bool:
    package = name.partition(".")[0]
    return package in OURS or package in sys.stdlib_module_names


def _is_held(lock: Any) -> bool:
    """Tell whether another thread holds CPython's lock of a module."""
    owner = getattr(lock, "owner", None)
    return owner is not None and owner != threading.get_ident()


def finish() -> None:
    """Wait for these modules. CPython frees its import lock for a child, not those of modules."""
    _wait(in_progress())


def _wait(names: list[str]) -> None:
    for name in names:
        _bootstrap._lock_unlock_module(name)


class ImportLock:
    """CPython's import lock: while a thread has it, no other begins an import."""

    def acquire(self, blocking: bool = True) -> bool:
        # Between the two another thread can take it: it is held for a few lines, or to find a file.
        if not blocking and _imp.lock_held():
            return False
        _imp.acquire_lock()
        return True

    def release(self) -> None:
        _imp.release_lock()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def forget_other_threads() -> None:
    """Drop, in the child of a fork, what the parent's threads had of the locks of modules.

    The fork held the import lock: who had the lock of a module at hand, or had taken it, since
    nothing was in progress waited for the import lock next, and had done nothing yet.
    """
    for name, lock in _alive().items():
        is_here = getattr(lock, "owner", None) == threading.get_ident()
        if _is_ours(name) and not is_here and not _is_half_made(sys.modules.get(name)):
            _locks.pop(name, None)


def _is_half_made(module: object) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
