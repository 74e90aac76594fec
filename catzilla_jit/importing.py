"""Modules that another thread may be importing at this moment.

Such a module is in sys.modules already, half made. Who wants it must wait for it, and who only
asks whether it is there must take it for absent.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import Any

#: Packages whose modules a fork must not cut short: the child would wait for their import for ever.
OURS = (__package__, "llvmlite", "numba")


def imported(name: str) -> Any | None:
    """Return a module of Numba's if Numba has been imported; None as long as somebody is at it."""
    package = sys.modules.get(name.partition(".")[0])
    return None if package is None or _is_half_made(package) else sys.modules.get(name)


def in_progress() -> list[str]:
    """Return the names of the modules of ours, and of what we are made with, being imported."""
    return [
        name
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in OURS and _is_half_made(module)
    ]


def finish() -> None:
    """Wait for these modules. CPython frees its import lock for a child, not those of modules."""
    for name in in_progress():
        with contextlib.suppress(Exception):  # told in the thread that imports it
            importlib.import_module(name)


def _is_half_made(module: object) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))
