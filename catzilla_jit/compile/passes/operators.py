"""Calls of functions of `operator` are the operators: `operator.mul(x, y)` is `x * y`.

Also where such a function is handed on, as in `combine(operator.mul, x, y)`. Numba would take its
own arithmetic for a call; what looks at operators, and lowers them, sees one.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from collections.abc import Hashable
from typing import Any

from numba.core import ir, types
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.passes.base import TaskPass, is_users

BINARY = {
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.lshift,
    operator.rshift,
    operator.matmul,
    operator.contains,
    operator.is_,
    operator.is_not,
    *(number_kinds.BITWISE - {operator.iand, operator.ior, operator.ixor}),
    *number_kinds.COMPARISON,
}
#: With the operator that serves what cannot be changed in place.
IN_PLACE = {
    operator.iadd: operator.add, operator.isub: operator.sub, operator.imul: operator.mul,
    operator.itruediv: operator.truediv, operator.ifloordiv: operator.floordiv,
    operator.imod: operator.mod, operator.ipow: operator.pow, operator.ilshift: operator.lshift,
    operator.irshift: operator.rshift, operator.iand: operator.and_, operator.ior: operator.or_,
    operator.ixor: operator.xor, operator.imatmul: operator.matmul,
}  # fmt: skip
UNARY = {operator.neg, operator.pos, operator.invert, operator.not_}


@register_pass(mutates_CFG=False, analysis_only=False)
class Operators(TaskPass):
    """Runs where types are known, before anything looks at operators."""

    _name: Any = "task_operators"

    def run_pass(self, state: Any) -> bool:
        if not is_users(state):
            return False
        changed = False
        for block in state.func_ir.blocks.values():
            for statement in block.find_insts(ir.Assign):
                new = _as_operator(statement.value, state.typemap)
                if new is not None:
                    state.calltypes[new] = state.calltypes.pop(statement.value)
                    statement.value = new
                    changed = True
        return changed


def _as_operator(expr: Any, typemap: dict[str, Any]) -> Any:
    """Return the operator that a call means; None if it is no such call."""
    if not isinstance(expr, ir.Expr) or expr.op != "call" or expr.kws or expr.vararg:
        return None
    if not isinstance(typemap[expr.func.name], types.Function):
        return None
    function = number_kinds.called(typemap, expr)
    if not isinstance(function, Hashable):
        return None
    if len(expr.args) == 1 and function in UNARY:
        return ir.Expr.unary(function, expr.args[0], expr.loc)
    if len(expr.args) != 2:
        return None
    left, right = expr.args
    if function in IN_PLACE:
        return ir.Expr.inplace_binop(function, IN_PLACE[function], left, right, expr.loc)
    return ir.Expr.binop(function, left, right, expr.loc) if function in BINARY else None
