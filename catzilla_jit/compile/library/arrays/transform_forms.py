"""`numpy.fft` with a length, an axis and a norm; the frequencies that belong to it."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
import numpy
from numba.core import types

from catzilla_jit.compile.library.arrays import making
from catzilla_jit.compile.library.arrays.forms import Form
from catzilla_jit.compile.library.arrays.written import Function, choice_of, written
from catzilla_jit.compile.library.ufuncs import signatures, transforms


def _transform(name: str) -> Any:
    def make(given: Any, *, axis: Any = -1, norm: Any = None, n: Any = None) -> Any:
        norm = "backward" if norm is None else norm
        if type(axis) is not int or norm not in transforms.FACTORS or n is not None:
            return None
        return transforms.transform(name, axis, norm, len(given) == 2)

    return make


def _form(name: str) -> Form:
    names = ("a", "n", "axis", "norm")
    sized = Form(names, ("a", "n"), _transform(name))
    return Form(names, ("a",), _transform(name), other=sized)


def _of_tables(name: str) -> Any:
    """Return what makes the transform along both dimensions of a table: the last one first."""

    def make(_given: Any) -> Any:
        def ours(array: Any) -> Function | None:
            if transforms.result_type(name, array, -1) is None or array.ndim != 2:
                return None
            return written(
                "both", "a", ["return columns(rows(a))"],
                rows=transforms.transform(name, -1, "backward", False),
                columns=transforms.transform(name, -2, "backward", False),
            )  # fmt: skip

        return choice_of(f"fft.{name}2", ours, certain=True)

    return make


def _frequencies(name: str) -> Any:
    def make(given: Any) -> Any:
        def ours(count: Any, apart: Any = types.float64) -> Function | None:
            numbers = (types.int64, types.float64)
            if types.unliteral(count) != types.int64 or types.unliteral(apart) not in numbers:
                return None
            call = f"return {name}(n, {'d' if len(given) == 2 else '1.0'})"
            return written("frequencies", ", ".join(given), [call], **{name: getattr(making, name)})

        return choice_of(f"fft.{name}", ours, certain=True)

    return make


def _shifted(sign: str) -> Any:
    def make(_given: Any) -> Any:
        def ours(line: Any) -> Function | None:
            known = isinstance(line, types.Array) and line.ndim == 1 and line.aligned
            if not known or line.dtype not in signatures.DTYPES:
                return None
            return written("shifted", "x", [f"return roll_line(x, {sign}(len(x) // 2))"],
                           roll_line=making.roll_line)  # fmt: skip

        return choice_of("fft.fftshift", ours, certain=True)

    return make


FUNCTIONS: dict[Any, Form] = {
    **{getattr(numpy.fft, name): _form(name) for name in transforms.ELEMENTS},
    numpy.fft.fft2: Form(("a",), ("a",), _of_tables("fft")),
    numpy.fft.ifft2: Form(("a",), ("a",), _of_tables("ifft")),
    numpy.fft.fftfreq: Form(("n", "d"), ("n", "d"), _frequencies("fftfreq")),
    numpy.fft.rfftfreq: Form(("n", "d"), ("n", "d"), _frequencies("rfftfreq")),
    numpy.fft.fftshift: Form(("x",), ("x",), _shifted("+")),
    numpy.fft.ifftshift: Form(("x",), ("x",), _shifted("-")),
}
METHODS: dict[str, Form] = {}
