"""What is refused before Numba sees it.

Numba compiles some functions to something with another meaning (a coroutine becomes a function, a
generator an object that no payload holds). These are found here by the code object alone.
"""

from __future__ import annotations

import dis
import inspect
import types as pytypes

from catzilla_jit.compile.reason import CompileRefused, Reason

_STAY_PYTHON = "nothing to change: it runs as a Python task"


def screen(function: object, name: str) -> pytypes.FunctionType:
    """Return the function; raise CompileRefused for what must not be compiled."""
    if not isinstance(function, pytypes.FunctionType):
        kind = type(function).__name__
        raise CompileRefused(
            name, (Reason(None, f"it is a {kind}, not a plain function", "use a plain function"),)
        )
    reasons = _reasons(function)
    if reasons:
        raise CompileRefused(name, tuple(reasons))
    return function


def _reasons(function: pytypes.FunctionType) -> list[Reason]:
    line = function.__code__.co_firstlineno
    flags = function.__code__.co_flags
    reasons = []
    if flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE):
        reasons.append(Reason(line, "it is a coroutine (async def)", _STAY_PYTHON))
    elif flags & inspect.CO_GENERATOR:
        reasons.append(
            Reason(line, "it is a generator (it has a yield)", "return a list or an array")
        )
    where = _line_of_with(function.__code__)
    if where is not None:
        reasons.append(Reason(where, "it has a `with` block", _STAY_PYTHON))
    if flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        reasons.append(Reason(line, "it takes *args or **kwargs", "name each parameter"))
    return reasons


def _line_of_with(code: pytypes.CodeType) -> int | None:
    line = code.co_firstlineno
    starts = {offset: number for offset, number in dis.findlinestarts(code) if number}
    for instruction in dis.get_instructions(code):
        line = starts.get(instruction.offset, line)
        if instruction.opname in ("SETUP_WITH", "BEFORE_WITH"):
            return line
    return None
