"""Format specs of f-strings, as functions that compile.

A spec becomes a `Formatter`: a choice of a function by the type of the value. Known are widths
with `<`, `>`, `^` and a fill, zero padding, `d`, `s`, thousands with `,` for integers, and `.Nf`
for floats; the rest is refused. Rounding that is not certain is left to Python.
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
    r"((?P<fill>[^{}])?(?P<align>[<>^]))?(?P<zero>0)?(?P<width>[1-9][0-9]*)?(?P<comma>,)?"
    r"(\.(?P<digits>[0-9]+))?(?P<kind>[dsf])?"
)


@dataclasses.dataclass(frozen=True)
class Formatter:
    """The parts of one spec; called with a Numba type, it chooses the function."""

    fill: str
    align: str
    width: int
    comma: bool
    digits: int | None
    kind: str

    @property
    def __name__(self) -> str:
        return "format"

    def __call__(self, x: Any) -> Callable[..., Any] | None:
        if isinstance(x, types.UnicodeType | types.StringLiteral):
            if self.kind in ("", "s") and self.digits is None and not self.comma:
                align = "<" if self.align in ("", "=") else self.align
                return padded(library.same_text, self.fill, align, self.width)
            return None
        if x == types.float64 and self.kind == "f" and self.digits is not None and not self.comma:
            if self.digits > 15:
                return None
            return padded(fixed(self.digits), self.fill, self.align or ">", self.width)
        if kinds.kind(x) == kinds.INT and self.kind in ("", "d") and self.digits is None:
            write = with_commas if self.comma else library.text_of_int
            return padded(write, self.fill, self.align or ">", self.width)
        return None


def formatter(spec: str) -> Formatter | None:
    """Return the formatter of a spec, or None for one that is not known."""
    match = SPEC.fullmatch(spec)
    if match is None or (match["zero"] and match["align"]):
        return None
    fill = "0" if match["zero"] else match["fill"] or " "
    align = "=" if match["zero"] else match["align"] or ""
    digits = None if match["digits"] is None else int(match["digits"])
    width = int(match["width"] or 0)
    return Formatter(fill, align, width, bool(match["comma"]), digits, match["kind"] or "")


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
            if text[:1] == "-":
                return "-" + fill * missing + text[1:]
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


def with_commas(n: int) -> str:
    text = str(abs(n))
    result = ""
    while len(text) > 3:
        result = "," + text[len(text) - 3 :] + result
        text = text[: len(text) - 3]
    return ("-" if n < 0 else "") + text + result
