"""Operations on integers: checked, or left to Python."""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir as llvm
from numba.core import lowering, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import BOOL, FLOAT, INT, kind
from catzilla_jit.compile.analysis.origins import has_numpy
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.lowering import overflow
from catzilla_jit.compile.lowering.bail_out import BailingLower

DIVISIONS = {
    operator.truediv: operator.truediv,
    operator.itruediv: operator.truediv,
    operator.floordiv: operator.floordiv,
    operator.ifloordiv: operator.floordiv,
    operator.mod: operator.mod,
    operator.imod: operator.mod,
}


SHIFTS = {operator.lshift, operator.ilshift, operator.rshift, operator.irshift}


POWERS = {operator.pow, operator.ipow}


def operation(
    lower: BailingLower, resty: Any, expr: Any, op: Any, lhs: str, rhs: str
) -> llvm.Value:
    type_ = lower.fndesc.calltypes[expr].return_type
    if op in number_kinds.ARITHMETIC and kind(type_) == FLOAT:
        message = "signed and unsigned integers are mixed in one operation"
        lower.refuse(rules.INTEGER_TYPES, message, "convert one of them")
    if op in number_kinds.DIVISION:
        lower.need_exact_in_float("the quotient of large integers", lhs, rhs)
    if op not in overflow.BINARY or not isinstance(type_, types.Integer):
        return lowering.Lower.lower_binop(lower, resty, expr, op)
    left, right = lower.operand(lhs, type_), lower.operand(rhs, type_)
    if op in SHIFTS:
        negative = is_negative(lower, right, rhs)
        lower.raise_if(negative, ValueError, "negative shift count")
    if op in POWERS:
        negative = is_negative(lower, right, rhs)
        lower.bail_if(negative, "an integer power with a negative exponent")
    if lower._target in lower.indices and op in overflow.ASSUMED and type_.signed:
        result = overflow.ASSUMED[op](lower.builder, left, right, flags=("nsw",))
        return lower.context.cast(lower.builder, result, type_, resty)
    result, failed = overflow.BINARY[op](lower.builder, left, right, type_.signed)
    lower.bail_if_overflow(failed)
    return lower.context.cast(lower.builder, result, type_, resty)


def power(lower: BailingLower, resty: Any, expr: Any, *names: str) -> llvm.Value:
    return operation(lower, resty, expr, operator.pow, *names)


def bail_at_divmod(lower: BailingLower, left: str, right: str) -> None:
    """Raise for a division by zero as Python does; leave for a quotient beyond 64 bits."""
    if any(has_numpy(lower.origins[name]) for name in (left, right)):
        lower.bail_if(lower.equals(right, 0), "a divmod by zero")
    floating = FLOAT in (kind(lower.typeof(left)), kind(lower.typeof(right)))
    lower.check_divisor(divmod, floating, left, right)
    if number_kinds.is_integral(lower.typeof(left)):
        lowest = lower.builder.and_(lower.equals(left, -(2**63)), lower.equals(right, -1))
        lower.bail_if(lowest, "the quotient of a divmod")


def bail_at_range(lower: BailingLower, *names: str) -> None:
    """Leave for a range whose length does not fit: Numba subtracts its ends."""
    if any(kind(lower.typeof(name)) != INT for name in names):
        message = "range is called with a value other than an int"
        lower.refuse(rules.NOT_AN_INT, message, "convert it first: int(x)")
    if len(names) > 2:  # Numba looks at it when the range is gone over
        step = lower.equals(names[2], 0)
        lower.raise_if(step, ValueError, "range() arg 3 must not be zero")
    if len(names) > 1:
        start, stop = (lower.operand(name, types.int64) for name in names[:2])
        length, failed = overflow.subtract(lower.builder, stop, start, True)
        if len(names) > 2:  # it is divided by the step, which may be -1
            lowest = lower.builder.icmp_signed("==", length, length.type(-(2**63)))
            failed = lower.builder.or_(failed, lowest)
        lower.bail_if(failed, "the length of a range")


def unary(lower: BailingLower, resty: Any, expr: Any, op: Any, name: str) -> llvm.Value:
    type_ = lower.fndesc.calltypes[expr].return_type
    integral = number_kinds.is_integral(lower.typeof(name))
    if not integral or not isinstance(type_, types.Integer):
        return lowering.Lower.lower_expr(lower, resty, expr)
    result, failed = overflow.UNARY[op](lower.builder, lower.operand(name, type_), type_.signed)
    lower.bail_if_overflow(failed)
    return lower.context.cast(lower.builder, result, type_, resty)


def refuse_bool(lower: BailingLower, name: str) -> None:
    if kind(lower.typeof(name)) == BOOL:
        message = "~ of a bool is an integer in Python"
        lower.refuse(rules.BOOL_ARITHMETIC, message, "write `not`")


def is_negative(lower: BailingLower, value: llvm.Value, name: str) -> llvm.Value:
    own = lower.typeof(name)
    if not isinstance(own, types.Integer) or not own.signed:
        return overflow.FALSE
    if isinstance(own, types.IntegerLiteral) and own.literal_value >= 0:
        return overflow.FALSE
    return lower.builder.icmp_signed("<", value, value.type(0))
