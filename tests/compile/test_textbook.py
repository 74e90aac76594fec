"""What textbooks write: each function compiles, and answers as Python, results and arguments."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import task
from support.automatic import outcome, submitted

SMALL_PRIMES = {2, 3, 5}
VOWELS = frozenset("aeiou")


def sorted_quickly(xs: list[int]) -> list[int]:
    if len(xs) <= 1:
        return xs
    pivot = xs[len(xs) // 2]
    smaller, larger = [x for x in xs if x < pivot], [x for x in xs if x > pivot]
    return sorted_quickly(smaller) + [x for x in xs if x == pivot] + sorted_quickly(larger)


def fizz(n: int) -> list[str]:
    return ["Fizz" * (i % 3 == 0) + (i % 5 == 0) * "Buzz" or f"{i:>02}" for i in range(1, n)]


def counted(text: str, n: int) -> Any:
    return sum(1 for c in text if c in VOWELS), n in SMALL_PRIMES, n not in SMALL_PRIMES


CASES: list[tuple[Callable[..., Any], list[tuple[Any, ...]]]] = [
    (sorted_quickly, [([3, 1, 2, 3],), ([1],), ([],)]),
    (fizz, [(16,)]),
    (counted, [("hello", 3), ("xyz", 4)]),
]


@pytest.mark.parametrize(
    ("function", "calls"), CASES, ids=lambda each: getattr(each, "__name__", "")
)
def test_function_compiles_and_answers_as_python(
    function: Callable[..., Any], calls: list[tuple[Any, ...]]
) -> None:
    made = task(function)
    for values in calls:
        given, expected = copy.deepcopy(values), copy.deepcopy(values)
        assert submitted(made, *given) == outcome(function, *expected)
        assert given == expected
    assert made.explain().compiled, made.explain()


def test_result_that_is_the_argument_is_the_callers_object() -> None:
    given = [7]
    assert task(sorted_quickly).submit(given).result() is given


def test_change_of_a_set_of_the_module_is_seen() -> None:
    made = task(counted)
    assert made.submit("", 7).result() == (0, False, True)
    SMALL_PRIMES.add(7)
    try:
        assert made.submit("", 7).result() == (0, True, False)
    finally:
        SMALL_PRIMES.discard(7)
    assert made.submit("", 7).result() == (0, False, True)
