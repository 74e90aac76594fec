"""Functions in a namespace of their own, and the constants that are among their arguments."""

from __future__ import annotations

import types as pytypes
from collections.abc import Sequence
from typing import Any

from catzilla_jit import signatures
from catzilla_jit.compile.datamodel.bytes_type import as_constant
from catzilla_jit.compile.datamodel.constant_argument import GivenConstant
from catzilla_jit.compile.datamodel.enum_member import Named
from catzilla_jit.compile.datamodel.plain_class import is_int_enum, is_plain_enum


def is_named_enum(value: Any) -> bool:
    """Tell whether a value is an Enum that compiled code knows by its members, or one of these."""
    class_ = value if isinstance(value, type) else type(value)
    return is_plain_enum(class_) and not is_int_enum(class_)


def constants_of(function: pytypes.FunctionType, argument_types: Sequence[Any]) -> dict[str, Any]:
    """Return the parameters that are constants, with their values."""
    names = signatures.own(function).parameters
    given = zip(names, argument_types, strict=False)
    return {name: type_.value for name, type_ in given if isinstance(type_, GivenConstant)}


def _defaults(values: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(map(_default, values))


def _default(value: Any) -> Any:
    return Named(value) if is_named_enum(value) else as_constant(value)


def in_namespace(
    original: pytypes.FunctionType,
    code: pytypes.CodeType,
    namespace: dict[str, Any],
    cells: tuple[pytypes.CellType, ...],
) -> pytypes.FunctionType:
    """Return the function with other code, globals and closure variables."""
    made = pytypes.FunctionType(
        code, namespace, original.__name__, _defaults(original.__defaults__), cells
    )
    named = original.__kwdefaults__ or {}
    made.__kwdefaults__ = {name: _default(value) for name, value in named.items()}
    made.__qualname__ = original.__qualname__
    made.__module__ = original.__module__
    return made
