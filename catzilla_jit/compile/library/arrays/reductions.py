"""Reductions of arrays: which function gives NumPy's answer, by the type of the array and the axis.

`a.sum()`, `numpy.sum(a)` and the same with an `axis` become calls of a chooser. Where nothing of
ours is chosen it is Numba's own; `is_alike` tells whether that is the same as NumPy's.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, cast

import numpy
from numba.core import types

from catzilla_jit.compile.analysis import number_kinds, numpy_parity
from catzilla_jit.compile.analysis.number_kinds import BOOL, FLOAT, INT
from catzilla_jit.compile.library import builtin_functions
from catzilla_jit.compile.library.arrays import axis as axes
from catzilla_jit.compile.library.arrays import list_arrays, pairwise_sum
from catzilla_jit.compile.library.ufuncs import operators, signatures
from catzilla_jit.compile.library.ufuncs import reductions as loops

Function = Callable[..., Any]

#: Those without an axis, by their names.
REDUCED = ("sum", "mean", "var", "std", "cumsum", "prod", "max", "min", "argmax", "argmin")
#: What reduces a line of floats that may not be aligned, as the field of a record.
FIELDS: dict[str, Function] = {
    "sum": pairwise_sum.sum_of_field, "mean": pairwise_sum.mean_of_field,
    "var": pairwise_sum.var_of_field, "std": pairwise_sum.std_of_field,
    "cumsum": pairwise_sum.cumsum_of_line, "prod": pairwise_sum.prod_of_line,
    "max": pairwise_sum.max_of_floats, "min": pairwise_sum.min_of_floats,
}  # fmt: skip
#: What Numba has for other arrays, by the kinds for which NumPy has the same.
OTHERS: dict[str, set[int]] = {
    "sum": {BOOL, INT}, "cumsum": {BOOL, INT}, "prod": {BOOL, INT}, "max": {INT}, "min": {INT},
    "argmax": {BOOL, INT, FLOAT}, "argmin": {BOOL, INT, FLOAT},
}  # fmt: skip


def _numbas(name: str) -> Function:
    """Return a function that calls the method itself; the module keeps it from being redirected."""
    namespace = {"__name__": builtin_functions.__name__}
    exec(f"def reduced(values):\n    return values.{name}()", namespace)
    return cast("Function", namespace["reduced"])


NUMBAS = {name: _numbas(name) for name in REDUCED}


def sum_of_arrays(item: Any) -> Function | None:
    """Return what adds the arrays of a list one by one, as `sum` does: the first to 0."""
    dense = item.ndim == 1 or item.layout in ("C", "F")
    if item.ndim == 0 or not dense or not item.aligned or item.dtype not in signatures.DTYPES:
        return None
    return None if item.dtype == types.boolean else _added


def _made_adder() -> Function:
    lines = (
        "    if len(values) == 0:", "        bail_out()", "    total = add(0, values[0])",
        "    for i in range(1, len(values)):", "        total = add(total, values[i])",
        "    return total",
    )  # fmt: skip
    namespace = {
        "__name__": builtin_functions.__name__,
        "bail_out": builtin_functions.bail_out,
        "add": operators.CALLS[operator.add],
    }
    exec("def sum_of_arrays(values):\n" + "\n".join(lines), namespace)
    return cast("Function", namespace["sum_of_arrays"])


_added = _made_adder()


def _ours(name: str, type_: Any) -> Function | None:
    return _by_loops(name, type_, loops.ALL) or _own(name, type_)


def _of_list(name: str, line: Any, type_: Any) -> Function | None:
    """Return what reduces a list of numbers: the array that NumPy makes of it."""
    function = None if line is None else _ours(name, line)
    if function is None and line is not None and _is_numbas(name, line):
        function = NUMBAS[name]
    return None if function is None else list_arrays.of_array(function, type_)


def _by_loops(name: str, type_: Any, axis: int | None) -> Function | None:
    """Return a function that reduces by NumPy's loops, where that is known."""
    spread = name in SPREADS
    if loops.result_type("mean" if spread else name, type_, axis, False) is None:
        return None
    return _spread(name, axis) if spread else _called(name, axis)


#: The body of each, in NumPy's steps.
SPREADS = {"var": "mean(square)", "std": "sqrt(mean(square))"}


@functools.cache
def _spread(name: str, axis: int | None) -> Function:
    """Return a function for the variance, or its root: each step is one of NumPy's loops."""
    namespace = {
        "__name__": builtin_functions.__name__,
        "mean": loops.reduction("mean", axis, False),
        "kept": loops.reduction("mean", axis, True),
        "subtract": operators.CALLS[operator.sub],
        "multiply": operators.CALLS[operator.mul],
        "sqrt": operators.FUNCTIONS[numpy.sqrt, 1],
    }
    arguments = "values" if axis is loops.ALL else "values, axis"
    lines = (
        f"def reduced({arguments}):",
        "    apart = subtract(values, kept(values))",
        "    square = multiply(apart, apart)",
        f"    return {SPREADS[name]}",
    )
    exec("\n".join(lines), namespace)
    return cast("Function", namespace["reduced"])


@functools.cache
def _called(name: str, axis: int | None) -> Function:
    namespace = {
        "__name__": builtin_functions.__name__,
        "reduction": loops.reduction(name, axis, False),
    }
    arguments = "values" if axis is loops.ALL else "values, axis"
    exec(f"def reduced({arguments}):\n    return reduction(values)", namespace)
    return cast("Function", namespace["reduced"])


def _own(name: str, type_: Any) -> Function | None:
    if not isinstance(type_, types.Array) or type_.ndim == 0:
        return None
    if name == "mean" and type_.dtype in (types.boolean, types.int64):
        return pairwise_sum.mean_of_whole
    if type_.dtype != types.float64 or type_.ndim > 1:
        return None
    if type_.aligned:  # NumPy's loops have the others
        return pairwise_sum.cumsum_of_line if name == "cumsum" else None
    return FIELDS.get(name)


def _choice(name: str, *, lists: bool = False) -> Function:
    """Return the chooser of a reduction; lists: also of a list, which has no such method."""

    def choice(type_: Any) -> Function | None:
        if lists and list_arrays.is_list(type_):
            return _of_list(name, list_arrays.line_type(type_), type_) or NUMBAS[name]
        return _ours(name, type_) or NUMBAS[name]

    choice.__name__ = f"numpy_{name}"
    return choice


#: What reduces a line whatever the order, with the type of the result; by name and kind.
LINES: dict[tuple[str, int], tuple[Function, type]] = {
    ("sum", BOOL): (axes.whole_sum, numpy.int64), ("sum", INT): (axes.whole_sum, numpy.int64),
    ("mean", BOOL): (axes.whole_mean, numpy.float64),
    ("mean", INT): (axes.whole_mean, numpy.float64),
    ("max", FLOAT): (pairwise_sum.max_of_floats, numpy.float64),
    ("min", FLOAT): (pairwise_sum.min_of_floats, numpy.float64),
    ("max", INT): (axes.whole_max, numpy.int64), ("min", INT): (axes.whole_min, numpy.int64),
    **{("argmax", kind): (axes.argmax, numpy.int64) for kind in (BOOL, INT, FLOAT)},
    **{("argmin", kind): (axes.argmin, numpy.int64) for kind in (BOOL, INT, FLOAT)},
    **{("any", kind): (axes.any_true, numpy.bool_) for kind in (BOOL, INT, FLOAT)},
    **{("all", kind): (axes.all_true, numpy.bool_) for kind in (BOOL, INT, FLOAT)},
}  # fmt: skip
#: They have an answer where there is no item.
OF_NOTHING = {"sum", "any", "all"}


def _along(name: str, type_: Any, axis: Any) -> Function | None:
    """Return what reduces an array along a constant axis as NumPy does."""
    found = None
    if isinstance(axis, types.NoneType):
        return _of_all(name, type_)
    if isinstance(axis, types.IntegerLiteral):
        found = _by_loops(name, type_, axis.literal_value)
    return found or _own_along(name, type_, axis)


def _of_all(name: str, type_: Any) -> Function | None:
    """Return what reduces all of an array, with None for the axis."""
    if name in ("any", "all"):
        plain = isinstance(type_, types.Array) and type_.ndim > 0 and type_.aligned
        known = plain and type_.dtype in (types.boolean, types.int64, types.float64)
        return axes.of_the_line(_numbas(name)) if known else None
    if not isinstance(type_, types.Array) or not is_alike(f"numpy_{name}", type_):
        return None
    return axes.of_the_line(_ours(name, type_) or NUMBAS[name])


def _own_along(name: str, type_: Any, axis: Any) -> Function | None:
    if not isinstance(type_, types.Array) or not type_.aligned:
        return None
    if not isinstance(axis, types.IntegerLiteral) or type_.ndim not in (1, 2, 3):
        return None
    if not -type_.ndim <= axis.literal_value < type_.ndim:
        return None
    if type_.ndim == 1:
        return _of_the_line(name, type_)
    found = _line(name, type_)
    if found is None:
        return None
    if type_.ndim == 3:
        is_last = axis.literal_value % 3 == 2 and type_.layout == "C"
        return axes.of_the_last(axes.of_each_row(*found, name in OF_NOTHING)) if is_last else None
    each = axes.of_each_row if axis.literal_value % 2 == 1 else axes.of_each_column
    return each(*found, name in OF_NOTHING)


def _line(name: str, type_: Any) -> tuple[Function, type] | None:
    plain = type_.dtype in (types.boolean, types.int64, types.float64)
    return LINES.get((name, cast("int", number_kinds.kind(type_.dtype)))) if plain else None


def _of_the_line(name: str, type_: Any) -> Function | None:
    if name in ("any", "all"):
        found = _line(name, type_)
        return found and axes.of_the_line(found[0])
    if not is_alike(f"numpy_{name}", type_):
        return None
    return axes.of_the_line(_ours(name, type_) or NUMBAS[name])


def _axis_choice(name: str, axis: str) -> Function:
    """Return the chooser for calls with an axis, which are written like `axis`."""
    namespace = {"__name__": builtin_functions.__name__}
    exec(f"def reduced(values, axis):\n    return values.{name}({axis})", namespace)

    def choice(type_: Any, place: Any) -> Function | None:
        return _along(name, type_, place) or cast("Function", namespace["reduced"])

    choice.__name__ = f"numpy_{name}_along"
    return choice


def is_alike(chooser: str, type_: Any, axis: Any = None) -> bool:
    """Tell whether what a chooser of this name chooses is the same as NumPy's."""
    name = chooser.removeprefix("numpy_").removesuffix("_along")
    if axis is not None:
        return _along(name, type_, axis) is not None
    return _ours(name, type_) is not None or _is_numbas(name, type_)


def _is_numbas(name: str, type_: Any) -> bool:
    """Tell whether Numba reduces an array of this type as NumPy does."""
    plain = isinstance(type_, types.Array) and type_.dtype in numpy_parity.PLAIN
    return plain and number_kinds.kind(type_.dtype) in OTHERS.get(name, ())


METHODS: dict[tuple[str, int], Function] = {(name, 0): _choice(name) for name in REDUCED}
CALLS: dict[tuple[Any, int], Function] = {
    (getattr(numpy, name), 1): _choice(name, lists=True) for name in REDUCED
}
CALLS[numpy.amax, 1], CALLS[numpy.amin, 1] = CALLS[numpy.max, 1], CALLS[numpy.min, 1]

WITH_AXIS = sorted({"prod", "var", "std", *(name for name, _ in LINES)})
#: Choosers for a call with an axis: by position, and by name.
METHODS_BY_NAME = {name: _axis_choice(name, "axis=axis") for name in WITH_AXIS}
CALLS_BY_NAME = {getattr(numpy, name): choice for name, choice in METHODS_BY_NAME.items()}
METHODS.update({(name, 1): _axis_choice(name, "axis") for name in WITH_AXIS})
CALLS.update({(getattr(numpy, name), 2): METHODS[name, 1] for name in WITH_AXIS})
for _old, _name in ((numpy.amax, "max"), (numpy.amin, "min")):
    CALLS_BY_NAME[_old], CALLS[_old, 2] = METHODS_BY_NAME[_name], METHODS[_name, 1]
#: The names of the choosers: what they return is NumPy's.
NAMES = frozenset(choice.__name__ for choice in METHODS.values())
