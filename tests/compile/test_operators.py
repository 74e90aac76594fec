"""Functions of `operator` are the operators: checked like them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import pytest

from support.agreement import agrees
from support.compile_harness import compiled

WHOLE = [-(2**63), -1, 0, 1, 3, 2**32, 2**53 + 1, 2**63 - 1]


def calculated(x: int, y: int) -> Any:
    return operator.add(x, y), operator.sub(x, y), operator.mul(x, y)


def divided(x: int, y: int) -> Any:
    return operator.floordiv(x, y), operator.mod(x, y), operator.truediv(x, y)


def shifted(x: int, y: int) -> Any:
    if y > 1000:
        return 0, 0
    return operator.lshift(x, y), operator.rshift(x, y)


def raised(x: int, y: int) -> Any:
    if y > 1000:
        return 0
    return operator.pow(x, y)


def negated(x: int, y: int) -> Any:
    return operator.neg(x), operator.pos(y), operator.invert(y), operator.not_(x)


def compared(x: int, y: int) -> Any:
    return operator.lt(x, y + 0.0), operator.eq(x, y + 0.0)


def in_place(x: int, y: int) -> Any:
    total = x
    total = operator.iadd(total, y)
    return operator.imul(total, 2)


def apply(operation: Callable[[int, int], int], x: int, y: int) -> int:
    return operation(x, y)


def handed_on(x: int, y: int) -> Any:
    return apply(operator.mul, x, y)


@pytest.mark.parametrize(
    "function",
    [calculated, divided, shifted, raised, negated, compared, in_place, handed_on],
)
def test_a_function_of_operator_answers_as_the_operator(function: Callable[..., Any]) -> None:
    task = compiled(function)
    answered = {agrees(task, function, [x, y]) for x in WHOLE for y in WHOLE}
    assert answered == {True, False}
