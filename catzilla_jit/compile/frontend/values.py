"""From the arguments of a call to Numba argument types, where the hints do not say.

A hint that names a type exactly is followed; for the rest the value tells. Only values that
`backend/boxing.py` and the runtime can pack have a type; for anything else the call runs as Python.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import types as pytypes
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import errors, types
from numba.np import numpy_support

from catzilla_jit import signatures
from catzilla_jit.compile.analysis.numpy_made import made_by, origin_of_value
from catzilla_jit.compile.analysis.origins import has_numpy
from catzilla_jit.compile.datamodel.bytes_type import byte_string
from catzilla_jit.compile.datamodel.constant_argument import constant_types, default_type
from catzilla_jit.compile.datamodel.convertible import can_be_item, can_be_key, can_pack
from catzilla_jit.compile.datamodel.data_object import DataObject, can_be_field
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.enum_member import member_type
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.datamodel.plain_class import (
    is_plain_dataclass,
    is_plain_enum,
    is_plain_named_tuple,
)
from catzilla_jit.compile.datamodel.record_type import record_of, why_not
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import CompileRefused, Reason
from catzilla_jit.compile.frontend import hints
from catzilla_jit.compile.frontend.screen import screen

EXACT: dict[type, types.Type] = {
    bool: types.boolean,
    int: types.int64,
    float: types.float64,
    complex: types.complex128,
    str: types.unicode_type,
    bytes: byte_string,
    type(None): types.none,
}


def needs_values(function: pytypes.FunctionType) -> bool:
    """Tell whether the hints leave a parameter's type to the arguments of the call.

    False for what no types would make compilable.
    """
    try:
        screen(function, function.__name__)
    except CompileRefused:
        return False
    try:
        hints.argument_types(function, function.__name__)
    except CompileRefused:
        return not hints.never_fit(function)
    return False


def argument_types_for(
    function: pytypes.FunctionType, values: Sequence[Any], *, name: str
) -> tuple[Any, ...]:
    """Return the argument types to compile for, given one value per parameter.

    Those of NumPy's numbers are `MadeBy`. Raises CompileRefused when a value has no type.
    """
    line = function.__code__.co_firstlineno
    found = []
    named = hints.exact_types(function)
    parameters = signatures.own(function).parameters
    for parameter, value in zip(parameters, values, strict=True):
        origin = origin_of_value(value)
        other = has_numpy(origin) or _is_lesser(value, named.get(parameter))
        type_ = type_of(value) if other else named.get(parameter)
        type_ = type_ or type_of(value) or default_type(value, parameters[parameter])
        if type_ is None:
            message = f"argument {parameter!r} {_described(value)}"
            advice = "pass numbers, strings, bytes, arrays, or tuples, lists and dicts of them"
            if _is_structured(value):
                advice = "pass the fields as arrays; otherwise it runs as a Python task"
            raise CompileRefused(name, (Reason(rules.NO_MACHINE_TYPE, line, message, advice),))
        found.append(made_by(type_, origin))
    return tuple(found)


def with_constants(
    function: pytypes.FunctionType, found: tuple[types.Type, ...], values: Sequence[Any]
) -> tuple[types.Type, ...] | None:
    """Return argument types in which values that say how are constants; None without such."""
    parameters = list(signatures.own(function).parameters.values())
    return constant_types(found, list(values), parameters)


def without_optionals(
    found: tuple[types.Type, ...], values: Sequence[Any]
) -> tuple[types.Type, ...] | None:
    """Return argument types in which what may be None is what it is; None without such."""
    if not any(isinstance(each, types.Optional) for each in found):
        return None
    narrow: list[types.Type] = []
    for type_, value in zip(found, values, strict=True):
        own = type_of(value) if isinstance(type_, types.Optional) else type_
        if own is None:
            return None
        narrow.append(own)
    return tuple(narrow)


def _described(value: Any) -> str:
    if _is_structured(value):
        return why_not(value.dtype) or "has a dtype, or a place in memory, without a machine type"
    kind = type(value).__name__
    if type(value) not in (list, dict):
        return f"is a {kind}"
    parts: list[Collection[Any]] = [value.values(), value] if isinstance(value, dict) else [value]
    if not value:
        return f"is an empty {kind}"
    if not all(map(_is_uniform, parts)):
        return f"is a {kind} with items of several types"
    return f"is a {kind}"


def _is_structured(value: Any) -> bool:
    return type(value) in (numpy.ndarray, numpy.void) and bool(value.dtype.names)


def hinted_types(function: pytypes.FunctionType, *, name: str) -> tuple[types.Type, ...]:
    """Return the argument types that the hints name; CompileRefused when they do not."""
    return hints.argument_types(function, name)


def _is_lesser(value: Any, hinted: types.Type | None) -> bool:
    """Tell whether a value is an int in the place of a float: then it is compiled as the int."""
    if isinstance(hinted, GivenDict):
        first = next(iter(value.values()), None) if type(value) is dict else None
        return _is_lesser(first, hinted.value_type)
    if isinstance(hinted, GivenList):
        return type(value) is list and bool(value) and _is_lesser(value[0], hinted.dtype)
    if hinted == types.float64:
        return type(value) is int
    return hinted == types.complex128 and type(value) in (int, float)


def type_of(value: Any) -> types.Type | None:
    """Return the type that a value has exactly, or None when it has none."""
    try:
        return _type_of(value)
    except RecursionError:  # it holds itself, or is as deep as that
        return None


def _type_of(value: Any) -> types.Type | None:
    if type(value) in EXACT:
        return None if type(value) is int and not -(2**63) <= value < 2**63 else EXACT[type(value)]
    if type(value) is tuple:
        elements = [type_of(element) for element in value]
        made = None if None in elements else types.Tuple(elements)
        return made if made is not None and can_pack(made) else None
    if is_plain_named_tuple(type(value)):
        elements = [type_of(element) for element in value]
        return None if None in elements else types.BaseTuple.from_types(elements, type(value))
    if is_plain_dataclass(type(value)):
        return _type_of_object(value)
    if is_plain_enum(type(value)):
        return member_type(type(value))
    if type(value) is list:
        return _type_of_list(value)
    if type(value) is dict:
        return _type_of_dict(value)
    if type(value) is numpy.void:
        return _type_of_record(value)
    if isinstance(value, numpy.generic):
        return hints.SCALAR_HINTS.get(type(value))
    return _type_of_array(value) if type(value) is numpy.ndarray else None


def _type_of_object(value: Any) -> types.Type | None:
    fields = [getattr(value, each.name, None) for each in dataclasses.fields(value)]
    types_ = tuple(type_ for type_ in map(type_of, fields) if type_ and can_be_field(type_))
    if has_numpy(origin_of_value(tuple(fields))) or len(types_) < len(fields):
        return None
    return DataObject(type(value), types_, given=True)


def _type_of_record(value: numpy.void) -> types.Type | None:
    type_ = record_of(value.dtype, writable=value.flags.writeable)
    return None if type_ is None or (type_.aligned and not value.flags.aligned) else type_


def _type_of_list(value: list[Any]) -> types.Type | None:
    """Return the type of a list whose items have one class; `pack` looks at them more closely."""
    known = value and _is_uniform(value) and not has_numpy(origin_of_value(value[0]))
    item = type_of(value[0]) if known else None
    return GivenList(item) if item is not None and can_be_item(item) else None


def _is_uniform(items: Iterable[Any]) -> bool:
    """Tell whether all items have one class: code for the first would fit no other."""
    return len(set(map(type, items))) == 1


def _type_of_dict(value: dict[Any, Any]) -> types.Type | None:
    if not (_is_uniform(value) and _is_uniform(value.values())):
        return None
    first = next(iter(value.items()))
    if has_numpy(origin_of_value(first)):
        return None
    key, item = map(type_of, first)
    if key is None or item is None or not (can_be_key(key) and can_be_item(item)):
        return None
    return GivenDict(key, item)


def _type_of_array(value: numpy.ndarray[Any, Any]) -> types.Type | None:
    flags = value.flags
    layout: Any = "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"
    if value.dtype.names:
        dtype: Any = record_of(value.dtype, writable=flags.writeable)
        if dtype is None or (dtype.aligned and not flags.aligned):
            return None
        return types.Array(dtype, value.ndim, layout, readonly=not flags.writeable)
    if not value.dtype.isnative or value.dtype.kind not in "biufc":
        return None
    try:
        dtype = numpy_support.from_dtype(value.dtype)
    except errors.NumbaNotImplementedError:  # longdouble
        return None
    type_ = types.Array(
        dtype, value.ndim, layout, readonly=not flags.writeable, aligned=flags.aligned
    )
    return type_ if can_pack(type_) else None
