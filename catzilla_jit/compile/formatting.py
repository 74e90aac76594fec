"""Format specs of f-strings, as functions that compile.

A spec becomes a `Formatter`: a choice of a function by the type of the value. Known are widths
with `<`, `>`, `^` and a fill, zero padding, signs, `,` and `_` between thousands, `s`, for integers
`c d b o x X`, for numbers `f` and `%`; the rest is refused. Rounding that is not certain is left to
Python.
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

from catzilla_jit.compile import kinds, library
from catzilla_jit.compile.library import leave

SPEC = re.compile(
    r"((?P<fill>[^{}])?(?P<align>[<>^]))?(?P<sign>[-+ ])?(?P<prefix>#)?(?P<zero>0)?"
    r"(?P<width>[1-9][0-9]*)?(?P<group>[,_])?(\.(?P<digits>[0-9]+))?(?P<kind>[dsfcboxX%])?"
)
BASES = {"b": (2, "0b"), "o": (8, "0o"), "x": (16, "0x"), "X": (16, "0X")}


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
            return library.same_text if known else None
        if self.align == "=" and (self.group or self.prefix):
            return None  # what stands between the sign and the digits is counted in
        integer = kinds.kind(x) == kinds.INT
        if self.kind in ("f", "%") and (integer or x == types.float64) and not self.prefix:
            return self._float_writer(integer)
        return self._integer_writer() if integer and self.digits is None else None

    def _integer_writer(self) -> Callable[[Any], str] | None:
        if self.kind in BASES:
            base, prefix = BASES[self.kind]
            digits = "0123456789ABCDEF" if self.kind == "X" else "0123456789abcdef"
            return None if self.group else in_base(base, prefix if self.prefix else "", digits)
        if self.kind == "c" and not (self.sign or self.group or self.prefix or self.align == "="):
            return library.character
        if self.kind not in ("", "d") or self.prefix:
            return None
        return grouped(library.text_of_int, self.group) if self.group else library.text_of_int

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
    if match is None or (match["zero"] and match["align"]):
        return None
    fill = "0" if match["zero"] else match["fill"] or " "
    align = "=" if match["zero"] else match["align"] or ""
    digits = None if match["digits"] is None else int(match["digits"])
    width = int(match["width"] or 0)
    return Formatter(
        fill, align, width, match["sign"] or "", bool(match["prefix"]), match["group"] or "",
        digits, match["kind"] or "",
    )  # fmt: skip


def padded(write: Callable[[Any], str], fill: str, align: str, width: int) -> Callable[..., Any]:
    """Return a function that writes a value and fills it up to a width."""

    def pad(x: Any) -> str:
        text = write(x)
        missing = width - len(text)
        if missing <= 0:
            return text
        if align == "<":
            return text + fill * missing
        if align == "^":
            return fill * (missing // 2) + text + fill * (missing - missing // 2)
        if align == "=":
            if text[:1] == "-" or text[:1] == "+" or text[:1] == " ":
                return text[:1] + fill * missing + text[1:]
            return fill * missing + text
        return fill * missing + text

    return pad


def fixed(digits: int) -> Callable[[float], str]:
    """Return a function that writes a float with this many digits after the point."""
    scale = 10.0**digits

    def write(x: float) -> str:
        if not abs(x) < 2.0**51 / scale:
            leave()
        # The rounding leaves when it is not certain, so the scaled value is an exact integer.
        rounded = abs(round(x, digits))
        number = round(rounded * scale)
        text = str(number)
        if digits > 0:
            while len(text) <= digits:
                text = "0" + text
            text = text[: len(text) - digits] + "." + text[len(text) - digits :]
        return "-" + text if math.copysign(1.0, x) < 0.0 else text

    return write


def in_base(base: int, prefix: str, digits: str) -> Callable[[int], str]:
    """Return a function that writes an integer in a base of up to 16."""

    def write(n: int) -> str:
        rest = abs(n)
        text = "0" if n == 0 else ""
        while rest > 0:
            text = digits[rest % base] + text
            rest //= base
        return ("-" if n < 0 else "") + prefix + text

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
            leave()
        return write(float(n))

    return write_integer
