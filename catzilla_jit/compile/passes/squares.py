"""The square of an array, `a ** 2`, as `a * a`: NumPy takes the product, Numba would call pow.

A pass on typed IR, in automatic mode, before `check_numpy_parity.py` looks at the operators that
are left.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any

from numba.core import ir, types
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.passes.base import TaskPass, is_exact


@register_pass(mutates_CFG=False, analysis_only=False)
class Squares(TaskPass):
    """Runs where types are known, before array expressions are fused."""

    _name: Any = "task_squares"

    def run_pass(self, state: Any) -> bool:
        if not is_exact(state):
            return False
        squares = [
            statement
            for block in state.func_ir.blocks.values()
            for statement in block.find_insts(ir.Assign)
            if _is_square(statement.value, state.typemap)
        ]
        for statement in squares:
            _multiply(statement, state)
        return bool(squares)


def _is_square(expr: Any, typemap: dict[str, Any]) -> bool:
    if not isinstance(expr, ir.Expr) or expr.op != "binop" or expr.fn is not operator.pow:
        return False
    base, exponent = typemap[expr.lhs.name], typemap[expr.rhs.name]
    return (
        isinstance(base, types.Array)
        and base.dtype in (types.float64, types.int64)
        and isinstance(exponent, types.IntegerLiteral)
        and exponent.literal_value == 2
    )


def _multiply(statement: Any, state: Any) -> None:
    expr = statement.value
    type_ = state.typemap[expr.lhs.name]
    signature = state.typingctx.resolve_function_type(operator.mul, (type_, type_), {})
    if signature.return_type != state.typemap[statement.target.name]:
        return
    product = ir.Expr.binop(operator.mul, expr.lhs, expr.lhs, expr.loc)
    state.calltypes.pop(expr, None)
    state.calltypes[product] = signature
    statement.value = product
