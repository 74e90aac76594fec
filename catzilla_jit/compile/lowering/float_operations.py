"""Operations on floats: Python's answer, its exceptions left to Python."""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from llvmlite import ir as llvm
from numba.core import lowering, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import FLOAT, INT, kind
from catzilla_jit.compile.analysis.origins import has_numpy
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.lowering import float_checks
from catzilla_jit.compile.lowering.bail_out import BailingLower, compare


def power(lower: BailingLower, resty: Any, expr: Any, *names: str) -> llvm.Value:
    if lower.options.fastmath or types.float32 in (resty, *map(lower.typeof, names)):
        return lowering.Lower.lower_expr(lower, resty, expr)
    bail_if_lesser(lower, "an integer power", *names)
    base, exponent = (lower.operand(name, types.float64) for name in names)
    result = float_checks.power(lower.builder, base, exponent)
    of_python = not any(has_numpy(lower.origins[name]) for name in names)
    refuse_exceptional(lower, result, list(names), operator.pow if of_python else None)
    return lower.context.cast(lower.builder, result, types.float64, resty)


def math_power(lower: BailingLower, resty: Any, *names: str) -> llvm.Value:
    """Raise as the C library does; Numba multiplies where the exponent is an integer."""
    base, exponent = (lower.operand(name, types.float64) for name in names)
    result = float_checks.power(lower.builder, base, exponent)
    refuse_exceptional_of(lower, result, [base, exponent], math.pow, names)
    return lower.context.cast(lower.builder, result, types.float64, resty)


def refuse_exceptional(
    lower: BailingLower, result: llvm.Value, names: list[str], function: Any
) -> None:
    """Leave where Python's function would raise, or answer with a complex number."""
    if lower.options.fastmath or result.type != float_checks.DOUBLE:
        return
    arguments = [lower.loadvar(name) for name in names if kind(lower.typeof(name)) == FLOAT]
    if any(argument.type != float_checks.DOUBLE for argument in arguments):
        return
    refuse_exceptional_of(lower, result, arguments, function, names)


def refuse_exceptional_of(
    lower: BailingLower,
    result: llvm.Value,
    arguments: list[llvm.Value],
    function: Any,
    names: Sequence[str],
) -> None:
    finite = float_checks.is_finite(lower.builder, result)
    with lower.builder.if_then(lower.builder.not_(finite), likely=False):
        wanted = float_checks.wants_exception(lower.builder, result, arguments)
        lower.bail_calling(wanted, "the result of a float operation", function, names)


def rounded(lower: BailingLower, resty: Any, name: str, digits: str) -> llvm.Value:
    if kind(lower.typeof(name)) != FLOAT:
        message = "an integer is rounded to digits"
        lower.refuse(rules.ROUNDED_INTEGER, message, "leave the digits out")
    type_ = lower.typeof(digits)
    literal = type_.literal_value if isinstance(type_, types.IntegerLiteral) else -1
    if not 0 <= literal <= 22:
        lower.bail_if(llvm.IntType(1)(1), "a rounding to these digits")
        literal = 0
    bail_if_lesser(lower, "the rounding of an integer", name)
    value = lower.operand(name, types.float64)
    result, certain = float_checks.round_to_digits(lower.builder, value, literal)
    lower.bail_if(lower.builder.not_(certain), "a rounding at a tie")
    return lower.context.cast(lower.builder, result, types.float64, resty)


def extreme(lower: BailingLower, resty: Any, function: Any, names: list[str]) -> llvm.Value:
    """Take the first of the largest, or smallest, as Python does; it keeps its kind."""
    if kind(resty) == FLOAT:
        lower.need_exact_in_float("the comparison of a large integer", *names)
    best, lesser = lower.operand(names[0], resty), lower.shadow_kind.lesser(names[0], resty)
    bit = lower.shadow_origin.bit(names[0])
    sign = ">" if function is max else "<"
    for name in names[1:]:
        value = lower.operand(name, resty)
        better = compare(lower.builder, resty, sign, value, best)
        best = lower.builder.select(better, value, best)
        own = lower.shadow_kind.lesser(name, resty)
        lesser = lower.builder.select(better, own, lesser)
        bit = lower.builder.select(better, lower.shadow_origin.bit(name), bit)
    lower._flag_of_result, lower._bit_of_result = lesser, bit
    return best


def watched(lower: BailingLower, result: llvm.Value, expr: Any, op: Any) -> llvm.Value:
    """Leave where an integer that is held in a float is no longer exact."""
    if op in number_kinds.ARITHMETIC and result.type == float_checks.DOUBLE:
        lesser = llvm.IntType(1)(1)
        for name in (expr.lhs.name, expr.rhs.name):
            lesser = lower.builder.and_(lesser, lower.shadow_kind.lesser(name, types.float64))
        beyond = float_checks.beyond_exact(lower.builder, result)
        lower.bail_if(lower.builder.and_(lesser, beyond), "a large integer among floats")
    return result


def widening(lower: BailingLower, source: str, target: Any) -> None:
    if kind(target) is None:  # a number inside a tuple or an optional: nothing carries its flag
        lower.bail_if(llvm.IntType(1)(1), "the kind of a number")
    elif kind(target) != INT:
        lower.need_exact_in_float("a large integer among floats", source)


def bail_if_lesser(lower: BailingLower, what: str, *names: str) -> None:
    for name in names:
        if name in lower.shadow_kind.names:
            lower.bail_if(lower.shadow_kind.lesser(name, lower.typeof(name)), what)
