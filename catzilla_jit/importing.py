"""Modules that another thread may be importing at this moment.

Such a module is in sys.modules already, half made. Who wants it must wait for it, and who only
asks whether it is there must take it for absent.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from typing import Any

_bootstrap: Any = getattr(importlib, "_bootstrap", None)
#: Packages whose modules a fork must not cut short: the child would wait for their import for ever.
OURS = (__package__, "llvmlite", "numba")


def imported(name: str) -> Any | None:
    """Return a module of Numba's if Numba has been imported; None as long as somebody is at it."""
    package = sys.modules.get(name.partition(".")[0])
    return None if package is None or _is_half_made(package) else sys.modules.get(name)


def in_progress() -> list[str]:
    """Return the names of the modules of ours, and of what we are made with, being imported."""
    half_made = {name for name, module in list(sys.modules.items()) if _is_half_made(module)}
    # Before it is half made a module is looked for, with its lock held.
    locks = list(getattr(_bootstrap, "_module_locks", {}).items())
    sought = {name for name, lock in locks if _is_held(lock())}
    return [name for name in half_made | sought if name.partition(".")[0] in OURS]


def _is_held(lock: object) -> bool:
    """Tell whether another thread holds CPython's lock of a module."""
    owner = getattr(lock, "owner", None)
    return owner is not None and owner != threading.get_ident()


def finish() -> None:
    """Wait for these modules. CPython frees its import lock for a child, not those of modules."""
    for name in in_progress():
        with contextlib.suppress(Exception):  # told in the thread that imports it
            importlib.import_module(name)


def _is_half_made(module: object) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
