"""Intrinsics that are made while a compilation is under way."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.extending import intrinsic
from numba.core.registry import cpu_target

from catzilla_jit.compile.target.compiler_lock import compiler


def late_intrinsic(typing: Callable[..., Any], name: str) -> Any:
    """Return an intrinsic of that name; the compilation knew only those that were made before."""
    typing.__name__ = typing.__qualname__ = name
    made = intrinsic(typing)
    refresh()
    return made


def refresh() -> None:
    """Make known to a compilation under way what was made since it began."""
    # A module that is being imported comes here without the lock, while others compile.
    with compiler():
        cpu_target.typing_context.refresh()
