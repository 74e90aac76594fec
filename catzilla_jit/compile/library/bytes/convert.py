"""Bytes as numbers and as text: `int.from_bytes`, `to_bytes`, `ord`, `hex`, `decode`, `encode`.

`from_bytes` and `to_bytes` are what `frontend/rewrite.py` puts in the place of methods of `int`. A
number beyond 64 bits, and what is no UTF-8, leave the kernel.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc"

from __future__ import annotations

from typing import Any, NoReturn

from numba.core import types
from numba.core.extending import overload, overload_method
from numba.core.extending import register_jitable as compiled
from numba.cpython.unicode import (
    _codepoint_to_kind,
    _empty_string,
    _get_code_point,
    _set_code_point,
)

from catzilla_jit.compile.datamodel.bytes_type import ByteString
from catzilla_jit.compile.library.bytes.memory import blank, byte_at, put
from catzilla_jit.compile.library.bytes.read import is_bytes

#: What eight more bits would not fit beyond.
MOST = 2**55
#: Names of the two encodings; Python knows more.
UTF_8, LATIN_1 = {"utf-8", "utf8", "UTF-8"}, {"latin-1", "latin1", "iso-8859-1"}


# --- numbers ----------------------------------------------------------------------------------


@overload(ord)
def _ord(data):
    if not is_bytes(data):
        return None

    def number(data):
        if len(data) != 1:
            raise TypeError("ord() expected a character")
        return byte_at(data, 0)

    return number


def from_bytes(data: bytes, little: bool, signed: bool) -> NoReturn:
    """Stand for `int.from_bytes`."""
    raise NotImplementedError


@overload(from_bytes)
def _from_bytes(data, little, signed):
    if not is_bytes(data):
        return None

    def number(data, little, signed):
        size = len(data)
        value = 0
        for place in range(size):
            byte = byte_at(data, size - 1 - place if little else place)
            if place == 0 and signed and byte >= 128:
                value = -1
            if not -MOST <= value < MOST:
                raise OverflowError("a number beyond 64 bits")
            value = value * 256 + byte
        return value

    return number


def to_bytes(number: int, length: int, little: bool, signed: bool) -> NoReturn:
    """Stand for `int.to_bytes`."""
    raise NotImplementedError


@overload(to_bytes)
def _to_bytes(number, length, little, signed):
    whole = all(isinstance(each, types.Integer) and each.signed for each in (number, length))
    if not whole:
        return None

    def made(number, length, little, signed):
        if length < 0 or (number < 0 and not signed):
            raise OverflowError("no bytes for a negative number")
        result = blank(length)
        rest, byte = number, 0
        for place in range(length):
            byte = rest & 255
            rest >>= 8
            put(result, place if little else length - 1 - place, byte)
        negative = signed and byte >= 128
        if rest != (-1 if negative else 0):
            raise OverflowError("int too big to convert")
        return result

    return made


# --- text -------------------------------------------------------------------------------------


@overload_method(ByteString, "hex")
def _hex(data):
    def text(data):
        made = _empty_string(1, 2 * len(data), 1)
        for place in range(len(data)):
            byte = byte_at(data, place)
            _set_code_point(made, 2 * place, digit(byte >> 4))
            _set_code_point(made, 2 * place + 1, digit(byte & 15))
        return made

    return text


@compiled
def digit(value):
    return value + (48 if value < 10 else 87)


@overload_method(ByteString, "decode")
def _decode(data, encoding="utf-8"):
    if isinstance(encoding, types.Omitted):
        encoding = encoding.value
    if isinstance(encoding, types.StringLiteral):
        encoding = encoding.literal_value
    if not isinstance(encoding, str):
        return None
    if encoding in UTF_8:
        return lambda data, encoding="utf-8": text_of(data, length_of(data))
    if encoding in LATIN_1:
        return lambda data, encoding="utf-8": text_of_latin(data)
    return None


@compiled
def text_of_latin(data):
    highest = 0
    for place in range(len(data)):
        highest |= byte_at(data, place)
    made = _empty_string(1, len(data), 1 if highest < 128 else 0)
    for place in range(len(data)):
        _set_code_point(made, place, byte_at(data, place))
    return made


@compiled
def follower(data, place, lowest, highest):
    """Return the six bits of a byte that goes on with a character."""
    byte = byte_at(data, place) if place < len(data) else 0
    if byte < lowest or byte > highest:
        raise ValueError("no UTF-8")
    return byte & 0x3F


@compiled
def character(data, place):
    """Return the character that begins at a place, and the place after it."""
    first = byte_at(data, place)
    if first < 0x80:
        return first, place + 1
    if first < 0xC2 or first > 0xF4:
        raise ValueError("no UTF-8")
    if first < 0xE0:
        return (first & 0x1F) << 6 | follower(data, place + 1, 0x80, 0xBF), place + 2
    if first < 0xF0:
        lowest = 0xA0 if first == 0xE0 else 0x80
        highest = 0x9F if first == 0xED else 0xBF  # surrogates are none
        code = (first & 0x0F) << 6 | follower(data, place + 1, lowest, highest)
        return code << 6 | follower(data, place + 2, 0x80, 0xBF), place + 3
    lowest = 0x90 if first == 0xF0 else 0x80
    highest = 0x8F if first == 0xF4 else 0xBF
    code = (first & 0x07) << 6 | follower(data, place + 1, lowest, highest)
    code = code << 6 | follower(data, place + 2, 0x80, 0xBF)
    return code << 6 | follower(data, place + 3, 0x80, 0xBF), place + 4


@compiled
def length_of(data):
    """Return the number of characters and the highest of them."""
    count, highest, place = 0, 0, 0
    while place < len(data):
        code, place = character(data, place)
        count += 1
        highest = max(highest, code)
    return count, highest


@compiled
def text_of(data, measure):
    count, highest = measure
    made = _empty_string(_codepoint_to_kind(highest), count, 1 if highest < 128 else 0)
    place = 0
    for index in range(count):
        code, place = character(data, place)
        _set_code_point(made, index, code)
    return made


def encode(text: str) -> NoReturn:
    """Stand for `str.encode` of text to UTF-8."""
    raise NotImplementedError


@overload(encode)
def _encode(text):
    if not isinstance(text, types.UnicodeType):
        return None

    def made(text):
        size = 0
        for index in range(len(text)):
            size += width(_get_code_point(text, index))
        result = blank(size)
        place = 0
        for index in range(len(text)):
            place = put_character(result, place, _get_code_point(text, index))
        return result

    return made


@compiled
def width(code):
    """Return how many bytes a character has."""
    if code < 0x80:
        return 1
    if 0xD800 <= code < 0xE000:
        raise ValueError("a surrogate has no UTF-8")
    return 2 if code < 0x800 else 3 if code < 0x10000 else 4


@compiled
def put_character(result, place, code):
    count = width(code)
    if count == 1:
        put(result, place, code)
        return place + 1
    for each in range(count - 1, 0, -1):
        put(result, place + each, 0x80 | (code & 0x3F))
        code >>= 6
    marks = 0xC0 if count == 2 else 0xE0 if count == 3 else 0xF0
    put(result, place, marks | code)
    return place + count


def encoding_of(text: Any) -> Any:
    """Return what stands for `text.encode()`, by the type of the text."""
    return _encoded if isinstance(text, types.UnicodeType | types.StringLiteral) else None


def _encoded(text: str) -> bytes:
    return encode(text)
