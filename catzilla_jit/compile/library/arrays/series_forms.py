"""Neighbouring items of lines: differences, sums so far, integrals; products of vectors."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any, cast

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays import making, series
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import elementwise, operators, signatures
from catzilla_jit.compile.library.ufuncs import reductions as loops

NUMBERS = (types.float64, types.int64)
ARCTAN2 = elementwise.FUNCTIONS[numpy.arctan2, 2]
SUBTRACT, NOT_EQUAL = operators.CALLS[operator.sub], operators.CALLS[operator.ne]


def _is_line(type_: Any, *elements: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.aligned and type_.ndim == 1
    return known and type_.dtype in (elements or NUMBERS)


def _is_table(type_: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.aligned and type_.ndim == 2
    return known and type_.layout == "C" and type_.dtype in NUMBERS


def _is_number(type_: Any) -> bool:
    return types.unliteral(type_) in NUMBERS


def _sums(_given: Any, *, axis: Any = None) -> Any:
    if type(axis) is not int:
        return None

    def ours(array: Any) -> Function | None:
        if not _is_table(array) or not -2 <= axis < 2:
            return None
        return series.sums_along_rows if axis % 2 else series.sums_along_columns

    return choice_of("cumsum", ours, certain=True)


def _products(_given: Any) -> Any:
    return choice_of(
        "cumprod", lambda line: series.products if _is_line(line) else None, certain=True
    )


def _is_end(type_: Any, line: Any) -> bool:
    """Tell whether it is a number, or a line, that another line goes on with as it is."""
    if isinstance(type_, types.Array):
        return _is_line(type_, line.dtype)
    return _is_number(type_) and line.dtype in (types.float64, types.unliteral(type_))


def _prolonged(ends: dict[str, Any]) -> list[str]:
    """Return the lines that put something before a line and behind it."""
    lengths = {
        name: f"len({name})" if isinstance(type_, types.Array) else "1"
        for name, type_ in ends.items()
    }
    before, behind = lengths.get("prepend", "0"), lengths.get("append", "0")
    lines = [
        f"begin, end = {before}, {before} + len(values)",
        f"whole = numpy.empty(end + {behind}, values.dtype)",
        "whole[begin:end] = values",
    ]
    lines += ["whole[:begin] = prepend"] * ("prepend" in ends)
    lines += ["whole[end:] = append"] * ("append" in ends)
    return [*lines, "values = whole"]


def _differences(given: Any, *, n: Any = 1, axis: Any = -1) -> Any:
    if type(n) is not int or type(axis) is not int or not 1 <= n <= 8:
        return None

    def ours(array: Any, *others: Any) -> Function | None:
        known = isinstance(array, types.Array) and array.aligned and array.ndim in (1, 2)
        if not known or array.dtype not in signatures.DTYPES:
            return None
        ends = dict(zip(given[1:], others, strict=True))
        if ends and not (_is_line(array) and all(_is_end(each, array) for each in others)):
            return None
        if not -array.ndim <= axis < array.ndim or (array.ndim > 1 and array.layout != "C"):
            return None
        leading = ":, " * (axis % array.ndim)
        step = f"values = apart(values[{leading}1:], values[{leading}:-1])"
        apart = NOT_EQUAL if array.dtype == types.boolean else SUBTRACT
        lines = [*(_prolonged(ends) if ends else ()), *[step] * n, "return values"]
        names = ", ".join(["values", *given[1:]])
        return written("differences", names, lines, apart=apart, numpy=numpy)

    return choice_of("diff", ours, certain=True)


def _integral(given: Any, *, x: Any = None, axis: Any = -1, dx: Any = None) -> Any:
    if x is not None or dx is not None or axis not in (-1, 0):
        return None
    name = "" if len(given) == 1 else given[1]

    def ours(line: Any, other: Any = types.float64) -> Function | None:
        fits = _is_line(other, types.float64) if name == "x" else _is_number(other)
        if not _is_line(line, types.float64) or not fits:
            return None
        made = {"x": "trapezoids(y, other)", "dx": "even_trapezoids(y, float(other))"}
        call = made.get(name, "even_trapezoids(y, 1.0)")
        return written(
            "integral",
            "y, other" if name else "y",
            [f"return total({call})"],
            trapezoids=series.trapezoids,
            even_trapezoids=series.even_trapezoids,
            total=loops.reduction("sum", loops.ALL, False),
        )

    return choice_of("trapezoid", ours, certain=True)


def _slopes(given: Any) -> Any:
    if not making.IS_PLAIN:
        return None

    def ours(line: Any, apart: Any = types.float64) -> Function | None:
        if not _is_line(line, types.float64):
            return None
        if _is_line(apart, types.float64):
            return series.gradient_at
        if not _is_number(apart):
            return None
        names = "y, apart" if len(given) == 2 else "y"
        value = "float(apart)" if len(given) == 2 else "1.0"
        return written("slopes", names, [f"return gradient(y, {value})"], gradient=series.gradient)

    return choice_of("gradient", ours)


def _cross(
    _given: Any, *, axis: Any = None, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1
) -> Any:
    if (axisa, axisb, axisc) != (-1, -1, -1):
        return None
    if axis is not None and (type(axis) is not int or axis not in (0, 1, -1)):
        return None

    def ours(left: Any, right: Any) -> Function | None:
        if not all(_is_line(each) or _is_table(each) for each in (left, right)):
            return None
        if (axis == 1 and left.ndim != right.ndim) or axis == 1 == left.ndim:
            return None
        upright = axis == 0 and left.ndim == 2
        if axis == 0 and left.ndim != right.ndim:
            return None
        whole = {left.dtype, right.dtype} == {types.int64}
        dtype = numpy.int64 if whole else numpy.float64
        if left.ndim == right.ndim == 1:
            return cast("Function", series.cross(dtype))
        shown = [
            name if each.ndim == 2 else f"{name}.copy().reshape(1, {name}.size)"
            for name, each in (("left", left), ("right", right))
        ]
        if upright:
            shown = ["left.T", "right.T"]
        return written(
            "crosses", "left, right", [f"return rows({', '.join(shown)}){'.T' * upright}"],
            rows=series.crosses(dtype),
        )  # fmt: skip

    return choice_of("cross", ours, certain=True)


def _part(name: str) -> Any:
    """Return what makes a view of a part of complex numbers, or their angle."""
    line = {"angle": "return arctan2(z.imag, z.real)"}.get(name, f"return z.{name}")

    def make(_given: Any) -> Any:
        def ours(array: Any) -> Function | None:
            if not isinstance(array, types.Array):
                return None
            if name == "real" and array.ndim and array.dtype in (*NUMBERS, types.boolean):
                return written(name, "z", ["return z"])
            if array.dtype != types.complex128:
                return None
            return written(name, "z", [line], arctan2=ARCTAN2)

        return choice_of(name, ours, certain=True)

    return make


def _range(_given: Any, *, axis: Any = None) -> Any:
    if axis is not None and type(axis) is not int:
        return None
    along = loops.ALL if axis is None else axis

    def ours(array: Any) -> Function | None:
        if loops.result_type("max", array, along, False) is None or array.dtype not in NUMBERS:
            return None
        return written(
            "range_of", "values", ["return apart(most(values), least(values))"],
            apart=operators.FUNCTIONS[numpy.subtract, 2],
            most=loops.reduction("max", along, False),
            least=loops.reduction("min", along, False),
        )  # fmt: skip

    return choice_of("ptp", ours, certain=True)


TRAPEZOID = Form(("y", "x", "dx", "axis"), ("y", "x", "dx"), _integral)
FUNCTIONS: dict[Any, Form] = {
    numpy.cumsum: Form(("a", "axis"), ("a",), _sums),
    numpy.cumprod: Form(("a",), ("a",), _products),
    numpy.diff: Form(
        ("a", "n", "axis", "prepend", "append"), ("a", "prepend", "append"), _differences
    ),
    numpy.gradient: Form(("f", "apart", "/"), ("f", "apart"), _slopes),
    numpy.cross: Form(("a", "b", "axisa", "axisb", "axisc", "axis"), ("a", "b"), _cross),
    numpy.ptp: Form(("a", "axis"), ("a",), _range),
    **{getattr(numpy, name): Form(("val",), ("val",), _part(name)) for name in ("real", "imag")},
    numpy.angle: Form(("z",), ("z",), _part("angle")),
}
for _name in ("trapezoid", "trapz"):
    if hasattr(numpy, _name):
        FUNCTIONS[getattr(numpy, _name)] = TRAPEZOID
METHODS: dict[str, Form] = {
    "cumsum": FUNCTIONS[numpy.cumsum],
    "cumprod": FUNCTIONS[numpy.cumprod],
}
