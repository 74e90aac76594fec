"""Comparisons of arrays, counts, and functions that leave NaN out, in the steps of NumPy."""

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

from catzilla_jit.compile.library.arrays import quantiles
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.order_forms import SORTED
from catzilla_jit.compile.library.arrays.reduction_forms import (
    ABSOLUTE,
    FLOATS,
    MULTIPLY,
    SQRT,
    SUBTRACT,
)
from catzilla_jit.compile.library.arrays.written import Choice, Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import choices, operators, signatures
from catzilla_jit.compile.library.ufuncs import reductions as loops
from catzilla_jit.compile.library.ufuncs.error_state import errors_are

NUMBERS = (types.float64, types.int64)
LOOPS = {
    "subtract": SUBTRACT, "multiply": MULTIPLY, "absolute": ABSOLUTE, "floats": FLOATS,
    "sqrt": SQRT, "add": operators.CALLS[operator.add], "where": choices.WHERE,
    "divide": operators.FUNCTIONS[numpy.divide, 2], "both": operators.CALLS[operator.and_],
    "either": operators.CALLS[operator.or_], "at_most": operators.CALLS[operator.le],
    "equal": operators.CALLS[operator.eq], "isnan": operators.FUNCTIONS[numpy.isnan, 1],
    "isfinite": operators.FUNCTIONS[numpy.isfinite, 1], "errors_are": errors_are,
}  # fmt: skip
LARGEST = float(numpy.finfo(float).max)
#: Whether this NumPy counts in Python's integers.
COUNTS_IN_INTS = type(numpy.count_nonzero(numpy.ones(1))) is int
#: The errors but `invalid`, as in `frontend/errstate.py`.
NOT_INVALID = 6


def _is_array(type_: Any, *elements: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.aligned and type_.ndim > 0
    return known and type_.dtype in elements


def _is_number(type_: Any) -> bool:
    return types.unliteral(type_) in NUMBERS


def _choice(name: str, ours: Any, *, pythons: bool = False, certain: bool = True) -> Choice:
    """Return a chooser; pythons: what is chosen returns a number of Python's."""
    made = choice_of(name, ours, certain=certain)
    if pythons:
        made.__name__ = f"{name}_of"
    return made


# -- near each other


def _close_lines(first: Any, second: Any, rtol: str, atol: str, nans: bool) -> list[str]:
    """Return the lines that compare in the steps of `numpy.isclose`."""
    if not isinstance(first, types.Array) and not isinstance(second, types.Array):
        nan = " or (x != x and y != y)" if nans else ""
        return [
            "x, y = float(x), float(y)",
            f"near = abs(x - y) <= {atol} + {rtol} * abs(y) and math.isfinite(y)",
            f"close = near or x == y{nan}",
        ]
    lines = [f"errors_are({NOT_INVALID})"]
    if isinstance(second, types.Array):
        if second.dtype == types.int64:
            lines.append("y = floats(y)")
        limit = f"add({atol}, multiply({rtol}, absolute(y)))"
        finite = "isfinite(y)"
    else:
        lines.append("y = float(y)")
        limit, finite = f"{atol} + {rtol} * abs(y)", "math.isfinite(y)"
    lines += [
        f"near = both(at_most(absolute(subtract(x, y)), {limit}), {finite})",
        "close = either(near, equal(x, y))",
    ]
    if nans:
        second_nan = "isnan(y)" if isinstance(second, types.Array) else "math.isnan(y)"
        first_nan = "isnan(x)" if isinstance(first, types.Array) else "math.isnan(x)"
        lines.append(f"close = either(close, both({first_nan}, {second_nan}))")
    return lines


def _near(name: str) -> Any:
    def make(given: Any, *, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False) -> Any:
        told = [each for each in given if each in ("rtol", "atol")]
        if not all(type(each) in (int, float) and math.isfinite(each) for each in (rtol, atol)):
            return None
        shown_rtol = "rtol" if "rtol" in told else repr(float(rtol))
        shown_atol = "atol" if "atol" in told else repr(float(atol))
        if type(equal_nan) is not bool or given[:2] != ("a", "b"):
            return None

        def ours(first: Any, second: Any, *tolerances: Any) -> Function | None:
            if not all(_is_array(each, *NUMBERS) or _is_number(each) for each in (first, second)):
                return None
            if not all(map(_is_number, tolerances)):
                return None
            lines = [f"{each} = float({each})" for each in told]
            lines += [f"if not math.isfinite({each}):\n        bail_out()" for each in told]
            lines += _close_lines(first, second, shown_rtol, shown_atol, equal_nan)
            result = ["return close"]
            arrays = isinstance(first, types.Array) or isinstance(second, types.Array)
            if name == "allclose" and arrays:
                result = [
                    "for flag in close.flat:",
                    "    if not flag:",
                    "        return False",
                    "return True",
                ]
            arguments = ", ".join(["x", "y", *told])
            return written(name, arguments, [*lines, *result], math=math, **LOOPS)

        return _choice(name, ours, pythons=name == "allclose", certain=not told)

    return make


def _all_equal(_given: Any) -> Any:
    def ours(first: Any, second: Any) -> Function | None:
        known = _is_array(first, *NUMBERS, types.boolean) and first.dtype == second.dtype
        if not known or not isinstance(second, types.Array) or not second.aligned:
            return None
        if first.ndim != second.ndim:
            return None
        lines = [
            "if x.shape != y.shape:", "    return False", "for flag in equal(x, y).flat:",
            "    if not flag:", "        return False", "return True",
        ]  # fmt: skip
        return written("array_equal", "x, y", lines, **LOOPS)

    return _choice("array_equal", ours, pythons=True)


def _is_complex(wanted: bool) -> Any:
    def make(_given: Any) -> Any:
        def ours(value: Any) -> Function | None:
            element = types.unliteral(getattr(value, "dtype", value))
            if element not in signatures.DTYPES or not (_is_any_array(value) or element is value):
                return None
            found = isinstance(element, types.Complex) is wanted
            return written("asked", "x", [f"return {found}"])

        return _choice("iscomplexobj", ours, pythons=True)

    return make


def _is_any_array(type_: Any) -> bool:
    return isinstance(type_, types.Array)


# -- counts


def _counted_along(_given: Any, *, axis: Any = None) -> Any:
    if axis not in (0, 1, -1, -2) or type(axis) is not int:
        return None
    lines = [
        f"counts = numpy.zeros(x.shape[{1 - axis % 2}], numpy.int64)",
        "for i in range(x.shape[0]):", "    for j in range(x.shape[1]):",
        f"        counts[{'ji'[axis % 2]}] += x[i, j] != 0", "return counts",
    ]  # fmt: skip
    function = written("counts", "x", lines, numpy=numpy)

    def ours(array: Any) -> Function | None:
        known = _is_array(array, *NUMBERS, types.boolean) and array.ndim == 2
        return function if known else None

    return choice_of("counts", ours, certain=True)


def _counted(_given: Any) -> Any:
    def ours(array: Any) -> Function | None:
        if not _is_array(array, *NUMBERS, types.boolean):
            return None
        lines = ["count = 0", "for value in x.flat:", "    if value:", "        count += 1",
                 "return count"]  # fmt: skip
        return written("count", "x", lines)

    return _choice("count_nonzero", ours, pythons=COUNTS_IN_INTS)


def _places(_given: Any) -> Any:
    def ours(array: Any) -> Function | None:
        if not _is_array(array, *NUMBERS, types.boolean) or array.ndim != 1:
            return None
        return written("places", "x", ["return numpy.nonzero(x)[0]"], numpy=numpy)

    return _choice("flatnonzero", ours)


# -- without NaN


def _axis(name: str, array: Any, axis: Any) -> bool:
    known = axis is None or type(axis) is int
    return known and loops.result_type(name, array, axis, False) is not None


def _sum_without(name: str) -> Any:
    def make(_given: Any, *, axis: Any = None) -> Any:
        def ours(array: Any) -> Function | None:
            if not _is_array(array, types.float64) or not _axis("sum", array, axis):
                return None
            lines = ["gone = isnan(x)", "found = total(where(gone, 0.0, x))"]
            if name == "nanmean":
                lines.append("found = divide(found, total(where(gone, 0.0, 1.0)))")
            return written(name, "x", [*lines, "return found"], **LOOPS,
                           total=loops.reduction("sum", axis, False))  # fmt: skip

        return _choice(name, ours)

    return make


def _spread_without(name: str) -> Any:
    def make(
        _given: Any, *, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0
    ) -> Any:
        if type(ddof) is not int or dtype is not None or out is not None:
            return None

        def ours(array: Any) -> Function | None:
            if not _is_array(array, types.float64) or not _axis("sum", array, axis):
                return None
            some = axis is not None and array.ndim > 1  # several sums, of which each has a number
            single = [f"if number <= {max(ddof, 0)}:", "    bail_out()"]
            lines = [
                "gone = isnan(x)",
                "number = kept(where(gone, 0.0, 1.0))",
                *(["for each in number.flat:", f"    if each <= {max(ddof, 0)}:",
                   "        bail_out()"] if some else single),
                "mean = divide(kept(where(gone, 0.0, x)), number)",
                "apart = where(gone, 0.0, subtract(where(gone, 0.0, x), mean))",
                f"degrees = subtract(total(where(gone, 0.0, 1.0)), {ddof}.0)",
                "found = divide(total(multiply(apart, apart)), degrees)",
                "return sqrt(found)" if name == "nanstd" else "return found",
            ]  # fmt: skip
            kept = loops.reduction("sum", axis, some)
            total = loops.reduction("sum", axis, False)
            return written(name, "x", lines, **LOOPS, kept=kept, total=total)

        return _choice(name, ours, certain=False)

    return make


def _extreme_without(name: str) -> Any:
    """Return what makes `nanmax` or `nanmin`: which of two zeros it is NumPy tells."""
    sign, reduction = ("-", "max") if name == "nanmax" else ("", "min")

    def make(_given: Any, *, axis: Any = None) -> Any:
        def ours(array: Any) -> Function | None:
            if not _is_array(array, types.float64) or not _axis(reduction, array, axis):
                return None
            one = "found" if loops.result_type(reduction, array, axis, False) == array.dtype else ""
            lines = [f"found = extreme(where(isnan(x), {sign}math.inf, x))"]
            check = f"value == {sign}math.inf or value == 0.0"
            if one:
                lines += [f"if {check.replace('value', 'found')}:", "    bail_out()"]
            else:
                lines += ["for value in found.flat:", f"    if {check}:", "        bail_out()"]
            return written(name, "x", [*lines, "return found"], math=math, **LOOPS,
                           extreme=loops.reduction(reduction, axis, False))  # fmt: skip

        return _choice(name, ours, certain=False)

    return make


@functools.cache
def _kept() -> Function:
    lines = [
        "count = 0", "for value in x.flat:", "    if value == value:", "        count += 1",
        "found = numpy.empty(count)", "count = 0", "for value in x.flat:",
        "    if value == value:", "        found[count] = value", "        count += 1",
        "return found",
    ]  # fmt: skip
    return written("kept", "x", lines, numpy=numpy)


def _median_without(_given: Any) -> Any:
    def ours(array: Any) -> Function | None:
        if not _is_array(array, types.float64):
            return None
        return written("nanmedian", "x", ["return median(order(kept(x)))"], kept=_kept(),
                       median=quantiles.median, order=SORTED)  # fmt: skip

    return _choice("nanmedian", ours, certain=False)


def _numbers_for_nan(_given: Any) -> Any:
    def ours(array: Any) -> Function | None:
        if not _is_array(array, types.float64) or (array.ndim > 1 and array.layout != "C"):
            return None
        lines = [
            "found = numpy.empty(x.size)", "place = 0", "for value in x.flat:",
            "    if value != value:", "        value = 0.0", "    elif value == math.inf:",
            f"        value = {LARGEST!r}", "    elif value == -math.inf:",
            f"        value = -{LARGEST!r}", "    found[place] = value",
            "    place += 1", "return found.reshape(x.shape)",
        ]  # fmt: skip
        return written("numbers", "x", lines, numpy=numpy, math=math)

    return _choice("nan_to_num", ours)


# -- the diagonal


def _trace(_given: Any) -> Any:
    def ours(array: Any) -> Function | None:
        if not _is_array(array, *NUMBERS) or array.ndim != 2:
            return None
        lines = [
            "count = min(x.shape[0], x.shape[1])", "line = numpy.empty(count, x.dtype)",
            "for i in range(count):", "    line[i] = x[i, i]", "return total(line)",
        ]  # fmt: skip
        return written("trace", "x", lines, numpy=numpy,
                       total=loops.reduction("sum", loops.ALL, False))  # fmt: skip

    return _choice("trace", ours)


SPREAD = ("a", "axis", "dtype", "out", "ddof")
TOLD = ("a", "b", "rtol", "atol")
NEAR = ("a", "b", "rtol", "atol", "equal_nan")
FUNCTIONS: dict[Any, Form] = {
    numpy.isclose: Form(
        NEAR, ("a", "b"), _near("isclose"), other=Form(NEAR, TOLD, _near("isclose"))
    ),
    numpy.allclose: Form(
        NEAR, ("a", "b"), _near("allclose"), other=Form(NEAR, TOLD, _near("allclose"))
    ),
    numpy.iscomplexobj: Form(("x",), ("x",), _is_complex(True)),
    numpy.isrealobj: Form(("x",), ("x",), _is_complex(False)),
    numpy.array_equal: Form(("a1", "a2"), ("a1", "a2"), _all_equal),
    numpy.count_nonzero: Form(
        ("a",), ("a",), _counted, other=Form(("a", "axis"), ("a",), _counted_along)
    ),
    numpy.flatnonzero: Form(("a",), ("a",), _places),
    numpy.nansum: Form(("a", "axis"), ("a",), _sum_without("nansum")),
    numpy.nanmean: Form(("a", "axis"), ("a",), _sum_without("nanmean")),
    numpy.nanstd: Form(SPREAD, ("a",), _spread_without("nanstd")),
    numpy.nanvar: Form(SPREAD, ("a",), _spread_without("nanvar")),
    numpy.nanmax: Form(("a", "axis"), ("a",), _extreme_without("nanmax")),
    numpy.nanmin: Form(("a", "axis"), ("a",), _extreme_without("nanmin")),
    numpy.nanmedian: Form(("a",), ("a",), _median_without),
    numpy.nan_to_num: Form(("x",), ("x",), _numbers_for_nan),
    numpy.trace: Form(("a",), ("a",), _trace),
}
METHODS: dict[str, Form] = {"trace": FUNCTIONS[numpy.trace]}
