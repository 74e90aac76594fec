"""Calls that only the lowering of parallel loops knows, and their types.

A number that went through a parallel loop is NumPy's or Python's; which of the two is known at run
time only, so a bit goes along (`lowering/shadow_origin.py`). Neither function ever runs.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import type_callable


def with_origin(value: Any, is_pythons: Any) -> Any:
    """Stand for a number of which a bit says whether Python made it."""


def is_pythons(value: Any, before: Any) -> Any:
    """Stand for the bit of a number, false also where `before` is."""


@type_callable(with_origin)
def type_with_origin(_context: Any) -> Any:
    """Return the typer of `with_origin`."""
    return lambda value, is_pythons: types.unliteral(value)


@type_callable(is_pythons)
def type_is_pythons(_context: Any) -> Any:
    """Return the typer of `is_pythons`."""
    return lambda value, before: types.boolean
