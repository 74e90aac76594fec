"""Where Python wants an int, compiled code takes no float, and no short int for a long one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled


def half_of_list(values: list[int], x: float) -> Any:
    return values[: len(values) / 2]  # type: ignore[misc]


def rest_of_text(text: str, x: float) -> str:
    return text[x:]  # type: ignore[misc]


def rest_of_bytes(data: bytes, x: float) -> bytes:
    return data[x:]  # type: ignore[misc]


def part_is_given(values: list[int], x: float) -> Any:
    copy = values.copy()
    copy[:x] = [2]  # type: ignore[misc]
    return copy


def hexadecimal(n: int, x: float) -> str:
    return hex(x)  # type: ignore[arg-type]


def binary(n: int, x: float) -> str:
    return bin(x)  # type: ignore[arg-type]


def scaled(n: int, x: float) -> float:
    return math.ldexp(x, 1.5)  # type: ignore[arg-type]


def modular(n: int, x: float) -> Any:
    return pow(x, n, 3)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "function",
    [
        half_of_list, rest_of_text, rest_of_bytes, part_is_given, hexadecimal, binary, scaled,
        modular,
    ],
)  # fmt: skip
def test_a_float_for_an_int_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused, match=r"for an int|of type float"):
        compiled(function)


def power_of_two(x: float, n: int) -> float:
    return math.ldexp(x, n)


def test_an_exponent_beyond_the_c_librarys_int_is_left_to_python() -> None:
    task = compiled(power_of_two)
    for x in (1.0, -0.0, math.inf):
        for n in (-1080, -1, 0, 3, 1023):
            assert agrees(task, power_of_two, [x, n])
        for n in (2**32, -(2**32), 2**63 - 1, -(2**63)):
            assert not agrees(task, power_of_two, [x, n])


def integer_of(x: float) -> Any:
    return int(numpy.int64(x))


def test_numpys_integer_of_what_has_none_is_left_to_it() -> None:
    task = compiled(integer_of, exact=True)
    for x in (2.5, -2.5, -(2.0**63)):
        assert agrees(task, integer_of, [x])
    for x in (1e300, 2.0**63, math.nan, -math.inf):
        assert not agrees(task, integer_of, [x])
