"""Lists and sets as values of dicts, dicts in lists and results, and what is compared of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import task
from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled, run


# fmt: off
def grouped(words: list[str], n: int) -> Any:
    groups: dict[str, list[str]] = {}
    for word in words:
        key = "".join(sorted(word))
        if key not in groups:
            groups[key] = []
        groups[key].append(word)
    return groups, list(groups.values()), max(groups, key=lambda k: len(groups[k]))
def by_default(words: list[str], n: int) -> Any:
    found = defaultdict(list)
    for word in words:
        found[len(word)].append(word)
    return sorted(found), dict(found), found[n]
def by_setdefault(words: list[str], n: int) -> Any:
    places = {}
    for i, word in enumerate(words):
        places.setdefault(word, []).append((i, word))
        held = places[word]
        held.append((n, ""))
    del places[words[0]]
    return [(k, len(v), v[0][1]) for k, v in sorted(places.items())]
def sets(words: list[str], n: int) -> Any:
    seen = {}
    for word in words:
        seen.setdefault(word, set()).add(n)
    return len(seen), [n in seen[k] for k in words]
def dicts_in_a_list(words: list[str], n: int) -> Any:
    return None if n < 0 else [{word: len(word) + n} for word in words]
def dict_or_none(words: list[str], n: int) -> Any:
    if n > len(words):
        return None
    return {i: {word: [i]} for i, word in enumerate(words)}
def compares(words: list[str], n: int) -> Any:
    groups = {n: [1, 2]}
    return groups == {2: [1, 2]}, [1, n] in groups.values()
# fmt: on


@pytest.mark.parametrize(
    "function",
    [grouped, by_default, by_setdefault, sets, dicts_in_a_list, dict_or_none, compares],
    ids=lambda function: function.__name__,
)
def test_the_answer_is_pythons(function: Callable[..., Any]) -> None:
    made = compiled(function)
    lists = [[], ["ab"], ["ab", "ba", "c", "ab"], ["", "é", "e", ""]]
    answered = [agrees(made, function, [words, n]) for words in lists for n in (-1, 0, 2)]
    assert any(answered)


def test_one_list_in_two_places_is_one_list() -> None:
    def shared(n: int) -> Any:
        held = {1: [n], 2: [0]}
        held[3] = held[1]
        held[1].append(5)
        other = held.copy()
        other[4] = [n]
        return held, other, [held, held]

    held, other, both = run(compiled(shared), 7)
    assert (held, other) == ({1: [7, 5], 2: [0], 3: [7, 5]}, {**held, 4: [7]})
    assert held[1] is held[3]
    assert other[1] is held[1]
    assert both[0] is both[1] is held


# fmt: off
def lists_of_lists(x: float) -> Any: return [[x]] == [[x]]
def lists_of_tuples(x: float) -> Any: return [(1, x)] == [(1, x)]
def list_in_a_tuple(x: float) -> Any: return ([x], 1) == ([x], 1)
def dicts(x: float) -> Any: return {1: x} == {1: x}
def dicts_of_lists(x: float) -> Any: return {1: [x]} == {1: [x]}
def dicts_of_dicts(x: float) -> Any: return {1: {2: 3}} == {1: {2: 3}}
# fmt: on


@pytest.mark.parametrize(
    "function",
    [lists_of_lists, lists_of_tuples, list_in_a_tuple, dicts, dicts_of_lists, dicts_of_dicts],
    ids=lambda function: function.__name__,
)
def test_what_identity_decides_about_is_not_compared(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused):
        compiled(function)
    nan = float("nan")
    assert task(function).submit(nan).result() == function(nan)
