"""What stands for functions and operators of NumPy in tasks, and for generators of numbers."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any

import numpy

from catzilla_jit.compile.library import twister
from catzilla_jit.compile.library.ufuncs import choices, cores, elementwise, generators, operators

FUNCTIONS: dict[tuple[Any, int], Any] = {
    **elementwise.FUNCTIONS, **cores.FUNCTIONS, **choices.FUNCTIONS,
    **generators.FUNCTIONS, **twister.FUNCTIONS,
}  # fmt: skip
#: Methods of arrays, by the number of arguments.
METHODS: dict[tuple[str, int], Any] = {("dot", 1): cores.dot, **choices.METHODS}
#: Operators on arrays.
OPERATORS: dict[Any, Any] = {
    operator.pow: elementwise.FUNCTIONS[numpy.power, 2],
    operator.mod: elementwise.FUNCTIONS[numpy.remainder, 2],
    operator.floordiv: elementwise.FUNCTIONS[numpy.floor_divide, 2],
    operator.lshift: elementwise.FUNCTIONS[numpy.left_shift, 2],
    operator.rshift: elementwise.FUNCTIONS[numpy.right_shift, 2],
}


def function(value: Any, arguments: int, *, all_: bool = False) -> Any:
    """Return what stands for a function of NumPy with so many arguments, None for others.

    all_: also for those that LLVM computes exactly for plain numbers.
    """
    try:
        found = FUNCTIONS.get((value, arguments))
        return operators.FUNCTIONS.get((value, arguments)) if found is None and all_ else found
    except TypeError:  # an unhashable value
        return None
