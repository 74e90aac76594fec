"""Lines with an item more or less, lists of items, columns picked by an array: NumPy's answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.array_forms import LINES, RANDOM, check, laid_out
from support.automatic import outcome, submitted

PLACES = [(each, place) for each in LINES[2:4] for place in (0, 3, -1, -4, len(each), 200, -200)]


def test_line_with_another_item_is_numpys() -> None:
    check("(np.insert(a, b, 1.5), np.insert(a, b, 2, axis=0))", PLACES)
    check("np.insert(a, b, True)", [(RANDOM.integers(-9, 9, n), -n) for n in (5, 0, 1)])


def test_line_without_an_item_is_numpys() -> None:
    check("(np.delete(a, b), np.delete(a, b, axis=-1))", PLACES)


def listed(x: Any, t: Any) -> Any:
    return x.tolist(), t.tolist(), t[:, ::2].tolist(), (x > 0).tolist(), sum(x.tolist())


def test_lists_of_items_hold_pythons_numbers() -> None:
    made: Task[..., Any] = task(listed)
    for x in (LINES[2], LINES[2][:0]):
        given = (x, RANDOM.integers(-9, 9, (3, 4)))
        assert submitted(made, *given) == outcome(listed, *given)
    assert made.explain().compiled, made.explain()


def columns(a: Any, b: Any) -> Any:
    return a[:, b], a[1:3, b], a[0:0, b], a[:, b].T, a[:, b].sum(axis=0)


def columns_by_order(a: Any, x: float) -> Any:
    return a[:, a[0] > x], a[:, np.argsort(a[1])[::-1]], a[:, [0, 2]], a[:, np.flatnonzero(a[0])]


def written_columns(a: Any, b: Any) -> Any:
    made = a.copy()
    made[:, b] = 0.0
    made[1:3, a[0] > 0] = 7.0
    return made


@pytest.mark.parametrize("order", ["C", "F"])
def test_picked_columns_are_numpys(order: Any) -> None:
    table = np.asarray(RANDOM.standard_normal((4, 6)), order=order)
    for function, others in (
        (columns, [np.array([0, -1, 2]), np.array([5]), np.array([], np.int64), np.array([1, 6])]),
        (columns_by_order, [0.0, 9.0, -9.0]),
        (written_columns, [np.array([0, -1, 2]), np.array([-7])]),
    ):
        made: Task[..., Any] = task(function)
        for other in others:
            assert submitted(made, table, other) == outcome(function, table, other)
        assert made.explain().compiled, made.explain()
        found = made.submit(table, others[0]).result()
        assert laid_out(found) == laid_out(function(table, others[0]))


def swapped(a: Any, k: int) -> Any:
    made = a.copy()
    made[[0, k]] = made[[k, 0]]
    for i in range(2):
        j = i + 1
        made[[i, j]] = made[[j, i]]
    made[[0, k], :] = made[[k, 0], :]
    return made, a[[k, 0, -k]], a[:, [k, 0]], a[0][[k - 1, k]]


def test_rows_that_a_list_of_variables_picks_are_numpys() -> None:
    made: Task[..., Any] = task(swapped)
    table = RANDOM.standard_normal((4, 5))
    for k in (2, -1, 9):
        assert submitted(made, table, k) == outcome(swapped, table, k)
    assert made.explain().compiled, made.explain()


def picked_from_others(xs: list[int], k: int) -> Any:
    return xs[[k]]  # type: ignore[call-overload]


def test_list_that_picks_from_a_list_is_pythons_error() -> None:
    made: Task[..., Any] = task(picked_from_others)
    assert submitted(made, [1, 2], 0) == outcome(picked_from_others, [1, 2], 0)


def components(a: Any) -> Any:
    apart = a - a.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(apart, rowvar=False))
    order = np.argsort(values)[::-1]
    others = np.linalg.eigh(apart.T @ apart)
    return values[order], apart @ vectors[:, order[:2]], a[:, (a > 0).any(axis=0)], others


def test_columns_in_the_order_of_eigenvalues_are_numpys() -> None:
    made: Task[..., Any] = task(components)
    for shape in ((9, 3), (2, 2), (5, 4)):
        table = RANDOM.standard_normal(shape)
        assert submitted(made, table) == outcome(components, table)
    assert made.explain().compiled, made.explain()
