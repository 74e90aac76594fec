"""Arrays made of lists at run time: of numbers, of rows, of tuples, of arrays of one shape.

NumPy makes floats of a list without items, whatever its hint, and raises for rows of several
lengths: there the kernel is left.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types
from numba.np import numpy_support

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.library.arrays.written import Choice, Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import number_rows, signatures

PLAIN = number_rows.PLAIN


def is_list(type_: Any) -> bool:
    return isinstance(type_, types.List | GivenList)


def is_certain(type_: Any, wanted: Any = None) -> bool:
    """Tell whether a list has an array of its type whatever its items are."""
    return type_.dtype == types.float64 or (type_.dtype in PLAIN and wanted is not None)


def of_list(type_: Any, wanted: Any = None) -> Function | None:
    """Return what makes the array of a list; wanted: the type of items that is asked for."""
    found = _shape_of(type_.dtype)
    if found is None:
        return None
    kind, element = found
    of_nothing = is_certain(type_, wanted)
    if wanted is None:
        wanted = element
    elif wanted not in PLAIN or element not in PLAIN:
        return None
    elif (number_kinds.kind(wanted) or 0) < (number_kinds.kind(element) or 0):
        return None  # what is lost is NumPy's to tell
    return _made(kind, numpy_support.as_dtype(wanted), of_nothing)


def _shape_of(item: Any) -> tuple[Any, Any] | None:
    """Return what the items are, and the type of the numbers in them."""
    if item in PLAIN:
        return "number", item
    if is_list(item):
        return ("row", item.dtype) if item.dtype in PLAIN else None
    if isinstance(item, types.BaseTuple):
        widest = number_rows.kind(item)
        if widest is None:
            return None
        (element,) = (each for each in PLAIN if number_kinds.kind(each) == widest)
        return len(item), element
    known = isinstance(item, types.Array) and item.aligned and item.ndim in (1, 2)
    return (f"array{item.ndim}", item.dtype) if known and item.dtype in signatures.DTYPES else None


@functools.cache
def _made(kind: Any, dtype: Any, of_nothing: bool) -> Function:
    lines = [] if of_nothing else ["if len(values) == 0:", "    bail_out()"]
    if kind == "number":
        lines += ["made = numpy.empty(len(values), dtype)", "for i in range(len(values)):",
                  "    made[i] = values[i]"]  # fmt: skip
    elif kind == "row":
        lines += [
            "columns = len(values[0])", "if columns == 0:", "    bail_out()",
            "made = numpy.empty((len(values), columns), dtype)", "for i in range(len(values)):",
            "    row = values[i]", "    if len(row) != columns:", "        bail_out()",
            "    for j in range(columns):", "        made[i, j] = row[j]",
        ]  # fmt: skip
    elif isinstance(kind, int):
        lines += [f"made = numpy.empty((len(values), {kind}), dtype)",
                  "for i in range(len(values)):", "    row = values[i]"]  # fmt: skip
        lines += [f"    made[i, {j}] = row[{j}]" for j in range(kind)]
    else:
        shape = "first.shape[0]" if kind == "array1" else "first.shape[0], first.shape[1]"
        lines += [
            "first = values[0]", f"made = numpy.empty((len(values), {shape}), dtype)",
            "for i in range(len(values)):", "    if values[i].shape != first.shape:",
            "        bail_out()", "    made[i] = values[i]",
        ]  # fmt: skip
    return written("array_of_list", "values", [*lines, "return made"], numpy=numpy, dtype=dtype)


# -- functions of arrays, called with a list


def line_type(type_: Any) -> Any:
    """Return the type of the array of a list of numbers; None for other lists."""
    return types.Array(type_.dtype, 1, "C") if type_.dtype in PLAIN else None


def taking_lists(ours: Choice) -> Choice:
    """Return the choice for arrays, or for a list of numbers, of which an array is made first."""

    def of_either(first: Any, *others: Any) -> Function | None:
        if not is_list(first):
            return ours(first, *others)
        line = line_type(first)
        function = None if line is None else ours(line, *others)
        return None if function is None else of_array(function, first, len(others))

    def certain(first: Any, *others: Any) -> bool:
        asked = getattr(ours, "is_certain", lambda *_given: False)
        if not is_list(first):
            return bool(asked(first, *others))
        return is_certain(first) and bool(asked(line_type(first), *others))

    of_either.is_certain = certain
    return of_either


def of_array(function: Function, type_: Any, others: int = 0) -> Function:
    """Return what calls a function of an array, and of other values, for a list."""
    rest = "".join(f", x{i}" for i in range(others))
    return written("of_list", f"values{rest}", [f"return function(made(values){rest})"],
                   function=function, made=of_list(type_))  # fmt: skip


# -- arrays in a list, joined

_CHECKED = [
    "if len(values) == 0:", "    bail_out()", "size, rest = 0, values[0].shape[1:]",
    "for each in values:", "    size += len(each)", "    if each.shape[1:] != rest:",
    "        bail_out()",
]  # fmt: skip


def joined(name: str, axis: int) -> Any:
    """Return the chooser of a function that joins the arrays in a list."""

    def ours(type_: Any) -> Function | None:
        item = type_.dtype if is_list(type_) else None
        if not isinstance(item, types.Array) or _shape_of(item) is None:
            return None
        lines = item.ndim == 1
        if name in ("stack", "vstack") and axis == 0 and (lines or name == "stack"):
            return of_list(type_)
        if lines and (name == "column_stack" or (name == "stack" and axis in (1, -1))):
            return written("stacked", "values", ["return made(values).T.copy()"],
                           made=of_list(type_))  # fmt: skip
        along = (name == "concatenate" and axis in (0, -item.ndim)) or name == "vstack"
        if not along and not (name == "hstack" and lines):
            return None
        shape = "size" if lines else "(size, rest[0])"
        copied = [
            f"made = numpy.empty({shape}, dtype)", "at = 0", "for each in values:",
            "    made[at : at + len(each)] = each", "    at += len(each)", "return made",
        ]  # fmt: skip
        return written("joined", "values", [*_CHECKED, *copied], numpy=numpy,
                       dtype=numpy_support.as_dtype(item.dtype))  # fmt: skip

    return choice_of(name, ours)
