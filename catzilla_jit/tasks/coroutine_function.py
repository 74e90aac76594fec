"""Which functions give a coroutine; apart from what runs one, which needs asyncio."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import Any


def is_coroutine_function(function: Callable[..., Any]) -> bool:
    """Whether a call gives a coroutine: `async def`, also as a method or as `__call__`."""
    if inspect.iscoroutinefunction(function):
        return True
    if isinstance(function, functools.partial):
        return is_coroutine_function(function.func)
    called = getattr(type(function), "__call__", None)  # noqa: B004 -- of its class, not its own
    return isinstance(called, types.FunctionType) and inspect.iscoroutinefunction(called)


def code_of(function: Any) -> types.CodeType:
    """Return the code of a function of which `is_coroutine_function` is true."""
    while isinstance(function, functools.partial):
        function = function.func
    code: types.CodeType = getattr(function, "__code__", None) or type(function).__call__.__code__
    return code
