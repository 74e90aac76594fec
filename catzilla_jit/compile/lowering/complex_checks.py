"""Functions of cmath: which answer as Python's do, and where they do not.

Numba has versions of its own. Some differ from CPython's in the last digit and are refused; a power
of complex numbers likewise. The others agree wherever the result is finite and no argument is
extremely large or small; elsewhere Python raises, or rounds with more care, and so Python answers.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import cmath
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba.core import types

from catzilla_jit.compile.lowering import float_checks

INEXACT = {
    cmath.log, cmath.log10, cmath.asin, cmath.acos, cmath.atan, cmath.asinh, cmath.acosh,
    cmath.atanh,
}  # fmt: skip
FUNCTIONS = {value for value in vars(cmath).values() if callable(value)}
#: They only look at the number.
TOTAL = {cmath.isfinite, cmath.isinf, cmath.isnan, cmath.isclose}
#: A part of an argument beyond these is extreme, unless it is zero; their quotient is a float.
SMALL, LARGE = 1e-140, 1e140
#: The part that grows in these as in an exponential. CPython computes in another way where that may
#: overflow, beyond the logarithm of a quarter of the largest float, 708.4.
GROWING = {cmath.exp: 0, cmath.sinh: 0, cmath.cosh: 0, cmath.sin: 1, cmath.cos: 1}
LARGE_EXPONENT = 708.0


def has_no_answer(
    context: Any,
    builder: ir.IRBuilder,
    function: Any,
    values: list[tuple[Any, ir.Value]],
    result: Any,
) -> ir.Value:
    """Tell whether a call of cmath has to be left to Python; values are (type, value) pairs."""
    wrong = ir.IntType(1)(0)
    if function in GROWING:
        parts = list(_parts(context, builder, *values[0]))
        if GROWING[function] < len(parts):  # a float has no imaginary part
            part = parts[GROWING[function]]
            size = _size(builder, part)
            wrong = builder.fcmp_ordered(">", size, part.type(LARGE_EXPONENT))
    for part in _parts(context, builder, *result):
        wrong = builder.or_(wrong, builder.not_(float_checks.is_finite(builder, part)))
    for type_, value in values:
        for part in _parts(context, builder, type_, value):
            wrong = builder.or_(wrong, _is_extreme(builder, part))
    return wrong


def _size(builder: ir.IRBuilder, part: ir.Value) -> ir.Value:
    return builder.call(builder.module.declare_intrinsic("llvm.fabs", [part.type]), [part])


def _is_extreme(builder: ir.IRBuilder, part: ir.Value) -> ir.Value:
    size = _size(builder, part)
    small = builder.fcmp_ordered("<", size, part.type(SMALL))
    small = builder.and_(small, builder.fcmp_ordered("!=", part, part.type(0.0)))
    return builder.or_(small, builder.fcmp_ordered(">", size, part.type(LARGE)))


def _parts(context: Any, builder: ir.IRBuilder, type_: Any, value: Any) -> Iterator[ir.Value]:
    """Yield the floats that a value consists of."""
    if isinstance(type_, types.Complex):
        number = context.make_complex(builder, type_, value)
        yield number.real
        yield number.imag
    elif isinstance(type_, types.UniTuple):
        for index in range(type_.count):
            yield from _parts(context, builder, type_.dtype, builder.extract_value(value, index))
    elif isinstance(type_, types.Float):
        yield value
