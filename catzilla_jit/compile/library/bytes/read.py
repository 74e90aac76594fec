"""Reading bytes: length, items, slices, comparisons, searches.

Written for Numba in Python, on what `datamodel/bytes_type.py` has. What Python answers with an
exception leaves the kernel by one, and Python finds the words. Numbers in and out are Python's
ints. What makes other bytes is in `build.py`.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc"

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types, typing
from numba.core.extending import lower_builtin, overload, overload_method
from numba.core.extending import register_jitable as compiled
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.cpython.hashing import _Py_HashBytes

from catzilla_jit.compile.datamodel.bytes_type import INT64, ByteString, view
from catzilla_jit.compile.library.bytes.memory import (
    blank,
    byte_at,
    difference,
    memory_of,
    part_of,
    place_of,
    put,
)


def is_bytes(*given: Any) -> bool:
    return all(isinstance(each, ByteString) for each in given)


def is_whole(*given: Any) -> bool:
    return all(isinstance(each, types.Integer) for each in given)


# --- length, items, slices --------------------------------------------------------------------


@infer_global(len)
class _Length(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return typing.signature(types.intp, *args) if isinstance(args[0], ByteString) else None


@lower_builtin(len, ByteString)
def _length(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    return view(context, builder, values[0]).length


@overload(bool)
def _truth(data):
    return (lambda data: len(data) > 0) if is_bytes(data) else None


@overload(operator.not_)
def _is_empty(data):
    return (lambda data: len(data) == 0) if is_bytes(data) else None


@infer_global(operator.getitem)
class _Item(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        data, index = args
        if isinstance(data, ByteString) and isinstance(index, types.Integer):
            return typing.signature(types.int64, data, types.unliteral(index))
        return None


@lower_builtin(operator.getitem, ByteString, types.Integer)
def _item(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    data, kind = view(context, builder, values[0]), signature.args[1]
    index = context.cast(builder, values[1], kind, types.int64)
    if kind.signed:
        from_end = builder.add(index, data.length)
        negative = builder.icmp_signed("<", index, INT64(0))
        index = builder.select(negative, from_end, index)
    outside = builder.icmp_unsigned(">=", index, data.length)
    with builder.if_then(outside, likely=False):
        context.call_conv.return_user_exc(builder, IndexError, ("index out of range",))
    number = builder.load(builder.gep(data.data, [index]))
    return builder.zext(number, ir.IntType(64))


@overload(operator.getitem)
def _slice(data, index):
    if not (is_bytes(data) and isinstance(index, types.SliceType)):
        return None

    def cut(data, index):
        start, stop, step = index.indices(len(data))
        if step == 1:
            return part_of(data, start, max(stop - start, 0))
        count = len(range(start, stop, step))
        made = blank(count)
        for place in range(count):
            put(made, place, byte_at(data, start + place * step))
        return made

    return cut


# --- comparisons ------------------------------------------------------------------------------


@compiled
def order(left, right):
    """Return a number that is below, at or above zero as the left is to the right."""
    found = difference(left, 0, right, min(len(left), len(right)))
    return found if found != 0 else len(left) - len(right)


@compiled
def is_at(data, start, part):
    """Tell whether the bytes from a place on, which are enough, begin with others."""
    return difference(data, start, part, len(part)) == 0


def _compares(operation: Any, body: Callable[..., Any]) -> None:
    overload(operation)(lambda left, right: body if is_bytes(left, right) else None)


def _equal(left, right):
    return len(left) == len(right) and is_at(left, 0, right)


equal = compiled(_equal)
_compares(operator.eq, _equal)
_compares(operator.ne, lambda left, right: not equal(left, right))
_compares(operator.lt, lambda left, right: order(left, right) < 0)
_compares(operator.le, lambda left, right: order(left, right) <= 0)
_compares(operator.gt, lambda left, right: order(left, right) > 0)
_compares(operator.ge, lambda left, right: order(left, right) >= 0)


@overload_method(ByteString, "__hash__")
def _hash(data):
    """Hash as Python does, with its secret: bytes are keys of dicts and items of sets."""
    return lambda data: _Py_HashBytes(memory_of(data), len(data))


# --- searching --------------------------------------------------------------------------------


@compiled
def bound(place, length):
    """Return a place as Python means it: from the end, if negative."""
    return max(place + length, 0) if place < 0 else place


@compiled
def checked(number):
    if number < 0 or number > 255:
        raise ValueError("byte must be in range(0, 256)")
    return number


@compiled
def first_number(data, number, start, end):
    checked(number)
    return place_of(data, number, start, end) if start < end else -1


@compiled
def last_number(data, number, start, end):
    checked(number)
    for place in range(end - 1, start - 1, -1):
        if byte_at(data, place) == number:
            return place
    return -1


@compiled
def count_of_number(data, number, start, end):
    checked(number)
    count = 0
    for place in range(start, end):
        count += byte_at(data, place) == number
    return count


@compiled
def first_part(data, part, start, end):
    last = end - len(part)  # nothing is found at any place up to the end
    if len(part) == 0 or start > last:
        return start if start <= last else -1
    while start <= last:
        start = place_of(data, byte_at(part, 0), start, last + 1)
        if start < 0 or is_at(data, start, part):
            return start
        start += 1
    return -1


@compiled
def last_part(data, part, start, end):
    for place in range(end - len(part), start - 1, -1):
        if is_at(data, place, part):
            return place
    return -1


@compiled
def count_of_part(data, part, start, end):
    if len(part) == 0:
        return max(end - start + 1, 0)
    count = 0
    place = first_part(data, part, start, end)
    while place >= 0:
        count += 1
        place = first_part(data, part, place + len(part), end)
    return count


#: Larger than any place.
END = 2**63 - 1


def _searches(name: str, of_number: Any, of_part: Any, *, raises: bool = False) -> None:
    """Give a method that looks for bytes, or for one of them, from a place to another."""

    def meaning(data, item, start=0, end=END):
        known = (int, types.Integer, types.Omitted)
        if not isinstance(start, known) or not isinstance(end, known):
            return None
        if not (is_bytes(item) or is_whole(item)):
            return None
        search = of_part if is_bytes(item) else of_number

        def found(data, item, start=0, end=END):
            size = len(data)
            first = min(bound(start, size), size + 1)  # beyond the end is all the same
            place = search(data, item, first, min(bound(end, size), size))
            if raises and place < 0:
                raise ValueError("subsection not found")
            return place

        return found

    meaning.__qualname__ = f"impl_{name}"  # `diagnostics/numba_errors.py` knows names like this
    overload_method(ByteString, name)(meaning)


_searches("find", first_number, first_part)
_searches("rfind", last_number, last_part)
_searches("index", first_number, first_part, raises=True)
_searches("rindex", last_number, last_part, raises=True)
_searches("count", count_of_number, count_of_part)


@overload(operator.contains)
def _contains(data, item):
    if is_bytes(data) and is_bytes(item):
        return lambda data, item: first_part(data, item, 0, len(data)) >= 0
    if is_bytes(data) and is_whole(item):
        return lambda data, item: first_number(data, item, 0, len(data)) >= 0
    return None


@compiled
def begins(data, part):
    return len(part) <= len(data) and is_at(data, 0, part)


@compiled
def ends(data, part):
    return len(part) <= len(data) and is_at(data, len(data) - len(part), part)


def _ends_of(name: str, has: Any) -> None:
    def meaning(data, part):
        if is_bytes(part):
            return lambda data, part: has(data, part)
        if isinstance(part, types.UniTuple) and is_bytes(part.dtype):

            def any_of(data, part):
                for each in part:  # noqa: SIM110 -- as Numba takes it
                    if has(data, each):
                        return True
                return False

            return any_of
        return None

    meaning.__qualname__ = f"impl_{name}"
    overload_method(ByteString, name)(meaning)


_ends_of("startswith", begins)
_ends_of("endswith", ends)
