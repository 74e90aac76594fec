"""Which globals of a module its functions assign, found in their bytecode."""

from __future__ import annotations

import dis
import types as pytypes
from collections.abc import Iterator
from typing import Any

from catzilla_jit.compile.frontend.names import STANDS_FOR


def assigned_names(module: dict[str, Any]) -> set[str]:
    """Return the globals that a function of this module assigns or deletes."""
    found: set[str] = set()
    for code in _codes(module):
        found |= assigned_in(code)
    return found


def assigned_in(code: pytypes.CodeType) -> set[str]:
    """Return the globals that a code object itself assigns or deletes."""
    return {
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")
    }


def _codes(module: dict[str, Any]) -> Iterator[pytypes.CodeType]:
    for value in list(module.values()):
        members = list(vars(value).values()) if isinstance(value, type) else [value]
        for member in members:
            held = getattr(member, STANDS_FOR, getattr(member, "__func__", member))
            if isinstance(held, pytypes.FunctionType) and held.__globals__ is module:
                yield from _nested(held.__code__)


def _nested(code: pytypes.CodeType) -> Iterator[pytypes.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            yield from _nested(constant)
