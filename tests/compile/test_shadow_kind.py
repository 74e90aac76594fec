"""A number keeps its kind: where Python has 1, compiled code never answers 1.0 or True."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile import STATUS_OVERFLOW
from support.automatic import outcome, submitted
from support.compile_harness import compiled, status_of


def total(n: int, step: float) -> float:
    result = 0
    for _ in range(n):
        result += step  # type: ignore[assignment]
    return result


def branches(n: int, x: float) -> float:
    if n > 0:
        return x
    return n


def clamp(n: int, x: float) -> float:
    return max(0, min(n, x))


def flag(n: int, x: float) -> int:
    seen = 0
    if x > n:
        seen = True
    return seen


def either(n: int, x: float) -> Any:
    return n or x > 0


def product(n: int, x: float) -> float:
    result = 1
    if x > 0:
        result = 1.5  # type: ignore[assignment]
    return result * n


def pair(n: int, x: float) -> Any:
    scale = 2 if n > 0 else x
    return scale > 1


def negated(n: int, x: float) -> float:
    value = n if n < 5 else x
    return -value


def remainder(n: int, x: float) -> float:
    value = n if n < 5 else x
    return value % 3


FUNCTIONS = [total, branches, clamp, flag, either, product, pair, negated, remainder]
ARGUMENTS = [(n, x) for n in (-7, 0, 1, 4, 5, 2**53 + 1) for x in (-2.5, 0.0, 3.0, 3.5)]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_value_and_type_are_pythons(function: Callable[[int, float], Any]) -> None:
    task = compiled(function)
    for n, x in ARGUMENTS:
        if function is total and n > 10:
            continue
        status, _, result = status_of(task, n, x)
        expected = function(n, x)
        if status != STATUS_OVERFLOW:
            assert (status, type(result), result) == (0, type(expected), expected)


def test_a_loop_that_runs_is_answered_by_compiled_code() -> None:
    assert status_of(compiled(total), 3, 0.5)[::2] == (0, 1.5)


def test_a_loop_that_does_not_run_is_left_to_python() -> None:
    assert status_of(compiled(total), 0, 0.5)[0] == STATUS_OVERFLOW


def test_arithmetic_with_a_float_forgets_the_integer() -> None:
    def mean(n: int, x: float) -> float:
        result = 0
        for _ in range(n):
            result += x  # type: ignore[assignment]
        return result / 2.0

    assert status_of(compiled(mean), 0, 0.5)[::2] == (0, 0.0)


def test_none_or_number_keeps_the_kind() -> None:
    def maybe(n: int, x: float) -> Any:
        value = 0 if n > 0 else x
        return value + 0.5

    assert status_of(compiled(maybe), 1, 2.0)[::2] == (0, 0.5)


def sum_of_bools(b: Any, n: int) -> Any:
    total = b[0]
    for i in range(1, n):
        total = total + b[i]
    return total


def difference(b: Any, n: int) -> Any:
    x = b[0]
    if n:
        x = 5
    return x - b[1]


def negated(b: Any, n: int) -> Any:
    x = b[0]
    if n:
        x = 5
    return -x


def inverted(b: Any, n: int) -> Any:
    x = b[0]
    if n:
        x = 5
    return ~x


def as_place(b: Any, n: int) -> Any:
    x = b[0]
    if n:
        x = 1
    return np.arange(4)[x]


def compared(b: Any, n: int) -> Any:
    x = b[0]
    if n:
        x = 2.5
    return x + b[1] > 1.5


@pytest.mark.parametrize(
    "function", [sum_of_bools, difference, negated, inverted, as_place, compared]
)
def test_bool_of_numpys_in_a_wider_variable_is_numpys(function: Any) -> None:
    made: Task[..., Any] = task(function)
    bools = np.array([True, True, True])
    for n in range(3):
        assert submitted(made, bools, n) == outcome(function, bools, n)
    assert made.explain().compiled, made.explain()
