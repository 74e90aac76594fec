"""Arithmetic of what may be None is checked like that of plain numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled

WHOLE = [None, -(2**63), -(2**53) - 1, -1, 0, 1, 3, 2**32, 2**53 + 1, 2**63 - 1]
REAL = [None, -1.0, -0.0, 0.0, 0.5, 2.675, 710.0, 1e300, math.inf, math.nan]


def subtracted(x: int | None) -> Any:
    return -(2**63) - x  # type: ignore[operator]


def shifted(x: int | None) -> Any:
    return x << -1  # type: ignore[operator]


def squared(x: int | None) -> Any:
    return x * x  # type: ignore[operator]


def narrowed(x: int | None) -> Any:
    if x is None:
        return 0
    return x * x + 1


def grown(x: int | None) -> Any:
    x += 1  # type: ignore[operator]
    return x


def size(x: int | None) -> Any:
    return abs(x)  # type: ignore[arg-type]


def parts(x: int | None) -> Any:
    return divmod(x, -1)  # type: ignore[operator]


def power(x: int | None) -> Any:
    return pow(x, 3)  # type: ignore[operator]


def quotient(x: int | None) -> Any:
    return x // -1, x / 3, 7 % x  # type: ignore[operator]


def beyond(x: int | None) -> Any:
    return x > 2.0**53  # type: ignore[operator]


@pytest.mark.parametrize(
    "function",
    [subtracted, shifted, squared, narrowed, grown, size, parts, power, quotient, beyond],
)
def test_an_optional_int_is_computed_with_as_an_int(function: Callable[..., Any]) -> None:
    task = compiled(function)
    for x in WHOLE:
        agrees(task, function, [x])


def root(x: float | None) -> Any:
    return math.sqrt(x)  # type: ignore[arg-type]


def exponential(x: float | None) -> Any:
    return math.exp(x)  # type: ignore[arg-type]


def half_power(x: float | None) -> Any:
    return x**0.5  # type: ignore[operator]


def rounded(x: float | None) -> Any:
    return round(x, 2)  # type: ignore[arg-type]


def floor(x: float | None) -> Any:
    return math.floor(x)  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [root, exponential, half_power, rounded, floor])
def test_an_optional_float_is_computed_with_as_a_float(function: Callable[..., Any]) -> None:
    task = compiled(function)
    assert {agrees(task, function, [x]) for x in REAL} == {True, False}


def looked_up(numbers: dict[str, int], key: str) -> int:
    value = numbers.get(key)
    if value is None:
        return -1
    return value * value


def test_what_get_found_is_computed_with_as_an_int() -> None:
    task = compiled(looked_up)
    assert agrees(task, looked_up, [{"a": 3}, "a"])
    assert agrees(task, looked_up, [{"a": 3}, "b"])
    assert not agrees(task, looked_up, [{"a": 2**32}, "a"])


def helper(n: int) -> int | None:
    return n if n > 0 else None


def of_helper(n: int) -> int:
    found = helper(n)
    return 0 if found is None else found * found


def test_what_a_helper_gave_is_computed_with_as_an_int() -> None:
    task = compiled(of_helper)
    assert agrees(task, of_helper, [3])
    assert agrees(task, of_helper, [-3])
    assert not agrees(task, of_helper, [2**32])


def negated(x: bool | None) -> Any:
    return -x  # type: ignore[operator]


def inverted(x: bool | None) -> Any:
    return ~x  # type: ignore[operator]


@pytest.mark.parametrize("function", [negated, inverted])
def test_an_optional_bool_with_an_operator_of_ints_is_refused(
    function: Callable[..., Any],
) -> None:
    with pytest.raises(CompileRefused):
        compiled(function)


def doubled(n: int) -> Any:
    values = numpy.ones(3) if n > 0 else None
    return values + values  # type: ignore[operator]


def test_an_optional_array_is_computed_with_as_an_array() -> None:
    task = compiled(doubled, exact=True)
    assert agrees(task, doubled, [1])
    assert not agrees(task, doubled, [0])


def extended(n: int) -> list[int]:
    found = [n]
    other = found if n > 0 else None
    if other is not None:
        other += [3]
    return found


def test_container_that_may_be_none_is_not_copied_by_an_operator_in_place() -> None:
    with pytest.raises(CompileRefused, match="may be None is changed in place"):
        compiled(extended)
