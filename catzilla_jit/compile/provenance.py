"""Which numbers NumPy made: they follow NumPy's rules, not Python's.

What is read from an array or returned by a NumPy function is a NumPy scalar in Python, and so is
arithmetic with it: an integer wraps at 64 bits, a division by zero is an infinity. Numba's types
do not tell the two apart; this does, for the variables of one function. A variable that holds
either is none of NumPy's.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy
from numba.core import ir, types

from catzilla_jit.compile import kinds


def numpy_variables(blocks: Iterable[Any], typemap: dict[str, Any]) -> frozenset[str]:
    """Return the number variables whose every value NumPy made."""
    assignments = [inst for block in blocks for inst in block.find_insts(ir.Assign)]
    numbers = [each for each in assignments if kinds.kind(typemap[each.target.name]) is not None]
    found = {each.target.name for each in numbers}
    while True:
        wrong = {
            each.target.name
            for each in numbers
            if each.target.name in found and not _from_numpy(each.value, typemap, found)
        }
        if not wrong:
            return frozenset(found)
        found -= wrong


def _from_numpy(value: Any, typemap: dict[str, Any], found: set[str]) -> bool:
    source = kinds.source_of(value)
    if source is not None:
        return source in found
    if isinstance(value, ir.Arg):
        return _is_numpy_scalar(typemap["arg." + value.name])
    if not isinstance(value, ir.Expr):
        return False
    if value.op in ("binop", "inplace_binop"):
        return value.lhs.name in found or value.rhs.name in found
    if value.op == "unary":
        return value.value.name in found
    if value.op in ("getitem", "static_getitem"):
        return isinstance(typemap[value.value.name], types.Array)
    return value.op == "call" and _calls_numpy(value, typemap)


def _is_numpy_scalar(type_: Any) -> bool:
    plain = (types.int64, types.float64, types.boolean, types.complex128)
    return kinds.kind(type_) is not None and types.unliteral(type_) not in plain


def _calls_numpy(expr: Any, typemap: dict[str, Any]) -> bool:
    callee = typemap[expr.func.name]
    if isinstance(callee, types.BoundFunction):
        return isinstance(callee.this, types.Array)
    function = kinds.called(typemap, expr)
    if isinstance(function, numpy.ufunc):
        return True
    module = getattr(function, "__module__", None)
    return isinstance(module, str) and module.partition(".")[0] == "numpy"
