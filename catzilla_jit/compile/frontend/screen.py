"""What is refused before Numba sees it.

Numba compiles some functions to something with another meaning (a coroutine becomes a function, a
generator an object that no payload holds). These are found here by the code object alone.
"""

from __future__ import annotations

import dis
import inspect
import types as pytypes

from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import STAYS, CompileRefused, Reason
from catzilla_jit.compile.frontend import errstate


def screen(function: object, name: str) -> pytypes.FunctionType:
    """Return the function; raise CompileRefused for what must not be compiled."""
    if not isinstance(function, pytypes.FunctionType):
        kind = type(function).__name__
        message = f"the task is a {kind}, not a plain function"
        reason = Reason(rules.NOT_A_FUNCTION, None, message, "use a plain function")
        raise CompileRefused(name, (reason,))
    reasons = _reasons(function)
    if reasons:
        raise CompileRefused(name, tuple(reasons))
    return function


def _reasons(function: pytypes.FunctionType) -> list[Reason]:
    line = function.__code__.co_firstlineno
    flags = function.__code__.co_flags
    reasons = []
    if flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE):
        message = "the function is a coroutine (async def)"
        reasons.append(Reason(rules.COROUTINE, line, message, STAYS))
    elif flags & inspect.CO_GENERATOR:
        message = "the function is a generator (it contains a yield)"
        reasons.append(Reason(rules.GENERATOR, line, message, "return a list or an array"))
    where = _line_of_with(function.__code__)
    if where is not None and not errstate.has_only_these(function):
        message = "the function contains a `with` block"
        reasons.append(Reason(rules.WITH, where, message, STAYS))
    if flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        message = "the function takes *args or **kwargs"
        reasons.append(Reason(rules.STAR_PARAMETERS, line, message, "name each parameter"))
    return reasons


def _line_of_with(code: pytypes.CodeType) -> int | None:
    line = code.co_firstlineno
    starts = {offset: number for offset, number in dis.findlinestarts(code) if number}
    for instruction in dis.get_instructions(code):
        line = starts.get(instruction.offset, line)
        if instruction.opname in ("SETUP_WITH", "BEFORE_WITH"):
            return line
    return None
