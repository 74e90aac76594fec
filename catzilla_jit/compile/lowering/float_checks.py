"""Float operations that know when Python would do something else, as LLVM instructions.

Python raises, or turns to complex numbers, where C returns an infinity or NaN; and it rounds
decimals exactly. Each function emits an operation or a question about it; answers are i1 values.
What happens then is for `lower.py`. All values are doubles unless said otherwise.
"""

from __future__ import annotations

from llvmlite import ir

DOUBLE = ir.DoubleType()
INT64 = ir.IntType(64)

#: Above this share of a unit in the last place from the exact value, x * x and the C library's
#: pow(x, 2) may round to different sides; its error is below 0.54 units (glibc).
_DOUBTFUL_SQUARE = 0.45


def is_finite(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """Tell whether a float is neither infinite nor NaN."""
    difference = builder.fsub(value, value)
    return builder.fcmp_ordered("==", difference, difference)


def is_nan(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return builder.fcmp_unordered("uno", value, value)


def is_negative(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return builder.fcmp_ordered("<", value, value.type(0.0))


def wants_exception(builder: ir.IRBuilder, result: ir.Value, arguments: list[ir.Value]) -> ir.Value:
    """Tell whether Python's math functions raise where C returned `result`.

    They do for a NaN that no NaN went into, and for an infinity out of finite arguments.
    """
    any_nan, all_finite = ir.IntType(1)(0), ir.IntType(1)(1)
    for argument in arguments:
        any_nan = builder.or_(any_nan, is_nan(builder, argument))
        all_finite = builder.and_(all_finite, is_finite(builder, argument))
    nan = is_nan(builder, result)
    domain = builder.and_(nan, builder.not_(any_nan))
    infinite = builder.not_(builder.or_(nan, is_finite(builder, result)))
    return builder.or_(domain, builder.and_(infinite, all_finite))


def fits_int64(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """Tell whether the integer part of a float is a 64-bit integer; false for NaN."""
    above = builder.fcmp_ordered(">=", value, value.type(-(2.0**63)))
    return builder.and_(above, builder.fcmp_ordered("<", value, value.type(2.0**63)))


def is_below(builder: ir.IRBuilder, value: ir.Value, limit: float) -> ir.Value:
    """Tell whether the size of a float is below a limit; false for NaN."""
    under = builder.fcmp_ordered("<", value, value.type(limit))
    return builder.and_(under, builder.fcmp_ordered(">", value, value.type(-limit)))


def beyond_exact(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """Tell whether a float is so large that an integer of its size need not be exact."""
    limit = value.type(2.0**53)
    return builder.not_(
        builder.and_(
            builder.fcmp_ordered("<=", value, limit),
            builder.fcmp_ordered(">=", value, builder.fneg(limit)),
        )
    )


def power(builder: ir.IRBuilder, base: ir.Value, exponent: ir.Value) -> ir.Value:
    """Raise as the C library does, which is what Python does.

    LLVM rewrites a pow of which it sees an operand (1024 ** x to exp2, x ** 0.5 to a root, with
    further constants to products) to what differs in the last digit; and it sees what a helper is
    given, or a division of constants makes. So both operands are hidden from it.
    """
    if isinstance(exponent, ir.Constant) and exponent.constant == 2.0:
        return _square(builder, base, exponent)
    return _pow(builder, base, exponent)


def _pow(builder: ir.IRBuilder, base: ir.Value, exponent: ir.Value) -> ir.Value:
    pow_ = builder.module.declare_intrinsic("llvm.pow", [DOUBLE])
    return builder.call(pow_, [_hidden(builder, base), _hidden(builder, exponent)])


def _hidden(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    """Return the value through an empty instruction that the optimiser cannot look into."""
    identity = ir.InlineAsm(ir.FunctionType(INT64, [INT64]), "", "=r,0")
    return builder.bitcast(builder.call(identity, [builder.bitcast(value, INT64)]), DOUBLE)


def _square(builder: ir.IRBuilder, base: ir.Value, two: ir.Value) -> ir.Value:
    """Square; ask the C library only where its rounding could differ from the product's."""
    product = builder.fmul(base, base)
    error = builder.fma(base, base, builder.fneg(product))
    bits = builder.bitcast(product, INT64)
    exponent = builder.bitcast(builder.and_(bits, INT64(0x7FF0000000000000)), DOUBLE)
    bound = builder.fmul(exponent, DOUBLE(_DOUBTFUL_SQUARE * 2.0**-52))
    size = builder.call(builder.module.declare_intrinsic("llvm.fabs", [DOUBLE]), [error])
    certain = builder.and_(
        builder.fcmp_ordered("<", size, bound),
        builder.fcmp_ordered(">", product, DOUBLE(2.0**-900)),
    )
    before = builder.block
    with builder.if_then(builder.not_(certain), likely=False):
        exact = _pow(builder, base, two)
        doubtful = builder.block
    result = builder.phi(DOUBLE)
    result.add_incoming(product, before)
    result.add_incoming(exact, doubtful)
    return result


def round_to_digits(
    builder: ir.IRBuilder, value: ir.Value, digits: int
) -> tuple[ir.Value, ir.Value]:
    """Round to 0 to 22 decimal digits; return the result and whether it is certain.

    Ten to the digits is exact, the scaled value is off by half a unit at most. So unless it is as
    close to a tie, its nearest integer is the decimal that Python finds, and one division gives
    the float nearest to that.
    """
    scale = DOUBLE(10.0**digits)
    scaled = builder.fmul(value, scale)
    whole = builder.call(builder.module.declare_intrinsic("llvm.rint", [DOUBLE]), [scaled])
    absolute = builder.module.declare_intrinsic("llvm.fabs", [DOUBLE])
    distance = builder.call(absolute, [builder.fsub(scaled, whole)])
    to_tie = builder.call(absolute, [builder.fsub(distance, DOUBLE(0.5))])
    size = builder.call(absolute, [scaled])
    certain = builder.and_(
        builder.fcmp_ordered(">", to_tie, builder.fmul(size, DOUBLE(2.0**-51))),
        builder.fcmp_ordered("<", size, DOUBLE(2.0**51)),
    )
    return builder.fdiv(whole, scale), certain
