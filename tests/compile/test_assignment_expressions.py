"""Names given by `:=` inside of expressions have their values, in machine code too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.agreement import agrees
from support.compile_harness import compiled


def in_while(n: int) -> int:
    total = 0
    while (half := n // 2) > 0:
        total += half
        n = half
    return total


def in_if(n: int) -> int:
    if (double := n * 2) > 6:
        return double
    return n


def behind_and(n: int) -> int:
    i = total = 0
    while (i := i + 1) < n and (square := i * i) < 50:
        total += square
    return total


def operand_of_itself(n: int) -> int:
    if (n := n + 1) > 3:
        return n
    return -n


def in_a_sum(n: int) -> int:
    return (double := n * 2) + double


def assigned_twice(n: int) -> int:
    x = (y := n + 3)
    return x * y


def in_a_list(n: int) -> tuple[list[int], int]:
    found = [n, (more := n + 1), more * 2]
    return found, more


def of_a_conditional(n: int) -> int:
    return rest if (rest := n - 3) else -1


def before_or(n: int) -> int:
    first = 5
    second = (first := n * 2) or 7
    return first + second


def as_an_argument(n: int) -> float:
    return max((third := n / 3), 2.0) + third


def in_a_text(n: int) -> str:
    return f"{(more := n + 1)} {more}"


def chained_without_walrus(n: int) -> int:
    a = b = n + 1
    c = d = [a, b]
    c[0] = e = 9
    (f, g) = h = (n, 2)
    return a + b + c[0] + d[1] + e + f + g + h[0]


FUNCTIONS = [
    in_while, in_if, behind_and, operand_of_itself, in_a_sum, assigned_twice, in_a_list,
    of_a_conditional, before_or, as_an_argument, in_a_text, chained_without_walrus,
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
def test_value_is_pythons(function: Callable[..., Any]) -> None:
    task = compiled(function)
    for n in (-2, 0, 1, 3, 4, 100):
        assert agrees(task, function, (n,))


def test_name_that_was_not_given_raises_as_in_python() -> None:
    def maybe(n: int) -> int:
        if n > 3 and (more := n + 1) > 5:
            return more
        return more

    task = compiled(maybe)
    assert agrees(task, maybe, (4,))
    assert not agrees(task, maybe, (0,))  # left to Python, which raises UnboundLocalError
