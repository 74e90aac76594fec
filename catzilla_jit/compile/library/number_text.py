"""Numbers as text and text as numbers, digit by digit.

As `builtin_functions.py`, and written with Numba's own access to the characters of a text: an
index, a slice or a sum of texts is some ten functions of Numba's to compile, and `str` of an int is
nine, which go over a logarithm and write 10**15 - 1 with a character too many. Numbers are handled
with their sign turned to minus, so that the lowest of 64 bits is none of its own.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import math
from typing import Any

from numba.cpython import unicode

from catzilla_jit.compile.library.builtin_functions import bail_out

_get_code_point: Any = unicode._get_code_point
_malloc_string: Any = unicode._malloc_string
set_uint8: Any = unicode.set_uint8

MINUS, PLUS, POINT, ZERO = 45, 43, 46, 48


def text_of_int(x: int) -> str:
    number = 0 + x
    return decimal(number if number < 0 else -number, MINUS if number < 0 else 0, 0)


def decimal(rest: int, sign: int, places: int) -> str:
    """Write a number that is not above 0, with a character before it, and digits after a point."""
    length, left = 1, rest
    while left < -9:
        left = (left + 9) // 10
        length += 1
    point = -1
    first = 1 if sign else 0
    if places > 0:
        length = max(length, places + 1) + 1
        point = first + length - 1 - places
    text = _blank(first + length)
    if sign:
        set_uint8(text._data, 0, sign)
    for place in range(first + length - 1, first - 1, -1):
        if place == point:
            set_uint8(text._data, place, POINT)
        else:
            left = (rest + 9) // 10
            set_uint8(text._data, place, ZERO + left * 10 - rest)
            rest = left
    return text


def _blank(length: int) -> Any:
    """Return a text of ASCII characters that are written next."""
    text = _malloc_string(1, 1, length, True)  # the kind and the width of a character, in bytes
    set_uint8(text._data, length, 0)
    return text


def in_base(n: int, base: int, mark: int, ten: int) -> str:
    """Write an integer in a base of up to 16; `mark` follows a zero before it, if there is one.

    The digit ten is the letter `ten`, the others follow it.
    """
    number = 0 + n
    rest = number if number < 0 else -number
    length, left = 1, rest
    while left <= -base:
        left = (left + base - 1) // base
        length += 1
    first = 1 if number < 0 else 0
    start = first + 2 if mark else first
    text = _blank(start + length)
    if number < 0:
        set_uint8(text._data, 0, MINUS)
    if mark:
        set_uint8(text._data, first, ZERO)
        set_uint8(text._data, first + 1, mark)
    for place in range(start + length - 1, start - 1, -1):
        left = (rest + base - 1) // base
        digit = left * base - rest
        set_uint8(text._data, place, ZERO + digit if digit < 10 else ten + digit - 10)
        rest = left
    return text


def bin_of(n: int) -> str:
    return in_base(n, 2, 98, 97)


def oct_of(n: int) -> str:
    return in_base(n, 8, 111, 97)


def hex_of(n: int) -> str:
    return in_base(n, 16, 120, 97)


def _is_blank(code: int) -> bool:
    """Tell whether Python strips it around a number, of ASCII; other blanks Python reads."""
    return code == 32 or 9 <= code <= 13


def _is_sign(code: int) -> bool:
    return code == MINUS if code != PLUS else True


def _bounds(text: str) -> Any:
    begin, end = 0, len(text)
    while begin < end and _is_blank(_get_code_point(text, begin)):
        begin += 1
    while begin < end and _is_blank(_get_code_point(text, end - 1)):
        end -= 1
    if begin == end:
        bail_out()
    return begin, end


def int_from_text(text: str) -> int:
    """Read a decimal integer; Python itself reads what has signs of another script, or is wrong."""
    begin, end = _bounds(text)
    sign = _get_code_point(text, begin)
    if _is_sign(sign):
        begin += 1
    if begin == end:
        bail_out()
    value = 0
    for index in range(begin, end):
        digit = _get_code_point(text, index) - ZERO
        if digit < 0 or digit > 9:
            bail_out()
        value = value * 10 + digit
    return -value if sign == MINUS else value


def int_in_base(text: str, base: int) -> int:
    """Read an integer of ASCII digits, with the base's own prefix; Python reads the others."""
    if base < 2 or base > 36:
        bail_out()
    begin, end = _bounds(text)
    sign = _get_code_point(text, begin)
    if _is_sign(sign):
        begin += 1
    marked = end - begin > 1 and _get_code_point(text, begin) == ZERO
    if marked and _base_of(_get_code_point(text, begin + 1)) == base:
        begin += 2
    if begin == end:
        bail_out()
    value = 0
    for index in range(begin, end):
        digit = _digit(_get_code_point(text, index))
        if digit < 0 or digit >= base:
            bail_out()
        value = value * base + digit
    return -value if sign == MINUS else value


def _base_of(letter: int) -> int:
    if letter == 88 or letter == 120:
        return 16
    if letter == 79 or letter == 111:
        return 8
    return 2 if letter == 66 or letter == 98 else 0


def _digit(code: int) -> int:
    if ZERO <= code <= 57:
        return code - ZERO
    if 97 <= code <= 122:
        return code - 87
    return code - 55 if 65 <= code <= 90 else -1


def float_from_text(text: str) -> float:
    """Read a decimal whose digits and power of ten are both exact floats; others Python reads."""
    begin, end = _bounds(text)
    sign = _get_code_point(text, begin)
    if _is_sign(sign):
        begin += 1
    mantissa, digits, places, point = 0, 0, 0, False
    for index in range(begin, end):
        code = _get_code_point(text, index)
        if code == POINT and not point:
            point = True
            continue
        digit = code - ZERO
        if digit < 0 or digit > 9 or digits >= 15:
            bail_out()
        mantissa = mantissa * 10 + digit
        digits += 1
        places += 1 if point else 0
    if digits == 0:
        bail_out()
    value = float(mantissa) / float(10**places)
    return -value if sign == MINUS else value


def text_of_float(x: float) -> str:
    """Write a float that has at most 15 digits and no exponent; others Python writes."""
    if x == 0.0 or not 1e-4 <= abs(x) < 1e15:
        if x == 0.0 and math.copysign(1.0, x) > 0.0:
            return "0.0"
        bail_out()
    scale, places = 1.0, 1
    for _ in range(16):
        scale *= 10.0
        scaled = round(abs(x) * scale)
        if scaled >= 1000000000000000:
            break
        if float(scaled) / scale == abs(x):
            return decimal(-scaled, MINUS if x < 0.0 else 0, places)
        places += 1
    bail_out()
    return ""
