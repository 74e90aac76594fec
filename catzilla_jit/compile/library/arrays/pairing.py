"""Two lines combined as NumPy does it: convolutions, polynomials, counts in bins, membership.

Compiled along like the functions of `library/builtin_functions.py`.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
from typing import Any

import numpy

from catzilla_jit.compile.library.arrays.places import place_left, place_right
from catzilla_jit.compile.library.builtin_functions import bail_out
from catzilla_jit.compile.library.ufuncs import cores
from catzilla_jit.compile.library.ufuncs.error_state import warnings_matter

#: NumPy adds the products with a kernel of so many items one after the other, others by BLAS.
SMALL = 11
matmul: Any = cores.matmul


def correlated(line: Any, kernel: Any, left: int, right: int) -> Any:
    """Slide a kernel over a longer line; left, right: how far it reaches over the ends."""
    size, count = len(kernel), len(line) - len(kernel) + 1
    made = numpy.empty(left + count + right)
    for i in range(left):
        part = size - left + i
        made[i] = matmul(line[:part], kernel[left - i :])
    for i in range(count):
        if size <= SMALL:
            total = 0.0
            for j in range(size):
                total += line[i + j] * kernel[j]
            made[left + i] = total
        else:
            made[left + i] = matmul(line[i : i + size], kernel)
    for i in range(right):
        part = size - 1 - i
        made[left + count + i] = matmul(line[count + i :], kernel[:part])
    return made


def convolved(first: Any, second: Any, reach: int) -> Any:
    """Compute `numpy.convolve`; reach: of the modes valid, same and full, 0, 1 and 2."""
    if len(first) == 0 or len(second) == 0:
        bail_out()
    if len(second) > len(first):
        first, second = second, first
    size = len(second)
    kernel = numpy.empty(size)
    for i in range(size):
        kernel[i] = second[size - 1 - i]
    left = size - 1 if reach == 2 else size // 2 if reach == 1 else 0
    right = size - 1 if reach == 2 else size - left - 1 if reach == 1 else 0
    return correlated(first, kernel, left, right)


def polynomial(coefficients: Any, x: float) -> float:
    if len(coefficients) == 0:
        bail_out()
    value = 0.0
    for each in coefficients:
        value = value * x + each
    if warnings_matter() and not math.isfinite(value):
        bail_out()
    return value


def polynomials(coefficients: Any, xs: Any) -> Any:
    made = numpy.empty(len(xs))
    for i in range(len(xs)):
        made[i] = polynomial(coefficients, xs[i])
    return made


def counted_in_bins(line: Any, count: int) -> Any:
    """Count the items of a line in bins of one width from the smallest to the largest."""
    if count < 1:
        bail_out()
    low, high, minus = 0.0, 1.0, False
    if len(line) > 0:
        low, high = 1.0 * line[0], 1.0 * line[0]
    for number in line:
        if not math.isfinite(number):
            bail_out()
        if number < low:
            low = number
        if number > high:
            high = number
        minus = minus or (number == 0 and math.copysign(1.0, number) < 0.0)
    if minus and (low == 0.0 or high == 0.0):  # which of two zeros depends on places
        bail_out()
    return counted_between(line, count, low, high)


def counted_between(line: Any, count: int, low: float, high: float) -> Any:
    """Count the items of a line in bins of one width between two bounds."""
    if count < 1 or not math.isfinite(low) or not math.isfinite(high) or low > high:
        bail_out()
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = numpy.linspace(low, high, count + 1)
    for i in range(count):
        if not edges[i] < edges[i + 1]:
            bail_out()
    counts = numpy.zeros(count, numpy.int64)
    for number in line:
        if low <= number <= high:
            place = place_right(edges, 1.0 * number) - 1
            counts[place if place < count else count - 1] += 1
    return counts, edges


def counted_by_edges(line: Any, edges: Any) -> Any:
    """Count the items of a line between the bounds of bins, the last of which is in its bin."""
    count = len(edges) - 1
    if count < 1:
        bail_out()
    for i in range(count):
        if not edges[i] <= edges[i + 1]:
            bail_out()
    counts = numpy.zeros(count, numpy.int64)
    for number in line:
        if edges[0] <= number <= edges[count]:
            place = place_right(edges, number) - 1
            counts[place if place < count else count - 1] += 1
    return counts


def dense(counts: Any, edges: Any) -> Any:
    """Return the part of all items in each bin, by its width, and the bounds."""
    total = 0
    for each in counts:
        total += each
    if total == 0:
        bail_out()
    made = numpy.empty(len(counts))
    for i in range(len(counts)):
        width = edges[i + 1] - edges[i]
        if width == 0:
            bail_out()
        made[i] = counts[i] / (1.0 * width) / total
    return made, edges


def is_among(numbers: Any, known: Any) -> Any:
    """Tell for each number whether it is one of a sorted line."""
    made = numpy.empty(len(numbers), numpy.bool_)
    for i in range(len(numbers)):
        place = place_left(known, numbers[i])
        made[i] = place < len(known) and known[place] == numbers[i]
    return made
