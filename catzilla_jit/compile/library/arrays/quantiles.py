"""What is read from a sorted line: medians, quantiles, what occurs in it.

A line comes here sorted by NumPy's own function. Where something depends on which of two zeros
comes first, or would be warned of, the kernel is left. Compiled along like the functions of
`library/builtin_functions.py`.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
from typing import Any

import numpy

from catzilla_jit.compile.library.builtin_functions import bail_out


def median(line: Any) -> float:
    count = len(line)
    if count == 0:
        bail_out()
    if line[count - 1] != line[count - 1]:
        return math.nan
    middle = count // 2
    found = 0.0 + line[middle]
    if count % 2 == 0:
        found = (0.0 + line[middle - 1] + line[middle]) / 2.0
    if not math.isfinite(found):
        bail_out()
    return found


def quantile(line: Any, q: float) -> float:
    """Return what lies so far in a sorted line, in the steps of NumPy's method `linear`."""
    count = len(line)
    if count == 0 or not 0.0 <= q <= 1.0:
        bail_out()
    if line[count - 1] != line[count - 1]:
        _leave_infinities(line)
        return math.nan
    place = (count - 1) * q
    before = math.floor(place)
    if place >= count - 1:
        first, second, part = line[count - 1], line[count - 1], place + 1.0
    else:
        first, second, part = line[before], line[before + 1], place - before
    apart = second - first
    found = second - apart * (1.0 - part) if part >= 0.5 else first + apart * part
    if not math.isfinite(found) or (found == 0.0 and _has_minus_zero(line)):
        bail_out()
    return found


def _has_minus_zero(line: Any) -> bool:
    """Tell whether NumPy, which does not sort all of a line, may find another zero."""
    for number in line:  # noqa: SIM110
        if number == 0 and math.copysign(1.0, number) < 0.0:
            return True
    return False


def _leave_infinities(line: Any) -> None:
    """Beside NaN NumPy computes with them, and warns."""
    for number in line:
        if math.isinf(number):
            bail_out()


def percentile(line: Any, q: Any) -> float:
    return quantile(line, q / 100.0)


def quantiles(line: Any, qs: Any) -> Any:
    found = numpy.empty(len(qs))
    for i in range(len(qs)):
        found[i] = quantile(line, qs[i])
    return found


def percentiles(line: Any, qs: Any) -> Any:
    found = numpy.empty(len(qs))
    for i in range(len(qs)):
        found[i] = quantile(line, qs[i] / 100.0)
    return found


def _is_next(line: Any, i: int) -> bool:
    """Tell whether an item of a sorted line is another than the one before; all NaN are one."""
    if i == 0:
        return True
    first, second = line[i - 1], line[i]
    if first == second:
        if first == 0 and math.copysign(1.0, first) != math.copysign(1.0, second):
            bail_out()
        return False
    return first == first


def unique(line: Any) -> Any:
    count = 0
    for i in range(len(line)):
        if _is_next(line, i):
            count += 1
    found = numpy.empty(count, line.dtype)
    count = 0
    for i in range(len(line)):
        if _is_next(line, i):
            found[count] = line[i]
            count += 1
    return found


def unique_counts(line: Any) -> Any:
    items = unique(line)
    counts = numpy.zeros(len(items), numpy.int64)
    place = -1
    for i in range(len(line)):
        if _is_next(line, i):
            place += 1
        counts[place] += 1
    return items, counts


def firsts(items: Any) -> Any:
    """Return the places in a sorted line where another item begins; all NaN are one."""
    count = 0
    for i in range(len(items)):
        if _begins(items, i):
            count += 1
    found = numpy.empty(count, numpy.int64)
    count = 0
    for i in range(len(items)):
        if _begins(items, i):
            found[count] = i
            count += 1
    return found


def _begins(items: Any, i: int) -> bool:
    if i == 0:
        return True
    first, second = items[i - 1], items[i]
    return first != second and (first == first or second == second)


def inverses(order: Any, first: Any) -> Any:
    """Return for each item which of the unique ones it is."""
    found = numpy.empty(len(order), numpy.int64)
    for place in range(len(first)):
        end = first[place + 1] if place + 1 < len(first) else len(order)
        for i in range(first[place], end):
            found[order[i]] = place
    return found


def numbers(first: Any, count: int) -> Any:
    """Return how many items each of the unique ones stands for."""
    found = numpy.empty(len(first), numpy.int64)
    for place in range(len(first)):
        end = first[place + 1] if place + 1 < len(first) else count
        found[place] = end - first[place]
    return found
