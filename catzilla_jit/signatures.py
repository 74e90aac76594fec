"""The parameters of a function's own code, whatever it says that it wraps."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

#: What `functools.wraps` and others leave, for inspect to show another signature.
_CLAIMS = {"__wrapped__", "__signature__"}


def own(function: Callable[..., Any]) -> inspect.Signature:
    """Return what a call binds its arguments to; ValueError as of inspect.signature."""
    if not isinstance(function, types.FunctionType) or _CLAIMS.isdisjoint(vars(function)):
        return inspect.signature(function)
    bare = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    bare.__kwdefaults__ = function.__kwdefaults__
    bare.__annotations__ = function.__annotations__
    return inspect.signature(bare)
