"""The four kinds of number, and what a cast between them loses.

Python keeps `1` and `1.0` apart where a compiled variable has one type for its whole life. A
cast to a wider kind keeps the value (while it is exact) and loses the kind: `lossy` says where.
Variables whose kind may be less than their type says are *mixed*; `mixed_variables` finds them.
What is done about it is in `lowering/shadow_kind.py`.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from numba.core import ir, types

BOOL, INT, FLOAT, COMPLEX = range(4)

#: The modules whose functions call NumPy's loops.
LOOPS = "catzilla_jit.compile.library.ufuncs."

ARITHMETIC = {
    operator.add, operator.iadd, operator.sub, operator.isub, operator.mul, operator.imul,
    operator.floordiv, operator.ifloordiv, operator.mod, operator.imod, operator.pow, operator.ipow,
}  # fmt: skip
DIVISION = {operator.truediv, operator.itruediv}
BITWISE = {
    operator.and_, operator.iand, operator.or_, operator.ior, operator.xor, operator.ixor,
}  # fmt: skip
COMPARISON = {
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
}  # fmt: skip


def kind(type_: Any) -> int | None:
    """Return the kind of a number; None for what is no number."""
    if isinstance(type_, types.Boolean | types.BooleanLiteral):
        return BOOL
    if isinstance(type_, types.Integer):
        return INT
    if isinstance(type_, types.Float):
        return FLOAT
    return COMPLEX if isinstance(type_, types.Complex) else None


def is_integral(type_: Any) -> bool:
    return kind(type_) in {BOOL, INT}


def is_short(type_: Any) -> bool:
    """Tell whether a type is one for real numbers that Python has not."""
    plain = (types.int64, types.float64)
    return kind(type_) in {INT, FLOAT} and types.unliteral(type_) not in plain


def lossy(source: Any, target: Any) -> bool:
    """Tell whether a cast from `source` to `target` changes the kind of a number in it."""
    if isinstance(source, types.Optional):
        source = source.type
    if isinstance(target, types.Optional):
        target = target.type
    if isinstance(source, types.BaseTuple) and isinstance(target, types.BaseTuple):
        return any(lossy(a, b) for a, b in zip(source.types, target.types, strict=False))
    if isinstance(source, types.List) and isinstance(target, types.List):
        return lossy(source.dtype, target.dtype)
    if kind(source) is None or kind(target) is None:
        return False
    return kind(source) != kind(target)


def items(type_: Any) -> tuple[Any, ...]:
    """Return the types of what a loop over a value gives; none where that is not known."""
    if isinstance(type_, types.BaseTuple):
        return tuple(type_.types)
    if isinstance(type_, types.Array | types.RangeType | types.List | types.Set):
        return (type_.dtype,)
    return (type_.iterator_type.yield_type,) if isinstance(type_, types.IterableType) else ()


def is_loop(function: Any) -> bool:
    """Tell whether a function stands for one of NumPy's, whose loop it calls."""
    return (getattr(function, "__module__", None) or "").startswith(LOOPS)


def is_writer(function: Any) -> bool:
    """Tell whether a function of ours writes to its first argument, and reads the others."""
    return is_loop(function) and function.__name__.startswith("write_")


def called(typemap: dict[str, Any], expr: Any) -> Any:
    """Return the Python function that a call expression calls, if Numba knows it as a function.

    `library/list_sorts.py` has what goes for `sorted`.
    """
    callee = typemap.get(expr.func.name)
    function = callee.typing_key if isinstance(callee, types.Function) else None
    return getattr(function, "goes_for", function)


def method_name(callee: types.BoundFunction) -> str:
    """Return the name of a method; Numba has keys of two forms for it."""
    key = callee.typing_key
    name = str(key[1]) if isinstance(key, tuple) else str(key).rsplit(".", 1)[-1]
    return name.removesuffix("_in_order")  # `library/list_sorts.py`


def source_of(value: Any) -> str | None:
    """Return the variable that an assignment copies, with or without a cast."""
    if isinstance(value, ir.Var):
        return value.name
    if isinstance(value, ir.Expr) and value.op == "cast":
        return value.value.name
    return None


def mixed_variables(blocks: Iterable[Any], typemap: dict[str, Any]) -> frozenset[str]:
    """Return the variables that may hold a number of a lesser kind than their type."""
    assignments = [inst for block in blocks for inst in block.find_insts(ir.Assign)]
    mixed: set[str] = set()
    while True:
        found = {
            item.target.name
            for item in assignments
            if item.target.name not in mixed and _is_mixed(item, typemap, mixed)
        }
        if not found:
            return frozenset(mixed)
        mixed |= found


def possible_bools(blocks: Iterable[Any], typemap: dict[str, Any]) -> frozenset[str]:
    """Return the variables of a wider type that may hold a bool."""
    assignments = [inst for block in blocks for inst in block.find_insts(ir.Assign)]
    found: set[str] = set()

    def is_bool(name: str) -> bool:
        return name in found or kind(typemap[name]) == BOOL

    while True:
        further = {
            each.target.name
            for each in assignments
            if each.target.name not in found
            and kind(typemap[each.target.name])
            and any(map(is_bool, _kept_operands(each.value, typemap)))
        }
        if not further:
            return frozenset(found)
        found |= further


def _kept_operands(value: Any, typemap: dict[str, Any]) -> list[str]:
    """Return the operands one of which, or a number of the same kind, a value may be."""
    source = source_of(value)
    if source is not None:
        return [source]
    if not isinstance(value, ir.Expr):
        return []
    if value.op == "phi":
        return [each.name for each in value.incoming_values]
    if value.op in ("binop", "inplace_binop") and value.fn in BITWISE:
        return [value.lhs.name, value.rhs.name]
    extreme = value.op == "call" and called(typemap, value) in (max, min)
    return [each.name for each in value.args] if extreme else []


def _is_mixed(item: Any, typemap: dict[str, Any], mixed: set[str]) -> bool:
    wide = kind(typemap[item.target.name])
    if not wide:  # no number, or a bool: there is nothing less
        return False

    def lesser(name: str) -> bool:
        own = kind(typemap[name])
        return own is not None and (own < wide or name in mixed)

    operands = lesser_when_all(item.value, typemap, wide)
    if operands is not None:
        return all(map(lesser, operands))
    if isinstance(item.value, ir.Expr) and item.value.op == "call":
        function = called(typemap, item.value)
        if function in (max, min):
            return any(lesser(argument.name) for argument in item.value.args)
    return False


def lesser_when_all(value: Any, typemap: dict[str, Any], wide: int) -> list[str] | None:
    """Return the operands whose kinds decide: the value is lesser when all of them are.

    None where the value is of the kind of its type whatever the operands are.
    """
    source = source_of(value)
    if source is not None:
        return [source]
    if not isinstance(value, ir.Expr):
        return None
    if value.op in ("binop", "inplace_binop"):
        kept = BITWISE if wide == INT else ARITHMETIC
        if value.fn in kept or (wide == COMPLEX and value.fn in DIVISION):
            return [value.lhs.name, value.rhs.name]
    if value.op == "unary" and wide > INT and value.fn in (operator.neg, operator.pos):
        return [value.value.name]
    if value.op == "call" and wide == FLOAT and called(typemap, value) is abs:
        return [value.args[0].name]
    return None
