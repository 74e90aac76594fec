"""Calls of builtins in forms that Numba does not take: `zip(strict=)`, sums of lists, classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.agreement import agrees
from support.compile_harness import compiled

NUMBERS = (int, float)


# fmt: off
def strict_loop(xs: list[int], ys: list[int]) -> Any:
    total = 0
    for x, y in zip(xs, ys, strict=True):
        total += x * y
    return total
def strict_three(xs: list[int], ys: list[int]) -> Any:
    names = "abc"
    return [(x, y, z) for x, y, z in zip(xs, names, ys, strict=True)]
def not_strict(xs: list[int], ys: list[int]) -> Any:
    return sum(x != y for x, y in zip(xs, ys, strict=False))
def sum_of_lists(xs: list[int], ys: list[int]) -> Any:
    rows = [[x, len(ys)] for x in xs]
    return sum(rows, []), sum(rows, ys[:1]), sum([[0.5]], [1.5])  # noqa: RUF017
def sum_without_lists(xs: list[int], ys: list[int]) -> Any:
    start = [1]
    total = sum([xs[:1] for _ in ys], start)
    start.append(2)
    return total
def asks_for_a_tuple(xs: list[int], ys: list[int]) -> Any:
    return isinstance(len(xs), NUMBERS), isinstance("a", NUMBERS), isinstance(True, NUMBERS)
# fmt: on


@pytest.mark.parametrize(
    "function",
    [strict_loop, strict_three, not_strict, sum_of_lists, sum_without_lists, asks_for_a_tuple],
    ids=lambda function: function.__name__,
)
def test_the_answer_is_pythons(function: Callable[..., Any]) -> None:
    task = compiled(function)
    lists = [[], [1], [1, 2], [3, 4, 5]]
    answered = [agrees(task, function, [xs, ys]) for xs in lists for ys in lists]
    assert any(answered)
