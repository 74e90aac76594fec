"""Calls of Python's own functions: their arithmetic is checked, refused or written here."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable
from typing import Any

import numpy
from llvmlite import ir as llvm
from numba.core import types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import BOOL, COMPLEX, FLOAT, INT, kind
from catzilla_jit.compile.analysis.origins import has_numpy
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import STAYS
from catzilla_jit.compile.library import builtin_functions
from catzilla_jit.compile.lowering import (
    complex_checks,
    float_checks,
    float_operations,
    integers,
    items,
    overflow,
)
from catzilla_jit.compile.lowering.bail_out import EXACT_IN_FLOAT, BailingLower
from catzilla_jit.compile.lowering.operators import refuse_complex_power
from catzilla_jit.compile.target.helper import own_name

TO_INTEGER = {int, round, math.floor, math.ceil, math.trunc}
MATH = {value for value in vars(math).values() if callable(value)}
#: CPython has its own versions of these; the C library's differ in the last digit.
INEXACT = {math.gamma, math.lgamma, math.hypot}
#: They answer every float, and raise for none.
TOTAL = {
    math.atan, math.atan2, math.asinh, math.tanh, math.erf, math.erfc, math.fabs, math.copysign,
    math.degrees, math.radians,
}  # fmt: skip
#: Numba's own lowering of an expression.
Plain = Callable[[Any, Any], llvm.Value]


def call(lower: BailingLower, resty: Any, expr: Any, plain: Plain) -> llvm.Value:
    """Write a call with positional arguments only; `plain` is Numba's way."""
    if _bails_out(lower, expr):
        lower.bail_if(llvm.IntType(1)(1), "what compiled code has no answer to")
    _bail_at_empty_sum(lower, expr)
    function = number_kinds.called(lower.fndesc.typemap, expr)
    names = [argument.name for argument in expr.args]
    ranks = [kind(lower.typeof(name)) for name in names]
    if function is slice:
        made = plain(resty, expr)
        return items.with_step_inside(lower, resty, made) if len(names) == 3 else made
    if function in complex_checks.FUNCTIONS - complex_checks.TOTAL:
        return _complex_function(lower, resty, expr, function, names, plain)
    if isinstance(lower.typeof(expr.func.name), types.NumberClass) and ranks == [FLOAT]:
        _bail_at_unfit_number(lower, resty, names[0])
    if function is enumerate and len(names) > 1:
        _bail_at_count(lower, names[1])
    if function is hash:
        lower.bail_at_nan(lower.typeof(names[0]), lower.loadvar(names[0]), "the hash of a NaN")
    if function is pow and COMPLEX in ranks:
        refuse_complex_power(lower)
    if function is None or not names or None in ranks or COMPLEX in ranks:
        return plain(resty, expr)
    if function is abs:
        if ranks == [BOOL]:
            message = "abs of a bool is an integer in Python"
            lower.refuse(rules.BOOL_ARITHMETIC, message, "convert it first: int(x)")
        return integers.unary(lower, resty, expr, abs, names[0])
    if function == random.seed:
        message = "random.seed starts another sequence than Python's"
        lower.refuse(rules.RANDOM_SEED, message, "draw from random.Random(seed)")
    if function in INEXACT:
        message = f"compiled math.{function.__name__} differs from Python's in the last digit"
        lower.refuse(rules.LAST_DIGIT, message, STAYS)
    if function is pow and len(names) == 2:
        compute = (
            functools.partial(float_operations.power, lower)
            if FLOAT in ranks
            else functools.partial(integers.power, lower)
        )
        return compute(resty, expr, *names)
    if function in (max, min) and len(names) > 1:
        return float_operations.extreme(lower, resty, function, names)
    if function is round and len(names) == 2:
        return float_operations.rounded(lower, resty, *names)
    if function is math.trunc and FLOAT not in ranks and has_numpy(lower.origins[names[0]]):
        # NumPy's integers and bools have no __trunc__.
        lower.bail_if(llvm.IntType(1)(1), "math.trunc of NumPy's integer")
    if function in TO_INTEGER and isinstance(resty, types.Integer) and FLOAT not in ranks:
        return lower.operand(names[0], resty)  # Numba takes the way over a float
    if function is math.pow and not lower.options.fastmath:
        return float_operations.math_power(lower, resty, *names)
    if function in TO_INTEGER and ranks == [FLOAT]:
        fits = float_checks.fits_int64(lower.builder, lower.loadvar(names[0]))
        missing = lower.builder.not_(fits)
        lower.bail_calling(missing, "the integer of a float", function, names)
    if function is divmod:
        integers.bail_at_divmod(lower, *names)
    if function is range:
        integers.bail_at_range(lower, *names)
    if function is numpy.arange:
        _bail_at_arange(lower, ranks, *names)
    result = plain(resty, expr)
    if function is math.sqrt and not lower.options.fastmath:
        negative = float_checks.is_negative(lower.builder, lower.operand(names[0], types.float64))
        lower.bail_as(negative, ValueError, _words_of_root())
    elif function in MATH - TOTAL and kind(resty) == FLOAT:
        float_operations.refuse_exceptional(lower, result, names, function)
    return result


@functools.cache
def _words_of_root() -> str:
    """Return what this Python says of the root of a negative number."""
    try:
        math.sqrt(-1.0)
    except ValueError as error:
        return str(error)
    raise AssertionError("the root of a negative number did not raise")


def _complex_function(
    lower: BailingLower, resty: Any, expr: Any, function: Any, names: list[str], plain: Plain
) -> llvm.Value:
    if function in complex_checks.INEXACT:
        message = f"compiled cmath.{function.__name__} differs from Python's in the last digit"
        lower.refuse(rules.LAST_DIGIT, message, "use NumPy")
    result = plain(resty, expr)
    values = [(lower.typeof(name), lower.loadvar(name)) for name in names]
    context, builder = lower.context, lower.builder
    wrong = complex_checks.has_no_answer(context, builder, function, values, (resty, result))
    lower.bail_if(wrong, "a complex number")
    return result


def _bails_out(lower: BailingLower, expr: Any) -> bool:
    callee = lower.typeof(expr.func.name)
    if not isinstance(callee, types.Dispatcher):
        return False
    return callee.dispatcher.py_func.__code__ is builtin_functions.bail_out.__code__


def _bail_at_empty_sum(lower: BailingLower, expr: Any) -> None:
    """Leave for a sum, or product, of none of NumPy's integers: that is Python's 0, or 1."""
    sums = own_name(lower.typeof(expr.func.name)) in ("sum_of", "prod_of")
    if not sums or len(expr.args) != 1 or not has_numpy(lower.origins[expr.args[0].name]):
        return
    name = expr.args[0].name
    type_ = lower.typeof(name)
    if isinstance(type_, types.Array | types.List):
        length = items.length_of(lower, type_, name)
        empty = lower.builder.icmp_signed("==", length, length.type(0))
        lower.bail_if(empty, "a sum of no numbers of NumPy's")


def _bail_at_unfit_number(lower: BailingLower, type_: Any, name: str) -> None:
    """Leave where NumPy's integer of a float is none: of a NaN, or of a large one."""
    if isinstance(type_, types.Integer):
        value = lower.operand(name, types.float64)
        above = lower.builder.fcmp_ordered(">=", value, value.type(float(type_.minval)))
        below = lower.builder.fcmp_ordered("<", value, value.type(float(type_.maxval + 1)))
        fits = lower.builder.and_(above, below)
        lower.bail_if(lower.builder.not_(fits), "NumPy's integer of a float")


def _bail_at_count(lower: BailingLower, start: str) -> None:
    """Leave where a count would not fit 64 bits; nobody counts half as far from below that."""
    value = lower.operand(start, types.int64)
    large = lower.builder.icmp_signed(">", value, value.type(2**62))
    lower.bail_if(large, "the count of an enumerate")


def _bail_at_arange(lower: BailingLower, ranks: list[int | None], *names: str) -> None:
    """Leave for a range whose length Numba cannot compute: it divides as floats."""
    if set(ranks) <= {BOOL, INT} and len(names) > 1:
        start, stop = (lower.operand(name, types.int64) for name in names[:2])
        length, failed = overflow.subtract(lower.builder, stop, start, True)
        lower.bail_if(failed, "the length of a range")
        shifted = lower.builder.add(length, length.type(EXACT_IN_FLOAT))
        limit = length.type(2 * EXACT_IN_FLOAT)
        far = lower.builder.icmp_unsigned(">", shifted, limit)
        lower.bail_if(far, "the length of a range")
        lower.need_exact_in_float("the step of a range", *names[2:])
