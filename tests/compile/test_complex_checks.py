"""Complex numbers: an answer of cmath that is not Python's is left to Python, or not compiled."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catzilla_jit.compile import STATUS_OVERFLOW, CompileRefused
from support.compile_harness import compiled, status_of


def sqrt(z: complex) -> complex:
    return cmath.sqrt(z)


def exp(z: complex) -> complex:
    return cmath.exp(z)


def sin(z: complex) -> complex:
    return cmath.sin(z)


def cosh(z: complex) -> complex:
    return cmath.cosh(z)


def tanh(z: complex) -> complex:
    return cmath.tanh(z)


def phase(z: complex) -> float:
    return cmath.phase(z)


def polar(z: complex) -> Any:
    return cmath.polar(z)


def rect(z: complex) -> complex:
    return cmath.rect(z.real, z.imag)


def is_nan(z: complex) -> bool:
    return cmath.isnan(z)


def arithmetic(z: complex) -> complex:
    return z * (z + 1.5) / (z - 2j) - z * 3


def sinh(z: complex) -> complex:
    return cmath.sinh(z)


def cos(z: complex) -> complex:
    return cmath.cos(z)


NAMED = [0.0, -0.0, 1.0, math.inf, -math.inf, math.nan, 5e-324, 1e300, 708.5, -709.7, 710.0]
PARTS = st.one_of(st.sampled_from(NAMED), st.floats(), st.floats(-711.0, 711.0))
FUNCTIONS = [sqrt, exp, sin, cos, sinh, cosh, tanh, phase, polar, rect, is_nan, arithmetic]


@pytest.mark.parametrize("function", [exp, sin, cos, sinh, cosh])
@pytest.mark.parametrize("number", [709.0911817464605 - 487.5j, 0.5 - 708.8j, 710j], ids=str)
def test_what_may_overflow_is_computed_as_python_does(function: Any, number: complex) -> None:
    for each in (number, complex(number.imag, number.real)):
        status, _, result = status_of(compiled(function), each)
        assert status == STATUS_OVERFLOW or repr(result) == repr(function(each))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_answer_is_pythons(function: Callable[[complex], Any]) -> None:
    task = compiled(function)

    @settings(max_examples=300)
    @given(PARTS, PARTS)
    def compare(real: float, imaginary: float) -> None:
        number = complex(real, imaginary)
        status, error, result = status_of(task, number)
        if status == 0:
            assert repr(result) == repr(function(number))
        elif status != STATUS_OVERFLOW:
            with pytest.raises(ZeroDivisionError) as caught:
                task.raise_error(status, error)
            with pytest.raises(ZeroDivisionError, match=str(caught.value)):
                function(number)

    compare()
    assert status_of(task, 1 + 2j)[0] == 0


def test_math_error_of_cmath_is_left_to_python() -> None:
    assert status_of(compiled(exp), 1000 + 0j)[0] == STATUS_OVERFLOW
    assert status_of(compiled(rect), complex(1.0, math.inf))[0] == STATUS_OVERFLOW


def logarithm(z: complex) -> complex:
    return cmath.log(z)


def square(z: complex) -> complex:
    return z**2


@pytest.mark.parametrize("function", [logarithm, square])
def test_what_differs_in_the_last_digit_is_refused(function: Callable[[complex], Any]) -> None:
    with pytest.raises(CompileRefused, match="last digit"):
        compiled(function)
