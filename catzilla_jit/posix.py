"""What only POSIX systems have: modules that are None elsewhere, and hooks of forks."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


fcntl = _module("fcntl")
resource = _module("resource")


def at_fork(**hooks: Callable[[], object]) -> None:
    """Do what os.register_at_fork does, where a process can fork."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(**hooks)


def peak_resident_bytes() -> int:
    """Return the most memory that this process has had, 0 where nobody counts."""
    if resource is None:
        return 0
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * 1024
