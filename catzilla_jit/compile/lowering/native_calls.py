"""Calls of the native library that run code of the task, whose errors come back as a status."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

from catzilla_jit.compile.target.context import TaskCallConv


def native_function(lower: Any, name: str, result: Any, arguments: list[Any]) -> ir.Function:
    """Declare a function of the library where code is being written."""
    shape = ir.FunctionType(result, arguments)
    return cgutils.get_or_insert_function(lower.builder.module, shape, name)


def propagate(lower: Any, status: ir.Value, error: ir.Value) -> None:
    """Raise what the called code has raised, if it has."""
    builder, convention = lower.builder, lower.call_conv
    kind = convention._get_excinfo_argument(builder.function).type.pointee
    found = convention._get_return_status(builder, status, builder.bitcast(error, kind))
    with builder.if_then(found.is_error, likely=False), TaskCallConv.only(calling_helper=True):
        convention.return_status_propagate(builder, found)
