"""Loops over `itertools.groupby`: compiled where a group is gone over once, and always Python's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome, submitted


def lengths(s: Any) -> Any:
    return [(k, len(list(g))) for k, g in itertools.groupby(s)]


def written(s: Any) -> Any:
    out = []
    for k, g in groupby(s):
        n = sum(1 for _ in g)
        out.append((k, n))
    for k, g in groupby(s):
        for x in g:
            if k == x:
                out.append((x, 0))
            break
    return out


def keys(s: Any) -> Any:
    return [k for k, h in groupby(s)], max([len(list(g)) for _, g in groupby(s)])


def flat(s: Any) -> Any:
    return [x for _, g in groupby(s) for x in g]


TEXTS: list[Any] = ["aaabbc", "a", "abab", "aé\u20ac\u20ac", ""]
LISTS: list[Any] = [[1, 1, 2], [True, True, False], [0.0, -0.0, 1.5, float("nan")], ["x", "x"]]


@pytest.mark.parametrize("function", [lengths, written, keys, flat])
def test_groups_are_pythons(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for s in TEXTS:
        assert submitted(made, s) == outcome(function, s)
    assert made.explain().compiled, made.explain()
    for values in (*LISTS, [], [(1, 2), (1, 2)], np.array([1, 1, 2]), {1: 2, 3: 4}):
        assert submitted(made, values) == outcome(function, values)


def by_length(ws: list[str]) -> Any:
    return {k: list(g) for k, g in groupby(ws, key=len)}


def by_first(ws: list[str]) -> Any:
    return [(k, sorted(g)) for k, g in groupby(sorted(ws), lambda w: w.upper())]


def up_to(ws: list[str]) -> Any:
    found = 0
    for k, g in groupby(ws, key=lambda w: len(w) % 2):
        for w in g:
            found += len(w) * k
        if found > 3:
            break
    return found


@pytest.mark.parametrize("function", [by_length, by_first, up_to])
def test_groups_by_a_key_are_pythons(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for ws in (["a", "b", "cc", "d"], ["abc"], ["bb", "ba", "a", "b"], ["a", ""]):
        assert submitted(made, ws) == outcome(function, ws)
    assert made.explain().compiled, made.explain()


def twice(s: str) -> Any:
    return [(list(g), list(g)) for k, g in groupby(s)]


def kept(s: str) -> Any:
    return len([g for _, g in groupby(s)])


def again(s: str) -> Any:
    return [len(list(g)) for _, g in groupby(s) for _ in range(2)]


def in_a_loop(s: str) -> Any:
    n = 0
    for _, g in groupby(s):
        while n < 3:
            n += 1 + len(list(g))  # noqa: B031
    return n


def behind_the_loop(s: str) -> Any:
    for _, g in groupby(s):  # noqa: B007
        pass
    return list(g)


def while_it_grows(values: list[int]) -> Any:
    out = []
    for k, g in groupby(values):
        out.append((k, len(list(g))))
        if len(values) < 6:
            values.append(k + 1)
    return out


def under_another_name(values: list[int]) -> Any:
    other, out = values, []
    for k, g in groupby(values):
        out.append((k, len(list(g))))
        if len(out) < 4:
            other.append(k)
    return out


@pytest.mark.parametrize("function", [while_it_grows, under_another_name])
def test_groups_of_what_changes_meanwhile_are_pythons(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for values in ([1, 1, 2], [3], [5, 5]):
        assert submitted(made, values.copy()) == outcome(function, values.copy())
    assert not made.explain().compiled


@pytest.mark.parametrize("function", [twice, kept, again, in_a_loop, behind_the_loop])
def test_groups_that_would_be_empty_by_then_stay_pythons(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for s in TEXTS:
        assert submitted(made, s) == outcome(function, s)
    assert not made.explain().compiled
