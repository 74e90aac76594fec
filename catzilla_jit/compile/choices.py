"""Calls whose meaning depends on the type: which function of `library.py` stands for them.

A choice is a function from Numba types to the Python function to compile; None where there is
none, and the call is refused.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from numba.core import types

from catzilla_jit.compile import kinds, library
from catzilla_jit.compile.dicts import GivenDict
from catzilla_jit.compile.lists import GivenList

Function = Callable[..., Any]


def int_of(x: Any) -> Function | None:
    if isinstance(x, types.UnicodeType | types.StringLiteral):
        return library.int_from_text
    return library.number_to_int if kinds.kind(x) in {kinds.BOOL, kinds.INT, kinds.FLOAT} else None


def float_of(x: Any) -> Function | None:
    if isinstance(x, types.UnicodeType | types.StringLiteral):
        return library.float_from_text
    known = {kinds.BOOL, kinds.INT, kinds.FLOAT}
    return library.number_to_float if kinds.kind(x) in known else None


def text_of(x: Any) -> Function | None:
    if isinstance(x, types.UnicodeType | types.StringLiteral):
        return library.same_text
    if x in (types.float32, types.float64):
        return library.text_of_float if x == types.float64 else None
    return {
        kinds.BOOL: library.text_of_bool, kinds.INT: library.text_of_int,
    }.get(kinds.kind(x))  # type: ignore[arg-type]  # fmt: skip


def sum_of(values: Any) -> Function | None:
    if isinstance(values, types.RangeType):
        return library.sum_of_range
    if isinstance(values, VIEWS):
        of_list = sum_of(types.List(values.iterator_type.yield_type))
        return VIEWED.get(of_list)
    item = getattr(values, "dtype", None)
    if item is None or kinds.kind(item) is None:
        return None
    compensated = sys.version_info >= (3, 12) and not isinstance(values, types.Array)
    if compensated and item == types.float64:
        return library.sum_of_floats
    return library.sum_of_numbers


#: What goes over a dict.
VIEWS = (
    GivenDict, types.DictType, types.DictKeysIterableType, types.DictValuesIterableType,
    types.DictItemsIterableType,
)  # fmt: skip
VIEWED: dict[Function | None, Function] = {
    library.sum_of_numbers: library.sum_of_numbers,
    library.sum_of_floats: library.sum_of_viewed_floats,
}


def largest_of(values: Any) -> Function | None:
    if isinstance(values, VIEWS):
        return library.max_viewed
    return library.max_of if _is_sequence(values) else None


def smallest_of(values: Any) -> Function | None:
    if isinstance(values, VIEWS):
        return library.min_viewed
    return library.min_of if _is_sequence(values) else None


def sorted_of(values: Any) -> Function | None:
    if isinstance(values, VIEWS):
        floats = values.iterator_type.yield_type == types.float64
        return library.sorted_viewed_floats if floats else library.sorted_list
    known = isinstance(values, types.UnicodeType | types.RangeType | types.Set)
    if not known and not _is_sequence(values):
        return None
    return (
        library.sorted_floats
        if getattr(values, "dtype", None) == types.float64
        else library.sorted_list
    )


def reversed_of(values: Any) -> Function | None:
    known = isinstance(values, types.UnicodeType)
    return library.reversed_copy if known or _is_sequence(values) else None


def _is_sequence(values: Any) -> bool:
    return isinstance(values, types.List | types.UniTuple | GivenList)


#: Functions, by identity and number of arguments.
CHOICES: dict[tuple[Any, int], Callable[[Any], Function | None]] = {
    (int, 1): int_of,
    (float, 1): float_of,
    (str, 1): text_of,
    (sum, 1): sum_of,
    (max, 1): largest_of,
    (min, 1): smallest_of,
    (sorted, 1): sorted_of,
    (reversed, 1): reversed_of,
}
