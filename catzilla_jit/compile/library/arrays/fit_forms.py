"""Covariances and fits, in the steps of NumPy's own functions; windows of signals."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import math
import operator
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.reduction_forms import MULTIPLY, SQRT, SUBTRACT
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import cores, decompositions, elementwise, operators
from catzilla_jit.compile.library.ufuncs import reductions as loops

NEW = numpy.lib.NumpyVersion(numpy.__version__) >= "2.0.0"
ADD, DIVIDE = operators.CALLS[operator.add], operators.CALLS[operator.truediv]
COS = elementwise.FUNCTIONS[numpy.cos, 1]
#: The highest degree of a polynomial that is fitted.
MOST_DEGREE = 32


def _is_float_array(type_: Any, dimensions: int) -> bool:
    known = isinstance(type_, types.Array) and type_.aligned and type_.ndim == dimensions
    return known and type_.dtype == types.float64


# -- covariances

#: Of a table whose rows are the variables: `numpy.cov`, which gives no array for a single one.
COVARIANCE = [
    "if rows.shape[0] < 2 or rows.shape[1] <= ddof:",
    "    bail_out()",
    "apart = subtract(rows, mean(rows))",
    "found = multiply(dot(apart, apart.T), 1.0 / (rows.shape[1] - ddof))",
]
CORRELATION = [
    "deviations = numpy.empty(len(found))",
    "for i in range(len(found)):",
    "    deviations[i] = found[i, i]",
    "deviations = sqrt(deviations)",
    "found = divide(divide(found, deviations[:, None]), deviations[None, :])",
    "for i in range(found.shape[0]):",
    "    for j in range(found.shape[1]):",
    "        if abs(found[i, j]) > 1.0:",
    "            found[i, j] = 1.0 if found[i, j] > 0.0 else -1.0",
]


def _of_rows(name: str) -> Any:
    """Return what makes the chooser of `cov` or `corrcoef`, of a table or of two lines."""

    def make(given: Any, *, rowvar: Any = True, bias: Any = False, ddof: Any = None) -> Any:
        if type(rowvar) is not bool or type(bias) is not bool:
            return None
        if ddof is not None and (type(ddof) is not int or name == "corrcoef"):
            return None
        less = ddof if ddof is not None else 0 if bias and name == "cov" else 1

        def ours(first: Any, second: Any = None) -> Function | None:
            if second is None:
                known = _is_float_array(first, 2) and first.layout in ("C", "F")
                lines = ["rows = m" if rowvar else "rows = m.T"]
            else:
                known = _is_float_array(first, 1) and _is_float_array(second, 1)
                lines = [
                    "if len(m) != len(y):", "    bail_out()",
                    "rows = numpy.empty((2, len(m)))", "rows[0] = m", "rows[1] = y",
                ]  # fmt: skip
            if not known:
                return None
            lines = [*lines, *COVARIANCE, *(CORRELATION if name == "corrcoef" else ())]
            return written(
                name, "m, y" if len(given) == 2 else "m", [*lines, "return found"], ddof=less,
                dot=cores.dot, mean=loops.reduction("mean", 1, True), subtract=SUBTRACT,
                multiply=MULTIPLY, divide=DIVIDE, sqrt=SQRT, numpy=numpy,
            )  # fmt: skip

        return choice_of(name, ours)

    return make


# -- polynomials

FIT = [
    "if len(x) == 0 or len(x) != len(y):",
    "    bail_out()",
    "powers = numpy.empty((len(x), {count}))",
    "for i in range(len(x)):",
    "    powers[i, {degree}] = 1.0",
    "    for j in range(1, {count}):",
    "        powers[i, {degree} - j] = powers[i, {count} - j] * x[i] if j > 1 else x[i]",
    "scale = sqrt(total(multiply(powers, powers)))",
    "found = least_squares(divide(powers, scale), y, len(x) * EPSILON)",
    "if found[2] != {count}:",  # NumPy warns
    "    bail_out()",
    "return divide(found[0], scale)",
]
EPSILON = float(numpy.finfo(float).eps)


def _fitted(_given: Any, *, deg: Any = None) -> Any:
    if not NEW or type(deg) is not int or not 0 <= deg <= MOST_DEGREE:
        return None
    lines = [each.format(count=deg + 1, degree=deg) for each in FIT]

    def ours(x: Any, y: Any) -> Function | None:
        if not all(_is_float_array(each, 1) for each in (x, y)):
            return None
        return written(
            "fitted", "x, y", ["x, y = add(x, 0.0), add(y, 0.0)", *lines], sqrt=SQRT, add=ADD,
            multiply=MULTIPLY, divide=DIVIDE, total=loops.reduction("sum", 0, False), numpy=numpy,
            least_squares=decompositions.least_squares, EPSILON=EPSILON,
        )  # fmt: skip

    return choice_of("polyfit", ours)


# -- windows

#: Of `n`, the odd or even numbers from 1 - M to M - 1.
WINDOWS = {
    "hanning": ["return add(0.5, multiply(0.5, cos(part)))"],
    "hamming": ["return add(0.54, multiply(0.46, cos(part)))"],
    "blackman": [
        "return add(add(0.42, multiply(0.5, cos(part))), "
        "multiply(0.08, cos(divide(multiply(2.0 * pi, n), count - 1.0))))"
    ],
}  # fmt: skip


def _window(name: str) -> Any:
    def make(_given: Any) -> Any:
        def ours(count: Any) -> Function | None:
            if types.unliteral(count) != types.int64:
                return None
            lines = [
                "if m < 2:",
                "    return numpy.ones(max(m, 0))",
                "n, count = numpy.empty(m), float(m)",
                "for i in range(m):",
                "    n[i] = 1.0 - count + 2.0 * i",
                "part = divide(multiply(pi, n), count - 1.0)",
                *WINDOWS[name],
            ]
            return written(name, "m", lines, numpy=numpy, pi=math.pi, cos=COS, add=ADD,
                           multiply=MULTIPLY, divide=DIVIDE)  # fmt: skip

        return choice_of(name, ours, certain=True)

    return make


def _powers(given: Any, *, endpoint: Any = True, base: Any = 10.0) -> Any:
    if endpoint is not True or type(base) not in (int, float):
        return None
    space = f"numpy.linspace({', '.join(given)})"

    def ours(*bounds: Any) -> Function | None:
        if not all(types.unliteral(each) in (types.int64, types.float64) for each in bounds):
            return None
        if any(types.unliteral(each) != types.int64 for each in bounds[2:]):
            return None
        return written("logspace", ", ".join(given), [f"return power({base!r}, {space})"],
                       power=elementwise.FUNCTIONS[numpy.power, 2], numpy=numpy)  # fmt: skip

    return choice_of("logspace", ours)


_ROWS = ("m", "y", "rowvar", "bias", "ddof")
FUNCTIONS: dict[Any, Form] = {
    numpy.cov: Form(_ROWS, ("m", "y"), _of_rows("cov")),
    numpy.corrcoef: Form(("x", "y", "rowvar"), ("x", "y"), _of_rows("corrcoef")),
    numpy.polyfit: Form(("x", "y", "deg"), ("x", "y"), _fitted),
    numpy.logspace: Form(
        ("start", "stop", "num", "endpoint", "base"), ("start", "stop", "num"), _powers
    ),
    **{getattr(numpy, name): Form(("M",), ("M",), _window(name)) for name in WINDOWS},
}
METHODS: dict[str, Form] = {}
