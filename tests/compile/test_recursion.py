"""Recursions whose types change from call to call, or whose module is not to be found."""

from __future__ import annotations

from typing import Any

import pytest

from catzilla_jit.compile import CompileRefused
from support.compile_harness import compiled, run


def with_constant(n: int, k: int) -> int:
    return k if n <= 0 else with_constant(n - 1, 7)


def calls_with_constant(n: int) -> int:
    return with_constant(n, 5)


def ackermann(m: int, n: int) -> int:
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def total(xs: list[int]) -> int:
    return 0 if len(xs) == 0 else xs[0] + total(xs[1:])


def merge_sort(xs: list[int]) -> list[int]:
    if len(xs) <= 1:
        return xs[:]
    left, right = merge_sort(xs[: len(xs) // 2]), merge_sort(xs[len(xs) // 2 :])
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] < right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    return merged + left[i:] + right[j:]


def search(xs: list[int], x: int, low: int = 0, high: int | None = None) -> int:
    if high is None:
        high = len(xs)
    if low >= high:
        return -1
    middle = (low + high) // 2
    if xs[middle] == x:
        return middle
    return search(xs, x, middle + 1, high) if xs[middle] < x else search(xs, x, low, middle)


def rotated(a: int, b: float, c: str, n: int) -> int:
    return 1 if n == 0 else 1 + rotated(b, c, a, n - 1)  # type: ignore[arg-type]


def through_another(n: int, x: str) -> int:
    return 0 if n == 0 else other(n - 1, 1) + 1


def other(n: int, x: int) -> int:
    return 0 if n == 0 else through_another(n - 1, "x") + x


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (with_constant, (3, 5)),
        (calls_with_constant, (3,)),
        (ackermann, (2, 3)),
        (total, ([1, 2, 3],)),
        (merge_sort, ([3, 1, 2, 5, 4],)),
        (search, ([1, 2, 5, 9], 5, 0, None)),
        (rotated, (1, 2.0, "a", 5)),
        (through_another, (5, "a")),
    ],
)
def test_recursion_whose_types_change_answers_as_python(function: Any, arguments: Any) -> None:
    assert run(compiled(function), *arguments) == function(*arguments)


def test_recursion_works_in_a_module_that_is_not_in_sys_modules() -> None:
    namespace: dict[str, Any] = {"__name__": "nowhere"}
    exec("def factorial(n: int):\n    return 1 if n < 2 else n * factorial(n - 1)", namespace)
    assert run(compiled(namespace["factorial"]), 5) == 120


def packed(value: int, n: int) -> int:
    return 0 if n == 0 else packed((value, 1), n - 1)  # type: ignore[arg-type]


def exchanged(a: int, b: float, n: int) -> float:
    return a if n == 0 else exchanged(b, a, n - 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [packed, exchanged])
def test_recursion_whose_types_have_no_end_or_no_agreement_is_refused(function: Any) -> None:
    with pytest.raises(CompileRefused, match="cannot infer the types of a recursion"):
        compiled(function)
