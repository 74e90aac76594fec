"""Operators of arrays that NumPy's loops compute otherwise than LLVM become calls of these loops.

A pass on typed IR, in automatic mode, before `check_numpy_parity.py` looks at the operators that
are left: `**`, `%` and `//`. `@` is made a call before types are known, since Numba's typing of it
asks for SciPy.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any

from numba.core import errors, ir, ir_utils, types
from numba.core.compiler_machinery import FunctionPass, register_pass

from catzilla_jit.compile.frontend.unit import OWN
from catzilla_jit.compile.library.ufuncs import cores, table


@register_pass(mutates_CFG=False, analysis_only=False)
class ArrayOperators(FunctionPass):
    """Runs where types are known, before array expressions are fused."""

    _name: Any = "task_array_operators"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        function = state.func_ir.func_id.func
        if not state.metadata["unit"].options.exact or function.__module__ in OWN:
            return False
        changed = False
        for block in state.func_ir.blocks.values():
            body = []
            for statement in block.body:
                if isinstance(statement, ir.Assign) and _is_operation(statement.value, state):
                    place = _redirected(statement, block.scope, state)
                    changed = changed or bool(place)
                    body += place
                body.append(statement)
            block.body = body
        return changed


def _is_operation(expr: Any, state: Any) -> bool:
    if not isinstance(expr, ir.Expr) or expr.op != "binop" or expr.fn not in table.OPERATORS:
        return False
    given = [state.typemap[each.name] for each in (expr.lhs, expr.rhs)]
    arrays = [each for each in given if isinstance(each, types.Array)]
    if not arrays:
        return False
    elements = [getattr(each, "dtype", types.unliteral(each)) for each in given]
    floats = types.float64 in elements and set(elements) <= {types.float64, types.int64}
    if expr.fn is operator.pow:
        # Where the exponents are converted, NumPy hands them on in another way.
        same = not isinstance(given[1], types.Array) or given[1].dtype == types.float64
        return floats and same and table.is_plain_power()
    return floats


def _redirected(statement: Any, scope: Any, state: Any) -> list[Any]:
    """Make a statement a call, if the result is of the same type; return what comes before it."""
    expr = statement.value
    callee = table.OPERATORS[expr.fn]
    variable, function = _looked_up(callee, scope, statement.loc)
    given = tuple(types.unliteral(state.typemap[each.name]) for each in (expr.lhs, expr.rhs))
    type_ = state.typingctx.resolve_value_type(callee)
    try:
        signature = type_.get_call_type(state.typingctx, given, {})
    except errors.TypingError:
        return []
    if signature.return_type != state.typemap[statement.target.name]:
        return []
    state.typemap[variable.name] = type_
    call = ir.Expr.call(variable, (expr.lhs, expr.rhs), (), expr.loc)
    state.calltypes.pop(expr, None)
    state.calltypes[call] = signature
    statement.value = call
    return [function]


def _looked_up(callee: Any, scope: Any, loc: Any) -> tuple[Any, Any]:
    """Return a new variable for a function, and the statement that gives it its value."""
    variable = ir.Var(scope, ir_utils.mk_unique_var("$array_operator"), loc)
    return variable, ir.Assign(ir.Global(callee.__name__, callee, loc), variable, loc)


def redirect_products(func_ir: Any) -> bool:
    """Make each `@` a call; on untyped IR."""
    changed = False
    for block in func_ir.blocks.values():
        body = []
        for statement in block.body:
            expr: Any = statement.value if isinstance(statement, ir.Assign) else None
            binop = isinstance(expr, ir.Expr) and expr.op == "binop"
            if binop and expr.fn is operator.matmul:
                variable, function = _looked_up(cores.matmul, block.scope, statement.loc)
                body.append(function)
                statement.value = ir.Expr.call(variable, (expr.lhs, expr.rhs), (), expr.loc)
                func_ir._definitions[variable.name] = [function.value]
                func_ir._definitions[statement.target.name] = [statement.value]
                changed = True
            body.append(statement)
        block.body = body
    return changed
