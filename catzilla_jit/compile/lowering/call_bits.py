"""Whose numbers a call hands over, and whose number it brings back: bits that go with it.

A helper is compiled once for numbers of either, so who made its arguments is told at run time. Each
call has a slot for the description of an exception, which has no content before the call, and none
that is read after one that raised nothing. The caller puts a bit for each argument there, and the
helper the bit of its result (`shadow_origin.py`). Who calls a helper in another way puts nothing
there: the result's bit means nothing then, and that caller does not read it.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from llvmlite import ir as llvm
from numba.core import types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.frontend.own_functions import is_own
from catzilla_jit.compile.lowering.shadow import BIT
from catzilla_jit.compile.target.context import TaskCallConv

WORD = llvm.IntType(64)
MOST = 63  # arguments


def is_helper(lower: Any) -> bool:
    """Tell whether a function is a helper of the user's that is given numbers of either."""
    unit, function = lower.metadata["unit"], lower.func_ir.func_id.func
    plain = not (lower.func_ir.is_generator or function in unit.loops or unit.is_task(function))
    return plain and unit.mixes and not is_own(function)


def note(lower: Any, names: list[str]) -> bool:
    """Note, and return, whether a function tells its callers whose number it returns."""
    findings, function = lower.metadata["unit"].findings, lower.func_ir.func_id.func
    general = lower.metadata["unit"].general(function)
    tells = is_helper(lower) and number_kinds.kind(lower.fndesc.restype) is not None
    tells = tells and all(map(lower.shadow_origin.tells, names))
    findings.tells[general] = findings.tells.get(general, True) and tells
    return tells


def symbol_of_telling(lower: Any, expr: Any) -> str | None:
    """Return the symbol of what a call calls, if that tells whose number it returns."""
    callee = lower.fndesc.typemap[expr.func.name]
    unit = lower.metadata["unit"]
    if not isinstance(callee, types.Dispatcher) or unit.is_library(callee.dispatcher):
        return None
    if expr.kws or expr.vararg is not None or len(expr.args) > MOST:
        return None
    if not unit.findings.tells.get(callee.dispatcher.py_func, False):
        return None
    signature = lower.fndesc.calltypes[expr]
    compiled = callee.dispatcher.overloads.get(tuple(signature.args))
    return None if compiled is None else str(compiled.fndesc.mangled_name)


@contextlib.contextmanager
def around(lower: Any, expr: Any) -> Iterator[None]:
    """Have the call that is written take its bits along."""
    symbol = lower.shadow_origin.called_to_tell(expr)
    if symbol is None:
        yield
        return
    word = WORD(0)
    for place, argument in enumerate(expr.args):
        if number_kinds.kind(lower.typeof(argument.name)) is not None:
            bit = lower.builder.zext(lower.shadow_origin.bit(argument.name), WORD)
            word = lower.builder.or_(word, lower.builder.shl(bit, WORD(place)))
    TaskCallConv.beside = symbol, word
    try:
        yield
        lower._bit_of_result = lower.builder.trunc(TaskCallConv.take_brought(), BIT)
    finally:
        TaskCallConv.beside = None  # also of a call that was given up


def given(lower: Any, place: int) -> llvm.Value:
    """Return the bit of an argument of the function that is written."""
    builder = lower.builder
    slot = lower.call_conv._get_excinfo_argument(builder.function)
    word = builder.ptrtoint(builder.load(slot), WORD)
    return builder.trunc(builder.lshr(word, WORD(place)), BIT)


def hand_back(lower: Any, name: str) -> None:
    """Write the bit of the variable that is returned."""
    builder = lower.builder
    slot = lower.call_conv._get_excinfo_argument(builder.function)
    word = builder.zext(lower.shadow_origin.bit(name), WORD)
    builder.store(builder.inttoptr(word, slot.type.pointee), slot)
