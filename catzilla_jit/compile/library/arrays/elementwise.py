"""Functions of NumPy on arrays of floats, element by element, with NumPy's answer.

Where two elements are a 0.0 and a -0.0 NumPy takes one or the other depending on the place in the
array and on the processor; there, and where a float has no integer, the kernel is left. Compiled
along like the functions of `library/builtin_functions.py`; which of them is taken, `overloads.py`
chooses.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit.compile.library.builtin_functions import bail_out


def larger(a: float, b: float) -> float:
    if a != a or b != b:
        return a if a != a else b
    if a > b:
        return a
    if a < b:
        return b
    return _same(a, b)


def smaller(a: float, b: float) -> float:
    if a != a or b != b:
        return a if a != a else b
    if a < b:
        return a
    if a > b:
        return b
    return _same(a, b)


def _same(a: float, b: float) -> float:
    if a == 0.0 and math.copysign(1.0, a) != math.copysign(1.0, b):
        bail_out()
    return a


def at_least(values: Any, bound: Any) -> Any:
    limit = _exact(bound)
    found = numpy.empty(len(values))
    for i in range(len(values)):
        found[i] = limit if values[i] < limit else values[i]
    _bail_at_unlike_zeros(values, limit)
    return found


def at_most(values: Any, bound: Any) -> Any:
    limit = _exact(bound)
    found = numpy.empty(len(values))
    for i in range(len(values)):
        found[i] = limit if values[i] > limit else values[i]
    _bail_at_unlike_zeros(values, limit)
    return found


def _bail_at_unlike_zeros(values: Any, limit: float) -> None:
    if limit != limit:
        bail_out()
    if limit == 0.0:
        sign, unlike = math.copysign(1.0, limit), False
        for value in values:
            unlike |= value == 0.0 and math.copysign(1.0, value) != sign
        if unlike:
            bail_out()


@functools.cache
def turned(reduce: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a function of a number and a line for one of a line and a number."""

    def picked(bound: Any, values: Any) -> Any:
        return reduce(values, bound)

    return picked


@functools.cache
def of_lines(pick: Callable[[float, float], float]) -> Callable[[Any, Any], Any]:
    """Return a function of two lines of the same length; others are NumPy's."""

    def picked(left: Any, right: Any) -> Any:
        if len(left) != len(right):
            bail_out()
        found = numpy.empty(len(left))
        for i in range(len(left)):
            found[i] = pick(left[i], right[i])
        return found

    return picked


@functools.cache
def of_tables(reduce: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of a line for a table in C order."""

    def picked(values: Any, bound: Any) -> Any:
        return reduce(values.ravel(), bound).reshape(values.shape)

    return picked


def _exact(bound: Any) -> float:
    if abs(float(bound)) > 2.0**53 and not math.isinf(float(bound)):
        bail_out()  # an integer may not be exact
    return float(bound)


def clip(values: Any, low: Any, high: Any) -> Any:
    least, most = _exact(low), _exact(high)
    if least != least or most != most:
        bail_out()
    found = numpy.empty(len(values))
    for i in range(len(values)):
        found[i] = smaller(larger(values[i], least), most)
    return found


def clip_table(values: Any, low: Any, high: Any) -> Any:
    return clip(values.ravel(), low, high).reshape(values.shape)


def rounded(values: Any) -> Any:
    return numpy.rint(values)


@functools.cache
def rounded_to(digits: int) -> Callable[[Any, Any], Any]:
    """Return a function that rounds to decimal digits by way of integers, as NumPy does."""
    scale = 10.0**digits

    def round_(values: Any, _digits: Any) -> Any:
        return numpy.rint(values * scale) / scale

    def round_to_whole(values: Any, _digits: Any) -> Any:
        return numpy.rint(values)

    return round_ if digits else round_to_whole


def to_floats(values: Any, _dtype: Any) -> Any:
    return values.astype(numpy.float64)


def to_integers(values: Any, _dtype: Any) -> Any:
    return values.astype(numpy.int64)


def floats_to_integers(values: Any, _dtype: Any) -> Any:
    found = numpy.empty(len(values), numpy.int64)
    for i in range(len(values)):
        if not -(2.0**63) <= values[i] < 2.0**63:
            bail_out()
        found[i] = numpy.int64(values[i])
    return found


def floats_of_table_to_integers(values: Any, dtype: Any) -> Any:
    return floats_to_integers(values.ravel(), dtype).reshape(values.shape)
