"""Methods of NumPy's ufuncs: `numpy.maximum.accumulate(x)`, `numpy.subtract.outer(x, y)`."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import accumulations, elementwise, operators
from catzilla_jit.compile.library.ufuncs import reductions as loops

#: The reductions that are methods of a ufunc.
REDUCED = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}
#: What stands for the ufuncs of two arguments whose zeros do not depend on places.
OF_PAIRS: dict[str, Any] = {
    function.__name__: made
    for table in (elementwise.FUNCTIONS, operators.FUNCTIONS)
    for (function, inputs), made in table.items()
    if inputs == 2 and isinstance(function, numpy.ufunc)
}


def _accumulated(name: str) -> Any:
    def make(_given: Any, *, axis: Any = 0) -> Any:
        return accumulations.accumulation(name, axis) if type(axis) is int else None

    return make


def _reduced(name: str) -> Any:
    def make(_given: Any, *, axis: Any = 0, keepdims: Any = False) -> Any:
        single = axis is None or type(axis) is int
        if not single or type(keepdims) is not bool:
            return None
        return loops.reduction(name, axis, keepdims)

    return make


def _outer(name: str) -> Any:
    def make(_given: Any) -> Any:
        def ours(left: Any, right: Any) -> Function | None:
            lines = [isinstance(each, types.Array) and each.ndim == 1 for each in (left, right)]
            if not all(lines):
                return None
            return written("outer", "left, right", ["return f(left[:, None], right[None, :])"],
                           f=OF_PAIRS[name])  # fmt: skip

        return choice_of(f"{name}.outer", ours)

    return make


FUNCTIONS: dict[Any, Form] = {
    **{
        getattr(numpy, name).accumulate: Form(
            ("array", "/", "axis"), ("array",), _accumulated(name)
        )
        for name in accumulations.UFUNCS
    },
    **{
        getattr(numpy, name).reduce: Form(
            ("array", "/", "axis", "*", "keepdims"), ("array",), _reduced(reduction)
        )
        for name, reduction in REDUCED.items()
    },
    **{
        getattr(numpy, name).outer: Form(("A", "B", "/"), ("A", "B"), _outer(name))
        for name in OF_PAIRS
    },
}
METHODS: dict[str, Form] = {}
