"""Which line of the user's source a refusal points to.

Numba writes the places of an error into its text, the innermost first; of those the first counts
that lies in the task or in a helper of it. An error without a place is looked for in the traceback,
where Numba's constraints know their line; what has none there either is looked for in the bytecode.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import dis
import os
import re
import types as pytypes
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from numba.core import ir

RETURNS = {"RETURN_VALUE", "RETURN_CONST"}
HANDLERS = {"CHECK_EXC_MATCH", "PUSH_EXC_INFO", "SETUP_FINALLY"}
STORES = {"STORE_FAST", "STORE_DEREF", "STORE_FAST_STORE_FAST", "STORE_FAST_LOAD_FAST"}
LOADS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF"}


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A line of a function."""

    code: pytypes.CodeType  # of the function
    line: int

    @property
    def file(self) -> str:
        return self.code.co_filename


def place_of(error: Exception, functions: Sequence[pytypes.FunctionType]) -> Place:
    """Return where an error of the compiler points to; functions: the task, then its helpers."""
    text = str(error)
    codes = [function.__code__ for function in functions]
    for found in (_places(text, codes), _of_location(error, codes), _of_traceback(error, codes)):
        places = list(found)
        if places and "unify" in text:  # these come in no order
            places = sorted(
                (each for each in places if each.code is places[0].code), key=lambda p: p.line
            )
        if places:
            return places[0]
    return Place(codes[0], line_of_cell(codes[0]) if "cell variable" in text else first(codes[0]))


def _places(text: str, codes: list[pytypes.CodeType]) -> Iterator[Place]:
    files = {os.path.basename(code.co_filename) for code in codes}
    names = "|".join(map(re.escape, sorted(files)))
    for match in re.finditer(rf'(?<![\w.-])({names})(?:", line (\d+)| \((\d+)\))', text):
        yield from _in_codes(match[1], int(match[2] or match[3]), codes)


def _of_location(error: Exception, codes: list[pytypes.CodeType]) -> Iterator[Place]:
    loc = getattr(error, "loc", None)
    if isinstance(loc, ir.Loc):
        yield from _in_codes(os.path.basename(str(loc.filename)), loc.line, codes)


def _of_traceback(error: Exception, codes: list[pytypes.CodeType]) -> Iterator[Place]:
    """Yield the places that the constraints in the traceback have, the innermost first."""
    for constraint, _ in _constraints(error):
        loc = constraint.loc
        yield from _in_codes(os.path.basename(str(loc.filename)), loc.line, codes)


def callee_of(error: Exception) -> str:
    """Return the name of the function whose call an error came from, empty if it is not known."""
    for _, function in _constraints(error):
        if function is not None:
            return getattr(getattr(function, "typing_key", None), "__name__", "")
    return ""


def _constraints(error: Exception) -> list[tuple[Any, Any]]:
    """Return Numba's constraints that were being resolved, the innermost first.

    Beside each the type of the function that is called, where it is a call.
    """
    found, frame = [], error.__traceback__
    while frame is not None:
        variables = frame.tb_frame.f_locals
        if isinstance(getattr(variables.get("self"), "loc", None), ir.Loc):
            found.append((variables["self"], variables.get("fnty")))
        frame = frame.tb_next
    return found[::-1]


def _in_codes(file: str, line: int, codes: list[pytypes.CodeType]) -> Iterator[Place]:
    for code in codes:
        if os.path.basename(code.co_filename) == file and first(code) <= line <= _last(code):
            yield Place(code, line)
            return


def first(code: pytypes.CodeType) -> int:
    return code.co_firstlineno


def _last(code: pytypes.CodeType) -> int:
    own = [line for *_, line in code.co_lines() if line]
    return max([first(code), *own, *map(_last, _nested(code))])


def _nested(code: pytypes.CodeType) -> list[pytypes.CodeType]:
    return [each for each in code.co_consts if isinstance(each, pytypes.CodeType)]


def line_of_cell(code: pytypes.CodeType) -> int:
    """Return the line of the first function inside that uses a variable of the outer one."""
    return next((first(each) for each in _nested(code) if each.co_freevars), first(code))


def line_of(code: pytypes.CodeType, opnames: Collection[str], name: str = "") -> int:
    """Return the first line with one of these instructions, or the function's own."""
    return next(_lines_of(code, opnames, name), first(code))


def line_of_store(code: pytypes.CodeType, name: str, before: int) -> int:
    """Return the last line up to `before` that gives a variable a value, or else `before`."""
    lines = [line for line in _lines_of(code, STORES, name) if line <= before]
    return max(lines, default=before)


def _lines_of(code: pytypes.CodeType, opnames: Collection[str], name: str) -> Iterator[int]:
    line = first(code)
    starts = {offset: number for offset, number in dis.findlinestarts(code) if number}
    for instruction in dis.get_instructions(code):
        line = starts.get(instruction.offset, line)
        if instruction.opname in opnames and (not name or _names(instruction.argval, name)):
            yield line


def _names(value: object, name: str) -> bool:
    return name in value if isinstance(value, tuple) else name == value
