"""What stands for functions and operators of NumPy in tasks: all that calls its loops."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy

from catzilla_jit.compile.library.ufuncs import cores, elementwise

FUNCTIONS: dict[tuple[Any, int], Any] = {**elementwise.FUNCTIONS, **cores.FUNCTIONS}
#: Methods of arrays, by the number of arguments.
METHODS: dict[tuple[str, int], Any] = {("dot", 1): cores.dot}
#: Operators on arrays.
OPERATORS: dict[Any, Any] = {
    operator.pow: elementwise.FUNCTIONS[numpy.power, 2],
    operator.mod: elementwise.FUNCTIONS[numpy.remainder, 2],
    operator.floordiv: elementwise.FUNCTIONS[numpy.floor_divide, 2],
}


def function(value: Any, arguments: int) -> Any:
    """Return what stands for a function of NumPy with so many arguments, None for others."""
    try:
        return FUNCTIONS.get((value, arguments))
    except TypeError:  # an unhashable value
        return None


@functools.cache
def is_plain_power() -> bool:
    """Tell whether `a ** x` of floats is the loop of `power`; some NumPy take others for some x."""
    values = (numpy.arange(1.0, 400.0) * 0.0271) ** 1.5 + 0.01
    power = numpy.power
    exponents = (2.0, 0.5, -1.0, 1.0, 0.0, 3.0, 2, -1, 1, 0, 3)
    return all((values**each == power(values, float(each))).all() for each in exponents)
