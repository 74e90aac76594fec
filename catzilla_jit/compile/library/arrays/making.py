"""Arrays that NumPy makes of a few numbers, or of the items of one array: the same items.

Compiled along like the functions of `library/builtin_functions.py`; which of them is taken, and for
which types, `making_forms.py` says.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math
import platform
from typing import Any

import numpy

from catzilla_jit.compile.library.builtin_functions import bail_out
from catzilla_jit.compile.library.ufuncs.error_state import warnings_matter

#: Elsewhere C compilers may round a product and a sum at once.
IS_PLAIN = platform.machine() in ("x86_64", "AMD64")


def eye(made: Any, k: int) -> Any:
    """Write ones to a diagonal of a table of zeros."""
    rows, columns = made.shape
    for i in range(rows):
        if 0 <= i + k < columns:
            made[i, i + k] = 1
    return made


def diag(line: Any, k: int) -> Any:
    size = len(line) + abs(k)
    made = numpy.zeros((size, size), line.dtype)
    for i in range(len(line)):
        made[i + max(-k, 0), i + max(k, 0)] = line[i]
    return made


def tril(table: Any, k: int) -> Any:
    made = numpy.zeros(table.shape, table.dtype)
    for i in range(table.shape[0]):
        for j in range(max(min(i + k + 1, table.shape[1]), 0)):
            made[i, j] = table[i, j]
    return made


def triu(table: Any, k: int) -> Any:
    made = numpy.zeros(table.shape, table.dtype)
    for i in range(table.shape[0]):
        for j in range(max(i + k, 0), table.shape[1]):
            made[i, j] = table[i, j]
    return made


def tile(values: Any, count: int) -> Any:
    times = max(count, 0)
    made = numpy.empty(values.size * times, values.dtype)
    for i in range(times):
        for j in range(values.size):
            made[i * values.size + j] = values[j]
    return made


def tile_table(values: Any, down: int, across: int) -> Any:
    if down < 0 or across < 0:
        bail_out()
    rows, columns = values.shape
    made = numpy.empty((rows * down, columns * across), values.dtype)
    for i in range(rows * down):
        for j in range(columns * across):
            made[i, j] = values[i % rows, j % columns]
    return made


def repeat_rows(values: Any, count: int) -> Any:
    if count < 0:
        bail_out()
    made = numpy.empty((values.shape[0] * count, values.shape[1]), values.dtype)
    for i in range(made.shape[0]):
        for j in range(made.shape[1]):
            made[i, j] = values[i // count, j]
    return made


def repeat_columns(values: Any, count: int) -> Any:
    if count < 0:
        bail_out()
    made = numpy.empty((values.shape[0], values.shape[1] * count), values.dtype)
    for i in range(made.shape[0]):
        for j in range(made.shape[1]):
            made[i, j] = values[i, j // count]
    return made


def roll_rows(values: Any, shift: int) -> Any:
    rows, columns = values.shape
    made = numpy.empty((rows, columns), values.dtype)
    for i in range(rows):
        for j in range(columns):
            made[(i + shift) % rows, j] = values[i, j]
    return made


def roll_columns(values: Any, shift: int) -> Any:
    rows, columns = values.shape
    made = numpy.empty((rows, columns), values.dtype)
    for i in range(rows):
        for j in range(columns):
            made[i, (j + shift) % columns] = values[i, j]
    return made


def meshgrid(x: Any, y: Any) -> Any:
    first = numpy.empty((len(y), len(x)), x.dtype)
    second = numpy.empty((len(y), len(x)), y.dtype)
    for i in range(len(y)):
        for j in range(len(x)):
            first[i, j], second[i, j] = x[j], y[i]
    return first, second


def meshgrid_ij(x: Any, y: Any) -> Any:
    first = numpy.empty((len(x), len(y)), x.dtype)
    second = numpy.empty((len(x), len(y)), y.dtype)
    for i in range(len(x)):
        for j in range(len(y)):
            first[i, j], second[i, j] = x[i], y[j]
    return first, second


def arange(start: Any, stop: Any, step: Any) -> Any:
    """Space floats as NumPy does: by the difference of the first two."""
    if step == 0:
        bail_out()
    wanted = (stop - start) / step
    if not math.isfinite(wanted) or wanted > 1e9:
        bail_out()
    count = max(math.ceil(wanted), 0)
    first, second = float(start), float(start + step)
    apart = second - first
    made = numpy.empty(count)
    for i in range(count):
        made[i] = first + i * apart
    if count > 1:
        made[1] = second
    return made


def open_space(start: float, stop: float, count: int) -> Any:
    """Space floats without the last, in the steps of `numpy.linspace`."""
    if count < 0:
        bail_out()
    made = numpy.empty(count)
    apart = stop - start
    step = apart / count if count > 0 else 0.0
    if warnings_matter() and not math.isfinite(step):
        bail_out()
    for i in range(count):
        part = i * step if step != 0.0 else i / count * apart
        made[i] = part + start
    return made


def fftfreq(n: int, d: Any) -> Any:
    if n < 1 or n * d == 0:
        bail_out()
    part = 1.0 / (n * d)
    made = numpy.empty(n)
    half = (n - 1) // 2 + 1
    for i in range(n):
        made[i] = (i if i < half else i - n) * part
    return made


def rfftfreq(n: int, d: Any) -> Any:
    if n < 1 or n * d == 0:
        bail_out()
    part = 1.0 / (n * d)
    made = numpy.empty(n // 2 + 1)
    for i in range(len(made)):
        made[i] = i * part
    return made


def roll_line(line: Any, shift: int) -> Any:
    made = numpy.empty(len(line), line.dtype)
    for i in range(len(line)):
        made[(i + shift) % len(line)] = line[i]
    return made
