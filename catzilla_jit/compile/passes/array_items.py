"""`a[places]` and `a[places] = values` become calls of functions of ours, where types are known.

Numba has both, but other exceptions, and values that overlap what they are written to.
A part of `array_operators.py`.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import errors, ir, ir_utils, types

from catzilla_jit.compile.analysis import number_kinds, owned
from catzilla_jit.compile.library.ufuncs import indexing, table_items

#: What picks items, and tells of which types it does.
TAKING = (
    (indexing.take_items, indexing.picked_type), (table_items.take_part, table_items.picked_type),
)  # fmt: skip


def called(statement: Any, scope: Any, state: Any) -> list[Any] | None:
    """Return the statements that stand for one; None where it stays as it is."""
    typemap = state.typemap
    if isinstance(statement, ir.SetItem):
        names = [statement.target, statement.index, statement.value]
        given = tuple(types.unliteral(typemap[each.name]) for each in names)
        if table_items.is_written(*given):
            if isinstance(given[2], types.Array) and not _is_new(state, statement.value):
                return None  # it may overlap the table
            return _call(statement, table_items.write_part, names, given, None, scope, state)
        array = isinstance(given[2], types.Array) or given[1] != _mask(given[1])
        if not array or not indexing.is_written(*given):
            return None  # a number that is written by a mask is Numba's
        if _mask(given[1]) and isinstance(given[2], types.Array):
            _note_overlap(state, statement)
        return _call(statement, indexing.write_items, names, given, None, scope, state)
    expr = statement.value if isinstance(statement, ir.Assign) else None
    if not isinstance(expr, ir.Expr) or expr.op != "getitem":
        return None
    names = [expr.value, expr.index]
    given = tuple(typemap[each.name] for each in names)
    for function, picked_type in TAKING:
        result = picked_type(*given)
        if result is not None and result == typemap[statement.target.name]:
            return _call(statement, function, names, given, statement.target, scope, state)
    return None


def _mask(type_: Any) -> Any:
    """Return the type itself if it is one of masks."""
    masks = isinstance(type_, types.Array) and type_.dtype == types.boolean
    return type_ if masks else None


def _note_overlap(state: Any, statement: Any) -> None:
    """What may overlap the array that it is written to by a mask is left to NumPy."""
    findings = state.metadata["unit"].findings
    if not _is_new(state, statement.value):
        findings.numpy_choice = findings.numpy_choice or statement.loc


def _is_new(state: Any, variable: Any) -> bool:
    """Tell whether an array was made for this place, so that nothing overlaps it."""
    made = ir_utils.guard(ir_utils.get_definition, state.func_ir, variable)
    if isinstance(made, ir.Expr) and made.op == "call":
        function = number_kinds.called(state.typemap, made)
        makers = (*owned.MAKERS, *(each for each, _ in TAKING))
        return number_kinds.is_loop(function) or any(function is each for each in makers)
    if isinstance(made, ir.Expr) and made.op == "getitem":
        index = state.typemap[made.index.name]
        parts = index.types if isinstance(index, types.BaseTuple) else (index,)
        return any(isinstance(each, types.Array) for each in parts)
    return isinstance(made, ir.Expr) and made.op in ("binop", "unary")


def _call(
    statement: Any, function: Any, names: list[Any], given: Any, target: Any, scope: Any, state: Any
) -> list[Any] | None:
    loc = statement.loc
    type_ = state.typingctx.resolve_value_type(function)
    try:
        signature = type_.get_call_type(state.typingctx, given, {})
    except errors.TypingError:
        return None
    looked_up = ir.Var(scope, ir_utils.mk_unique_var("$array_items"), loc)
    state.typemap[looked_up.name] = type_
    if target is None:
        target = ir.Var(scope, ir_utils.mk_unique_var("$written_items"), loc)
        state.typemap[target.name] = types.none
    call = ir.Expr.call(looked_up, tuple(names), (), loc)
    state.calltypes[call] = signature
    return [
        ir.Assign(ir.Global(function.__name__, function, loc), looked_up, loc),
        ir.Assign(call, target, loc),
    ]
