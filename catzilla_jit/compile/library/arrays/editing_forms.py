"""Arrays with items more or less: `numpy.insert` and `numpy.delete` at one place."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import number_rows

INSERT = [
    "if at < -len(line) or at > len(line):", "    bail_out()",
    "place = at + len(line) if at < 0 else at", "made = numpy.empty(len(line) + 1, line.dtype)",
    "made[:place] = line[:place]", "made[place] = value", "made[place + 1 :] = line[place:]",
    "return made",
]  # fmt: skip
INSERT_LINE = [
    "if at < -len(line) or at > len(line):", "    bail_out()",
    "place = at + len(line) if at < 0 else at", "end = place + len(value)",
    "made = numpy.empty(len(line) + len(value), line.dtype)",
    "made[:place] = line[:place]", "made[place:end] = value", "made[end:] = line[place:]",
    "return made",
]  # fmt: skip
DELETE = [
    "if at < -len(line) or at >= len(line):", "    bail_out()",
    "place = at + len(line) if at < 0 else at", "made = numpy.empty(len(line) - 1, line.dtype)",
    "made[:place] = line[:place]", "made[place:] = line[place + 1 :]", "return made",
]  # fmt: skip


DELETE_ROW = [
    "rows, columns = table.shape", "if at < -rows or at >= rows:", "    bail_out()",
    "place = at + rows if at < 0 else at", "made = numpy.empty((rows - 1, columns), table.dtype)",
    "made[:place] = table[:place]", "made[place:] = table[place + 1 :]", "return made",
]  # fmt: skip
DELETE_COLUMN = [
    "rows, columns = table.shape", "if at < -columns or at >= columns:", "    bail_out()",
    "place = at + columns if at < 0 else at",
    "made = numpy.empty((rows, columns - 1), table.dtype)",
    "made[:, :place] = table[:, :place]", "made[:, place:] = table[:, place + 1 :]", "return made",
]  # fmt: skip


def _is_line(type_: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.aligned and type_.ndim == 1
    return known and type_.dtype in number_rows.PLAIN


def _is_place(type_: Any) -> bool:
    return types.unliteral(type_) == types.int64


def _is_axis(axis: Any) -> bool:
    return axis is None or (type(axis) is int and axis in (0, -1))


def _inserted(_given: Any, *, axis: Any = None) -> Any:
    if not _is_axis(axis):
        return None
    function = written("inserted", "line, at, value", INSERT, numpy=numpy)
    several = written("inserted", "line, at, value", INSERT_LINE, numpy=numpy)

    def ours(line: Any, at: Any, value: Any) -> Function | None:
        if _is_line(line) and _is_line(value) and _is_place(at):
            return several if value.dtype == line.dtype else None
        if (
            not _is_line(line)
            or not _is_place(at)
            or types.unliteral(value) not in number_rows.PLAIN
        ):
            return None
        # NumPy converts the value, and loses what does not fit.
        fits = (number_kinds.kind(value) or 0) <= (number_kinds.kind(line.dtype) or 0)
        return function if fits else None

    return choice_of("insert", ours)


def _deleted(_given: Any, *, axis: Any = None) -> Any:
    if axis is not None and type(axis) is not int:
        return None
    function = written("deleted", "line, at", DELETE, numpy=numpy)
    row = written("deleted", "table, at", DELETE_ROW, numpy=numpy)
    column = written("deleted", "table, at", DELETE_COLUMN, numpy=numpy)

    def ours(array: Any, at: Any) -> Function | None:
        if not _is_place(at):
            return None
        if _is_line(array):
            return function if _is_axis(axis) else None
        known = isinstance(array, types.Array) and array.ndim == 2 and array.layout == "C"
        if not known or not array.aligned or array.dtype not in number_rows.PLAIN:
            return None
        return row if axis in (0, -2) else column if axis in (1, -1) else None

    return choice_of("delete", ours)


FUNCTIONS: dict[Any, Form] = {
    numpy.insert: Form(("arr", "obj", "values", "axis"), ("arr", "obj", "values"), _inserted),
    numpy.delete: Form(("arr", "obj", "axis"), ("arr", "obj"), _deleted),
}
METHODS: dict[str, Form] = {}
