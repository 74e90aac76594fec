"""Native or pure: the one place that asks.

`result_type.py` stands above it, because the parts of the pure-Python pool use interrupt.py, which
asks here.
"""

from __future__ import annotations

from typing import Any

from ..errors import NativeUnavailable
from .native import library


def native() -> library.Native | None:
    """Return the loaded C library; None where tasks run on the pure-Python pool."""
    try:
        return library.load()
    except NativeUnavailable:
        return None


def interrupts() -> Any:
    """Return what has call_shielded and the others of interrupt.py."""
    loaded = native()
    if loaded is not None:
        return loaded.binding
    from .pure import interrupt

    return interrupt


def after_fork_in_child() -> None:
    """Let the binding forget the threads that only the parent has."""
    loaded = native()
    if loaded is not None:
        loaded.binding.after_fork_in_child()
