"""Arguments that are NumPy's numbers, or hold them: their types are those of Python's numbers.

To Numba a `numpy.float64` is a float64, as a float is. Python tells them apart: NumPy divides by
zero, and gives back its own. So what is compiled for is a type and who made the numbers in it; the
code for a float and the code for a `numpy.float64` are two.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
from typing import Any

import numpy
from numba.core import types

from catzilla_jit.compile.analysis.origins import NUMPY, PYTHON, Origin, has_numpy

#: The numbers that Python and NumPy both have, as NumPy has them.
SCALARS: dict[Any, Any] = {
    types.int64: numpy.int64,
    types.float64: numpy.float64,
    types.boolean: numpy.bool_,
    types.complex128: numpy.complex128,
}
TYPES = frozenset(SCALARS.values())


@dataclasses.dataclass(frozen=True)
class MadeBy:
    """The type of an argument, and who made its numbers."""

    type: types.Type
    origin: Origin

    def __repr__(self) -> str:
        return f"{self.type!r} of {self.origin}"


def type_of_argument(wanted: Any) -> types.Type:
    """Return Numba's type."""
    return wanted.type if isinstance(wanted, MadeBy) else wanted


def origin_of_argument(wanted: Any) -> Origin:
    """Return who made the numbers."""
    return wanted.origin if isinstance(wanted, MadeBy) else PYTHON


def made_by(type_: types.Type, origin: Origin) -> Any:
    """Return what to compile for."""
    return MadeBy(type_, origin) if has_numpy(origin) else type_


def origin_of_value(value: Any) -> Origin:
    """Return who made a number, or those of a tuple."""
    if isinstance(value, tuple):
        try:
            found = tuple(map(origin_of_value, value))
        except RecursionError:  # it is that deep, and has no type
            return PYTHON
        return found if any(map(has_numpy, found)) else PYTHON
    return NUMPY if type(value) in TYPES else PYTHON


def is_numpys(type_: Any, origin: Origin) -> bool:
    """Tell whether a number is NumPy's where Python has one as well."""
    return origin == NUMPY and types.unliteral(type_) in SCALARS
