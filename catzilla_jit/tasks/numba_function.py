"""Functions that are compiled already, by Numba's own decorators, as tasks.

`@task` over `@njit` is a task that calls the jitted function: that one keeps its arithmetic
and its options, the task adds the entry that native workers call. The compile stage takes
plain functions, so a plain function with the same parameters stands for it.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any, get_type_hints

from .. import signatures

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a plain function that calls this one if it is Numba's, else the function itself."""
    original = getattr(function, "py_func", None)
    # Not isinstance: Numba is not imported before something is to be compiled.
    if not isinstance(original, types.FunctionType) or not hasattr(function, "targetoptions"):
        return function
    parameters = signatures.own(original).parameters
    if any(parameter.kind not in _POSITIONAL for parameter in parameters.values()):
        return function
    return _standing_for(function, original, list(parameters))


def _standing_for(
    jitted: Callable[..., Any], original: types.FunctionType, parameters: list[str]
) -> types.FunctionType:
    names = ", ".join(parameters)
    source = f"def stand_in({names}):\n    return _jitted({names})\n"
    module = {"__name__": original.__module__, "_jitted": jitted}
    # Not the original's file: whoever looks for the source there would find another function.
    exec(compile(source, f"<{original.__name__} as a task>", "exec"), module)
    function = module["stand_in"]
    assert isinstance(function, types.FunctionType)
    function.__name__, function.__qualname__ = original.__name__, original.__qualname__
    function.__doc__ = original.__doc__
    function.__defaults__ = original.__defaults__
    function.__annotations__ = _hints(original)
    return function


def _hints(function: types.FunctionType) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except Exception:  # a hint may be any expression, and a wrong one harms nobody
        return dict(function.__annotations__)
