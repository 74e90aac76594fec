"""Functions with a block of `numpy.errstate` that raises: only what NumPy's loops find is known.

The errors of what LLVM computes are not looked at. So in such a function operations on arrays are
calls of loops, and what computes numbers of NumPy's in any other way is refused. The function must
be one that can be run again as Python, which raises.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.origins import has_numpy, is_numpys
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.frontend.errstate import STRICT_NAME
from catzilla_jit.compile.passes import foreign_arrays
from catzilla_jit.compile.target.helper import Helper

#: Reductions whose helpers call a loop and nothing else.
REDUCTIONS = {
    f"numpy_{name}{end}" for name in ("sum", "prod", "max", "min") for end in ("", "_along")
}
REDUCTIONS.add("bail_out")  # where Python answers
ADVICE = "ignore these errors, or leave the block out; otherwise it runs as a Python task"


def is_strict(func_ir: Any) -> bool:
    """Tell whether a function has such a block."""
    return STRICT_NAME in func_ir.func_id.code.co_names


def look(walk: Any, expr: Any) -> None:
    """Refuse an expression whose errors nobody would see."""
    if not isinstance(expr, ir.Expr):
        return
    walk.unit.findings.numpy_choice = walk.unit.findings.numpy_choice or walk.loc
    if expr.op in ("binop", "unary", "inplace_binop"):
        names = [each.name for each in expr.list_vars()]
        made = any(has_numpy(walk.origins[name]) for name in names)
        quiet = expr.fn in number_kinds.COMPARISON or expr.fn in number_kinds.BITWISE
        if made and not quiet and not walk._is_in_place(expr):
            shown = " and ".join(type_names.of(types.unliteral(walk.typemap[n])) for n in names)
            _refuse(walk, f"an operation of NumPy's {shown}")
    elif expr.op == "call" and not _is_seen(walk, expr):
        _refuse(walk, "a call")


def _is_seen(walk: Any, expr: Any) -> bool:
    callee = walk.typemap[expr.func.name]
    if isinstance(callee, types.Dispatcher | types.RecursiveCall):
        helper = getattr(callee, "dispatcher", None)
        if not isinstance(helper, Helper) or not walk.unit.is_library(helper):
            return False
        return helper.py_func.__name__ in REDUCTIONS
    if isinstance(callee, types.BoundFunction):
        is_array = isinstance(callee.this, types.Array)
        return not is_array or number_kinds.method_name(callee) in foreign_arrays.METHODS
    function = number_kinds.called(walk.typemap, expr)
    if number_kinds.is_loop(function) or not is_numpys(function):
        return True
    return function in foreign_arrays.MAKING


def _refuse(walk: Any, what: str) -> None:
    message = f"the errors of {what} are not seen by a `numpy.errstate` that raises"
    walk._refuse(rules.WITH, message, ADVICE)
