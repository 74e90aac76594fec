"""Which types can be given to compiled code, and which can be returned from it."""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import types

from catzilla_jit.compile.datamodel.bytes_type import byte_string, hides_bytes
from catzilla_jit.compile.datamodel.data_object import DataObject, can_be_field
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.enum_member import Member
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.datamodel.plain_class import (
    is_frozen,
    is_plain_enum,
    is_plain_named_tuple,
)
from catzilla_jit.compile.datamodel.record_type import GivenRecord

EXACT_TYPES: dict[Any, str] = {
    types.int64: "PyLong_Type",
    types.float64: "PyFloat_Type",
    types.boolean: "PyBool_Type",
    types.complex128: "PyComplex_Type",
    types.unicode_type: "PyUnicode_Type",
    byte_string: "PyBytes_Type",
}


#: The types of members of an enum.
MEMBERS = (Member, types.IntEnumMember)


def can_pack(type_: types.Type) -> bool:
    """Tell whether a Python value of this type can be an argument, or part of one.

    A record can be an argument too; it is none of these because it cannot be a part.
    """
    if isinstance(type_, types.BaseTuple):
        return all(map(can_pack, type_.types))
    if isinstance(type_, types.Optional):
        return can_pack(type_.type)
    if isinstance(type_, types.Array):
        return _has_dtype(type_.dtype) and type_.layout in "CFA"
    if isinstance(type_, GivenList):
        return can_be_item(type_.dtype)
    if isinstance(type_, GivenDict):
        return can_be_key(type_.key_type) and can_be_item(type_.value_type)
    if isinstance(type_, DataObject):
        return all(map(can_be_field, type_.types))
    return type_ in EXACT_TYPES or type_ == types.none or isinstance(type_, MEMBERS)


def can_be_item(type_: types.Type) -> bool:
    """Tell whether a list argument can hold values of this type."""
    if isinstance(type_, types.BaseTuple):
        return all(map(can_be_item, type_.types))
    given = isinstance(type_, GivenList | GivenDict) and can_pack(type_)
    return given or type_ in EXACT_TYPES or isinstance(type_, (*MEMBERS, DataObject))


def can_be_key(type_: types.Type) -> bool:
    """Tell whether a dict can have keys of this type; a NaN is one by its identity."""
    if isinstance(type_, types.BaseTuple):
        return len(type_.types) > 0 and all(map(can_be_key, type_.types))
    return types.unliteral(type_) in {types.int64, types.boolean, types.unicode_type, byte_string}


def can_return(type_: types.Type) -> bool:
    """Tell whether a result of this type is given back as Python has it."""
    if hides_bytes(type_):
        return False
    if isinstance(type_, types.List | types.DictType):
        return _can_be_held(type_)
    if isinstance(type_, types.Optional) and isinstance(type_.type, types.List | types.DictType):
        return _can_be_held(type_.type)
    if isinstance(type_, types.BaseTuple):
        return _is_tuple(type_) and all(can_return(t) and not _is_changing(t) for t in type_.types)
    if isinstance(type_, types.EnumMember):
        return is_plain_enum(type_.instance_class)
    if isinstance(type_, DataObject):  # in two places of a tuple it would be two objects
        return not type_.given
    return can_unpack(type_)


def _can_be_held(type_: types.Type) -> bool:
    """Tell whether what a list or dict holds can be boxed with it, and that itself."""
    if isinstance(type_, types.DictType):
        return can_be_key(type_.key_type) and _can_be_held(type_.value_type)
    if isinstance(type_, types.List):
        return _can_be_held(type_.dtype) and not isinstance(type_.dtype, types.Array)
    if isinstance(type_, types.BaseTuple):
        return _is_tuple(type_) and all(map(_can_be_held, type_.types))
    return can_unpack(type_)


def can_unpack(type_: types.Type) -> bool:
    """Tell whether boxing gives what Python would return, types of elements included."""
    if isinstance(type_, types.BaseTuple):
        return _is_tuple(type_) and all(map(can_unpack, type_.types))
    if isinstance(type_, types.Optional):
        return can_unpack(type_.type)
    if isinstance(type_, types.List):
        return can_unpack(type_.dtype) and not isinstance(type_.dtype, types.Array)
    if isinstance(type_, types.Array):
        return _has_dtype(type_.dtype)
    if isinstance(type_, DataObject):
        return not _is_changing(type_)
    if isinstance(type_, types.StringLiteral):
        return True
    known = types.unliteral(type_) in EXACT_TYPES or isinstance(type_, Member)
    return known or type_ == types.none


def _is_changing(type_: types.Type) -> bool:
    return isinstance(type_, DataObject) and not is_frozen(type_.instance_class)


def _is_tuple(type_: types.BaseTuple) -> bool:
    """Tell whether it is a tuple, or a named one that is made as the others are."""
    if isinstance(type_, types.BaseNamedTuple):
        return is_plain_named_tuple(type_.instance_class)
    return type(type_) in (types.Tuple, types.UniTuple, *STARRED)


#: Those of `*args` are tuples.
STARRED = (types.StarArgTuple, types.StarArgUniTuple)


def _has_dtype(type_: types.Type) -> bool:
    return isinstance(type_, types.Number | types.Boolean | GivenRecord)
