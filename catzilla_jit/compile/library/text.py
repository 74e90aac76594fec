"""Methods of texts that Numba answers otherwise than Python.

As `builtin_functions.py`. What depends on the properties of a character leaves the kernel where
Unicode has changed them since Numba's tables (`letters.py`); `split` and `rsplit` are written anew.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from numba.cpython import unicode, unicode_support

from catzilla_jit.compile.library.builtin_functions import bail_out
from catzilla_jit.compile.library.letters import CASES, FIRST, JOINERS, KINDS, NUMERALS

_get_code_point: Any = unicode._get_code_point
_is_space: Any = unicode_support._PyUnicode_IsSpace

#: Of a text whose characters are bytes.
LATIN = 1
#: The ends of a C int.
LOWEST, HIGHEST = -(2**31), 2**31 - 1


def settled(text: str, changed: Any) -> str:
    """Return a text; leave with one that has a character of the ranges."""
    if text._kind != LATIN:
        for place in range(len(text)):
            code = _get_code_point(text, place)
            if code >= FIRST and _is_within(code, changed):
                bail_out()
    return text


def _is_within(code: int, bounds: Any) -> bool:
    low, high = 0, len(bounds)
    while low < high:
        middle = (low + high) // 2
        if code < bounds[middle]:
            high = middle
        else:
            low = middle + 1
    return low % 2 == 1


def upper(text: str) -> str:
    return settled(text, CASES).upper()


def lower(text: str) -> str:
    return settled(text, CASES).lower()


def title(text: str) -> str:
    return settled(text, CASES).title()


def capitalize(text: str) -> str:
    return settled(text, CASES).capitalize()


def swapcase(text: str) -> str:
    return settled(text, CASES).swapcase()


def casefold(text: str) -> str:
    return settled(text, CASES).casefold()


def isupper(text: str) -> bool:
    return bool(settled(text, CASES).isupper())


def islower(text: str) -> bool:
    return bool(settled(text, CASES).islower())


def istitle(text: str) -> bool:
    return bool(settled(text, CASES).istitle())


def isalpha(text: str) -> bool:
    return bool(settled(text, KINDS).isalpha())


def isalnum(text: str) -> bool:
    return bool(settled(text, KINDS).isalnum())


def isprintable(text: str) -> bool:
    return bool(settled(text, KINDS).isprintable())


def isdigit(text: str) -> bool:
    return bool(settled(text, NUMERALS).isdigit())


def isdecimal(text: str) -> bool:
    return bool(settled(text, NUMERALS).isdecimal())


def isnumeric(text: str) -> bool:
    return bool(settled(text, NUMERALS).isnumeric())


def isidentifier(text: str) -> bool:
    return bool(settled(settled(text, KINDS), JOINERS).isidentifier())


def isspace(text: str) -> bool:
    return bool(text.isspace())


def isascii(text: str) -> bool:
    return bool(text.isascii())


def split(text: str, separator: str, most: int) -> list[str]:
    """Split at a separator; for Numba a negative number but -1 is a limit."""
    return text.split(separator, max(most, -1))


def split_at_space(text: str, separator: None, most: int) -> list[str]:
    parts = []
    place, end = 0, len(text)
    left = end if most < 0 else most
    while True:
        while place < end and _is_space(_get_code_point(text, place)):
            place += 1
        if place == end:
            break
        begin = place
        if left == 0:  # the rest, with the space at its end
            place = end
        while place < end and not _is_space(_get_code_point(text, place)):
            place += 1
        parts.append(text[begin:place])
        left -= 1
    return parts


def rsplit(text: str, separator: str, most: int) -> list[str]:
    if len(separator) == 0:
        raise ValueError("empty separator")
    parts = []
    end = len(text)
    left = end if most < 0 else most
    while left > 0:
        place = text.rfind(separator, 0, end)
        if place < 0:
            break
        parts.append(text[place + len(separator) : end])
        end = place
        left -= 1
    parts.append(text[:end])
    return parts[::-1]


def rsplit_at_space(text: str, separator: None, most: int) -> list[str]:
    parts = []
    end = len(text)
    left = end if most < 0 else most
    while True:
        while end > 0 and _is_space(_get_code_point(text, end - 1)):
            end -= 1
        if end == 0:
            break
        place = end
        if left == 0:  # the rest, with the space at its begin
            place = 0
        while place > 0 and not _is_space(_get_code_point(text, place - 1)):
            place -= 1
        parts.append(text[place:end])
        end = place
        left -= 1
    return parts[::-1]


def split_by_count(text: str, most: int) -> list[str]:
    return split_at_space(text, None, most)


def rsplit_by_count(text: str, most: int) -> list[str]:
    return rsplit_at_space(text, None, most)


def rsplit_all(text: str, separator: str) -> list[str]:
    return rsplit(text, separator, -1)


def rsplit_all_at_space(text: str, separator: None) -> list[str]:
    return rsplit_at_space(text, separator, -1)


def rsplit_words(text: str) -> list[str]:
    return rsplit_at_space(text, None, -1)


def expandtabs(text: str, size: int) -> str:
    if size < LOWEST or size > HIGHEST:
        raise OverflowError("Python int too large to convert to C int")
    return text.expandtabs(size)


def replace(text: str, old: str, new: str) -> str:
    if len(old) == 0:
        bail_out()
    return text.replace(old, new)


def replace_some(text: str, old: str, new: str, most: int) -> str:
    if len(old) == 0:
        bail_out()
    return text.replace(old, new, max(most, -1))
