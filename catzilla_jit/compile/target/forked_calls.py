"""The calls that a fork is taken apart into (`passes/forking.py`), and their types.

`join` gets its type here as well; neither is ever compiled as a function.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import type_callable

from catzilla_jit import forking
from catzilla_jit.compile.datamodel.forked_type import ForkedType

#: What the names of the variables for the function, its result and the maker of the handle begin
#: with; the number of the fork follows.
CALLEE, CALL, HANDLE = "$fork_callee.", "$fork_call.", "$fork_handle."


def handle_of(function: Any, result: Any, *arguments: Any) -> Any:
    """Stand for the handle of a forked call in the code; never runs."""


@type_callable(handle_of)
def type_handle(_context: Any) -> Any:
    """Return the typer of `handle_of`."""

    def typer(function: Any, result: Any, *arguments: Any) -> Any:
        return ForkedType(function, tuple(map(types.unliteral, arguments)), types.unliteral(result))

    return typer


@type_callable(forking.join)
def type_join(_context: Any) -> Any:
    """Return the typer of `join`."""

    def typer(handle: Any) -> Any:
        return handle.result if isinstance(handle, ForkedType) else None

    return typer


@type_callable(forking.fork)
def type_fork(_context: Any) -> Any:
    """Give `fork` a type, for where it is looked up; its calls are taken apart before."""
    return lambda *arguments: None
