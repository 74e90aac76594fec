"""What is left of generators and parallel loops when a function has been rewritten: refused."""

from __future__ import annotations

import inspect
import types as pytypes

from numba import prange

from catzilla_jit.compile.diagnostics import rules, source_line
from catzilla_jit.compile.frontend.names import named_values, names_in
from catzilla_jit.compile.frontend.parallel_loops import Refuse
from catzilla_jit.compile.frontend.plain_generators import is_plain_generator

#: Functions whose call does not run them.
NO_PLAIN_FUNCTION = (
    inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
    | inspect.CO_ITERABLE_COROUTINE
)


def refuse_generator_function(function: pytypes.FunctionType, refuse: Refuse) -> None:
    """Give up on a helper that makes a coroutine, or a generator of more than plain yields."""
    if function.__code__.co_flags & NO_PLAIN_FUNCTION and not is_plain_generator(function):
        message = f"the function calls {function.__name__}, a generator or a coroutine"
        line, file = function.__code__.co_firstlineno, function.__code__.co_filename
        refuse(rules.GENERATOR, line, message, "return a list", file)


def refuse_generators(code: pytypes.CodeType, refuse: Refuse) -> None:
    """Give up on what is left of generators after the rewriting."""
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType) and constant.co_flags & inspect.CO_GENERATOR:
            message = (
                "a generator expression is not consumed at once, or its source is not available"
            )
            advice = "write a list comprehension or a loop"
            line, file = constant.co_firstlineno, constant.co_filename
            refuse(rules.KEPT_ITERATOR, line, message, advice, file)


def refuse_prange(function: pytypes.FunctionType, code: pytypes.CodeType, refuse: Refuse) -> None:
    """Give up on a loop over `prange` that was not found in the source."""
    named = any(value is prange for _, value in named_values(function, code))
    if named or "prange" in names_in(code):
        message = "prange is used otherwise than in a `for`, or its source is not available"
        line = source_line.line_of(code, source_line.LOADS, "prange")
        file = code.co_filename
        refuse(rules.LOOP_FORM, line, message, "write for i in prange(n)", file)
