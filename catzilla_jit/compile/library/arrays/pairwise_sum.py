"""Sums of fields of records in the order in which NumPy adds: the same to the last bit.

Whole arrays go through NumPy's own loops (`ufuncs/reductions.py`), which need aligned numbers.

NumPy adds pairwise (Higham, "The accuracy of floating point summation", SIAM J. Sci. Comput. 14,
1993): fewer than eight numbers one after the other; up to a block of 128 in eight running sums,
which are then added as a tree; more than that as the sum of two halves, the first of a length
that is a multiple of eight. An array without gaps it takes as it lies in memory, as one line,
whatever the shape. Compiled along like the functions of `library/builtin_functions.py`.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
from typing import Any

import numpy

from catzilla_jit.compile.library.builtin_functions import bail_out

BLOCK = 128
#: NumPy takes so many numbers at a time where they do not lie at multiples of their size; setting
#: another length (`numpy.setbufsize`) is not seen here.
BUFFER = 8192
#: Beyond this the sum of integers is not a float exactly, whatever the order.
EXACT = 9007199254740992.0


def _block(line: Any, start: int, n: int) -> float:
    if n < 8:
        total = 0.0
        for i in range(start, start + n):
            total += line[i]
        return total
    a, b, c, d = line[start], line[start + 1], line[start + 2], line[start + 3]
    e, f, g, h = line[start + 4], line[start + 5], line[start + 6], line[start + 7]
    whole = n - n % 8
    for i in range(start + 8, start + whole, 8):
        a += line[i]
        b += line[i + 1]
        c += line[i + 2]
        d += line[i + 3]
        e += line[i + 4]
        f += line[i + 5]
        g += line[i + 6]
        h += line[i + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(start + whole, start + n):
        total += line[i]
    return total


def _pairwise(line: Any) -> float:
    """Add halves of halves; without recursion: a pile of the halves that are not done yet."""
    n = len(line)
    if n <= BLOCK:
        return _block(line, 0, n)
    lengths = numpy.empty(64, numpy.int64)
    firsts = numpy.empty(64)  # the sum of the first half
    on_second = numpy.zeros(64, numpy.bool_)
    depth, start = 0, 0
    lengths[0] = n
    while True:
        n = lengths[depth]
        while n > BLOCK:
            on_second[depth] = False
            depth += 1
            n = _first_half(n)
            lengths[depth] = n
        total = _block(line, start, n)
        start += n
        while depth > 0 and on_second[depth - 1]:
            depth -= 1
            total = firsts[depth] + total
        if depth == 0:
            return total
        firsts[depth - 1] = total
        on_second[depth - 1] = True
        lengths[depth] = lengths[depth - 1] - _first_half(lengths[depth - 1])


def _first_half(n: int) -> int:
    half = n // 2
    return half - half % 8


def sum_of_line(values: Any) -> float:
    return 0.0 + _pairwise(values)


def sum_of_field(values: Any) -> float:
    """Add what may not be aligned, as a field of packed records: NumPy takes it in buffers."""
    if values.ctypes.data % 8 == 0 and values.strides[0] % 8 == 0:
        return sum_of_line(values)
    total = 0.0
    for start in range(0, values.size, BUFFER):
        total += _pairwise(values[start : start + BUFFER])
    return total


def mean_of_field(values: Any) -> float:
    if values.size == 0:
        bail_out()
    return sum_of_field(values) / values.size


def var_of_field(values: Any) -> float:
    return _var(values, mean_of_field(values))


def std_of_field(values: Any) -> float:
    return math.sqrt(var_of_field(values))


def mean_of_whole(values: Any) -> float:
    """Take the mean of integers or bools: NumPy adds them as floats."""
    if values.size == 0:
        bail_out()
    total, size = 0.0, 0.0
    for value in values.flat:
        number = 1.0 * value
        total += number
        size += abs(number)
    if size > EXACT:
        bail_out()
    return total / values.size


def _var(values: Any, mean: float) -> float:
    squares = numpy.empty(values.size)
    for i in range(values.size):
        apart = values[i] - mean
        squares[i] = apart * apart
    return sum_of_line(squares) / values.size


def cumsum_of_line(values: Any) -> Any:
    sums = numpy.empty(values.size)
    total = 0.0
    for i in range(values.size):
        total = total + values[i] if i > 0 else values[0]
        sums[i] = total
    return sums


def prod_of_line(values: Any) -> float:
    product = 1.0
    for value in values:
        product *= value
    return product


def max_of_floats(values: Any) -> float:
    if values.size == 0:
        bail_out()
    best = -math.inf
    for value in values.flat:
        if value != value:
            return value
        if value > best:
            best = value
    if best == 0.0:
        return _only_zero(values)
    return best


def min_of_floats(values: Any) -> float:
    if values.size == 0:
        bail_out()
    best = math.inf
    for value in values.flat:
        if value != value:
            return value
        if value < best:
            best = value
    if best == 0.0:
        return _only_zero(values)
    return best


def _only_zero(values: Any) -> float:
    """Return the zero among the values; which of 0.0 and -0.0 NumPy takes depends on places."""
    positive, negative = False, False
    for value in values.flat:
        if value == 0.0:
            if math.copysign(1.0, value) > 0.0:
                positive = True
            else:
                negative = True
    if positive and negative:
        bail_out()
    return 0.0 if positive else -0.0
