"""Arrays made of arrays: `asarray` and `array` with a type that is told at run time, and views.

What the source tells is decided before (`frontend/array_calls.py`); here the types decide, as for a
`dtype` that is a parameter of a helper.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types
from numba.np import numpy_support

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.library import builtin_functions
from catzilla_jit.compile.library.arrays import list_arrays
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import conversions, signatures, views

#: The name of the first parameter.
FIRST = {"array": "object", "asarray": "a", "asanyarray": "a"}


def _is_array(type_: Any) -> bool:
    return isinstance(type_, types.Array) and type_.ndim > 0 and type_.dtype in signatures.DTYPES


def _converted(name: str) -> Any:
    """Return what makes the chooser of `numpy.array` or its kin, of arrays."""

    def make(given: Any, *, order: Any = None, copy: Any = True) -> Any:
        if order not in (None, "K", "A", "C") or copy is not True:
            return None
        names = ", ".join(given)
        itself = written("itself", names, [f"return {given[0]}"])
        numbas = written("made", names, [f"return numpy.{name}({given[0]})"], numpy=numpy)

        def ours(array: Any, dtype: Any = types.none) -> Function | None:
            wanted = array.dtype if len(given) < 2 or dtype == types.none else None
            if not _is_array(array) or (order == "C" and array.layout != "C"):
                return None
            wanted = wanted or conversions.told(dtype)
            if wanted == array.dtype and name != "array":
                return itself
            if wanted is None or conversions.result_type(array, wanted) is None:
                return None
            copied = conversions.conversion(wanted)
            return written("array_made", names, [f"return copied({given[0]})"], copied=copied)

        def checked(array: Any, dtype: Any = types.none) -> Function | None:
            if isinstance(array, types.Array):
                return ours(array, dtype)
            if not list_arrays.is_list(array):
                return None
            wanted = None if dtype == types.none else conversions.told(dtype)
            if dtype != types.none and wanted is None:
                return None
            function = list_arrays.of_list(array, wanted)
            if function is None and wanted is not None:
                return _of_list(names, array.dtype, wanted)
            if function is None or len(given) < 2:
                return function
            return written("array_made", names, [f"return made({given[0]})"], made=function)

        def is_certain(array: Any, dtype: Any = types.none) -> bool:
            wanted = None if dtype == types.none else conversions.told(dtype)
            return not list_arrays.is_list(array) or list_arrays.is_certain(array, wanted)

        checked.is_certain = is_certain
        made = choice_of(name, checked)
        if name != "array" or len(given) > 1 or order is not None:
            return made

        def choice(array: Any) -> Function | None:
            return checked(array) or numbas  # of what Numba knows beside

        choice.__name__ = made.__name__
        choice.ours = checked
        return choice

    return make


def _of_list(names: str, element: Any, wanted: Any) -> Function | None:
    """Return what makes an array of a list of numbers, of a type that holds them all."""
    kinds = [number_kinds.kind(each) for each in (element, wanted)]
    if element not in LISTED or wanted not in signatures.DTYPES or kinds[0] > kinds[1]:  # type: ignore[operator]
        return None
    if kinds[0] == kinds[1] and element != wanted:
        return None
    plain = types.Array(element, 1, "C")
    if conversions.result_type(plain, wanted) is None:
        return None
    lines = [f"return copied(numpy.array({names.split(',')[0]}))"]
    return written("array_made", names, lines, numpy=numpy,
                   copied=conversions.conversion(wanted))  # fmt: skip


#: What lists may hold.
LISTED = list_arrays.PLAIN


def form(name: str) -> Form:
    """Return the form of a function that makes an array of its argument."""
    names = (FIRST[name], "dtype")
    rest = ("*", "copy", "order") if name == "array" else ("order",)
    return Form((*names, *rest), names, _converted(name))


def _diagonal(_given: Any, *, offset: Any = 0) -> Any:
    if type(offset) is not int:
        return None
    return choice_of("diagonal", lambda array: diagonal_of(array, offset), certain=True)


def diagonal_of(table: Any, k: int) -> Function | None:
    """Return what gives a view of a diagonal of a table; None for all else."""
    if views.diagonal_type(table) is None:
        return None
    return written("diagonal_of", "a", [f"return diagonal(a, {k})"], diagonal=views.diagonal)


def _windows(_given: Any) -> Any:
    of_line = written("windows_of_line", "x, n", ["return windows(x, n)"], windows=views.windows)

    def ours(array: Any, length: Any) -> Function | None:
        known = views.windows_type(array) is not None
        return of_line if known and types.unliteral(length) == types.int64 else None

    return choice_of("sliding_window_view", ours)


def _squeezed(_given: Any) -> Any:
    def ours(array: Any) -> Function | None:
        known = isinstance(array, types.Array) and array.ndim > 0
        return builtin_functions.squeezed if known else None

    return choice_of("squeeze", ours)


def _at_least_a_line(_given: Any) -> Any:
    """Return the chooser of an array itself, and of a number as a line of one."""

    def ours(value: Any) -> Function | None:
        if isinstance(value, types.Array):
            return written("itself", "x", ["return x"]) if value.ndim else None
        element = types.unliteral(value)
        if element not in (*LISTED, types.complex128):
            return None
        dtype = numpy_support.as_dtype(element).type
        lines = ["made = numpy.empty(1, dtype)", "made[0] = x", "return made"]
        return written("line_of_one", "x", lines, numpy=numpy, dtype=dtype)

    return choice_of("atleast_1d", ours, certain=True)


# -- what is asked of an array


def _asked(name: str, of_array: str, of_number: str | None) -> Any:
    """Return what makes the chooser of a question, which a number of Python's answers."""

    def make(_given: Any, *, axis: Any = None) -> Any:
        if axis is not None and type(axis) is not int:
            return None

        def ours(value: Any) -> Function | None:
            if not isinstance(value, types.Array):
                number = types.unliteral(value) in signatures.DTYPES
                shown = of_number if number and axis is None else None
            elif axis is None:
                shown = of_array
            else:
                shown = f"x.shape[{axis}]" if -value.ndim <= axis < value.ndim else None
            return None if shown is None else written("asked", "x", [f"return {shown}"])

        made = choice_of(name, ours, certain=True)
        made.__name__ = f"{name}_of"
        return made

    return make


# -- where something is


def _nonzero(_given: Any) -> Any:
    """Return the chooser of the places that are not zero: of a table two columns of one array."""
    of_line = written("places", "x", ["return numpy.nonzero(x)"], numpy=numpy)
    lines = [
        "count = 0", "for i in range(x.shape[0]):", "    for j in range(x.shape[1]):",
        "        if x[i, j] != 0:", "            count += 1",
        "found = numpy.empty((count, 2), numpy.int64)", "count = 0",
        "for i in range(x.shape[0]):", "    for j in range(x.shape[1]):",
        "        if x[i, j] != 0:", "            found[count, 0] = i",
        "            found[count, 1] = j", "            count += 1",
        "return found[:, 0], found[:, 1]",
    ]  # fmt: skip
    of_table = written("places", "x", lines, numpy=numpy)

    def ours(array: Any) -> Function | None:
        plain = (types.boolean, types.int64, types.float64, types.complex128)
        if not isinstance(array, types.Array) or array.dtype not in plain:
            return None
        return {1: of_line, 2: of_table}.get(array.ndim)

    return choice_of("nonzero", ours, certain=True)


def _places(_given: Any) -> Any:
    """Return the chooser of the same as rows."""
    of_line = written("rows_of_places", "x",
                      ["found = numpy.nonzero(x)[0]", "return found.reshape(1, found.size).T"],
                      numpy=numpy)  # fmt: skip
    lines = [
        "first, second = places(x)", "found = numpy.empty((2, len(first)), numpy.int64)",
        "found[0], found[1] = first, second", "return found.T",
    ]  # fmt: skip
    of_nonzero = _nonzero(())

    def ours(array: Any) -> Function | None:
        function = of_nonzero.ours(array)
        if function is None:
            return None
        if array.ndim == 1:
            return of_line
        return written("rows_of_places", "x", lines, numpy=numpy, places=function)

    return choice_of("argwhere", ours, certain=True)


FUNCTIONS: dict[Any, Form] = {
    numpy.argwhere: Form(("a",), ("a",), _places),
    numpy.nonzero: Form(("a",), ("a",), _nonzero),
    numpy.where: Form(("condition", "/"), ("condition",), _nonzero),
    numpy.size: Form(("a", "axis"), ("a",), _asked("size", "x.size", "1")),
    numpy.shape: Form(("a",), ("a",), _asked("shape", "x.shape", None)),
    numpy.ndim: Form(("a",), ("a",), _asked("ndim", "x.ndim", "0")),
    numpy.squeeze: Form(("a",), ("a",), _squeezed),
    numpy.asanyarray: form("asanyarray"),
    numpy.atleast_1d: Form(("a", "/"), ("a",), _at_least_a_line),
    numpy.diagonal: Form(("a", "offset"), ("a",), _diagonal),
    numpy.lib.stride_tricks.sliding_window_view: Form(
        ("x", "window_shape", "axis"), ("x", "window_shape"), _windows
    ),
}
METHODS: dict[str, Form] = {
    "nonzero": FUNCTIONS[numpy.nonzero],
    "diagonal": FUNCTIONS[numpy.diagonal],
    "squeeze": FUNCTIONS[numpy.squeeze],
}
