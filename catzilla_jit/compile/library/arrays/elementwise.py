"""Functions of NumPy on arrays of floats, element by element, with NumPy's answer.

Where a float has no integer the kernel is left. Compiled along like the functions of
`library/builtin_functions.py`; which of them is taken, `overloads.py` chooses.
"""

# Arrays are Any here.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit.compile.library.builtin_functions import bail_out


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
