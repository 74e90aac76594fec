"""Sorted arrays and what is read from them: medians, quantiles, places."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays import list_arrays, making, places, quantiles
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.reduction_forms import FLOATS
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import indexing, sorting
from catzilla_jit.compile.target.numpy_sorts import KINDS

NUMBERS = (types.float64, types.int64)
SORTED = sorting.sorting(-1, False, "quicksort")


def _sorted(of_places: bool) -> Any:
    def make(
        _given: Any, *, axis: Any = -1, kind: Any = None, order: Any = None, stable: Any = None
    ) -> Any:
        if type(axis) is not int or order is not None or stable is not None:
            return None
        kind = "quicksort" if kind is None else kind
        return sorting.sorting(axis, of_places, kind) if kind in KINDS else None

    return make


def _is_line(type_: Any, *elements: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.aligned and type_.ndim == 1
    return known and type_.dtype in (elements or NUMBERS)


def _is_sortable(type_: Any) -> bool:
    """Tell whether all items of an array are sorted as floats or integers, as a line or rows."""
    if not isinstance(type_, types.Array) or type_.dtype not in NUMBERS or not type_.aligned:
        return False
    whole = types.Array(type_.dtype, type_.ndim, "C")
    return sorting.result_type(whole, -1, False, "quicksort") is not None


def _is_number(type_: Any) -> bool:
    return types.unliteral(type_) in NUMBERS


def _flat(array: Any) -> str:
    """Return how the items of an array are taken as a line, which will be sorted."""
    if array.ndim == 1:
        return "values"
    whole = "values" if array.layout == "C" else "numpy.ascontiguousarray(values)"
    return f"{whole}.ravel()"


def _lines_along(array: Any, axis: int) -> str | None:
    """Return how the lines of a table along an axis are taken as rows, None if it is no table."""
    if not _is_sortable(array) or array.ndim != 2 or not -2 <= axis < 2:
        return None
    if axis % 2 and array.layout == "C":
        return "values"
    return f"numpy.ascontiguousarray({'values' if axis % 2 else 'values.T'})"


# -- quantiles


def _of_sorted(function: Function, fits: Callable[..., bool] | None = None) -> Any:
    """Return what makes the chooser of a function of a sorted line, and of other values."""

    def make(_given: Any) -> Any:
        def ours(array: Any, *others: Any) -> Function | None:
            if not _is_sortable(array) or (others and not (fits and fits(*others))):
                return None
            names = ", ".join(["values", *(f"x{i}" for i in range(len(others)))])
            rest = "".join(f", x{i}" for i in range(len(others)))
            line = f"return function(order({_flat(array)}){rest})"
            return written("of_sorted", names, [line], function=function, order=SORTED, numpy=numpy)

        return choice_of(function.__name__, list_arrays.taking_lists(ours))

    return make


def _median_along(_given: Any, *, axis: Any = None) -> Any:
    if axis is None:
        return _of_sorted(quantiles.median)(_given)
    if type(axis) is not int:
        return None

    flat = _of_sorted(quantiles.median)(_given).ours

    def ours(array: Any) -> Function | None:
        if isinstance(array, types.Array) and array.ndim == 1 and axis in (0, -1):
            return flat(array)
        rows = _lines_along(array, axis)
        if rows is None:
            return None
        lines = [
            f"table = order({rows})",
            "found = numpy.empty(len(table))",
            "for i in range(len(table)):",
            "    found[i] = median(table[i])",
            "return found",
        ]
        return written(
            "medians", "values", lines, numpy=numpy, order=SORTED, median=quantiles.median
        )

    return choice_of("median", ours)


def _quantiles_along(array: Any, q: str, axis: int | None, several: Function) -> Any:
    """Return the source of quantiles of an array, or of the lines along an axis, and its names.

    q: the source of the numbers; None where it is not known.
    """
    names = {"function": several, "order": SORTED, "numpy": numpy}
    if axis is None:
        return [f"return function(order({_flat(array)}), {q})"], names
    rows = _lines_along(array, axis)
    if rows is None:
        return None
    lines = [
        f"table, numbers = order({rows}), {q}",
        "found = numpy.empty((len(numbers), len(table)))",
        "for i in range(len(table)):",
        "    found[:, i] = function(table[i], numbers)",
        "return found",
    ]
    return lines, names


def _quantile(one: Function, several: Function) -> Any:
    """Return what makes the chooser, for a number that is handed over."""

    def make(_given: Any, *, axis: Any = None) -> Any:
        if axis is not None and type(axis) is not int:
            return None

        def ours(array: Any, q: Any) -> Function | None:
            many = _is_line(q)
            if not _is_sortable(array) or not (many or _is_number(q)):
                return None
            if many or axis is None:
                made = _quantiles_along(array, "q", axis, several if many else one)
            else:
                made = _quantiles_along(array, "numpy.array([1.0 * q])", axis, several)
            if made is None:
                return None
            lines, names = made
            if axis is not None and not many:
                lines[-1] = "return found[0]"
            return written("of_sorted", "values, q", lines, **names)

        return choice_of(one.__name__, list_arrays.taking_lists(ours))

    return make


def _listed_quantiles(several: Function) -> Any:
    """Return what makes the chooser, for numbers that are written out."""

    def make(_given: Any, *, q: Any = None, axis: Any = None) -> Any:
        if not isinstance(q, tuple) or not all(type(each) in (int, float) for each in q):
            return None
        if axis is not None and type(axis) is not int:
            return None

        def ours(array: Any) -> Function | None:
            if not _is_sortable(array) or not q:
                return None
            numbers = ", ".join(repr(float(each)) for each in q)
            made = _quantiles_along(array, f"numpy.array([{numbers}])", axis, several)
            return None if made is None else written("of_sorted", "values", made[0], **made[1])

        return choice_of(several.__name__, list_arrays.taking_lists(ours))

    return make


def _quantile_form(one: Function, several: Function) -> Form:
    names = ("a", "q", "axis")
    handed = Form(names, ("a", "q"), _quantile(one, several))
    return Form(names, ("a",), _listed_quantiles(several), other=handed)


def _unique(
    _given: Any,
    *,
    return_index: Any = False,
    return_inverse: Any = False,
    return_counts: Any = False,
) -> Any:
    flags = (return_index, return_inverse, return_counts)
    if not all(type(each) is bool for each in flags):
        return None
    if not return_index and not return_inverse:
        return _of_sorted(quantiles.unique_counts if return_counts else quantiles.unique)(_given)
    return _unique_places(*flags)


def _unique_places(index: bool, inverse: bool, counts: bool) -> Any:
    """Return the chooser of `unique` that tells where the items are, in the steps of NumPy."""
    lines = [
        "order = places(a)", "items = take_items(a, order)", "first = firsts(items)",
        "found = take_items(items, first)",
    ]  # fmt: skip
    parts = ["found"]
    if index:
        lines.append("index = take_items(order, first)")
        parts.append("index")
    if inverse:
        lines.append("inverse = inverses(order, first)")
        parts.append("inverse")
    if counts:
        lines.append("counts = numbers(first, len(a))")
        parts.append("counts")
    lines.append(f"return {', '.join(parts)}")

    def ours(line: Any) -> Function | None:
        if not _is_line(line) or not _is_sortable(line):
            return None
        kind = "mergesort" if index else "quicksort"
        return written(
            "unique_places", "a", lines, places=sorting.sorting(-1, True, kind),
            take_items=indexing.take_items, firsts=quantiles.firsts,
            inverses=quantiles.inverses, numbers=quantiles.numbers,
        )  # fmt: skip

    return choice_of("unique", ours, certain=True)


# -- places


def _searched(_given: Any, *, side: Any = "left") -> Any:
    if side not in ("left", "right"):
        return None
    one, many = (getattr(places, f"{name}_{side}") for name in ("place", "places"))

    def ours(line: Any, numbers: Any) -> Function | None:
        if not _is_line(line) or not (_is_line(numbers) or _is_number(numbers)):
            return None
        return one if _is_number(numbers) else many

    return choice_of("searchsorted", ours, certain=True)


def _digitized(_given: Any, *, right: Any = False) -> Any:
    if type(right) is not bool:
        return None
    function = places.digitized_from_right if right else places.digitized
    return choice_of("digitize", lambda *lines: function if all(map(_is_line, lines)) else None)


def _interpolated(given: Any) -> Any:
    if len(given) != 3 or not making.IS_PLAIN:
        return None

    def ours(numbers: Any, xs: Any, ys: Any) -> Function | None:
        many = _is_line(numbers)
        if not (many or _is_number(numbers)) or not (_is_line(xs) and _is_line(ys)):
            return None
        function = places.interpolated_line if many else places.interpolated
        if xs.dtype == ys.dtype == types.float64:
            return function
        lines = [
            f"{name} = floats({name})"
            for name, type_ in (("xs", xs), ("ys", ys))
            if type_.dtype != types.float64
        ]
        return written("interp", "x, xs, ys", [*lines, "return interp(x, xs, ys)"],
                       floats=FLOATS, interp=function)  # fmt: skip

    return choice_of("interp", ours, certain=True)


def _counted(_given: Any, *, weights: Any = None) -> Any:
    if weights is not None:
        return None

    def ours(line: Any, least: Any = types.int64) -> Function | None:
        if not _is_line(line, types.int64) or types.unliteral(least) != types.int64:
            return None
        return places.counted if len(_given) == 1 else places.counted_up_to

    return choice_of("bincount", ours)


def _weighed(given: Any) -> Any:
    least = "minlength" if "minlength" in given else "0"
    lines = [
        "if len(x) == 0 or len(x) != len(weights):", "    bail_out()",
        f"made = numpy.zeros(len(counted(x, {least})))",
        "for i in range(len(x)):", "    made[x[i]] += weights[i]", "return made",
    ]  # fmt: skip

    def ours(line: Any, weights: Any, least: Any = types.int64) -> Function | None:
        known = _is_line(line, types.int64) and _is_line(weights)
        if not known or types.unliteral(least) != types.int64:
            return None
        return written("weighed", ", ".join(given), lines, numpy=numpy,
                       counted=places.counted_up_to)  # fmt: skip

    return choice_of("bincount", ours)


SORT = ("a", "axis", "kind", "order", "*", "stable")
FUNCTIONS: dict[Any, Form] = {
    numpy.sort: Form(SORT, ("a",), _sorted(False)),
    numpy.argsort: Form(SORT, ("a",), _sorted(True)),
    numpy.median: Form(("a", "axis"), ("a",), _median_along),
    numpy.quantile: _quantile_form(quantiles.quantile, quantiles.quantiles),
    numpy.percentile: _quantile_form(quantiles.percentile, quantiles.percentiles),
    numpy.unique: Form(("ar", "return_index", "return_inverse", "return_counts"), ("ar",), _unique),
    numpy.searchsorted: Form(("a", "v", "side"), ("a", "v"), _searched),
    numpy.digitize: Form(("x", "bins", "right"), ("x", "bins"), _digitized),
    numpy.interp: Form(("x", "xp", "fp"), ("x", "xp", "fp"), _interpolated),
    numpy.bincount: Form(
        ("x", "/", "weights", "minlength"),
        ("x", "minlength"),
        _counted,
        other=Form(("x", "/", "weights", "minlength"), ("x", "weights", "minlength"), _weighed),
    ),
}
METHODS: dict[str, Form] = {
    "argsort": FUNCTIONS[numpy.argsort],
    "searchsorted": FUNCTIONS[numpy.searchsorted],
}
