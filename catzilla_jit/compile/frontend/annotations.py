"""What a function's annotations say, before anything has to know Numba.

`SCALARS` has the types of Numba's that `hints.py` gives to hints, as Numba shows them: enough to
find a task in the cache by hints that name scalars only.
"""

from __future__ import annotations

import types as pytypes
import typing
from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit import signatures
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import CompileRefused, Reason

SCALARS: dict[Any, str] = {
    int: "int64",
    float: "float64",
    bool: "bool",
    complex: "complex128",
    str: "unicode_type",
    bytes: "bytes",
    None: "none",
    type(None): "none",
    numpy.int8: "int8",
    numpy.int16: "int16",
    numpy.int32: "int32",
    numpy.int64: "int64",
    numpy.uint8: "uint8",
    numpy.uint16: "uint16",
    numpy.uint32: "uint32",
    numpy.uint64: "uint64",
    numpy.float32: "float32",
    numpy.float64: "float64",
    numpy.bool_: "bool",
    numpy.complex64: "complex64",
    numpy.complex128: "complex128",
}


_MISSING = object()


def scalar_types(function: pytypes.FunctionType, name: str) -> list[str] | None:
    """Return the type of each parameter as Numba shows it; None unless hints name scalars only."""
    try:
        hints = evaluated(function, name)
        return [SCALARS[hints[parameter]] for parameter in signatures.own(function).parameters]
    except (KeyError, TypeError, CompileRefused):  # no hint, another, one that cannot be hashed
        return None


def evaluated(function: pytypes.FunctionType, name: str) -> dict[str, Any]:
    """Evaluate the parameters' annotations one by one, so that a bad return hint harms nobody."""
    hints: dict[str, Any] = {}
    for parameter, hint in function.__annotations__.items():
        if parameter == "return":
            continue
        if not isinstance(hint, str):
            hints[parameter] = _with_default(function, parameter, hint)
            continue
        holder = _holder({parameter: hint})
        try:
            found = typing.get_type_hints(holder, function.__globals__)[parameter]
        except Exception as error:
            line = function.__code__.co_firstlineno
            message = f"the hint of {parameter!r}, {hint!r}, cannot be evaluated: {error}"
            advice = "import the name that the hint uses"
            reason = Reason(rules.BAD_HINT, line, message, advice)
            raise CompileRefused(name, (reason,)) from error
        hints[parameter] = _with_default(function, parameter, found)
    return hints


def _with_default(function: pytypes.FunctionType, parameter: str, hint: Any) -> Any:
    """Return the hint, or of `x: int = None` the `int | None` that is meant."""
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    default = {**dict(zip(names, defaults, strict=False)), **(function.__kwdefaults__ or {})}
    if default.get(parameter, _MISSING) is not None:
        return hint
    try:
        return typing.Optional[hint]  # noqa: UP045 -- it is not known yet
    except TypeError:  # what is no hint
        return hint


def _holder(annotations: dict[str, str]) -> Callable[..., None]:
    def holder() -> None: ...

    holder.__annotations__ = annotations
    return holder
