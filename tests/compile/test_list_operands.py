"""Lists that NumPy's functions and operators are given: answers are NumPy's, and compiled."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome, submitted

LINE = np.array([1.0, 2.0, 4.0])
LISTS: list[Any] = [[0.5, 1.5, 3.0], [3, 1, 2], [True, False, True], [-0.0, float("nan"), 2.0]]


def products(a: Any, xs: Any, k: float) -> Any:
    return (
        np.cross(a, [0.0, 0.0, k]), np.cross(xs, a), np.dot(a, [1.0, k, 3.0]), np.outer(xs, xs),
        np.kron(a, [1.0, k]), np.linalg.norm([k, 2.0, 3.0]), np.linalg.norm((k, a[0])),
    )  # fmt: skip


def items(a: Any, xs: Any, k: float) -> Any:
    return (
        np.exp(xs), np.radians([k, 2.0]), np.hypot(xs, 2.0), np.arctan2(k, [1.0, 2.0]),
        np.add(xs, a), np.maximum(xs, a), np.isnan(xs), np.multiply([x * 2 for x in xs], a),
    )  # fmt: skip


def operators(a: Any, xs: Any, k: float) -> Any:
    return a * [1.0, k, 3.0], a + xs, xs * a, [k, 1, 2] - a, a > xs, a == [1, 2, 4], a @ [k, 1.0, 2]


def reductions(a: Any, xs: Any, k: float) -> Any:
    return (
        np.sum([k, a[0], 1]), np.mean(xs), np.max([abs(x) for x in xs]), np.median(xs),
        np.sum([[1.0, k], [2.0, 3.0]], axis=0), np.any(xs), np.cumsum(xs), np.ptp(xs),
    )  # fmt: skip


def made(a: Any, xs: Any, k: float) -> Any:
    table = np.diag([k, k, 1.0])
    return (
        table @ xs[:3], np.diag(xs), np.tile(xs, 2), np.reshape(xs, [3, 1]), np.array([xs, xs]).T,
        np.linalg.inv([[2.0, 1.0], [1.0, k]]), np.where(a > 1, [1.0, 2.0, 3.0], a),
    )  # fmt: skip


def series(a: Any, xs: Any, k: float) -> Any:
    return (
        np.diff(xs), np.polyval([1.0, 2.0, k], a), np.interp(a, [0.0, 1.0, k], [1.0, 2.0, 3.0]),
        np.clip(xs, 0.5, 2.0), np.searchsorted([0.5, 1.0, k], a), np.trapezoid(xs, a),
    )  # fmt: skip


def parts(a: Any, xs: Any, k: float) -> Any:
    table, line = np.zeros((2, 3)), np.zeros(4)
    table[0, :] = [a[0], k, 1]
    table[1, :2] = k, a[1]
    table[:, 1] += [k, a[2]]
    line[:3] = xs
    line[1:] *= [2.0, a[0], k]
    other = np.zeros(3)
    other.fill(k)
    return table, line, other


def by_types(a: Any, xs: Any, k: float) -> Any:
    """What a list becomes is known, and so are the dimensions of what is made of it."""
    found = a * [1.0, k, 3.0]
    if found.ndim == 1:
        found = found[None, :]
    return found, np.array([[1.0, k], [k, 2.0]]).ndim


FUNCTIONS = [products, items, operators, reductions, made, series, parts, by_types]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_answers_are_numpys(function: Callable[..., Any]) -> None:
    task_: Task[..., Any] = task(function)
    for xs in LISTS:
        assert submitted(task_, LINE, xs, 7.25) == outcome(function, LINE, xs, 7.25)
    assert task_.explain().compiled, task_.explain()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_lists_that_do_not_fit_are_numpys_errors(function: Callable[..., Any]) -> None:
    task_: Task[..., Any] = task(function)
    for xs, k in itertools.product(([], [1.0], [1.0, 2.0, 3.0, 4.0]), (0.0, float("nan"))):
        assert submitted(task_, LINE, xs, k) == outcome(function, LINE, xs, k)


def joined(xs: list[int], ys: list[int]) -> Any:
    return np.array([xs, ys]), np.dot(xs, ys)


@pytest.mark.parametrize("ys", [[3, 4], [3], [], [2.5, 3.5]])
def test_rows_that_are_lists_are_numpys(ys: Any) -> None:
    task_: Task[..., Any] = task(joined)
    assert submitted(task_, [1, 2], ys) == outcome(joined, [1, 2], ys)


def lists_of_lists(xs: Any) -> Any:
    """A list stays a list where no function of NumPy's is given it."""
    xs = [*xs, 1]
    ys = [xs, [2]]
    return xs * 2, ys, [1, 2, *xs]


def test_other_operators_of_lists_are_pythons() -> None:
    task_: Task[..., Any] = task(lists_of_lists)
    assert submitted(task_, [4, 5]) == outcome(lists_of_lists, [4, 5])


def unhinted_product(a: Any, b: Any) -> Any:
    return a * [1, 2]


@pytest.mark.parametrize("a", [2, LINE[:2], np.int64(2), [1], 2.5])
def test_product_of_a_list_depends_on_the_other_operand(a: Any) -> None:
    task_: Task[..., Any] = task(unhinted_product)
    assert submitted(task_, a, 1) == outcome(unhinted_product, a, 1)
