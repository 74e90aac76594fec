"""Functions as compiled code calls them: one value per parameter, by position.

`def f(a, *rest)` is called with `a` and a tuple, `def f(a, *, b)` with `a` and `b`. That is the
same code with other flags: the variables lie where they lay.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Callable
from typing import Any

#: The signature of what Python knows none of.
UNKNOWN = inspect.Signature(
    [
        inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL),
        inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD),
    ]
)


@dataclasses.dataclass(frozen=True, slots=True)
class Calling:
    """How the code of a function is called."""

    by_position: Callable[..., Any]  # the function, which takes one value per parameter
    straight: bool  # those are the positional arguments of a call
    takes_more: bool  # one of them is a tuple, of `*args`
    compiled: Any  # the function that is compiled


def calling(function: Callable[..., Any]) -> Calling:
    """Return how a function's code is called."""
    more, made = takes_more(function), by_position(function)
    return Calling(made, is_by_position(function), more, made if more else function)


def is_by_position(function: Callable[..., Any]) -> bool:
    """Tell whether all parameters may be given by position, and none is more than one value."""
    code = getattr(function, "__code__", None)
    return code is None or not (
        code.co_kwonlyargcount or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
    )


def takes_more(function: Callable[..., Any]) -> bool:
    """Tell whether a function has a parameter like `*args`, and no others like it."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_kwonlyargcount or code.co_flags & inspect.CO_VARKEYWORDS:
        return False
    return bool(code.co_flags & inspect.CO_VARARGS)


def by_position(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with positional parameters alone; itself where there is none."""
    if not isinstance(function, types.FunctionType) or is_by_position(function):
        return function
    code = function.__code__
    both = bool(code.co_kwonlyargcount) and bool(code.co_flags & inspect.CO_VARARGS)
    if both or code.co_flags & inspect.CO_VARKEYWORDS:
        return function
    count = code.co_argcount + code.co_kwonlyargcount
    more = bool(code.co_flags & inspect.CO_VARARGS)
    plain = code.replace(
        co_argcount=count + more, co_kwonlyargcount=0, co_flags=code.co_flags & ~inspect.CO_VARARGS
    )
    made = types.FunctionType(
        plain, function.__globals__, function.__name__, None, function.__closure__
    )
    made.__qualname__ = function.__qualname__
    made.__module__ = function.__module__
    made.__annotations__ = dict(function.__annotations__)
    if more:  # its hint is one of the items
        made.__annotations__.pop(code.co_varnames[count], None)
    return made


def in_order(
    function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Any, ...] | None:
    """Return the arguments of a straight call by position; None unless each parameter has one."""
    code = getattr(function, "__code__", None)
    if code is None or len(args) + len(named) != code.co_argcount:
        return None
    if len(args) < code.co_posonlyargcount:
        return None
    try:
        return (*args, *[named[name] for name in code.co_varnames[len(args) : code.co_argcount]])
    except KeyError:
        return None
