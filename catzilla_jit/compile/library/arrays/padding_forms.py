"""Arrays with a border: `numpy.pad` of lines and tables."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import math
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written

#: What stands before and behind a line of n items, and how wide that may be.
LINES = {
    "edge": ("line[0]", "line[n - 1]", "before if n == 0 else 0"),
    "reflect": ("line[before - i]", "line[n - 2 - i]", "max(before, after) - n + 1"),
    "symmetric": ("line[before - 1 - i]", "line[n - 1 - i]", "max(before, after) - n"),
    "wrap": ("line[n - before + i]", "line[i]", "max(before, after) - n"),
}


def _pairs(width: Any, dimensions: int) -> list[tuple[int, int]] | None:
    """Return how wide the border is before and behind, for each dimension."""
    if type(width) is int:
        width = (width, width)
    if not isinstance(width, tuple):
        return None
    if len(width) == 1:
        return _pairs(width[0], dimensions)
    if all(type(each) is int for each in width) and len(width) == 2:
        width = (width,) * dimensions
    pairs = len(width) == dimensions and all(
        isinstance(each, tuple) and len(each) == 2 and all(type(one) is int for one in each)
        for each in width
    )
    known = pairs and all(one >= 0 for each in width for one in each)
    return list(width) if known else None


def _is_plain(type_: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.aligned and type_.ndim in (1, 2)
    ordered = known and (type_.ndim == 1 or type_.layout == "C")
    return ordered and type_.dtype in (types.float64, types.int64)


def _line(mode: str, value: Any) -> list[str]:
    lines = ["n = len(line)", "if before < 0 or after < 0:", "    bail_out()"]
    begin = end = repr(value)
    if mode != "constant":
        begin, end, most = LINES[mode]
        lines += ["if n == 0 and before + after > 0:", "    bail_out()"]
        lines += [f"if {most} > 0:", "    bail_out()"]
    return [
        *lines, "made = numpy.empty(before + n + after, line.dtype)",
        "for i in range(before):", f"    made[i] = {begin}",
        "made[before : before + n] = line",
        "for i in range(after):", f"    made[before + n + i] = {end}", "return made",
    ]  # fmt: skip


def _table(mode: str, value: Any) -> list[str]:
    first = ["rows, columns = table.shape"]
    shape = "(above + rows + below, left + columns + right)"
    if mode == "constant":
        return [
            *first, f"made = numpy.full({shape}, {value!r}, table.dtype)",
            "made[above : above + rows, left : left + columns] = table", "return made",
        ]  # fmt: skip
    return [
        *first, "if rows == 0 or columns == 0:", "    bail_out()",
        f"made = numpy.empty({shape}, table.dtype)",
        "for i in range(made.shape[0]):", "    row = min(max(i - above, 0), rows - 1)",
        "    for j in range(made.shape[1]):",
        "        made[i, j] = table[row, min(max(j - left, 0), columns - 1)]", "return made",
    ]  # fmt: skip


#: In the place of a constant that is not told: NumPy refuses one for other modes.
_ABSENT = object()


def _padded(given: Any, *, pad_width: Any = 0, mode: Any = "constant",
            constant_values: Any = _ABSENT) -> Any:  # fmt: skip
    if constant_values is _ABSENT:
        constant_values = 0
    elif mode != "constant":
        return None
    if mode not in ("constant", *LINES) or type(constant_values) not in (int, float):
        return None
    if not math.isfinite(constant_values):
        return None
    of_line = written("padded", "line, before, after", _line(mode, constant_values), numpy=numpy)
    of_table = written("padded", "table, above, below, left, right",
                       _table(mode, constant_values), numpy=numpy)  # fmt: skip

    def ours(array: Any, width: Any = types.int64) -> Function | None:
        if not _is_plain(array) or types.unliteral(width) != types.int64:
            return None
        if array.dtype == types.int64 and type(constant_values) is not int:
            return None
        if array.ndim == 2 and mode not in ("constant", "edge"):
            return None
        told = len(given) > 1
        pairs = [("w", "w")] * array.ndim if told else _pairs(pad_width, array.ndim)
        if pairs is None:
            return None
        sizes = ", ".join(str(each) for pair in pairs for each in pair)
        lines = ["if w < 0:", "    bail_out()"] if told else []
        function = of_line if array.ndim == 1 else of_table
        return written("pad", "values, w" if told else "values",
                       [*lines, f"return padded(values, {sizes})"], padded=function)  # fmt: skip

    return choice_of("pad", ours)


_NAMES = ("array", "pad_width", "mode", "*", "constant_values")
FUNCTIONS: dict[Any, Form] = {
    numpy.pad: Form(
        _NAMES, ("array",), _padded, other=Form(_NAMES, ("array", "pad_width"), _padded)
    ),
}
METHODS: dict[str, Form] = {}
