"""Sorted lines of numbers with NumPy's answer: NaNs last, and nothing that is NumPy's to choose.

Equal numbers that can be told apart, as 0.0 and -0.0 in a sorted line or any in the places that
`argsort` gives, come in the order of NumPy's algorithm: there the kernel is left. Compiled along
like the functions of `library.py`; which of them is taken, `numpys.py` chooses.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
from typing import Any

import numpy

from catzilla_jit.compile.library import leave
from catzilla_jit.compile.summation import EXACT


def sorted_line(values: Any) -> Any:
    positive, negative, count = False, False, 0
    found = numpy.empty(len(values))
    for value in values:
        if value != value:
            continue
        if value == 0.0:
            if math.copysign(1.0, value) > 0.0:
                positive = True
            else:
                negative = True
        found[count] = value
        count += 1
    if positive and negative:
        leave()
    found[:count] = numpy.sort(found[:count])
    for i in range(count, len(found)):
        found[i] = math.nan
    return found


def median_of_line(values: Any) -> float:
    """Take the middle of the sorted line, or the mean of the two in the middle."""
    size = len(values)
    if size == 0:
        leave()
    has_nan = False
    line = numpy.empty(size)
    for i in range(size):
        number = float(values[i])
        if number != number:
            has_nan = True
        if abs(number) > EXACT and not math.isinf(number) and values[i] != number:
            leave()
        line[i] = number
    if has_nan:
        return math.nan
    line = numpy.sort(line)
    if size % 2 == 1:
        return 0.0 + line[size // 2]
    return (0.0 + line[size // 2 - 1] + line[size // 2]) / 2.0


def places_in_order(values: Any) -> Any:
    places = numpy.argsort(values)
    for i in range(1, len(places)):
        before, value = values[places[i - 1]], values[places[i]]
        if before == value or (before != before and value != value):
            leave()
    return places
