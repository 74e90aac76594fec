"""Sums so far, integrals and slopes of lines, item by item as NumPy computes them.

What NumPy may have warned of leaves the kernel where the task can be run again: a result that is no
number, or beyond all floats. Compiled along like the functions of `library/builtin_functions.py`.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import functools
import math
from typing import Any

import numpy

from catzilla_jit.compile.library.builtin_functions import bail_out
from catzilla_jit.compile.library.ufuncs.error_state import warnings_matter


def _leave_warned(line: Any) -> None:
    if not warnings_matter():
        return
    for number in line:
        if not math.isfinite(number):
            bail_out()


def sums_along_rows(table: Any) -> Any:
    found = numpy.empty(table.shape, table.dtype)
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            found[i, j] = found[i, j - 1] + table[i, j] if j > 0 else table[i, j]
    if table.shape[1] > 0:
        _leave_warned(found[:, table.shape[1] - 1])
    return found


def sums_along_columns(table: Any) -> Any:
    found = numpy.empty(table.shape, table.dtype)
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            found[i, j] = found[i - 1, j] + table[i, j] if i > 0 else table[i, j]
    if table.shape[0] > 0:
        _leave_warned(found[table.shape[0] - 1])
    return found


def products(line: Any) -> Any:
    found = numpy.empty(len(line), line.dtype)
    for i in range(len(line)):
        found[i] = found[i - 1] * line[i] if i > 0 else line[i]
    _leave_warned(found[-1:])
    return found


def trapezoids(y: Any, x: Any) -> Any:
    if len(x) != len(y):
        bail_out()
    found = numpy.empty(len(y) - 1 if len(y) > 0 else 0)
    for i in range(len(found)):
        found[i] = (x[i + 1] - x[i]) * (y[i + 1] + y[i]) / 2.0
    _leave_warned(found)
    return found


def even_trapezoids(y: Any, apart: float) -> Any:
    found = numpy.empty(len(y) - 1 if len(y) > 0 else 0)
    for i in range(len(found)):
        found[i] = apart * (y[i + 1] + y[i]) / 2.0
    _leave_warned(found)
    return found


def gradient(y: Any, apart: float) -> Any:
    """Return the slopes of a line of even distances, as `numpy.gradient` does."""
    last = len(y) - 1
    if last < 1 or apart == 0.0:
        bail_out()
    found = numpy.empty(len(y))
    if warnings_matter() and not math.isfinite(2.0 * apart):
        bail_out()
    for i in range(1, last):
        found[i] = (y[i + 1] - y[i - 1]) / (2.0 * apart)
    found[0] = (y[1] - y[0]) / apart
    found[last] = (y[last] - y[last - 1]) / apart
    _leave_warned(found)
    return found


def gradient_at(y: Any, x: Any) -> Any:
    """Return the slopes of a line at places, as `numpy.gradient` does."""
    last = len(y) - 1
    if last < 1 or len(x) != len(y):
        bail_out()
    even = True
    for i in range(last):
        even = even and x[i + 1] - x[i] == x[1] - x[0]
    if even:
        return gradient(y, x[1] - x[0])
    found = numpy.empty(len(y))
    for i in range(1, last):
        before, after = x[i] - x[i - 1], x[i + 1] - x[i]
        first, second = before * (before + after), after * (before + after)
        if warnings_matter() and not math.isfinite(first + second + before * after):
            bail_out()
        a = -after / first
        b = (after - before) / (before * after)
        c = before / second
        found[i] = a * y[i - 1] + b * y[i] + c * y[i + 1]
    found[0] = (y[1] - y[0]) / (x[1] - x[0])
    found[last] = (y[last] - y[last - 1]) / (x[last] - x[last - 1])
    _leave_warned(found)
    return found


@functools.cache
def cross(dtype: type) -> Any:
    """Return a function for the product of two vectors of three items of a type."""

    def product(left: Any, right: Any) -> Any:
        if len(left) != 3 or len(right) != 3:
            bail_out()
        found: Any = numpy.empty(3, dtype)
        found[0] = left[1] * right[2] - left[2] * right[1]
        found[1] = left[2] * right[0] - left[0] * right[2]
        found[2] = left[0] * right[1] - left[1] * right[0]
        _leave_warned(found)
        return found

    return product


@functools.cache
def crosses(dtype: type) -> Any:
    """Return a function for the products of the rows of two tables; a single row stands for all."""

    def products_of_rows(left: Any, right: Any) -> Any:
        rows = max(len(left), len(right))
        fits = (len(left) in (1, rows)) and (len(right) in (1, rows))
        if not fits or left.shape[1] != 3 or right.shape[1] != 3:
            bail_out()
        if len(left) == 0 or len(right) == 0:
            bail_out()
        found: Any = numpy.empty((rows, 3), dtype)
        for i in range(rows):
            a, b = min(i, len(left) - 1), min(i, len(right) - 1)
            for j in range(3):
                k, m = (j + 1) % 3, (j + 2) % 3
                found[i, j] = left[a, k] * right[b, m] - left[a, m] * right[b, k]
        _leave_warned(found.ravel())
        return found

    return products_of_rows
