"""The types of lists, dicts and tuples that hold Python's numbers, and of what goes over them."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.core import types

from catzilla_jit.compile.analysis import number_kinds


def holds_numbers(type_: Any) -> bool:
    """Tell whether a type is one of lists, at any depth, of Python's numbers or tuples of them."""
    if isinstance(type_, types.List):
        return holds_numbers(type_.dtype)
    if isinstance(type_, types.BaseTuple):
        return any(map(holds_numbers, type_.types))
    return number_kinds.kind(type_) is not None and not number_kinds.is_short(type_)


def is_known_list(type_: Any) -> bool:
    return isinstance(type_, types.List) and holds_numbers(type_)


def is_known_dict(type_: Any) -> bool:
    """Tell whether a type is one of dicts of texts, numbers, and lists of numbers."""
    if not isinstance(type_, types.DictType):
        return False
    parts = (type_.key_type, type_.value_type)
    return all(each == types.unicode_type or holds_numbers(each) for each in parts)


def passes_on(type_: Any) -> bool:
    """Tell whether a type is one of what a container, or a loop over one of lists, goes through."""
    if isinstance(type_, types.Optional):
        held = type_.type
        return is_known_dict(held) or is_known_list(held)
    if isinstance(type_, types.DictItemsIterableType | types.DictValuesIterableType):
        type_ = type_.iterator_type
    if isinstance(type_, types.Pair):
        given = type_.first_type
    elif isinstance(type_, types.ListIter | types.DictIteratorType):
        given = type_.yield_type
    else:
        return False
    return isinstance(given, types.List) or holds_list(given)


def holds_list(type_: Any) -> bool:
    """Tell whether there is a list in a tuple."""
    if not isinstance(type_, types.BaseTuple):
        return False
    return any(isinstance(each, types.List) or holds_list(each) for each in type_.types)
