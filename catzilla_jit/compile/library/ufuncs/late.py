"""Intrinsics that are made while a compilation is under way."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.extending import intrinsic
from numba.core.registry import cpu_target


def late_intrinsic(typing: Callable[..., Any], name: str) -> Any:
    """Return an intrinsic of that name; the compilation knew only those that were made before."""
    typing.__name__ = typing.__qualname__ = name
    made = intrinsic(typing)
    cpu_target.typing_context.refresh()
    return made
