"""Integer operations that know when the result does not fit, as LLVM instructions.

Each function here emits one operation and returns `(result, failed)`: `failed` is an i1 that is
true where Python's result is not the 64-bit integer `result`. What then happens is for the
caller (`lower.py`). Operands and result have one type; `signed` says how to read it.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils

Checked = tuple[ir.Value, ir.Value]
FALSE = ir.Constant(ir.IntType(1), 0)


def add(builder: ir.IRBuilder, left: ir.Value, right: ir.Value, signed: bool) -> Checked:
    return _pair(
        builder, (builder.sadd_with_overflow if signed else builder.uadd_with_overflow)(left, right)
    )


def subtract(builder: ir.IRBuilder, left: ir.Value, right: ir.Value, signed: bool) -> Checked:
    return _pair(
        builder, (builder.ssub_with_overflow if signed else builder.usub_with_overflow)(left, right)
    )


def multiply(builder: ir.IRBuilder, left: ir.Value, right: ir.Value, signed: bool) -> Checked:
    return _pair(
        builder, (builder.smul_with_overflow if signed else builder.umul_with_overflow)(left, right)
    )


def _pair(builder: ir.IRBuilder, result: ir.Value) -> Checked:
    return builder.extract_value(result, 0), builder.extract_value(result, 1)


def negate(builder: ir.IRBuilder, value: ir.Value, signed: bool) -> Checked:
    return subtract(builder, value.type(0), value, signed)


def absolute(builder: ir.IRBuilder, value: ir.Value, signed: bool) -> Checked:
    if not signed:
        return value, FALSE
    negated, failed = negate(builder, value, True)
    negative = builder.icmp_signed("<", value, value.type(0))
    return builder.select(negative, negated, value), builder.and_(negative, failed)


def shift_left(builder: ir.IRBuilder, value: ir.Value, amount: ir.Value, signed: bool) -> Checked:
    """Shift by an amount that is known not to be negative."""
    width = value.type.width
    too_far = builder.icmp_unsigned(">=", amount, value.type(width))
    nonzero = builder.icmp_signed("!=", value, value.type(0))
    amount = builder.select(too_far, value.type(width - 1), amount)
    result = builder.shl(value, amount)
    back = builder.ashr(result, amount) if signed else builder.lshr(result, amount)
    lost = builder.icmp_signed("!=", back, value)
    # 0 << 100 is 0 in Python too; anything else that is shifted out is lost.
    return result, builder.or_(lost, builder.and_(too_far, nonzero))


def shift_right(builder: ir.IRBuilder, value: ir.Value, amount: ir.Value, signed: bool) -> Checked:
    """Shift by an amount that is not negative; beyond the width only the sign is left."""
    last = value.type(value.type.width - 1)
    if signed:
        amount = builder.select(builder.icmp_unsigned(">", amount, last), last, amount)
        return builder.ashr(value, amount), FALSE
    shifted = builder.lshr(value, builder.and_(amount, last))
    return builder.select(builder.icmp_unsigned(">", amount, last), value.type(0), shifted), FALSE


def floor_divide(builder: ir.IRBuilder, left: ir.Value, right: ir.Value, signed: bool) -> Checked:
    """Divide by a divisor that is known not to be zero; the lowest integer by -1 does not fit."""
    if not signed:
        return builder.udiv(left, right), FALSE
    if isinstance(right, ir.Constant) and right.constant > 0:
        return _by_constant(builder, left, right), FALSE
    failed = _lowest_by_minus_one(builder, left, right)

    def divide() -> ir.Value:
        quotient = builder.sdiv(left, right)
        remainder = builder.sub(left, builder.mul(quotient, right))
        return builder.add(quotient, builder.sext(_crosses(builder, remainder, right), left.type))

    return _unless(builder, failed, divide), failed


def _unless(builder: ir.IRBuilder, trap: ir.Value, compute: Callable[[], ir.Value]) -> ir.Value:
    """Compute where the processor would not trap; 0 elsewhere."""
    before = builder.block
    with builder.if_then(builder.not_(trap), likely=True):
        value = compute()
        computed = builder.block
    result = builder.phi(value.type)
    result.add_incoming(value.type(0), before)
    result.add_incoming(value, computed)
    return result


def modulo(builder: ir.IRBuilder, left: ir.Value, right: ir.Value, signed: bool) -> Checked:
    """Take the remainder by a divisor that is known not to be zero; its sign is the divisor's."""
    if not signed:
        return builder.urem(left, right), FALSE
    if isinstance(right, ir.Constant) and right.constant > 0:
        if _is_power_of_two(right.constant):
            return builder.and_(left, left.type(right.constant - 1)), FALSE
        quotient = _by_constant(builder, left, right)
        return builder.sub(left, builder.mul(quotient, right)), FALSE
    special = _lowest_by_minus_one(builder, left, right)  # traps on x86; the remainder is 0

    def remain() -> ir.Value:
        remainder = builder.srem(left, right)
        fixed = builder.add(remainder, right)
        return builder.select(_crosses(builder, remainder, right), fixed, remainder)

    return _unless(builder, special, remain), FALSE


def _by_constant(builder: ir.IRBuilder, left: ir.Value, right: ir.Value) -> ir.Value:
    """Divide by a positive constant: floor(x / c) is ~(~x / c) for negative x.

    The comparison with 0 is one that LLVM can settle where a loop or a branch tells the sign.
    """
    if _is_power_of_two(right.constant):
        return builder.ashr(left, left.type(right.constant.bit_length() - 1))
    negative = builder.icmp_signed("<", left, left.type(0))
    quotient = builder.udiv(builder.select(negative, builder.not_(left), left), right)
    return builder.select(negative, builder.not_(quotient), quotient)


def _is_power_of_two(value: int) -> bool:
    return value & (value - 1) == 0


def _crosses(builder: ir.IRBuilder, remainder: ir.Value, divisor: ir.Value) -> ir.Value:
    """Tell where the truncated remainder has the other sign than the divisor."""
    differs = builder.icmp_signed("<", builder.xor(remainder, divisor), divisor.type(0))
    return builder.and_(differs, builder.icmp_signed("!=", remainder, divisor.type(0)))


def _lowest_by_minus_one(builder: ir.IRBuilder, left: ir.Value, right: ir.Value) -> ir.Value:
    lowest = left.type(-(1 << (left.type.width - 1)))
    minus_one = builder.icmp_signed("==", right, right.type(-1))
    return builder.and_(builder.icmp_signed("==", left, lowest), minus_one)


def power(builder: ir.IRBuilder, base: ir.Value, exponent: ir.Value, signed: bool) -> Checked:
    """Raise to an exponent that is known not to be negative, by squaring."""
    if isinstance(exponent, ir.Constant) and 0 <= exponent.constant <= base.type.width:
        return _constant_power(builder, base, exponent.constant, signed)
    type_ = base.type
    result, square, left, failed = (
        cgutils.alloca_once(builder, kind) for kind in (type_, type_, type_, FALSE.type)
    )
    for slot, start in ((result, type_(1)), (square, base), (left, exponent), (failed, FALSE)):
        builder.store(start, slot)
    again = builder.append_basic_block("power.again")
    done = builder.append_basic_block("power.done")
    builder.cbranch(_is_zero(builder, exponent), done, again)
    builder.position_at_end(again)
    _power_step(builder, result, square, left, failed, signed)
    builder.cbranch(_is_zero(builder, builder.load(left)), done, again)
    builder.position_at_end(done)
    return builder.load(result), builder.load(failed)


def _power_step(
    builder: ir.IRBuilder,
    result: ir.Value,
    square: ir.Value,
    left: ir.Value,
    failed: ir.Value,
    signed: bool,
) -> None:
    """Take one bit of the exponent; the square is only made when a further bit will use it."""

    def multiply_into(slot: ir.Value) -> None:
        product, wrong = multiply(builder, builder.load(slot), builder.load(square), signed)
        builder.store(product, slot)
        builder.store(builder.or_(builder.load(failed), wrong), failed)

    bits = builder.load(left)
    with builder.if_then(builder.trunc(bits, ir.IntType(1))):
        multiply_into(result)
    rest = builder.lshr(bits, bits.type(1))
    builder.store(rest, left)
    with builder.if_then(builder.not_(_is_zero(builder, rest))):
        multiply_into(square)


def _constant_power(builder: ir.IRBuilder, base: ir.Value, exponent: int, signed: bool) -> Checked:
    result, square, failed = base.type(1), base, FALSE
    while exponent:
        if exponent & 1:
            result, wrong = multiply(builder, result, square, signed)
            failed = builder.or_(failed, wrong)
        exponent >>= 1
        if exponent:
            square, wrong = multiply(builder, square, square, signed)
            failed = builder.or_(failed, wrong)
    return result, failed


def _is_zero(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return builder.icmp_signed("==", value, value.type(0))


Emit = Callable[[ir.IRBuilder, ir.Value, ir.Value, bool], Checked]

#: The operations on two integers of one type whose result has that type.
BINARY: dict[Any, Emit] = {
    operator.add: add,
    operator.iadd: add,
    operator.sub: subtract,
    operator.isub: subtract,
    operator.mul: multiply,
    operator.imul: multiply,
    operator.lshift: shift_left,
    operator.ilshift: shift_left,
    operator.rshift: shift_right,
    operator.irshift: shift_right,
    operator.floordiv: floor_divide,
    operator.ifloordiv: floor_divide,
    operator.mod: modulo,
    operator.imod: modulo,
    operator.pow: power,
    operator.ipow: power,
}

#: The instructions for where LLVM may take it that the result fits (`index_variables.py`).
ASSUMED: dict[Any, Callable[..., ir.Value]] = {
    operator.add: ir.IRBuilder.add,
    operator.iadd: ir.IRBuilder.add,
    operator.sub: ir.IRBuilder.sub,
    operator.isub: ir.IRBuilder.sub,
    operator.mul: ir.IRBuilder.mul,
    operator.imul: ir.IRBuilder.mul,
}

UNARY: dict[Any, Callable[[ir.IRBuilder, ir.Value, bool], Checked]] = {
    operator.neg: negate,
    abs: absolute,
}
