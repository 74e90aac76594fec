"""A `Counter`, or `defaultdict` of a number, that stays inside is the dict that it is."""

from __future__ import annotations

import collections
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import task
from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled


# fmt: off
def counts_letters(text: str, k: int) -> Any:
    found = Counter(text)
    best = max(found, key=found.get) if found else ""
    return found["a"], found.most_common(), found.most_common(k), best, "b" in found
def counts_by_hand(text: str, k: int) -> Any:
    found: Counter[str] = Counter()
    for each in text:
        found[each.lower()] += k
    return dict(found), sum(found.values()), sorted(found, key=lambda each: (found[each], each))
def compares(text: str, k: int) -> Any:
    other = collections.Counter(c for c in text if c != "b")
    return Counter(text) == other if k < 0 else Counter(text) == Counter(text[::-1])
def compares_held(text: str, k: int) -> Any:
    one, other = Counter(text), Counter(text[k:])
    found = one == other, one != other
    return found
def asked_of_none(text: str, k: int) -> Any:
    return len(Counter(text)), sum(Counter(text).values()), Counter(text)["b"]
def puts_in_what_is_asked(text: str, k: int) -> Any:
    seen = defaultdict(int)
    seen["first"] = 1
    for each in text:
        seen[each] += seen[each + "x"] + 1
    return seen["first"] + seen["none"], list(seen.items())
def halves(text: str, k: int) -> Any:
    shares = defaultdict(float)
    for each in text:
        shares[each] += 1 / k
    return {name: share for name, share in shares.items() if share > 0.5}
def products(text: str, k: int) -> Any:
    made = defaultdict(lambda: 1)
    for each in text:
        made[each] *= k
    return max(made.values()) if made else 0
def grows_in_its_loop(text: str, k: int) -> Any:
    seen = defaultdict(int)
    for each in text:
        seen[each] += 1
    return [1 for each in seen if seen[each * 2]]
# fmt: on


@pytest.mark.parametrize(
    "function",
    [counts_letters, counts_by_hand, compares, asked_of_none, puts_in_what_is_asked, halves,
     products, grows_in_its_loop],
    ids=lambda function: function.__name__,
)  # fmt: skip
def test_a_counter_answers_as_pythons(function: Callable[..., Any]) -> None:
    made = compiled(function)
    texts = ["", "a", "abcab", "bBaAb", "zzzz"]
    answered = [agrees(made, function, [text, k]) for text in texts for k in (-1, 0, 2, 2**40)]
    assert any(answered)


# fmt: off
def returned(text: str) -> Any: return Counter(text)
def returned_by_name(text: str) -> Any:
    found = Counter(text)
    return found
def in_a_try(text: str) -> Any:
    found = defaultdict(int)
    try:  # noqa: SIM105
        found[text] += int(text)
    except ValueError:
        pass
    return len(found)
def of_a_dict(text: str) -> Any: return Counter({text: 3}).most_common(1)
# fmt: on


@pytest.mark.parametrize(
    "function",
    [returned, returned_by_name, in_a_try, of_a_dict, compares_held],
    ids=lambda each: each.__name__,
)
def test_what_shows_the_class_runs_as_python(function: Callable[..., Any]) -> None:
    made = task(function)
    arguments = ["aba", 1] if function is compares_held else ["aba"]
    value = made.submit(*arguments).result()
    assert (value, type(value)) == (function(*arguments), type(function(*arguments)))
    if function is not compares_held:
        with pytest.raises(CompileRefused):
            compiled(function)
