"""A variable without a value is an UnboundLocalError in Python, never a zero in compiled code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit.compile import STATUS_OVERFLOW
from support.compile_harness import compiled, status_of


def branch(x: int) -> float:
    if x < 0:
        value = 1.5
    elif x > 0:
        value = 2.5
    return value


def last_of_a_loop(x: int) -> int:
    for i in range(x):
        last = i
    return last


def text_of_a_loop(x: int) -> str:
    while x > 0:
        if x % 2:
            word = "odd"
        x -= 3
    return word + "!"


def inner_loop(x: int) -> int:
    for i in range(x):
        for j in range(i):
            k = j
    if x > 5:
        return k
    return 0


def counted(x: int) -> int:
    if x > 3:
        total = 0
    for i in range(x):
        total += i
    return 1


FUNCTIONS = [branch, last_of_a_loop, text_of_a_loop, inner_loop, counted]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_unbound_variable_is_left_to_python(function: Callable[[int], Any]) -> None:
    task = compiled(function)
    for x in range(-1, 9):
        status, _, result = status_of(task, x)
        try:
            expected = function(x)
        except UnboundLocalError:
            assert status == STATUS_OVERFLOW
        else:
            assert (status, type(result), result) == (0, type(expected), expected)
