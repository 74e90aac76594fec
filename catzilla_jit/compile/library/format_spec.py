"""Format specs of f-strings, as functions that compile.

A spec becomes a `Formatter`: a choice of a function by the type of the value. Known are widths with
`<`, `>`, `^` and a fill, zero padding, signs, `,` and `_` between thousands, `s`, for integers `c d
b o x X`, for numbers `f`, `e`, `g` and `%`; the rest is refused. Rounding that is not certain is
left to Python.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from typing import Any

from numba.core import types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.library import builtin_functions
from catzilla_jit.compile.library.builtin_functions import bail_out
from catzilla_jit.compile.library.c_text import printed
from catzilla_jit.compile.library.number_text import MINUS, decimal, in_base, text_of_int

SPEC = re.compile(
    r"((?P<fill>[^{}])?(?P<align>[<>^]))?(?P<sign>[-+ ])?(?P<prefix>#)?(?P<zero>0)?"
    r"(?P<width>[1-9][0-9]*)?(?P<group>[,_])?(\.(?P<digits>[0-9]+))?(?P<kind>[dsfeEgGcboxX%])?"
)
BASES = {"b": 2, "o": 8, "x": 16, "X": 16}


@dataclasses.dataclass(frozen=True)
class Formatter:
    """The parts of one spec; called with a Numba type, it chooses the function."""

    fill: str
    align: str
    width: int
    sign: str
    prefix: bool
    group: str
    digits: int | None
    kind: str

    @property
    def __name__(self) -> str:
        return "format"

    def __call__(self, x: Any) -> Callable[..., Any] | None:
        write = self._writer(x)
        if write is None:
            return None
        text = isinstance(x, types.UnicodeType | types.StringLiteral)
        if self.sign in ("+", " "):
            write = signed(write, self.sign)
        align = self.align or ">"
        if text and self.align in ("", "="):
            align = "<"
        return padded(write, self.fill, align, self.width)

    def _writer(self, x: Any) -> Callable[[Any], str] | None:
        """Return what writes a value of this type without its padding."""
        if isinstance(x, types.UnicodeType | types.StringLiteral):
            plain = self.digits is None and not (self.group or self.sign or self.prefix)
            known = plain and self.kind in ("", "s")
            return builtin_functions.same_text if known else None
        if self.align == "=" and (self.group or self.prefix):
            return None  # what stands between the sign and the digits is counted in
        integer = number_kinds.kind(x) == number_kinds.INT
        if self.kind in ("f", "%") and (integer or x == types.float64) and not self.prefix:
            return self._float_writer(integer)
        known = self.kind in ("e", "E", "g", "G") and not (self.group or self.prefix)
        if known and (integer or x == types.float64):
            write = printed(self.kind, 6 if self.digits is None else self.digits)
            return of_integer(write) if integer else write
        return self._integer_writer() if integer and self.digits is None else None

    def _integer_writer(self) -> Callable[[Any], str] | None:
        if self.kind in BASES:
            mark = ord(self.kind) if self.prefix else 0
            ten = ord("A" if self.kind == "X" else "a")
            return None if self.group else based(BASES[self.kind], mark, ten)
        if self.kind == "c" and not (self.sign or self.group or self.prefix or self.align == "="):
            return builtin_functions.character
        if self.kind not in ("", "d") or self.prefix:
            return None
        return grouped(text_of_int, self.group) if self.group else text_of_int

    def _float_writer(self, integer: bool) -> Callable[[Any], str] | None:
        digits = 6 if self.digits is None else self.digits
        if digits > 15:
            return None
        write = fixed(digits)
        if self.group:
            write = grouped(write, self.group)
        if self.kind == "%":
            write = percent(write)
        return of_integer(write) if integer else write


def formatter(spec: str) -> Formatter | None:
    """Return the formatter of a spec, or None for one that is not known."""
    match = SPEC.fullmatch(spec)
    if match is None:
        return None
    fill = match["fill"] or ("0" if match["zero"] else " ")
    align = match["align"] or ("=" if match["zero"] else "")
    digits = None if match["digits"] is None else int(match["digits"])
    width = int(match["width"] or 0)
    return Formatter(
        fill, align, width, match["sign"] or "", bool(match["prefix"]), match["group"] or "",
        digits, match["kind"] or "",
    )  # fmt: skip


def padded(write: Callable[[Any], str], fill: str, align: str, width: int) -> Callable[..., Any]:
    """Return a function that writes a value and fills it up to a width."""
    if width == 0:
        return write
    return {"<": padded_right, "^": padded_around, "=": padded_inside, ">": padded_left}[align](
        write, fill, width
    )


def padded_left(write: Callable[[Any], str], fill: str, width: int) -> Callable[..., Any]:
    def pad(x: Any) -> str:
        text = write(x)
        return fill * (width - len(text)) + text if len(text) < width else text

    return pad


def padded_right(write: Callable[[Any], str], fill: str, width: int) -> Callable[..., Any]:
    def pad(x: Any) -> str:
        text = write(x)
        return text + fill * (width - len(text)) if len(text) < width else text

    return pad


def padded_around(write: Callable[[Any], str], fill: str, width: int) -> Callable[..., Any]:
    def pad(x: Any) -> str:
        text = write(x)
        missing = width - len(text)
        if missing <= 0:
            return text
        return fill * (missing // 2) + text + fill * (missing - missing // 2)

    return pad


def padded_inside(write: Callable[[Any], str], fill: str, width: int) -> Callable[..., Any]:
    """Fill up between the sign and the digits."""

    def pad(x: Any) -> str:
        text = write(x)
        missing = width - len(text)
        if missing <= 0:
            return text
        if text[:1] == "-" or text[:1] == "+" or text[:1] == " ":
            return text[:1] + fill * missing + text[1:]
        return fill * missing + text

    return pad


def fixed(digits: int) -> Callable[[float], str]:
    """Return a function that writes a float with this many digits after the point."""
    scale = 10.0**digits

    def write(x: float) -> str:
        if not abs(x) < 2.0**51 / scale:
            bail_out()
        # The rounding leaves when it is not certain, so the scaled value is an exact integer.
        number = round(abs(round(x, digits)) * scale)
        return decimal(-number, MINUS if math.copysign(1.0, x) < 0.0 else 0, digits)

    return write


def based(base: int, mark: int, ten: int) -> Callable[[int], str]:
    """Return a function that writes an integer in a base of up to 16."""

    def write(n: int) -> str:
        return in_base(n, base, mark, ten)

    return write


def grouped(write: Callable[[Any], str], sign: str) -> Callable[[Any], str]:
    """Return a function that puts a sign between thousands, before the point."""

    def group(x: Any) -> str:
        text = write(x)
        start = 1 if text[:1] == "-" else 0
        end = 0
        while end < len(text) and text[end] != ".":
            end += 1
        result = text[end:]
        while end - start > 3:
            result = sign + text[end - 3 : end] + result
            end -= 3
        return text[:end] + result

    return group


def signed(write: Callable[[Any], str], sign: str) -> Callable[[Any], str]:
    """Return a function that writes a sign, or a blank, where there is no minus."""

    def with_sign(x: Any) -> str:
        text = write(x)
        return text if text[:1] == "-" else sign + text

    return with_sign


def percent(write: Callable[[Any], str]) -> Callable[[float], str]:
    """Return a function that writes a hundred times a number."""

    def hundredfold(x: float) -> str:
        return write(x * 100.0) + "%"

    return hundredfold


def of_integer(write: Callable[[Any], str]) -> Callable[[int], str]:
    """Return a function that writes an integer as a float, if it is one exactly."""

    def write_integer(n: int) -> str:
        if abs(n) > 2**53:
            bail_out()
        return write(float(n))

    return write_integer
