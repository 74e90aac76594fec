"""Builtins that add or count: `sum` with a start, `enumerate` with a start, `range`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled

HIGH = 2**63 - 1


def added(values: list[int], start: int) -> int:
    return sum(values, start)


def added_by_name(values: list[int], start: int) -> int:
    return sum((x for x in values), start=start)


def added_to_local(values: list[int], start: int) -> int:
    return sum([x for x in values], start)  # noqa: C416


@pytest.mark.parametrize("function", [added, added_by_name, added_to_local])
def test_a_sum_that_begins_somewhere_is_pythons(function: Callable[..., Any]) -> None:
    task = compiled(function)
    assert agrees(task, function, [[1, 2], 3])
    assert agrees(task, function, [[], HIGH])
    assert not agrees(task, function, [[2**62], 2**62])


def added_to_float(values: list[float], start: float) -> float:
    return sum(values, start)


def test_a_sum_of_floats_that_begins_somewhere_is_pythons() -> None:
    task = compiled(added_to_float)
    for values in ([], [0.1] * 10, [1e100, 1.0, -1e100]):
        for start in (0.0, -0.0, 0.5, 1e16):
            assert agrees(task, added_to_float, [values, start])


def counted(values: list[int], start: int) -> list[int]:
    return [i * (x > 1) for i, x in enumerate(values, start)]


def counted_by_name(values: list[int], start: int) -> Any:
    return list(enumerate(values, start=start))


@pytest.mark.parametrize("function", [counted, counted_by_name])
def test_a_count_that_begins_somewhere_is_pythons(function: Callable[..., Any]) -> None:
    task = compiled(function)
    for start in (-(2**63), -1, 0, 2**62):
        assert agrees(task, function, [[1, 2, 3], start])
    for start in (HIGH - 1, HIGH):
        assert not agrees(task, function, [[1, 2, 3], start])


def range_of_bool(x: bool) -> int:
    return len(range(x))


def range_of_float(x: float) -> int:
    return len(range(x))  # type: ignore[call-overload,no-any-return]


def range_by_float(x: float) -> int:
    return len(range(0, 9, x))  # type: ignore[call-overload,no-any-return]


def range_over_half(values: list[int]) -> int:
    total = 0
    for i in range(len(values) / 2):  # type: ignore[call-overload]
        total += values[i]
    return total


@pytest.mark.parametrize(
    "function", [range_of_bool, range_of_float, range_by_float, range_over_half]
)
def test_a_range_of_what_is_no_int_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused, match="range is called with a value other than an int"):
        compiled(function)
