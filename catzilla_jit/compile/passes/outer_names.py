"""What a variable of untyped IR is that names something outside of the function."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import types as pytypes
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import ir, ir_utils


def module(func_ir: Any, value: Any) -> pytypes.ModuleType | None:
    """Return the module that a variable is, `numpy` or `numpy.linalg`."""
    found = held(func_ir, value)
    return found if isinstance(found, pytypes.ModuleType) else None


def ufunc(func_ir: Any, value: Any) -> numpy.ufunc | None:
    """Return the ufunc that a variable is, `numpy.maximum`."""
    found = held(func_ir, value)
    return found if isinstance(found, numpy.ufunc) else None


def held(func_ir: Any, value: Any) -> Any:
    """Return the global, or the member of a module, that a variable is; else None."""
    found = ir_utils.guard(ir_utils.get_definition, func_ir, value)
    if isinstance(found, ir.Expr) and found.op == "getattr":
        holder = module(func_ir, found.value)
        return None if holder is None else getattr(holder, found.attr, None)
    return getattr(found, "value", None) if isinstance(found, ir.Global | ir.FreeVar) else None
