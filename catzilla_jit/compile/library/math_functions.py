"""Functions of `math` that Numba lacks, or answers otherwise, written in Python.

Compiled along like those of `builtin_functions.py`. Each gives CPython's result to the last bit: it
is exact, or correctly rounded where CPython's is. Where that is not certain, or CPython raises, the
kernel is left.
"""

from __future__ import annotations

import math
from typing import Any

import numpy
from numba.core import types

from catzilla_jit.compile.library.builtin_functions import bail_out

#: Splits a float into two halves of 26 bits (Veltkamp).
SPLITTER = 134217729.0
#: Between these, squares and their errors neither overflow nor underflow.
LEAST, MOST = 1e-140, 1e140
#: A rounding is certain if an error this much larger would not change it.
DOUBT = 1.0 + 2.0**-30


#: The C library's, as CPython calls it.
c_cbrt: Any = types.ExternalFunction("cbrt", types.float64(types.float64))


def gcd_of_none() -> int:
    return 0


def gcd_of_one(a: int) -> int:
    return _size(a)


def _size(a: int) -> int:
    """Return the absolute value, also where overflows are not looked for."""
    if a < -9223372036854775807:
        bail_out()
    return abs(a)


def gcd(a: int, b: int) -> int:
    while b != 0:
        a, b = b, a % b
    return _size(a)


def gcd_of_three(a: int, b: int, c: int) -> int:
    return gcd(gcd(a, b), c)


def lcm(a: int, b: int) -> int:
    if a == 0 or b == 0:
        return 0
    return _size(a // gcd(a, b) * b)


def lcm_of_three(a: int, b: int, c: int) -> int:
    return lcm(lcm(a, b), c)


def prod(values: Any) -> Any:
    result = 1
    for value in values:
        result = result * value
    return result


def fsum(values: Any) -> float:
    """Add floats exactly, as a sum of parts that do not overlap, and round once (Shewchuk)."""
    parts = [0.0]
    for value in values:
        rest = value
        kept = 0
        for index in range(len(parts)):
            part = parts[index]
            if abs(rest) < abs(part):
                rest, part = part, rest
            total = rest + part
            lost = part - (total - rest)
            if lost != 0.0:
                parts[kept] = lost
                kept += 1
            rest = total
        if not math.isfinite(rest):
            bail_out()
        while len(parts) > kept:
            parts.pop()
        parts.append(rest)
    return _rounded(parts)


def _rounded(parts: list[float]) -> float:
    """Return the sum of parts in rising order of size, rounded to even where it is halfway."""
    index = len(parts) - 1
    total, lost = parts[index], 0.0
    while index > 0 and lost == 0.0:
        index -= 1
        before = total
        total = before + parts[index]
        lost = parts[index] - (total - before)
    if index > 0 and (lost < 0.0) == (parts[index - 1] < 0.0) and parts[index - 1] != 0.0:
        doubled = 2.0 * lost
        moved = total + doubled
        if moved - total == doubled:
            return moved
    return total


def _square_error(x: float, square: float) -> float:
    """Return what is missing from the rounded square of a float."""
    scaled = SPLITTER * x
    high = scaled - (scaled - x)
    low = x - high
    return ((high * high - square) + 2.0 * high * low) + low * low


def norm(a: float, b: float, c: float) -> float:
    """Return the length of a vector, correctly rounded."""
    if a != a or b != b or c != c:  # max() would not see it
        bail_out()
    a, b, c = abs(a), abs(b), abs(c)
    largest = max(a, b, c)
    if largest == 0.0:
        return 0.0
    if not (LEAST <= largest <= MOST):
        bail_out()
    if (0.0 < a < LEAST) or (0.0 < b < LEAST) or (0.0 < c < LEAST):
        bail_out()
    aa, bb, cc = a * a, b * b, c * c
    lost = _square_error(a, aa) + _square_error(b, bb) + _square_error(c, cc)
    ab = aa + bb
    shift = ab - aa
    lost += (aa - (ab - shift)) + (bb - shift)
    total = ab + cc
    shift = total - ab
    lost += (ab - (total - shift)) + (cc - shift)
    root = math.sqrt(total)
    square = root * root
    correction = ((total - square) - _square_error(root, square) + lost) / (2.0 * root)
    result = root + correction
    missing = (root - result) + correction
    if result + missing * DOUBT != result:
        bail_out()
    return result


def hypot(x: float, y: float) -> float:
    return norm(float(x), float(y), 0.0)


def hypot_of_three(x: float, y: float, z: float) -> float:
    return norm(float(x), float(y), float(z))


def dist_in_plane(p: Any, q: Any) -> float:
    return norm(float(p[0]) - float(q[0]), float(p[1]) - float(q[1]), 0.0)


def dist_in_space(p: Any, q: Any) -> float:
    x, y = float(p[0]) - float(q[0]), float(p[1]) - float(q[1])
    return norm(x, y, float(p[2]) - float(q[2]))


def log_to_base(x: float, base: float) -> float:
    return math.log(x) / math.log(base)


def fmod(x: float, y: float) -> float:
    if not math.isfinite(x) or not math.isfinite(y) or y == 0:
        bail_out()
    return float(numpy.fmod(float(x), float(y)))


def modf(x: float) -> tuple[float, float]:
    if not math.isfinite(x):
        bail_out()
    whole = numpy.trunc(float(x))
    return math.copysign(float(x) - whole, float(x)), whole


def remainder(x: float, y: float) -> float:
    """Return what is left of x by the multiple of y next to it, the even one at a tie: exact."""
    if not math.isfinite(x) or not math.isfinite(y) or y == 0:
        bail_out()
    size, divisor = abs(float(x)), abs(float(y))
    rest = float(numpy.fmod(size, divisor))
    beyond = divisor - rest
    if rest > beyond:
        rest = -beyond
    elif rest == beyond:  # a tie: whether the quotient is even, half of what is left tells
        rest -= 2.0 * float(numpy.fmod(0.5 * (size - rest), divisor))
    return math.copysign(1.0, float(x)) * rest


def cbrt(x: float) -> float:
    return float(c_cbrt(float(x)))


def ulp(x: float) -> float:
    size = abs(float(x))
    if not math.isfinite(size):
        return size
    above = math.nextafter(size, math.inf)
    return above - size if math.isfinite(above) else size - math.nextafter(size, 0.0)


def isclose_within(a: float, b: float, relative: float, absolute: float) -> bool:
    if relative < 0.0 or absolute < 0.0:
        bail_out()
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    apart = abs(float(b) - float(a))
    near = apart <= abs(relative * b) or apart <= abs(relative * a)
    return near or apart <= absolute


def isclose(a: float, b: float) -> bool:
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    apart = abs(float(b) - float(a))
    return apart <= abs(1e-9 * b) or apart <= abs(1e-9 * a)
