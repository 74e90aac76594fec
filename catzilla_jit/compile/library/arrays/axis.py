"""Reductions of tables (two dimensions) along an axis, where NumPy's loops do not serve.

What does not depend on an order goes over views of the lines. The axis itself is a constant that
`reductions.py` has looked at; here it is not used. Compiled along like the functions of
`library/builtin_functions.py`.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit.compile.library.arrays.pairwise_sum import EXACT
from catzilla_jit.compile.library.builtin_functions import bail_out

Reduction = Callable[[Any, Any], Any]


@functools.cache
def transposed(reduce: Reduction) -> Reduction:
    """Return a function that reduces a table in Fortran order along the other axis."""

    def reduced(values: Any, axis: Any) -> Any:
        return reduce(values.T, axis)

    return reduced


@functools.cache
def of_each_row(reduce: Callable[[Any], Any], dtype: type, empty: bool) -> Reduction:
    """Return a function that reduces the rows; empty: a table without items has a reduction."""

    def reduced(values: Any, axis: Any) -> Any:
        if not empty and values.size == 0:
            bail_out()
        found = numpy.empty(values.shape[0], dtype)
        for i in range(values.shape[0]):
            found[i] = reduce(values[i])
        return found

    return reduced


def of_each_column(reduce: Callable[[Any], Any], dtype: type, empty: bool) -> Reduction:
    """Return a function that reduces the columns; empty: as above."""
    return transposed(of_each_row(reduce, dtype, empty))


@functools.cache
def of_the_last(of_rows: Reduction) -> Reduction:
    """Return a function that reduces an array of three dimensions in C order along the last."""

    def reduced(values: Any, axis: Any) -> Any:
        rows = values.reshape(values.shape[0] * values.shape[1], values.shape[2])
        return of_rows(rows, axis).reshape(values.shape[0], values.shape[1])

    return reduced


@functools.cache
def of_the_line(reduce: Callable[[Any], Any]) -> Reduction:
    """Return a function that reduces an array of one dimension along its only axis."""

    def reduced(values: Any, axis: Any) -> Any:
        return reduce(values)

    return reduced


def whole_sum(line: Any) -> int:
    total = numpy.int64(0)
    for value in line:
        total += numpy.int64(value)
    return total


def whole_mean(line: Any) -> float:
    total, size = 0.0, 0.0
    for value in line:
        number = 1.0 * value
        total += number
        size += abs(number)
    if size > EXACT:
        bail_out()
    return total / len(line)


def whole_max(line: Any) -> int:
    best = line[0]
    for value in line:
        if value > best:
            best = value
    return best


def whole_min(line: Any) -> int:
    best = line[0]
    for value in line:
        if value < best:
            best = value
    return best


def argmax(line: Any) -> int:
    place = 0
    for i in range(len(line)):
        if line[i] != line[i]:
            return i
        if line[i] > line[place]:
            place = i
    return place


def argmin(line: Any) -> int:
    place = 0
    for i in range(len(line)):
        if line[i] != line[i]:
            return i
        if line[i] < line[place]:
            place = i
    return place


def any_true(line: Any) -> bool:
    for value in line:  # noqa: SIM110
        if value:
            return True
    return False


def all_true(line: Any) -> bool:
    for value in line:  # noqa: SIM110
        if not value:
            return False
    return True
