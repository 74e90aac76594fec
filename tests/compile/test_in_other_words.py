"""Calls that are compiled in other words: shapes as lists, types as texts, arrays of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome, submitted

LINE, TABLE = np.array([0.5, 1.5, 2.5, 3.0]), np.arange(4.0).reshape(2, 2) - 1


def shapes(a: Any, n: int) -> Any:
    return (
        np.zeros([n, 2]), np.ones([2, len(a)]), np.full([2, n], 1.5), np.reshape(a, [2, -1]),
        a.reshape([2, 2]), np.zeros([2, 3], dtype="int32"), np.eye(n, dtype=np.float64),
        np.eye(n, 2), np.eye(n, n + 1, 1), np.eye(n, k=-1), np.eye(2, dtype=int), np.identity(n),
    )  # fmt: skip


def types(a: Any, n: int) -> Any:
    return (
        a.astype("int64"),
        a.astype("float32"),
        np.array([n, 2], dtype="float64"),
        np.ones(n, "bool"),
    )


def selected(a: Any, n: int) -> Any:
    return (
        np.select([a < 1, a < 2], [a, 2 * a], default=0.0), np.select([a < 1, a > 2], [a, -1]),
        np.select([a < n], [1], 0), np.logical_or.reduce([a > 2, a < 1, a == 1.5]),
        np.logical_and.reduce((a > 0, a < n)), np.fromiter((x * x for x in a), dtype=float),
    )  # fmt: skip


def flattened(a: Any, n: int) -> Any:
    table = a.reshape(2, 2)
    return (
        np.cumsum(table),
        table.cumsum(),
        np.cumprod(table),
        np.count_nonzero(table > 1, axis=1),
    )


@pytest.mark.parametrize("function", [shapes, types, selected, flattened])
def test_answers_are_numpys(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for n in (3, 1, 0):
        assert submitted(made, LINE, n) == outcome(function, LINE, n)
    assert made.explain().compiled, made.explain()


@pytest.mark.parametrize("function", [shapes, types, selected, flattened])
@pytest.mark.parametrize("n", [-1, 2**40])
def test_errors_are_numpys(function: Callable[..., Any], n: int) -> None:
    if function in (shapes, types) and n > 0:
        n = -5  # nobody has so much memory
    made: Task[..., Any] = task(function)
    assert submitted(made, LINE[:3], n) == outcome(function, LINE[:3], n)


def bare(k: Any, n: Any) -> Any:
    x, whole = np.asarray(k), np.asarray(n, dtype=float)
    y = np.array(n)
    return (
        x, x * 2, x + 1, np.exp(x), np.log(x) * x - y, x > 1, math.sqrt(x), float(x), int(y),
        whole / 3, y // 2, y % 2, x.ndim, x.shape, np.ndim(x), np.iterable(x), x == k, -x, abs(x),
        x ** 2, np.hypot(x, LINE_OF_TWO), x.item(), x[()], np.isnan(x), x if x.ndim == 0 else x[0],
    )  # fmt: skip


LINE_OF_TWO = (1.0, 2.0)


def changed(k: Any, n: Any) -> Any:
    x = np.asarray(k)
    y = x
    y += n
    return x, y, x * 1.0


@pytest.mark.parametrize("function", [bare, changed])
@pytest.mark.parametrize("k", [1.75, np.float64(0.5), 3, np.int64(3)])
def test_arrays_without_dimensions_are_numpys(function: Callable[..., Any], k: Any) -> None:
    made: Task[..., Any] = task(function)
    for n in (5, -2, 0):
        assert submitted(made, k, n) == outcome(function, k, n)


def test_an_array_without_dimensions_is_compiled() -> None:
    def scaled(x: float) -> Any:
        x = np.asarray(x)  # type: ignore[assignment]
        return np.exp(-x) * x if x.ndim == 0 else 0.0  # type: ignore[attr-defined]

    made: Task[..., Any] = task(scaled)
    assert submitted(made, 2.5) == outcome(scaled, 2.5)
    assert made.explain().compiled


def in_order(a: Any) -> Any:
    return sorted(a), sorted(a, reverse=True), sorted(a)[0] * 2


@pytest.mark.parametrize(
    "items", [[3.0, 1.0, 2.0], [3, 1, 2], [0.0, -0.0, 0.0], [-0.0, 0.0], [1.0, np.nan, 0.5], []]
)
def test_items_of_a_line_are_sorted_as_pythons(items: Any) -> None:
    made: Task[..., Any] = task(in_order)
    assert submitted(made, np.array(items)) == outcome(in_order, np.array(items))
    assert made.explain().compiled
