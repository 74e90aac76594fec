"""Places in arrays, as tuples and tables of them: `numpy.unravel_index`, `triu_indices`."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import signatures

#: More dimensions than this are left to NumPy.
MOST = 8
#: So far from a diagonal sums of places still fit.
FAR = 2**40


def _is_int(type_: Any) -> bool:
    return types.unliteral(type_) == types.int64


def _unravelled(_given: Any) -> Any:
    def ours(place: Any, shape: Any) -> Function | None:
        known = isinstance(shape, types.BaseTuple) and all(map(_is_int, shape.types))
        if not known or not 0 < len(shape) <= MOST or not _is_int(place):
            return None
        count = len(shape)
        size = " * ".join(f"shape[{i}]" for i in range(count))
        lines = [f"if place < 0 or place >= {size}:", "    bail_out()"]
        for i in range(count):
            lines += [f"if shape[{i}] < 0:", "    bail_out()"]
        for i in range(count - 1, -1, -1):
            lines += [f"found{i} = place % shape[{i}]", f"place = place // shape[{i}]"]
        shown = ", ".join(f"found{i}" for i in range(count))
        return written("unravelled", "place, shape", [*lines, f"return ({shown},)"])

    return choice_of("unravel_index", ours)


def _triangle(first: str, end: str) -> Any:
    """Return what makes the chooser of the places in a triangle, row by row."""

    def make(given: Any, *, k: Any = 0, m: Any = None) -> Any:
        if m is not None or ("k" not in given and type(k) is not int):
            return None
        offset = "k" if "k" in given else str(k)
        wide = "m" if "m" in given else "n"
        ends = f"range({first}, {end})".format(k=offset, m=wide)
        lines = [
            f"if n < 0 or {wide} < 0 or not -{FAR} < {offset} < {FAR}:", "    bail_out()",
            "count = 0",
            "for i in range(n):", f"    count += len({ends})",
            "rows = numpy.empty(count, numpy.int64)", "columns = numpy.empty(count, numpy.int64)",
            "at = 0", "for i in range(n):", f"    for j in {ends}:",
            "        rows[at] = i", "        columns[at] = j", "        at += 1",
            "return rows, columns",
        ]  # fmt: skip
        function = written("places", ", ".join(given), lines, numpy=numpy)
        return choice_of("triangle_places", lambda *sizes: function if all(map(_is_int, sizes))
                         else None)  # fmt: skip

    return make


def _diagonal(_given: Any) -> Any:
    function = written("places", "n", ["found = numpy.arange(n)", "return found, found"],
                       numpy=numpy)  # fmt: skip
    return choice_of("diagonal_places", lambda n: function if _is_int(n) else None, certain=True)


def _along(_given: Any, *, axis: Any = None) -> Any:
    """Take an item by each of a table of places, along one of two dimensions."""
    if type(axis) is not int or axis not in (0, 1, -1, -2):
        return None
    other, item = ("[1]", "table[place, j]") if axis in (0, -2) else ("[0]", "table[i, place]")
    lines = [
        f"if places.shape{other} != table.shape{other}:", "    bail_out()",
        f"size = table.shape[{axis % 2}]", "made = numpy.empty(places.shape, table.dtype)",
        "for i in range(places.shape[0]):", "    for j in range(places.shape[1]):",
        "        place = places[i, j]", "        if place < -size or place >= size:",
        "            bail_out()", f"        made[i, j] = {item}", "return made",
    ]  # fmt: skip
    function = written("along", "table, places", lines, numpy=numpy)

    def ours(table: Any, places: Any) -> Function | None:
        if not all(isinstance(each, types.Array) and each.ndim == 2 for each in (table, places)):
            return None
        plain = table.aligned and places.aligned and table.dtype in signatures.DTYPES
        known = plain and places.dtype == types.int64 and places.layout == "C"
        return function if known else None

    return choice_of("take_along_axis", ours)


def _triangle_form(first: str, end: str) -> Form:
    make = _triangle(first, end)
    names = ("n", "k", "m")
    return Form(names, ("n",), make, other=Form(
        names, ("n", "k"), make, other=Form(names, ("n", "k", "m"), make)))  # fmt: skip


FUNCTIONS: dict[Any, Form] = {
    numpy.unravel_index: Form(("indices", "shape"), ("indices", "shape"), _unravelled),
    numpy.triu_indices: _triangle_form("max(i + {k}, 0)", "max({m}, max(i + {k}, 0))"),
    numpy.tril_indices: _triangle_form("0", "max(min(i + {k} + 1, {m}), 0)"),
    numpy.diag_indices: Form(("n",), ("n",), _diagonal),
    numpy.take_along_axis: Form(("arr", "indices", "axis"), ("arr", "indices"), _along),
}
METHODS: dict[str, Form] = {}
