"""Which variables hold only what the function itself has made: to write to that is no effect.

A list that is collected, an array of zeros that is filled: nobody else sees them before the task
ends. An item that was taken out of such a container may be anybody's.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy
from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.target.helper import Chooser

BUILDING = {"build_list", "build_set", "build_map"}
#: What makes a container, or an array, of its own.
MAKERS = (
    list, dict, set, sorted, numpy.zeros, numpy.ones, numpy.full, numpy.empty, numpy.zeros_like,
    numpy.ones_like, numpy.full_like, numpy.empty_like, numpy.arange, numpy.linspace, numpy.eye,
    numpy.copy, numpy.where, numpy.concatenate, numpy.diff, numpy.outer, numpy.repeat, numpy.roll,
    numpy.array, numpy.identity, numpy.stack, numpy.vstack, numpy.hstack, numpy.column_stack,
    numpy.tile, numpy.sort, numpy.tri, numpy.tril, numpy.triu, numpy.unique,
)  # fmt: skip


#: The same, by the names of what chooses ours.
CHOSEN = {
    f"numpys_{name}"
    for name in (
        "append", "arange", "argwhere", "array", "average", "bincount", "column_stack",
        "concatenate", "cond", "convolve", "correlate", "cross", "cumsum", "delete",
        "diagflat_of", "diff", "eig", "eigvals", "eye_of", "gradient", "hstack", "insert",
        "interp", "kron", "linspace", "linspace_of", "logspace", "lstsq", "matrix_power",
        "nonzero", "outer", "pad", "pinv", "polyfit", "polyval", "ptp", "qr",
        "repeat_columns", "repeat_rows", "roll", "roll_columns", "roll_rows", "sort",
        "stack", "take", "take_along_axis", "tile", "trapezoid", "triangle_places",
        "tril_of", "triu_of", "unique", "vstack",
    )
}  # fmt: skip
#: What gives the array that it is given, or a view of it.
CHOSEN_VIEWS = {
    f"numpys_{name}"
    for name in ("atleast_1d", "atleast_2d", "expand_dims", "flip", "imag", "real", "rot90",
                 "squeeze", "swapaxes")
}  # fmt: skip
#: Methods of arrays that make a new one; those that give a view of the same memory.
COPYING = {"flatten", "astype"}
VIEWING = {"reshape", "ravel", "transpose"}


def owned_variables(
    blocks: Iterable[Any], typemap: dict[str, Any], given: Collection[str] = ()
) -> frozenset[str]:
    """Return them, with the methods that were looked up in them.

    given: arguments that count as owned.
    """
    values: dict[str, list[Any]] = {}
    for block in blocks:
        for each in block.find_insts(ir.Assign):
            values.setdefault(each.target.name, []).append(each.value)
    found = set(values)
    while True:
        others = {
            name
            for name in found
            if not all(_is_given(v, given) or _is_owned(v, typemap, found) for v in values[name])
        }
        if not others:
            return frozenset(found)
        found -= others


def _is_given(value: Any, given: Collection[str]) -> bool:
    return isinstance(value, ir.Arg) and value.name in given


def _is_owned(value: Any, typemap: dict[str, Any], found: set[str]) -> bool:
    source = number_kinds.source_of(value)
    if source is not None:
        return source in found
    if not isinstance(value, ir.Expr):
        return False
    if value.op == "phi":
        return all(each.name in found for each in value.incoming_values)
    if value.op == "getattr":  # a method, or a view of an array that is owned itself
        return value.value.name in found and (value.attr != "T" or _is_array(value.value, typemap))
    if value.op in ("binop", "unary", "arrayexpr"):  # the last is of several of the others
        return any(_is_array(each, typemap) for each in value.list_vars())
    if value.op in ("getitem", "static_getitem"):  # of numbers, which are nobody else's
        several = isinstance(typemap[value.value.name], types.BaseTuple)  # made by one call
        return value.value.name in found and (several or _is_array(value.value, typemap))
    if value.op == "exhaust_iter":  # a list may hold what is somebody else's
        taken = typemap[value.value.name]
        known = isinstance(taken, types.BaseTuple) or _is_array(value.value, typemap)
        return known and value.value.name in found
    if value.op == "inplace_binop":
        return value.lhs.name in found
    if value.op == "call":
        function = number_kinds.called(typemap, value)
        if isinstance(function, numpy.ufunc) or number_kinds.is_loop(function):
            return len(value.args) == getattr(function, "nin", len(value.args))  # no `out`
        chosen = _chosen(typemap[value.func.name])
        if chosen in CHOSEN_VIEWS:
            return bool(value.args) and value.args[0].name in found
        made = any(function is each for each in MAKERS) or chosen in CHOSEN
        return made or _is_copy(value, typemap, found)
    return value.op in BUILDING or value.op in ("null", "undef")


def _chosen(callee: Any) -> str:
    """Return the name of the function of ours that stands for one of NumPy's; "" for others."""
    known = isinstance(callee, types.Dispatcher) and isinstance(callee.dispatcher, Chooser)
    return str(callee.dispatcher.py_func.__name__) if known else ""


def _is_copy(call: Any, typemap: dict[str, Any], found: set[str]) -> bool:
    """Tell whether a method makes a copy, or a view of an array that is owned."""
    callee = typemap[call.func.name]
    if not isinstance(callee, types.BoundFunction):
        return False
    name = number_kinds.method_name(callee)
    if name == "copy":
        return True
    if not isinstance(callee.this, types.Array):
        return False
    return name in COPYING or (name in VIEWING and call.func.name in found)


def _is_array(variable: Any, typemap: dict[str, Any]) -> bool:
    """Tell whether a variable is an array of numbers: nothing in it is shared."""
    type_ = typemap[variable.name]
    return isinstance(type_, types.Array) and not isinstance(type_.dtype, types.Record)


def results_of_operators(blocks: Iterable[Any]) -> set[str]:
    """Return the nameless variables that hold what an operator has made: nothing overlaps it."""
    all_, others = set(), set()
    for each in (inst for block in blocks for inst in block.find_insts(ir.Assign)):
        all_.add(each.target.name)
        if not isinstance(each.value, ir.Expr) or each.value.op not in ("binop", "unary"):
            others.add(each.target.name)
    return {name for name in all_ - others if name.startswith("$")}
