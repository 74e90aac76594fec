"""Calls with two lines: convolutions, averages, outer products, polynomials, items by places."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays import making, pairing, quantiles
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.order_forms import SORTED
from catzilla_jit.compile.library.arrays.reduction_forms import MULTIPLY
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import cores, indexing, operators, signatures
from catzilla_jit.compile.library.ufuncs import reductions as loops

NUMBERS = (types.float64, types.int64)
MODES = {"valid": 0, "same": 1, "full": 2}
TOTAL = loops.reduction("sum", loops.ALL, False)


def _is_line(type_: Any, *elements: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.aligned and type_.ndim == 1
    return known and type_.dtype in (elements or NUMBERS)


def _is_int(type_: Any) -> bool:
    return types.unliteral(type_) == types.int64


def _convolved(_given: Any, *, mode: Any = "full") -> Any:
    if mode not in MODES or not making.IS_PLAIN:
        return None

    def ours(first: Any, second: Any) -> Function | None:
        plain = all(
            _is_line(each, types.float64) and each.layout == "C" for each in (first, second)
        )
        if not plain:
            return None
        return written("convolve", "a, v", [f"return convolved(a, v, {MODES[mode]})"],
                       convolved=pairing.convolved)  # fmt: skip

    return choice_of("convolve", ours, certain=True)


def _correlated(_given: Any, *, mode: Any = "valid") -> Any:
    if mode not in MODES or not making.IS_PLAIN:
        return None
    lines = ["if len(a) < len(v):", "    bail_out()",
             f"return convolved(a, v[::-1], {MODES[mode]})"]  # fmt: skip

    def ours(first: Any, second: Any) -> Function | None:
        plain = all(
            _is_line(each, types.float64) and each.layout == "C" for each in (first, second)
        )
        if not plain:
            return None
        return written("correlate", "a, v", lines, convolved=pairing.convolved)

    return choice_of("correlate", ours)


def _averaged(given: Any) -> Any:
    def ours(line: Any, weights: Any = None) -> Function | None:
        if not _is_line(line, types.float64):
            return None
        if len(given) == 1:
            mean = loops.reduction("mean", loops.ALL, False)
            return written("average", "a", ["return mean(a)"], mean=mean)
        if not _is_line(weights, types.float64):
            return None
        lines = [
            "if len(a) != len(w):", "    bail_out()", "scale = total(w)", "if scale == 0.0:",
            "    bail_out()", "return divide(total(multiply(a, w)), scale)",
        ]  # fmt: skip
        return written("average", "a, w", lines, total=TOTAL, multiply=MULTIPLY,
                       divide=operators.FUNCTIONS[numpy.divide, 2])  # fmt: skip

    return choice_of("average", ours, certain=True)


def _product_of_lines(name: str) -> Any:
    def make(_given: Any) -> Any:
        def ours(*lines: Any) -> Function | None:
            plain = all(_is_line(each, types.float64) and each.layout == "C" for each in lines)
            if not plain:
                return None
            return written("product", "a, b", ["return dot(a, b)"], dot=cores.dot)

        return choice_of(name, ours, certain=True)

    return make


def _outer(_given: Any) -> Any:
    def ours(*lines: Any) -> Function | None:
        if not all(_is_line(each, types.float64, types.int64) for each in lines):
            return None
        return written("outer", "a, b", ["return multiply(a[:, None], b[None, :])"],
                       multiply=MULTIPLY)  # fmt: skip

    return choice_of("outer", ours, certain=True)


def _kronecker(_given: Any) -> Any:
    def ours(first: Any, second: Any) -> Function | None:
        both = (first, second)
        plain = all(isinstance(each, types.Array) and each.aligned for each in both)
        if not plain or any(each.layout != "C" or each.dtype not in NUMBERS for each in both):
            return None
        if first.ndim != second.ndim or first.ndim not in (1, 2):
            return None
        lines = ["return multiply(a[:, None], b[None, :]).reshape(len(a) * len(b))"]
        if first.ndim == 2:
            lines = [
                "rows, columns = a.shape[0] * b.shape[0], a.shape[1] * b.shape[1]",
                "blocks = multiply(a[:, None, :, None], b[None, :, None, :])",
                "return blocks.reshape(rows, columns)",
            ]
        return written("kron", "a, b", lines, multiply=MULTIPLY)

    return choice_of("kron", ours, certain=True)


def _taken(_given: Any, *, axis: Any = None) -> Any:
    if axis not in (None, 0) or type(axis) is bool:
        return None

    def ours(array: Any, places: Any) -> Function | None:
        if indexing.picked_type(array, places) is None or (axis is None and array.ndim > 1):
            return None
        return written("take", "a, i", ["return take_items(a, i)"], take_items=indexing.take_items)

    return choice_of("take", ours, certain=True)


def _polynomial(_given: Any) -> Any:
    if not making.IS_PLAIN:
        return None

    def ours(coefficients: Any, x: Any) -> Function | None:
        if not _is_line(coefficients, types.float64):
            return None
        if _is_line(x, types.float64):
            return pairing.polynomials
        number = types.unliteral(x) in NUMBERS
        if not number:
            return None
        return written("polyval", "p, x", ["return polynomial(p, float(x))"],
                       polynomial=pairing.polynomial)  # fmt: skip

    return choice_of("polyval", ours, certain=True)


def _histogram(given: Any, *, range: Any = None, density: Any = False) -> Any:
    if density not in (None, False, True):
        return None
    numbers = isinstance(range, tuple) and all(type(each) in (int, float) for each in range)
    if range is not None and not (numbers and len(range) == 2):
        return None

    def ours(line: Any, count: Any = types.int64) -> Function | None:
        if _is_line(line) and _is_line(count):
            return _between_edges(line, count, bool(density)) if range is None else None
        if not _is_line(line) or not _is_int(count):
            return None
        names = "a, bins" if len(given) == 2 else "a"
        counted = "bins" if len(given) == 2 else "10"
        call = f"return counted_in_bins(a, {counted})"
        if range is not None:
            low, high = (repr(float(each)) for each in range)
            call = f"return counted_between(a, {counted}, {low}, {high})"
        if density:
            call = call.replace("return ", "return dense(*") + ")"
        return written("histogram", names, [call], counted_in_bins=pairing.counted_in_bins,
                       counted_between=pairing.counted_between, dense=pairing.dense)  # fmt: skip

    return choice_of("histogram", ours)


def _between_edges(line: Any, edges: Any, density: bool) -> Function | None:
    """Return what counts between bounds that are told, which are returned as they are."""
    floats = "a, bins.astype(numpy.float64)" if edges.dtype != types.float64 else "a, bins"
    whole = line.dtype == edges.dtype == types.int64
    lines = [f"counts = counted_by_edges({'a, bins' if whole else floats})"]
    lines.append("return dense(counts, bins)" if density else "return counts, bins")
    return written("histogram", "a, bins", lines, numpy=numpy, dense=pairing.dense,
                   counted_by_edges=pairing.counted_by_edges)  # fmt: skip


def _among(_given: Any) -> Any:
    def ours(numbers: Any, known: Any) -> Function | None:
        if not _is_line(numbers) or not _is_line(known) or numbers.dtype != known.dtype:
            return None
        return written("isin", "a, b", ["return is_among(a, order(b))"], order=SORTED,
                       is_among=pairing.is_among)  # fmt: skip

    return choice_of("isin", ours, certain=True)


def _combined(line: str) -> Any:
    """Return what makes the chooser of what two lines of integers, as sets, make."""
    lines = ["first = unique(order(a))", line]
    function = written(
        "combined", "a, b", lines, numpy=numpy, order=SORTED, is_among=pairing.is_among,
        unique=quantiles.unique,
    )  # fmt: skip

    def make(_given: Any) -> Any:
        def ours(*given: Any) -> Function | None:
            return function if all(_is_line(each, types.int64) for each in given) else None

        return choice_of("combined", ours, certain=True)

    return make


def _swapped(_given: Any, *, axis1: Any = None, axis2: Any = None) -> Any:
    if type(axis1) is not int or type(axis2) is not int:
        return None

    def ours(table: Any) -> Function | None:
        known = isinstance(table, types.Array) and table.ndim == 2
        if not known or table.dtype not in signatures.DTYPES:
            return None
        if not {axis1, axis2} <= {-2, -1, 0, 1} or axis1 % 2 == axis2 % 2:
            return None
        return written("swapped", "a", ["return a.T"])

    return choice_of("swapaxes", ours, certain=True)


FUNCTIONS: dict[Any, Form] = {
    numpy.convolve: Form(("a", "v", "mode"), ("a", "v"), _convolved),
    numpy.correlate: Form(("a", "v", "mode"), ("a", "v"), _correlated),
    numpy.average: Form(("a", "axis", "weights"), ("a", "weights"), _averaged),
    numpy.vdot: Form(("a", "b", "/"), ("a", "b"), _product_of_lines("vdot")),
    numpy.inner: Form(("a", "b", "/"), ("a", "b"), _product_of_lines("inner")),
    numpy.outer: Form(("a", "b"), ("a", "b"), _outer),
    numpy.kron: Form(("a", "b"), ("a", "b"), _kronecker),
    numpy.take: Form(("a", "indices", "axis"), ("a", "indices"), _taken),
    numpy.polyval: Form(("p", "x"), ("p", "x"), _polynomial),
    numpy.histogram: Form(("a", "bins", "range", "density"), ("a", "bins"), _histogram),
    numpy.isin: Form(("element", "test_elements"), ("element", "test_elements"), _among),
    numpy.union1d: Form(
        ("ar1", "ar2"),
        ("ar1", "ar2"),
        _combined("return unique(order(numpy.concatenate((first, b))))"),
    ),
    numpy.intersect1d: Form(
        ("ar1", "ar2"), ("ar1", "ar2"), _combined("return first[is_among(first, order(b))]")
    ),
    numpy.setdiff1d: Form(
        ("ar1", "ar2"), ("ar1", "ar2"), _combined("return first[~is_among(first, order(b))]")
    ),
    numpy.swapaxes: Form(("a", "axis1", "axis2"), ("a",), _swapped),
}
METHODS: dict[str, Form] = {
    "take": FUNCTIONS[numpy.take],
    "swapaxes": FUNCTIONS[numpy.swapaxes],
}
