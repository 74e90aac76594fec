"""What can raise is not dead, though nobody reads its value."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from support.agreement import agrees
from support.compile_harness import compiled, run

# ruff: noqa: B018, F841, RUF059, C416 -- values that nobody reads are what this is about


def quotient(a: int, b: int) -> int:
    a // b
    return len([i for i in range(3)])


def item(values: list[int], k: int) -> int:
    values[k]
    return len([i for i in range(3)])


def number(text: str) -> int:
    int(text)
    return len([i for i in range(3)])


def largest(values: list[int]) -> int:
    max(values)
    return len([i for i in range(3)])


def unpacked(values: list[int]) -> int:
    a, b = values
    return len([i for i in range(3)])


def character(text: str, k: int) -> int:
    text[k]
    return len([i for i in range(3)])


def power(a: int, b: int) -> int:
    a**b
    return len([i for i in range(3)])


def large_power(x: float, y: float) -> int:
    x**y
    return len([i for i in range(3)])


def assigned_again(a: int, b: int) -> int:
    q = a // b
    q = 3
    return len([i for i in range(q)])


def in_containers(a: int, b: int) -> int:
    (a // b,)
    [a // b]
    return len([i for i in range(3)])


def stored_in_what_is_dropped(k: int, value: int) -> int:
    values = [0, 0, 0]
    values[k] = value
    return len([i for i in range(3)])


def handled(a: int, b: int) -> int:
    try:
        a // b
    except Exception:
        return -1
    return len([i for i in range(3)])


def unread(p: float, q: float) -> list[float]:
    v = p / q
    return [p for i in range(3)]


def steps(a: int, step: int) -> int:
    range(a, 5, step)
    return 1


def variable(given: bool, n: int) -> int:
    if given:
        u = [n]
    u
    return n


def variable_in_a_tuple(given: bool, n: int) -> int:
    if given:
        u = [n]
    (u, 1)
    return len([i for i in range(n)])


@pytest.mark.parametrize(
    ("function", "fails", "works"),
    [
        (quotient, (1, 0), (1, 1)),
        (item, ([1], 3), ([1], 0)),
        (number, ("x",), ("1",)),
        (largest, ([],), ([1],)),
        (unpacked, ([1],), ([1, 2],)),
        (character, ("a", 4), ("a", 0)),
        (power, (0, -1), (2, 2)),
        (large_power, (10.0, 1000.0), (2.0, 2.0)),
        (assigned_again, (1, 0), (1, 1)),
        (in_containers, (1, 0), (1, 1)),
        (stored_in_what_is_dropped, (7, 1), (1, 1)),
        (handled, (1, 0), (1, 1)),
        (unread, (1.0, 0.0), (1.0, 1.0)),
        (steps, (1, 0), (1, 2)),
        (variable, (False, 1), (True, 1)),
        (variable_in_a_tuple, (False, 1), (True, 1)),
    ],
)
def test_exception_of_a_value_that_nobody_reads_is_raised(
    function: Any, fails: Any, works: Any
) -> None:
    task = compiled(function)
    agrees(task, function, fails)
    assert agrees(task, function, works)


def array_of_a_comprehension(n: int) -> Any:
    return numpy.array([i * i for i in range(n)])


def table_of_comprehensions(n: int) -> Any:
    return numpy.array([[i * j for j in range(n)] for i in range(n)])


def with_inner_function(n: int) -> int:
    k = n * 2

    def more(x: int) -> int:
        return x + k

    return more(n) + sum([more(i) for i in range(n)])


@pytest.mark.parametrize(
    "function", [array_of_a_comprehension, table_of_comprehensions, with_inner_function]
)
def test_what_is_left_of_a_comprehension_goes(function: Any) -> None:
    assert numpy.array_equal(run(compiled(function), 4), function(4))
