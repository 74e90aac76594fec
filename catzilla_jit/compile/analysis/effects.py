"""What a task does beside returning a value, as far as its code shows it.

A task without effects may be run again as Python when compiled code has no answer, and so may one
that does nothing but overwrite arrays that it is given. So the list errs on the side of effects: a
write counts as seen by others whenever an argument could be written to.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy
from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.datamodel.bytes_type import ByteString
from catzilla_jit.compile.datamodel.constant_argument import GivenConstant
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.datamodel.own_generator import GENERATORS
from catzilla_jit.compile.target.helper import Helper

PRINTS, DRAWS, WRITES = "prints", "draws random numbers", "writes to an argument"
#: Here it only writes, and never looks at what is there.
OVERWRITES = "overwrites an argument"

#: Methods of arrays and containers that change them.
CHANGING = {
    "append", "extend", "insert", "pop", "remove", "sort", "reverse", "clear", "fill", "add",
    "discard", "update", "setdefault", "popitem", "itemset", "put", "partition", "resize",
}  # fmt: skip
#: Functions that change an array they are given.
WRITERS = {numpy.fill_diagonal, numpy.copyto, numpy.put, numpy.place, numpy.random.shuffle}


def effects_of(
    statement: Any,
    typemap: dict[str, Any],
    owned: frozenset[str],
    overwritten: Callable[[str], frozenset[int]],
) -> set[str]:
    """Return the effects of one statement of typed IR.

    owned: see `owned.py`. overwritten: gives the arguments that a variable only writes to.
    """
    place = written_place(statement, typemap)
    if place is not None and overwritten(place):
        return {OVERWRITES}
    if isinstance(statement, ir.SetItem | ir.StaticSetItem | ir.DelItem | ir.SetAttr):
        return set() if statement.target.name in owned else {WRITES}
    if isinstance(statement, ir.Print):
        return {PRINTS}
    if not (isinstance(statement, ir.Assign) and isinstance(statement.value, ir.Expr)):
        return set()
    expr = statement.value
    if expr.op == "inplace_binop" and getattr(typemap[expr.lhs.name], "mutable", False):
        return set() if expr.lhs.name in owned else {WRITES}
    return _effects_of_call(expr, typemap, owned) if expr.op == "call" else set()


def written_place(statement: Any, typemap: dict[str, Any]) -> str | None:
    """Return the variable whose items an assignment to items replaces; None: it is no such."""
    if isinstance(statement, ir.SetItem | ir.StaticSetItem):
        return str(statement.target.name)
    value = statement.value if isinstance(statement, ir.Assign) else None
    if not isinstance(value, ir.Expr) or value.op != "call":
        return None
    writes = number_kinds.is_writer(number_kinds.called(typemap, value))
    return str(value.args[0].name) if writes else None


def _effects_of_call(expr: Any, typemap: dict[str, Any], owned: frozenset[str]) -> set[str]:
    callee = typemap[expr.func.name]
    if isinstance(callee, types.Dispatcher) and not isinstance(callee.dispatcher, Helper):
        # Compiled by Numba, where nobody looks: it may write to whatever it is given.
        prints = "print" in callee.dispatcher.py_func.__code__.co_names
        return {WRITES, PRINTS} if prints else {WRITES}
    if isinstance(callee, types.BoundFunction) and isinstance(callee.this, GENERATORS):
        shuffled = number_kinds.method_name(callee) == "shuffle"
        return {WRITES} if shuffled and expr.args[0].name not in owned else set()
    if isinstance(callee, types.BoundFunction):
        changes = number_kinds.method_name(callee) in CHANGING and expr.func.name not in owned
        return {WRITES} if changes else set()
    function = number_kinds.called(typemap, expr)
    if function is print:
        return {PRINTS}
    if isinstance(getattr(function, "__self__", None), numpy.random.RandomState | random.Random):
        return {DRAWS}
    try:
        writes = number_kinds.is_writer(function) or function in WRITERS
    except TypeError:
        return set()
    return {WRITES} if writes and not (expr.args and expr.args[0].name in owned) else set()


def is_pure(effects: set[str], argument_types: tuple[types.Type, ...]) -> bool:
    """Tell whether nobody notices that the task has run.

    The numbers it drew are no effect: compiled code draws from streams that are its own.
    """
    if PRINTS in effects:
        return False
    writes = bool({WRITES, OVERWRITES} & effects)
    return not writes or not any(map(_can_be_written_to, argument_types))


def is_repeatable(effects: set[str], argument_types: tuple[types.Type, ...]) -> bool:
    """Tell whether the task may be run again as Python after it has run in part.

    Other numbers would be drawn: what was written for the first ones could stay.
    """
    once = {PRINTS, DRAWS, WRITES}
    return is_pure(effects, argument_types) or not once & effects


def _can_be_written_to(type_: types.Type) -> bool:
    if isinstance(type_, types.BaseTuple):
        return any(map(_can_be_written_to, type_.types))
    if isinstance(type_, types.Optional):
        return _can_be_written_to(type_.type)
    # A list or dict that was given is a copy, and cannot be written to.
    if isinstance(type_, GivenList | GivenDict | ByteString | GivenConstant):
        return False
    return not isinstance(type_, types.Number | types.Boolean | types.UnicodeType | types.NoneType)
