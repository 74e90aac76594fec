"""Reductions with keywords and several axes, and norms: each step is one of NumPy's loops."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays import list_arrays
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.pairwise_sum import EXACT
from catzilla_jit.compile.library.arrays.written import Choice, Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import conversions, cores, operators
from catzilla_jit.compile.library.ufuncs import reductions as loops

MULTIPLY, SUBTRACT = operators.CALLS[operator.mul], operators.CALLS[operator.sub]
SQRT = operators.FUNCTIONS[numpy.sqrt, 1]
ABSOLUTE = operators.FUNCTIONS[numpy.absolute, 1]
FLOATS = conversions.conversion(types.float64)


def _is_axis(axis: Any) -> bool:
    if isinstance(axis, tuple):
        return bool(axis) and all(type(each) is int for each in axis)
    return axis is None or type(axis) is int


def _reduced(name: str) -> Any:
    def make(
        _given: Any, *, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False
    ) -> Any:
        several = isinstance(axis, tuple)
        if dtype is not None or out is not None or not _is_axis(axis):
            return None
        if type(keepdims) is not bool or not (keepdims or several):
            return None  # the choosers have the others, of more types
        return loops.reduction(name, axis, keepdims)

    return make


# -- deviations


def _spread(name: str) -> Any:
    def make(
        _given: Any,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: Any = None,
        keepdims: Any = False,
    ) -> Any:
        if dtype is not None or out is not None or not _is_axis(axis):
            return None
        if ddof is None and not keepdims and not isinstance(axis, tuple):
            return None  # the choosers have these, of more types
        ddof = ddof or 0
        if type(ddof) is not int or type(keepdims) is not bool or ddof < 0:
            return None
        return _spread_choice(name, axis, ddof, keepdims)

    return make


@functools.cache
def _spread_choice(name: str, axis: loops.Axis, ddof: int, keeps: bool) -> Choice:
    def ours(array: Any) -> Function | None:
        whole = isinstance(array, types.Array) and array.dtype in (types.int64, types.boolean)
        floats = conversions.result_type(array, types.float64) if whole else array
        if floats is None or loops.result_type("mean", floats, axis, keeps) is None:
            return None
        return spread(name, axis, ddof, keeps, whole)

    ours.is_certain = lambda array: (
        array.dtype in loops.FLOATS and loops.is_certain(name, array, axis)
    )
    return choice_of(name, list_arrays.taking_lists(ours))


@functools.cache
def spread(name: str, axis: loops.Axis, ddof: int, keeps: bool, whole: bool) -> Function:
    """Return a function for the variance, or its root; whole: of integers, as floats."""
    lines = [
        "apart = subtract(values, mean(values))",
        "found = spread_of(multiply(apart, apart))",
        "return sqrt(found)" if name == "std" else "return found",
    ]
    if whole:  # the order of the sum makes no difference where it is exact
        lines = [
            "values = floats(values)",
            "if total(absolute(values)) > EXACT:",
            "    bail_out()",
            *lines,
        ]
    return written(
        "spread",
        "values",
        lines,
        subtract=SUBTRACT,
        multiply=MULTIPLY,
        sqrt=SQRT,
        absolute=ABSOLUTE,
        floats=FLOATS,
        EXACT=EXACT,
        total=loops.reduction("sum", loops.ALL, False),
        mean=loops.reduction("mean", axis, True),
        spread_of=loops.reduction("mean", axis, keeps, ddof),
    )


# -- norms


def _norm(_given: Any, *, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    if not _is_axis(axis) or type(keepdims) is not bool:
        return None
    if isinstance(axis, tuple) and len(axis) not in (1, 2):
        return None
    known = ord is None or ord in ("fro", 1, 2) or (type(ord) is float and math.isinf(ord))
    if not known or type(ord) is bool:
        return None
    return _norm_choice(ord, axis, keepdims)


@functools.cache
def _norm_choice(kind: Any, axis: loops.Axis, keeps: bool) -> Choice:
    def ours(array: Any) -> Function | None:
        if not isinstance(array, types.Array) or array.dtype not in NORMED:
            return None
        floats = array
        if array.dtype == types.int64:
            floats = conversions.result_type(array, types.float64)
        if floats is None or array.ndim == 0 or not array.aligned:
            return None
        if axis is None:
            return _norm_of_all(kind, keeps, floats, array)
        axes = axis if isinstance(axis, tuple) else (axis,)
        if not all(-array.ndim <= each < array.ndim for each in axes):
            return None
        if len(axes) == 1:
            return _norm_along(kind, axes[0], keeps, floats, array)
        both = kind in (None, "fro") and array.dtype != types.complex128
        return norm("squares", axes, keeps, array.dtype) if both else None

    ours.is_certain = lambda array: kind != math.inf and not isinstance(axis, tuple)
    return choice_of("norm", ours)


NORMED = (types.float64, types.float32, types.int64, types.complex128)


def _norm_of_all(kind: Any, keeps: bool, floats: Any, array: Any) -> Function | None:
    plain = kind is None or (kind == "fro" and array.ndim == 2) or (kind == 2 and array.ndim == 1)
    if plain:
        known = not keeps and (array.ndim == 1 or array.layout in ("C", "F"))
        return norm("all", array.layout, False, array.dtype) if known else None
    if array.ndim == 1 and kind != "fro":
        return _norm_along(kind, 0, keeps, floats, array)
    return None


def _norm_along(kind: Any, axis: int, keeps: bool, floats: Any, array: Any) -> Function | None:
    if array.dtype == types.complex128 or kind == "fro" or kind == -math.inf:
        return None
    name = {None: "squares", 2: "squares", 1: "sizes", math.inf: "largest"}[kind]
    if loops.result_type("max" if name == "largest" else "sum", floats, axis, keeps) is None:
        return None
    return norm(name, axis, keeps, array.dtype)


@functools.cache
def norm(name: str, axis: Any, keeps: bool, element: Any) -> Function:
    """Return a function for a norm, in NumPy's steps; of all items `axis` is the layout."""
    lines = ["values = floats(values)"] if element == types.int64 else []
    lines += {
        "squares": ["return sqrt(total(multiply(values, values)))"],
        "sizes": ["return total(absolute(values))"],
        "largest": ["return largest(absolute(values))"],
        "all": _dot_lines(axis, element),
    }[name]
    axes = None if name == "all" else axis
    return written(
        "norm",
        "values",
        lines,
        floats=FLOATS,
        sqrt=SQRT,
        multiply=MULTIPLY,
        absolute=ABSOLUTE,
        dot=cores.matmul,
        total=loops.reduction("sum", axes, keeps),
        largest=loops.reduction("max", axes, keeps),
    )


def _dot_lines(layout: str, element: Any) -> list[str]:
    """Return the lines for the norm of all items, as they lie in memory."""
    turned = "values.T" if layout == "F" else "values"
    lines = [f"line = {turned}.reshape(values.size)"]
    if layout == "A" and element != types.int64:
        lines = ["line = values.copy()"]
    elif layout == "A":
        lines = ["line = values"]
    if element == types.complex128:
        return [*lines, "return sqrt(dot(line.real, line.real) + dot(line.imag, line.imag))"]
    return [*lines, "return sqrt(dot(line, line))"]


REDUCED = {name: _reduced(name) for name in loops.UFUNCS}
OF_FUNCTION = ("a", "axis", "dtype", "out", "keepdims")
OF_EXTREME = ("a", "axis", "out", "keepdims")
OF_SPREAD = ("a", "axis", "dtype", "out", "ddof", "keepdims")


def _names(name: str) -> tuple[str, ...]:
    return OF_EXTREME if name in ("max", "min") else OF_FUNCTION


METHODS: dict[str, Form] = {
    **{name: Form(_names(name), ("a",), make) for name, make in REDUCED.items()},
    **{name: Form(OF_SPREAD, ("a",), _spread(name)) for name in ("var", "std")},
}
FUNCTIONS: dict[Any, Form] = {
    **{getattr(numpy, name): form for name, form in METHODS.items()},
    numpy.amax: METHODS["max"],
    numpy.amin: METHODS["min"],
    numpy.linalg.norm: Form(("x", "ord", "axis", "keepdims"), ("x",), _norm),
}
