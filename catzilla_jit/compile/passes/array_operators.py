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
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.frontend.errstate import STRICT_NAME
from catzilla_jit.compile.library.ufuncs import cores, operators, table
from catzilla_jit.compile.passes import array_items
from catzilla_jit.compile.passes.base import TaskPass, is_exact

#: On tables all of these are NumPy's loops: Numba's nests of loops take long to compile, and are no
#: faster.
TABLES = {
    operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.lt,
    operator.le, operator.eq, operator.ne, operator.gt, operator.ge,
}  # fmt: skip
COMPLEX = {operator.add, operator.sub, operator.mul, operator.truediv, operator.neg}
PLAIN: tuple[Any, ...] = (types.float64, types.int64)

#: Names that make such arrays; and what is in functions whose operators all have to be loops.
NAMES = {
    "T", "transpose", "swapaxes", "asfortranarray",
    "float32", "float16", "complex64", "int8", "int16", "int32", "uint8", "uint16", "uint32",
    "uint64", "single", "intc", "csingle", STRICT_NAME,
}  # fmt: skip


@register_pass(mutates_CFG=False, analysis_only=False)
class ArrayOperators(TaskPass):
    """Runs where types are known, before array expressions are fused."""

    _name: Any = "task_array_operators"

    def run_pass(self, state: Any) -> bool:
        if not is_exact(state):
            return False
        changed = False
        for block in state.func_ir.blocks.values():
            body: list[Any] = []
            for statement in block.body:
                changed = _restored(statement, state) or changed
                items = array_items.called(statement, block.scope, state)
                if items is not None:
                    body += items
                    changed = True
                    continue
                changed = _called_otherwise(statement, block.scope, state, body) or changed
                if isinstance(statement, ir.Assign) and _is_operation(statement.value, state):
                    place = _redirected(statement, block.scope, state)
                    changed = changed or bool(place)
                    body += place
                body.append(statement)
            block.body = body
        return changed


def _is_complex(expr: Any, given: list[Any]) -> bool:
    """Tell whether it is an operator of complex arrays: NumPy multiplies in another way."""
    elements = {getattr(each, "dtype", types.unliteral(each)) for each in given}
    return expr.fn in COMPLEX and types.complex128 in elements and elements <= {
        types.complex128, *PLAIN,
    }  # fmt: skip


def _is_operation(expr: Any, state: Any) -> bool:
    if not isinstance(expr, ir.Expr) or expr.op not in ("binop", "unary"):
        return False
    given = [state.typemap[each.name] for each in expr.list_vars()]
    arrays = [each for each in given if isinstance(each, types.Array)]
    if not arrays:
        return False
    if _is_complex(expr, given):
        return True
    if expr.fn in TABLES and max(each.ndim for each in arrays) > 1:
        return {getattr(each, "dtype", types.unliteral(each)) for each in given} <= set(PLAIN)
    if expr.fn not in table.OPERATORS:
        return False
    if expr.fn is operator.pow:
        return operators.is_power_of_doubles(tuple(given))
    elements = [getattr(each, "dtype", types.unliteral(each)) for each in given]
    if expr.fn in (operator.lshift, operator.rshift):
        return set(elements) == {types.int64}
    return types.float64 in elements and set(elements) <= {types.float64, types.int64}


def _redirected(statement: Any, scope: Any, state: Any) -> list[Any]:
    """Make a statement a call, if the result is of the same type; return what comes before it."""
    expr = statement.value
    callee = table.OPERATORS.get(expr.fn) or operators.CALLS[expr.fn]
    variable, function = _looked_up(callee, scope, statement.loc)
    operands = (expr.value,) if expr.op == "unary" else (expr.lhs, expr.rhs)
    given = tuple(types.unliteral(state.typemap[each.name]) for each in operands)
    type_ = state.typingctx.resolve_value_type(callee)
    try:
        signature = type_.get_call_type(state.typingctx, given, {})
    except errors.TypingError:
        return []
    if signature.return_type != state.typemap[statement.target.name]:
        return []
    state.typemap[variable.name] = type_
    call = ir.Expr.call(variable, operands, (), expr.loc)
    state.calltypes.pop(expr, None)
    state.calltypes[call] = signature
    statement.value = call
    return [function]


def _called_otherwise(statement: Any, scope: Any, state: Any, body: list[Any]) -> bool:
    """Make a call like `numpy.abs(z)` of complex arrays one of a loop; write the look-up first."""
    call = statement.value if isinstance(statement, ir.Assign) else None
    if not isinstance(call, ir.Expr) or call.op != "call" or call.kws:
        return False
    callee = operators.FUNCTIONS.get((number_kinds.called(state.typemap, call), len(call.args)))
    given = tuple(state.typemap[each.name] for each in call.args)
    if callee is None or not any(_is_complex_array(each) for each in given):
        return False
    variable, function = _looked_up(callee, scope, statement.loc)
    type_ = state.typingctx.resolve_value_type(callee)
    try:
        signature = type_.get_call_type(state.typingctx, given, {})
    except errors.TypingError:
        return False
    if signature.return_type != state.typemap[statement.target.name]:
        return False
    state.typemap[variable.name] = type_
    body.append(function)
    state.calltypes.pop(call)
    call.func = variable
    state.calltypes[call] = signature
    return True


def _is_complex_array(type_: Any) -> bool:
    return isinstance(type_, types.Array) and type_.dtype == types.complex128


def _looked_up(callee: Any, scope: Any, loc: Any) -> tuple[Any, Any]:
    """Return a new variable for a function, and the statement that gives it its value."""
    variable = ir.Var(scope, ir_utils.mk_unique_var("$array_operator"), loc)
    return variable, ir.Assign(ir.Global(callee.__name__, callee, loc), variable, loc)


def is_foreign(func_ir: Any, given: tuple[Any, ...]) -> bool:
    """Tell whether Numba may type an operator on arrays of a function otherwise than NumPy.

    That is so for arrays of types that Python does not have, and for tables in another order in
    memory than C: the order of a result is NumPy's own there.
    """
    names = func_ir.func_id.code.co_names
    return not NAMES.isdisjoint(names) or any(map(_is_otherwise, given))


def _is_otherwise(type_: Any) -> bool:
    if isinstance(type_, types.BaseTuple):
        return any(map(_is_otherwise, type_.types))
    turned = isinstance(type_, types.Array) and type_.ndim > 1 and type_.layout != "C"
    return turned or operators.is_foreign(type_)


def _restored(statement: Any, state: Any) -> bool:
    """Make a call an operator again where its operands are plain numbers."""
    call = statement.value if isinstance(statement, ir.Assign) else None
    if not isinstance(call, ir.Expr) or call.op != "call":
        return False
    op = operators.OPERATORS.get(number_kinds.called(state.typemap, call))
    given = tuple(state.typemap[each.name] for each in call.args)
    if op is None or operators.is_numpys(given):
        return False
    if len(call.args) == 1:
        expr = ir.Expr.unary(op, call.args[0], call.loc)
    else:
        left, right = call.args
        expr = ir.Expr.binop(op, left, right, call.loc)
    state.calltypes[expr] = state.calltypes.pop(call)
    statement.value = expr
    return True


def redirect_operators(func_ir: Any, given: tuple[Any, ...]) -> bool:
    """Make each `@` a call, and with arrays of other types all operators; on untyped IR."""
    calls = {operator.matmul: cores.matmul}
    if is_foreign(func_ir, given):
        calls.update(operators.CALLS)
    changed = False
    for block in func_ir.blocks.values():
        body = []
        for statement in block.body:
            expr: Any = statement.value if isinstance(statement, ir.Assign) else None
            operation = isinstance(expr, ir.Expr) and expr.op in ("binop", "unary")
            if operation and expr.fn in calls:
                variable, function = _looked_up(calls[expr.fn], block.scope, statement.loc)
                body.append(function)
                values = (expr.value,) if expr.op == "unary" else (expr.lhs, expr.rhs)
                statement.value = ir.Expr.call(variable, values, (), expr.loc)
                func_ir._definitions[variable.name] = [function.value]
                func_ir._definitions[statement.target.name] = [statement.value]
                changed = True
            body.append(statement)
        block.body = body
    return changed
