"""Reductions of whole arrays: which function gives NumPy's answer, by the type of the array.

`a.sum()` and `numpy.sum(a)` become calls of a chooser. Where nothing of ours is chosen it is
Numba's own; `is_alike` tells whether that is the same as NumPy's.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy
from numba.core import types

from catzilla_jit.compile import kinds, library, summation
from catzilla_jit.compile.kinds import BOOL, FLOAT, INT

Function = Callable[..., Any]

#: What reduces float arrays: of one dimension, by rows, by columns.
FLOATS: dict[str, tuple[Function | None, ...]] = {
    "sum": (summation.sum_of_line, summation.sum_of_rows, summation.sum_of_columns),
    "mean": (summation.mean_of_line, summation.mean_of_rows, summation.mean_of_columns),
    "var": (summation.var_of_line, summation.var_of_rows, summation.var_of_columns),
    "std": (summation.std_of_line, summation.std_of_rows, summation.std_of_columns),
    "cumsum": (summation.cumsum_of_line, None, None),
    "prod": (summation.prod_of_line, None, None),
    "max": (summation.max_of_floats,) * 3,
    "min": (summation.min_of_floats,) * 3,
    "argmax": (None,) * 3,
    "argmin": (None,) * 3,
}
#: What Numba has for other arrays, by the kinds for which NumPy has the same.
OTHERS: dict[str, set[int]] = {
    "sum": {BOOL, INT}, "cumsum": {BOOL, INT}, "prod": {BOOL, INT}, "max": {INT}, "min": {INT},
    "argmax": {INT, FLOAT}, "argmin": {INT, FLOAT},
}  # fmt: skip


def _numbas(name: str) -> Function:
    """Return a function that calls the method itself; the module keeps it from being redirected."""
    namespace = {"__name__": library.__name__}
    exec(f"def reduced(values):\n    return values.{name}()", namespace)
    return cast("Function", namespace["reduced"])


NUMBAS = {name: _numbas(name) for name in FLOATS}


def _ours(name: str, type_: Any) -> Function | None:
    if not isinstance(type_, types.Array) or not type_.aligned or type_.ndim == 0:
        return None
    if name == "mean" and type_.dtype in (types.boolean, types.int64):
        return summation.mean_of_whole
    if type_.dtype != types.float64:
        return None
    line, rows, columns = FLOATS[name]
    if type_.ndim == 1:
        return line
    return {"C": rows, "F": columns}.get(type_.layout)


def _choice(name: str) -> Function:
    def choice(type_: Any) -> Function | None:
        return _ours(name, type_) or NUMBAS[name]

    choice.__name__ = f"numpy_{name}"
    return choice


def is_alike(chooser: str, type_: Any) -> bool:
    """Tell whether what a chooser of this name chooses is the same as NumPy's."""
    name = chooser.removeprefix("numpy_")
    if _ours(name, type_) is not None:
        return True
    return isinstance(type_, types.Array) and kinds.kind(type_.dtype) in OTHERS.get(name, ())


METHODS: dict[tuple[str, int], Function] = {(name, 0): _choice(name) for name in FLOATS}
CALLS: dict[tuple[Any, int], Function] = {
    (getattr(numpy, name), 1): choice for (name, _), choice in METHODS.items()
}
CALLS[numpy.amax, 1], CALLS[numpy.amin, 1] = METHODS["max", 0], METHODS["min", 0]
#: The names of the choosers: what they return is NumPy's.
NAMES = frozenset(choice.__name__ for choice in METHODS.values())
