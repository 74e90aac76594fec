"""From annotations to Numba argument types.

Parameter hints decide the argument types; the return hint decides nothing, because a wrong
one would make the kernel truncate. String annotations are evaluated in the function's module.
A hint that cannot be evaluated or has no Numba type is a `Reason`, never a guess.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import inspect
import types as pytypes
import typing
from typing import Any

import numpy
from numba.core import types

from catzilla_jit import signatures
from catzilla_jit.compile.datamodel.bytes_type import byte_string
from catzilla_jit.compile.datamodel.convertible import can_be_item, can_be_key
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.enum_member import member_type
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.datamodel.plain_class import is_plain, is_plain_enum
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import CompileRefused, Reason
from catzilla_jit.compile.frontend.annotations import evaluated

SCALAR_HINTS: dict[Any, types.Type] = {
    int: types.int64,
    float: types.float64,
    bool: types.boolean,
    complex: types.complex128,
    str: types.unicode_type,
    bytes: byte_string,
    None: types.none,
    type(None): types.none,
    numpy.int8: types.int8,
    numpy.int16: types.int16,
    numpy.int32: types.int32,
    numpy.int64: types.int64,
    numpy.uint8: types.uint8,
    numpy.uint16: types.uint16,
    numpy.uint32: types.uint32,
    numpy.uint64: types.uint64,
    numpy.float32: types.float32,
    numpy.float64: types.float64,
    numpy.bool_: types.boolean,
    numpy.complex64: types.complex64,
    numpy.complex128: types.complex128,
}


def argument_types(function: pytypes.FunctionType, name: str) -> tuple[types.Type, ...]:
    """Return the Numba type of each parameter, from its hint.

    Raises CompileRefused when a parameter has no hint or one without a Numba type.
    """
    hints = evaluated(function, name)
    found: list[types.Type] = []
    left: dict[str, Any] = {}
    for parameter in signatures.own(function).parameters.values():
        hint = hints.get(parameter.name, inspect.Parameter.empty)
        type_ = _numba_type(hint)
        if type_ is None:
            left[parameter.name] = hint
        else:
            found.append(type_)
    if left:
        raise CompileRefused(name, _left_open(function, left))
    return tuple(found)


def never_fit(function: pytypes.FunctionType) -> bool:
    """Tell whether a hint allows only arguments that have no machine type."""
    try:
        return any(map(_is_never, evaluated(function, function.__name__).values()))
    except CompileRefused:
        return False


def exact_types(function: pytypes.FunctionType) -> dict[str, types.Type]:
    """Return the types of those parameters whose hints name one."""
    try:
        hints = evaluated(function, function.__name__)
    except CompileRefused:
        return {}
    named = {parameter: _numba_type(hint) for parameter, hint in hints.items()}
    return {parameter: type_ for parameter, type_ in named.items() if type_ is not None}


def _numba_type(hint: Any) -> types.Type | None:
    """Return the Numba type that a hint names exactly; None where a value would have to tell."""
    try:
        if hint in SCALAR_HINTS:
            return SCALAR_HINTS[hint]
    except TypeError:  # an unhashable hint, like Annotated[int, []]
        return None
    if is_plain_enum(hint):
        return member_type(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _numba_type(arguments[0])
    if origin is tuple and arguments and Ellipsis not in arguments:
        elements = [_numba_type(argument) for argument in arguments]
        return None if None in elements else types.Tuple(elements)
    if origin is list:
        return _list(_numba_type(arguments[0]))
    if origin is dict:
        return _dict(*map(_numba_type, arguments))
    if origin in (typing.Union, pytypes.UnionType):
        return _optional(arguments)
    return None


def _list(item: types.Type | None) -> types.Type | None:
    return GivenList(item) if item is not None and can_be_item(item) else None


def _dict(key: types.Type | None, value: types.Type | None) -> types.Type | None:
    if key is None or value is None or not (can_be_key(key) and can_be_item(value)):
        return None
    return GivenDict(key, value)


def _optional(arguments: tuple[Any, ...]) -> types.Type | None:
    present = [argument for argument in arguments if argument is not type(None)]
    if len(present) != 1 or len(present) == len(arguments):
        return None
    inner = _numba_type(present[0])
    return None if inner is None else types.Optional(inner)


#: What `values.type_of` can have a type for, as classes.
_PACKED: tuple[type, ...] = (
    bool, int, float, complex, str, bytes, type(None), tuple, list, dict, numpy.ndarray,
    numpy.float64, numpy.int64, numpy.bool_, numpy.void,
)  # fmt: skip


def _is_never(hint: Any) -> bool:
    """Tell whether no value of the hint can have a machine type; a hint in doubt may."""
    if hint is typing.Any or hint is inspect.Parameter.empty:
        return False  # classes, from 3.11 on, or always
    if is_plain(hint):
        return False
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _is_never(arguments[0])
    if origin in (typing.Union, pytypes.UnionType):
        return all(_is_never(argument) for argument in arguments)
    if origin in (list, dict, tuple):
        return any(_is_never(argument) for argument in arguments if argument is not Ellipsis)
    kind = hint if isinstance(hint, type) else origin
    if not isinstance(kind, type):
        return False
    try:
        return not any(issubclass(packed, kind) for packed in (*_PACKED, *_scalar_classes()))
    except TypeError:  # a protocol
        return False


def _scalar_classes() -> list[type]:
    return [hint for hint in SCALAR_HINTS if isinstance(hint, type)]


def _left_open(function: pytypes.FunctionType, left: dict[str, Any]) -> tuple[Reason, ...]:
    """Return why the hints alone do not do: they never will, or the arguments are to tell."""
    line = function.__code__.co_firstlineno
    never = {parameter: hint for parameter, hint in left.items() if _is_never(hint)}
    if never:
        return tuple(_no_type(line, parameter, hint) for parameter, hint in never.items())
    told = [
        f"{parameter!r} has no hint"
        if hint is inspect.Parameter.empty
        else f"{parameter!r} is hinted {_shown(hint)}"
        for parameter, hint in left.items()
    ]
    when = "the function is compiled at its first submission, for the types of its arguments"
    message = f"{when}: {', '.join(told)}"
    return (Reason(rules.TYPES_AT_SUBMISSION, line, message, _better_hints(left)),)


def _better_hints(left: dict[str, Any]) -> str:
    """Say which hints would have it compiled before, where there are any."""
    better = {
        list: "list[int]", dict: "dict[str, int]", tuple: "tuple[int, str]",
        inspect.Parameter.empty: "float",
    }  # fmt: skip
    for parameter, hint in left.items():
        if isinstance(hint, type) and hint in better:
            hinted = f"`{parameter}: {better[hint]}`"
            return f"nothing to change: with hints such as {hinted} it is compiled earlier"
    return "nothing to change: it is compiled when it is submitted"


def _shown(hint: Any) -> str:
    return getattr(hint, "__name__", None) or str(hint) if isinstance(hint, type) else str(hint)


def _no_type(line: int, parameter: str, hint: Any) -> Reason:
    if hint is bytearray or hint is memoryview:
        return Reason(
            rules.NO_MACHINE_TYPE,
            line,
            f"parameter {parameter!r} is hinted {hint.__name__}, which has no machine type",
            f"pass bytes({parameter})",
        )
    return Reason(
        rules.NO_MACHINE_TYPE,
        line,
        f"the function is never compiled: parameter {parameter!r} is hinted {_shown(hint)}, and "
        "objects of that class have no machine type",
        "pass their numbers and strings, or arrays; otherwise it runs as a Python task",
    )
