"""What a function makes of its array arguments first: `numpy.asarray(x)`, `numpy.array(x, float)`.

Runs on untyped IR, where the types of arguments are known already: Numba has no types for most of
these calls. Where NumPy returns the argument itself the call becomes the argument. Numbers like
`numpy.float32(2)` become constants.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy
from numba.core import ir, ir_utils, types

from catzilla_jit.compile.library.arrays.making_forms import dtype_of
from catzilla_jit.compile.library.ufuncs import conversions

#: They return an array as it is, or convert it.
KEEPING = ("asarray", "asanyarray")
#: They return an array of one dimension or more as it is; of a type they are told nothing.
PLAIN = ("atleast_1d",)
#: Where NumPy's own number gives another type than Python's.
NUMBERS = (
    numpy.float32, numpy.int8, numpy.int16, numpy.int32, numpy.uint8, numpy.uint16, numpy.uint32,
    numpy.uint64,
)  # fmt: skip


def take_arrays(func_ir: Any, given: Sequence[Any]) -> bool:
    """Replace such calls in the first block."""
    block = func_ir.blocks[min(func_ir.blocks)]
    values: dict[str, Any] = {}  # what each variable is, where the block has come to
    body: list[Any] = []
    changed = False
    for statement in block.body:
        if isinstance(statement, ir.Assign):
            value = statement.value
            found = None
            if isinstance(value, ir.Expr) and value.op == "call" and not value.vararg:
                found = _taken(func_ir, values, given, value)
            if isinstance(found, ir.Var):
                statement.value = found
            elif found is not None:
                name = ir_utils.mk_unique_var("$array_argument")
                variable = ir.Var(block.scope, name, statement.loc)
                function = ir.Global("array_of", found, statement.loc)
                body.append(ir.Assign(function, variable, statement.loc))
                func_ir._definitions[name] = [function]
                statement.value = ir.Expr.call(variable, value.args[:1], (), statement.loc)
            if found is not None:
                _redefine(func_ir, statement, value)
                changed = True
            values[statement.target.name] = statement.value
        body.append(statement)
    block.body = body
    return changed


def _redefine(func_ir: Any, statement: Any, old: Any) -> None:
    known = func_ir._definitions[statement.target.name]
    func_ir._definitions[statement.target.name] = [
        statement.value if each is old else each for each in known
    ]


def _taken(func_ir: Any, values: dict[str, Any], given: Sequence[Any], call: Any) -> Any:
    """Return the argument itself, or what converts it; None where neither is known."""
    looked_up = values.get(call.func.name)
    if not isinstance(looked_up, ir.Expr) or looked_up.op != "getattr" or not call.args:
        return None
    holder = ir_utils.guard(ir_utils.find_const, func_ir, looked_up.value)
    name = looked_up.attr
    if holder is not numpy or name not in (*KEEPING, *PLAIN, "array"):
        return None
    type_ = _argument(values, given, call.args[0])
    if not isinstance(type_, types.Array) or type_.ndim == 0 or not type_.aligned:
        return None
    told = [*call.args[1:], *(value for _, value in call.kws)]
    if len(told) > 1 or any(key != "dtype" for key, _ in call.kws) or (told and name in PLAIN):
        return None
    wanted = dtype_of(constant_of(func_ir, told[0])) if told else type_.dtype
    if wanted is None:
        return None
    if name != "array" and wanted == type_.dtype:
        return call.args[0]
    known = conversions.result_type(type_, wanted) is not None
    return conversions.conversion(wanted) if known else None


def _argument(values: dict[str, Any], given: Sequence[Any], variable: Any) -> Any:
    """Return the type of the argument that a variable is at this place."""
    value = values.get(variable.name)
    while isinstance(value, ir.Var):
        value = values.get(value.name)
    return given[value.index] if isinstance(value, ir.Arg) else None


def constant_of(func_ir: Any, variable: Any) -> Any:
    """Return what a variable is if that is a constant, or an attribute of a module."""
    found = ir_utils.guard(ir_utils.get_definition, func_ir, variable)
    if isinstance(found, ir.Expr) and found.op == "getattr":
        holder = ir_utils.guard(ir_utils.find_const, func_ir, found.value)
        return getattr(holder, found.attr, None) if isinstance(holder, ModuleType) else None
    return ir_utils.guard(ir_utils.find_const, func_ir, variable)


def _calls(func_ir: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each assignment of a call without `*args`, and the call."""
    for block in func_ir.blocks.values():
        for statement in block.find_insts(ir.Assign):
            value = statement.value
            if isinstance(value, ir.Expr) and value.op == "call" and not value.vararg:
                yield statement, value


def place_numbers(func_ir: Any) -> bool:
    """Make calls like `numpy.float32(2)` the numbers that they give."""
    changed = False
    for statement, call in _calls(func_ir):
        number = _number(func_ir, call) if len(call.args) == 1 and not call.kws else None
        if number is not None:
            statement.value = ir.Const(number, statement.loc)
            _redefine(func_ir, statement, call)
            changed = True
    return changed


def place_types(func_ir: Any) -> bool:
    """Put NumPy's types in the place of Python's in calls like `numpy.zeros(n, dtype=int)`."""
    changed = False
    for _, call in _calls(func_ir):
        place = _place_of_type(func_ir, call)
        if place is None:
            continue
        told = [variable for name, variable in call.kws if name == "dtype"]
        for variable in [*told, *call.args[place : place + 1]]:
            definition = ir_utils.guard(ir_utils.get_definition, func_ir, variable)
            known = isinstance(definition, ir.Global) and isinstance(definition.value, type)
            if known and definition.value in TYPES:
                definition.value = TYPES[definition.value]
                changed = True
    return changed


def _place_of_type(func_ir: Any, call: Any) -> int | None:
    """Return which argument of a function of NumPy is the type of the elements."""
    looked_up = ir_utils.guard(ir_utils.get_definition, func_ir, call.func)
    if not isinstance(looked_up, ir.Expr) or looked_up.op != "getattr":
        return None
    holder = ir_utils.guard(ir_utils.find_const, func_ir, looked_up.value)
    return PLACES.get(looked_up.attr) if holder is numpy else None


#: Python's types, as NumPy means them.
TYPES: dict[Any, Any] = {
    int: numpy.int64, float: numpy.float64, bool: numpy.bool_, complex: numpy.complex128,
}  # fmt: skip
#: The functions that are told one, and by which argument.
PLACES = {
    "zeros": 1, "ones": 1, "empty": 1, "zeros_like": 1, "ones_like": 1, "empty_like": 1,
}  # fmt: skip


def _number(func_ir: Any, call: Any) -> Any:
    kind = constant_of(func_ir, call.func)
    if not any(kind is each for each in NUMBERS):
        return None
    constant = ir_utils.guard(ir_utils.find_const, func_ir, call.args[0])
    if type(constant) not in (int, float):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return kind(constant)
        except (OverflowError, ValueError, RuntimeWarning, DeprecationWarning):
            return None
