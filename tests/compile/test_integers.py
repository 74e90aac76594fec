"""Integer arithmetic: compiled code gives Python's answer, or says that it has none."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catzilla_jit.compile import STATUS_OVERFLOW, CompiledTask
from support.compile_harness import compiled, status_of

LOW, HIGH = -(2**63), 2**63 - 1
EDGES = [
    LOW,
    LOW + 1,
    -(2**32),
    -2,
    -1,
    0,
    1,
    2,
    3,
    63,
    64,
    2**31,
    2**53,
    2**53 + 1,
    HIGH - 1,
    HIGH,
]
int64 = st.one_of(st.sampled_from(EDGES), st.integers(LOW, HIGH), st.integers(-70, 70))


def add(x: int, y: int) -> int:
    return x + y


def subtract(x: int, y: int) -> int:
    return x - y


def multiply(x: int, y: int) -> int:
    return x * y


def floor(x: int, y: int) -> int:
    return x // y


def modulo(x: int, y: int) -> int:
    return x % y


def quotient(x: int, y: int) -> float:
    return x / y


def power(x: int, y: int) -> int:
    return x**y


def left(x: int, y: int) -> int:
    return x << y


def right(x: int, y: int) -> int:
    return x >> y


def negate(x: int, y: int) -> int:
    return -x + 0 * y


def absolute(x: int, y: int) -> int:
    return abs(x) + 0 * y


def cube(x: int, y: int) -> int:
    return x**3 + 0 * y


def in_place(x: int, y: int) -> int:
    total = x
    total += y
    total *= 2
    total -= 1
    return total


FUNCTIONS = [
    add, subtract, multiply, floor, modulo, quotient, power, left, right, negate, absolute, cube,
    in_place,
]  # fmt: skip


@pytest.fixture(scope="module")
def tasks() -> dict[str, CompiledTask]:
    return {function.__name__: compiled(function) for function in FUNCTIONS}


@pytest.mark.parametrize("function", FUNCTIONS, ids=operator.attrgetter("__name__"))
@settings(max_examples=300)
@example(x=LOW, y=-1)
@example(x=-7, y=2)
@example(x=2, y=-3)
@example(x=0, y=0)
@given(x=int64, y=int64)
def test_answer_is_pythons_wherever_it_fits(
    tasks: dict[str, CompiledTask], function: Callable[[int, int], object], x: int, y: int
) -> None:
    task = tasks[function.__name__]
    status, error, result = status_of(task, x, y)
    if y > 1000 and ((function is power and abs(x) > 1) or (function is left and x)):
        assert status == STATUS_OVERFLOW
        return
    try:
        expected = function(x, y)
    except (ValueError, ZeroDivisionError) as python:
        if status != STATUS_OVERFLOW:  # 0 ** -1: Python knows
            with pytest.raises(type(python), match=f"^{re.escape(str(python))}$"):
                task.raise_error(status, error)
        return
    if status == STATUS_OVERFLOW:
        assert not fits(expected) or max(abs(x), abs(y)) > 2**53
    else:
        assert (type(result), result) == (type(expected), expected)


def fits(value: object) -> bool:
    return isinstance(value, int) and LOW <= value <= HIGH


@pytest.mark.parametrize("function", [add, subtract, multiply, floor, modulo, right, absolute])
@settings(max_examples=200)
@given(x=int64, y=int64)
def test_overflow_is_claimed_only_where_the_answer_does_not_fit(
    tasks: dict[str, CompiledTask], function: Callable[[int, int], object], x: int, y: int
) -> None:
    status = status_of(tasks[function.__name__], x, y)[0]
    try:
        expected = function(x, y)
    except (ValueError, ZeroDivisionError):
        assert status not in (0, STATUS_OVERFLOW)
    else:
        assert (status == STATUS_OVERFLOW) == (not fits(expected))


def steps(x: int, y: int, step: int) -> int:
    count = 0
    for _ in range(x, y, step):
        count += 1
        if count > 20:
            break
    return count


@pytest.mark.parametrize("step", [1, -1, 2**62, -(2**62), LOW])
def test_range_whose_length_does_not_fit_is_left_to_python(step: int) -> None:
    task = compiled(steps)
    for x in (LOW, LOW + 1, -1, 0, 3, HIGH - 1, HIGH):
        for y in (LOW, LOW + 1, -1, 0, 3, HIGH - 1, HIGH):
            status, _, result = status_of(task, x, y, step)
            assert status == STATUS_OVERFLOW or result == steps(x, y, step)
    assert status_of(task, 0, 10, step)[0] == 0


def pairs(x: int, y: int) -> int:
    count = 0
    for i in range(x, y):
        count += 1 if i > 0 else 2
        if count > 20:
            break
    return count


def test_range_of_two_ends_that_lie_far_apart_is_left_to_python() -> None:
    task = compiled(pairs)
    assert status_of(task, LOW, HIGH)[0] == STATUS_OVERFLOW
    assert status_of(task, 3, LOW)[0] == STATUS_OVERFLOW
    assert status_of(task, 1, 6)[::2] == (0, 5)
