"""Lists are sorted as by Python: equal items keep their order, and NaN is left to Python."""

from __future__ import annotations

import operator
import random
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome, submitted

WORDS = [str(i) + "x" * (i % 3) for i in random.Random(1).sample(range(100), 60)]
ZEROS = [random.Random(2).choice((0.0, -0.0, 1.0)) for _ in range(60)] + [-0.0, 0.0]


def by_keys(words: list[str], numbers: list[float]) -> Any:
    pairs = [(len(word), word) for word in words]
    pairs.sort(key=lambda pair: pair[0])
    latest = sorted(pairs, key=operator.itemgetter(0), reverse=True)
    places = {word: i % 4 for i, word in enumerate(words)}
    return (
        pairs, latest, sorted(numbers, key=abs, reverse=len(words) > 3),
        sorted(places.items(), key=lambda item: item[1]), sorted("bcaBAC", key=lambda c: c.lower()),
        sorted(words, key=len, reverse=True),
    )  # fmt: skip


def in_place(words: list[str], numbers: list[float]) -> Any:
    pairs = [(number, 1) for number in numbers]
    pairs.sort(reverse=True)
    numbers.sort()
    turned = numbers.copy()
    turned.sort(reverse=True)
    words.sort()
    return pairs, turned, sorted(turned, key=None)


@pytest.mark.parametrize("function", [by_keys, in_place])
def test_equal_items_keep_their_order(function: Any) -> None:
    made: Task[..., Any] = task(function)
    for words, numbers in ((WORDS, ZEROS), (WORDS[:1], ZEROS[:2]), (WORDS[:17], ZEROS[:17])):
        given, kept = (list(words), list(numbers)), (list(words), list(numbers))
        assert submitted(made, *given) == outcome(function, *kept)
        assert repr(given) == repr(kept)
    assert made.explain().compiled, made.explain()


@pytest.mark.parametrize("source", [
    "sorted(p, reverse=True)", "sorted(p, key=lambda x: -x)", "sorted([(1, x) for x in p])",
    "sorted(p, key=lambda x: (x, 1))", "[q for q in [p.copy()] for _ in [q.sort()]]",
])  # fmt: skip
def test_order_of_nan_is_pythons(source: str) -> None:
    space: dict[str, Any] = {}
    exec(f"def function(p: list[float]):\n    return {source}", space)
    made: Task[..., Any] = task(space["function"])
    values = [random.Random(3).choice((0.0, np.nan, 1.0, 2.0)) for _ in range(40)]
    assert submitted(made, values) == outcome(space["function"], values)
    assert made.explain().compiled, made.explain()


def test_key_by_position_is_pythons_error() -> None:
    def positional(words: list[str]) -> Any:
        return sorted(words, len)  # type: ignore[call-overload]

    def method(words: list[str]) -> Any:
        words.sort(len)  # type: ignore[call-overload]

    def of_a_set(words: list[str]) -> Any:
        return sorted(set(words), key=len)

    for function in (positional, method, of_a_set):
        made: Task[..., Any] = task(function)
        assert submitted(made, list(WORDS)) == outcome(function, list(WORDS))
        assert not made.explain().compiled


def test_array_is_sorted_in_place_where_compilation_is_asked_for() -> None:
    @task(compile_to_c=True)
    def in_order(values: np.ndarray) -> Any:
        values.sort()
        return values[0]

    values = np.array([3.0, 1.0, 2.0])
    assert in_order.submit(values).result(60) == 1.0
    assert values.tolist() == [1.0, 2.0, 3.0]
    assert in_order.explain().compiled
