"""Bytes taken apart and put together: strip, split, partition, join, replace, upper and lower case.

As `read.py`, whose words this uses. Letters, digits and blanks are those of ASCII, as in
Python. What is cut out shares the memory of what it was cut from.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc"

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.core.extending import overload_method
from numba.core.extending import register_jitable as compiled

from catzilla_jit.compile.datamodel.bytes_type import ByteString
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.library.bytes.memory import blank, byte_at, part_of, put, put_all
from catzilla_jit.compile.library.bytes.read import (
    begins,
    ends,
    first_number,
    first_part,
    is_bytes,
    last_part,
)


def _method(name: str, meaning: Any) -> None:
    meaning.__qualname__ = f"impl_{name}"  # `diagnostics/numba_errors.py` knows names like this
    overload_method(ByteString, name)(meaning)


# --- letters ----------------------------------------------------------------------------------


@compiled
def is_space(byte):
    return byte == 32 or 9 <= byte <= 13


@compiled
def is_digit(byte):
    return 48 <= byte <= 57


@compiled
def is_lower(byte):
    return 97 <= byte <= 122


@compiled
def is_upper(byte):
    return 65 <= byte <= 90


@compiled
def is_letter(byte):
    return is_lower(byte) or is_upper(byte)


@compiled
def is_alphanumeric(byte):
    return is_letter(byte) or is_digit(byte)


def _all_are(name: str, test: Any) -> None:
    def meaning(data):
        def answer(data):
            for byte in data:
                if not test(byte):
                    return False
            return len(data) > 0

        return answer

    _method(name, meaning)


_all_are("isspace", is_space)
_all_are("isdigit", is_digit)
_all_are("isalpha", is_letter)
_all_are("isalnum", is_alphanumeric)


def _turned(name: str, turns: Any, by: int) -> None:
    def meaning(data):
        def answer(data):
            made = blank(len(data))
            for place in range(len(data)):
                byte = byte_at(data, place)
                put(made, place, byte + by if turns(byte) else byte)
            return made

        return answer

    _method(name, meaning)


_turned("upper", is_lower, -32)
_turned("lower", is_upper, 32)


# --- ends -------------------------------------------------------------------------------------


@compiled
def trimmed(data, given, blanks, left, right):
    """Cut off at one end or both what is in `blanks`; without any given, white space."""
    start, end = 0, len(data)
    while left and start < end and is_cut(byte_at(data, start), given, blanks):
        start += 1
    while right and start < end and is_cut(byte_at(data, end - 1), given, blanks):
        end -= 1
    return part_of(data, start, end - start)


@compiled
def is_cut(byte, given, blanks):
    return first_number(blanks, byte, 0, len(blanks)) >= 0 if given else is_space(byte)


def _strips(name: str, left: bool, right: bool) -> None:
    def meaning(data, blanks=None):
        if is_bytes(blanks):
            return lambda data, blanks=None: trimmed(data, True, blanks, left, right)
        if blanks is None or isinstance(blanks, types.NoneType | types.Omitted):
            return lambda data, blanks=None: trimmed(data, False, data, left, right)
        return None

    _method(name, meaning)


_strips("strip", True, True)
_strips("lstrip", True, False)
_strips("rstrip", False, True)


def _without_prefix(data, part):
    if not is_bytes(part):
        return None

    def rest(data, part):
        cut = len(part) if begins(data, part) else 0
        return part_of(data, cut, len(data) - cut)

    return rest


def _without_suffix(data, part):
    if not is_bytes(part):
        return None

    def rest(data, part):
        return part_of(data, 0, len(data) - (len(part) if ends(data, part) else 0))

    return rest


_method("removeprefix", _without_prefix)
_method("removesuffix", _without_suffix)


# --- parts ------------------------------------------------------------------------------------


@compiled
def not_empty(separator):
    if len(separator) == 0:
        raise ValueError("empty separator")


def _split(data, separator=None):
    if is_bytes(separator):
        return _split_at
    none = separator is None or isinstance(separator, types.NoneType | types.Omitted)
    return _split_at_space if none else None


def _split_at(data, separator=None):
    not_empty(separator)
    parts = []
    start = 0
    while True:
        end = first_part(data, separator, start, len(data))
        if end < 0:
            break
        parts.append(part_of(data, start, end - start))
        start = end + len(separator)
    parts.append(part_of(data, start, len(data) - start))
    return parts


def _split_at_space(data, separator=None):
    parts = [part_of(data, 0, 0) for _ in range(0)]
    start = 0
    for place in range(len(data)):
        if is_space(byte_at(data, place)):
            if place > start:
                parts.append(part_of(data, start, place - start))
            start = place + 1
    if start < len(data):
        parts.append(part_of(data, start, len(data) - start))
    return parts


_method("split", _split)


def _splitlines(data):
    def lines(data):
        parts = [part_of(data, 0, 0) for _ in range(0)]
        start, place = 0, 0
        while place < len(data):
            byte = byte_at(data, place)
            place += 1
            if byte == 10 or byte == 13:
                parts.append(part_of(data, start, place - 1 - start))
                if byte == 13 and place < len(data) and byte_at(data, place) == 10:
                    place += 1
                start = place
        if start < len(data):
            parts.append(part_of(data, start, len(data) - start))
        return parts

    return lines


_method("splitlines", _splitlines)


def _partitions(name: str, search: Any, whole_first: bool) -> None:
    def meaning(data, separator):
        if not is_bytes(separator):
            return None

        def parts(data, separator):
            not_empty(separator)
            place = search(data, separator, 0, len(data))
            nothing = part_of(data, 0, 0)
            if place < 0:
                return (data, nothing, nothing) if whole_first else (nothing, nothing, data)
            after = place + len(separator)
            return part_of(data, 0, place), separator, part_of(data, after, len(data) - after)

        return parts

    _method(name, meaning)


_partitions("partition", first_part, True)
_partitions("rpartition", last_part, False)


def _join(data, parts):
    if not isinstance(parts, types.List | GivenList) or not is_bytes(parts.dtype):
        return None

    def joined(data, parts):
        size = len(data) * max(len(parts) - 1, 0)
        for part in parts:
            size += len(part)
        made = blank(size)
        place = 0
        for index, part in enumerate(parts):
            if index > 0:
                put_all(made, place, data)
                place += len(data)
            put_all(made, place, part)
            place += len(part)
        return made

    return joined


_method("join", _join)


def _replace(data, old, new):
    if not is_bytes(old, new):
        return None

    def replaced(data, old, new):
        not_empty(old)
        return new.join(data.split(old))

    return replaced


_method("replace", _replace)
