"""Containers keep the kinds of their items, and are looked into with the kind asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled


def in_place(n: int, x: float) -> Any:
    values = [n]
    values += [x]  # type: ignore[list-item]
    return values


def joined(n: int, x: float) -> Any:
    return [n] + [x]  # type: ignore[list-item]  # noqa: RUF005


def starred(n: int, x: float) -> Any:
    return [*[n], x]


def repeated(n: int, x: float) -> Any:
    return [n] * 2 + [x] * 2  # type: ignore[list-item]


def extended(n: int, x: float) -> Any:
    values = [x]
    values.extend(range(n))
    return values


def updated(n: int, x: float) -> Any:
    values = {n}
    values.update([x])  # type: ignore[list-item]
    return len(values)


def of_tuples(n: int, x: float) -> Any:
    values = [(n, 2)]
    values += [(x, 2)]  # type: ignore[list-item]
    return values


def member_of_set(n: int, x: float) -> Any:
    return x in {1, 2}


def int_in_bools(n: int, x: float) -> Any:
    return n in {True}


def pair_in_set(n: int, x: float) -> Any:
    return (x, 2) in {(1, 2)}


def pair_as_key(n: int, x: float) -> Any:
    return {(1, 2): 3}[(x, 2)]  # type: ignore[index]


def float_for_bool(n: int, x: float) -> Any:
    return {True: 1, False: 2}[x]  # type: ignore[index]


def int_for_bool(n: int, x: float) -> Any:
    return {True: 1, False: 2}[n]  # type: ignore[index]


@pytest.mark.parametrize(
    "function",
    [
        in_place, joined, starred, repeated, extended, updated, of_tuples, member_of_set,
        int_in_bools, pair_in_set, pair_as_key, float_for_bool, int_for_bool,
    ],
)  # fmt: skip
def test_a_number_of_another_kind_than_the_items_is_refused(
    function: Callable[..., Any],
) -> None:
    with pytest.raises(CompileRefused, match=r"of another kind|cannot be compiled"):
        compiled(function)


def taking_an_index(n: int, x: float) -> Any:
    values = [x, 2.0]
    values.insert(n, 0.5)
    return values.pop(0), values


def of_one_kind(n: int, x: float) -> Any:
    values = [n]
    values += [2, n]
    values.extend([3])
    return [*values, 4], n in {1, 2}, (n, 1) in {(1, 1)}, {(1, 2): 3}.get((n, 2), 0)


@pytest.mark.parametrize("function", [taking_an_index, of_one_kind])
def test_what_is_of_one_kind_is_compiled(function: Callable[..., Any]) -> None:
    task = compiled(function)
    for n in (0, 1, 2):
        assert agrees(task, function, [n, 0.5])


def pairs(n: int, x: float) -> Any:
    return (n, 2) == (x, 2), ((n, 1), 2) < ((x, 1), 3)


def test_tuples_of_large_integers_and_floats_are_compared_by_python() -> None:
    task = compiled(pairs)
    assert agrees(task, pairs, [1, 1.0])
    assert not agrees(task, pairs, [2**53 + 1, 2.0**53])


def keyed(n: int, x: float) -> Any:
    found = {1.5: n}
    found[x] = 1
    found[x] = 2
    return len(found), found.get(x, 0), x in found


def pair_of_float(n: int, x: float) -> Any:
    return (x, n) in [(x, n)]


@pytest.mark.parametrize("function", [keyed, pair_of_float])
def test_a_nan_is_looked_for_by_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    assert agrees(task, function, [1, 2.5])
    assert not agrees(task, function, [1, math.nan])
