"""Sorts by keys that name variables, `next` of a generator expression, recursions with tuples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled


# fmt: off
def places(xs: list[float], k: int) -> Any:
    return sorted(range(len(xs)), key=lambda i: xs[i])
def by_two(xs: list[float], k: int) -> Any:
    return sorted(xs, key=lambda x: (int(x) % 2 == k, len(xs)), reverse=k > 0)
def by_a_dict(xs: list[float], k: int) -> Any:
    found = {i: -i % 3 for i in range(len(xs))}
    return sorted(found, key=lambda i: found[i]), sorted(found.items(), key=lambda e: e[1] * k)
def first(xs: list[float], k: int) -> Any: return next(x for x in xs if x > k)
def first_or_none(xs: list[float], k: int) -> Any:
    return next((i for i, x in enumerate(xs) if x == k), -1), next((x for x in xs if x > k), None)
def counted_down(xs: list[float], k: int) -> Any: return down(len(xs), float(k))
def zipped(xs: list[float], k: int) -> Any:
    pairs = sorted(zip(xs, range(len(xs)), strict=False))
    return pairs, sorted(zip(xs, xs[::-1], strict=False), key=lambda e: e[1])
def pairs(xs: list[float], k: int) -> Any: return sorted(set([(k, x) for x in xs])), len(set(xs))  # noqa: C403
# fmt: on


def down(n: int, x: float) -> tuple[int, float]:
    if n <= 1:
        return n, x
    return down(n - 2, x / 2)


@pytest.mark.parametrize(
    "function",
    [places, by_two, by_a_dict, first, first_or_none, counted_down, pairs, zipped],
    ids=lambda function: function.__name__,
)
def test_the_answer_is_pythons(function: Callable[..., Any]) -> None:
    task = compiled(function, exact=True)
    lists = [[], [1.0], [3.0, 1.0, 2.0, 1.0], [0.0, float("nan"), -0.0], [2.0, -0.0, 0.0]]
    answered = [agrees(task, function, [xs, k]) for xs in lists for k in (0, 1)]
    assert any(answered)


def test_a_set_is_not_sorted_by_keys() -> None:
    def of_a_set(n: int) -> Any:
        return sorted({1, 2, n}, key=lambda x: x % n)

    with pytest.raises(CompileRefused, match="a set is sorted by a key"):
        compiled(of_a_set)
