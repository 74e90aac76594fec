"""`numpy.pad`, `triu_indices`, `unravel_index`, `histogram` by edges and others like these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome, submitted

TABLE = np.array([[3.0, 1.0, 2.0], [0.5, 4.0, -1.0]])
LINES: list[Any] = [np.arange(4.0), np.array([3, 1, 2]), np.zeros(0), np.arange(8.0)[::3]]
TABLES: list[Any] = [TABLE, TABLE.astype(int), TABLE.T, TABLE[:0], TABLE[:, ::2]]


def padded(a: Any) -> Any:
    return (
        np.pad(a, 1), np.pad(a, (2, 1), mode="edge"), np.pad(a, ((1, 2),), constant_values=5),
    )  # fmt: skip


def padded_line(a: Any) -> Any:
    return np.pad(a, (2, 1), "reflect"), np.pad(a, 1, "symmetric"), np.pad(a, (1, 2), "wrap")


def padded_table(a: Any) -> Any:
    return np.pad(a, ((1, 0), (0, 2))), np.pad(a, ((1, 0), (0, 2)), mode="edge")


def places(a: Any) -> Any:
    i = np.unravel_index(np.argmax(a), a.shape)
    return i, a[i]


def along(a: Any) -> Any:
    return (
        np.take_along_axis(a, np.argsort(a, axis=1), axis=1),
        np.take_along_axis(a, np.argsort(a, axis=0), axis=0),
    )


def without(a: Any) -> Any:
    return np.delete(a, 1, axis=0), np.delete(a, -1, axis=1), np.append(a, a, axis=0), np.ptp(a, 0)


def inserted(a: Any) -> Any:
    return np.insert(a, 1, a), np.delete(a, 1), np.median(a, axis=0), np.append(a, a, axis=0)


@pytest.mark.parametrize("function", [padded, padded_line, inserted, places])
def test_lines_are_numpys(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for a in LINES:
        assert submitted(made, a) == outcome(function, a)
    assert made.explain().compiled, made.explain()


@pytest.mark.parametrize("function", [padded, padded_table, places, along, without])
def test_tables_are_numpys(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    assert submitted(made, TABLE) == outcome(function, TABLE)
    assert made.explain().compiled, made.explain()
    for a in TABLES[1:]:
        assert submitted(made, a) == outcome(function, a)


def triangles(n: int, k: int) -> Any:
    rows, columns = np.tril_indices(n, k)
    return np.triu_indices(n, k), rows, columns, np.triu_indices(n, 1, n + 1), np.diag_indices(n)


def test_triangles_are_numpys() -> None:
    made: Task[..., Any] = task(triangles)
    for n, k in [(0, 0), (1, 0), (3, 0), (3, -5), (3, 1), (4, -1), (3, 7), (-1, 0)]:
        assert submitted(made, n, k) == outcome(triangles, n, k)
    assert made.explain().compiled


def counted(a: Any, edges: Any) -> Any:
    return np.histogram(a, bins=edges), np.histogram(a, edges, density=True)


EDGES: list[Any] = [
    np.array([0.0, 1.0, 1.0, 3.0]), np.array([0, 1, 3]), [0.0, 1.0, 2.0], np.array([1.0, 0.0]),
    np.array([1.0]), np.array([0.0, np.nan]), 4,
]  # fmt: skip


@pytest.mark.parametrize("edges", EDGES)
def test_histograms_by_edges_are_numpys(edges: Any) -> None:
    made: Task[..., Any] = task(counted)
    values = np.array([0.5, 1.0, 2.0, 3.0, 3.5, -1.0])
    for a in (values, np.array([0, 1, 2, 3, 3, 9]), values[:0], np.array([np.nan, 1.0])):
        assert submitted(made, a, edges) == outcome(counted, a, edges)


def weighed(i: Any, w: Any) -> Any:
    return np.bincount(i, weights=w), np.bincount(i, w, 6), np.correlate(w, w[:2])


@pytest.mark.parametrize("w", [[0.5, 1.5, 2.5, 1.0], [1, 2, 3, 4], [1.0, 2.0], []])
def test_weighed_counts_are_numpys(w: Any) -> None:
    made: Task[..., Any] = task(weighed)
    for i in (np.array([0, 1, 1, 3]), np.array([0, 1]), np.array([-1, 2]), np.zeros(0, int)):
        assert submitted(made, i, np.array(w)) == outcome(weighed, i, np.array(w))


def sets(a: Any, b: Any) -> Any:
    return np.union1d(a, b), np.intersect1d(a, b), np.setdiff1d(a, b), a << 3, a >> 1, np.gcd(a, 6)


def test_sets_and_shifts_of_integers_are_numpys() -> None:
    made: Task[..., Any] = task(sets)
    for a, b in (([3, 1, 1, -2], [2, 5, 3]), ([], [1]), ([2**61, -(2**62)], [2**61])):
        given = np.array(a, int), np.array(b, int)
        assert submitted(made, *given) == outcome(sets, *given)
    assert made.explain().compiled


def values(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    return w, v, np.linalg.eigvals(a)


def factors(a: Any) -> Any:
    q, r = np.linalg.qr(a)
    return q, r, q @ r, np.linalg.qr(a, mode="r")


SQUARE = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 1.0]])


@pytest.mark.parametrize("function", [values, factors])
def test_decompositions_are_numpys(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    assert submitted(made, SQUARE) == outcome(function, SQUARE)
    assert made.explain().compiled, made.explain()
    turning, endless = np.array([[0.0, 1.0], [-1.0, 0.0]]), np.array([[np.inf, 1.0], [2.0, 3.0]])
    for a in (turning, endless, SQUARE.astype(int), SQUARE[:2], SQUARE[:, :2], SQUARE[:0], SQUARE.T,
              SQUARE.astype(np.float32)):  # fmt: skip
        assert submitted(made, a) == outcome(function, a)


def test_results_of_decompositions_have_numpys_class_and_strides() -> None:
    def eigen(a: Any) -> Any:
        return np.linalg.eig(a)

    found, expected = task(eigen).submit(SQUARE).result(60), np.linalg.eig(SQUARE)
    assert type(found) is type(expected)
    assert [each.strides for each in found] == [each.strides for each in expected]


def crossed(a: Any, b: Any) -> Any:
    return np.cross(a, b, axis=0), np.cross(a, b, axis=1), np.cross(a[:, 0], b[:, 0], axis=-1)


def test_products_along_an_axis_are_numpys() -> None:
    made: Task[..., Any] = task(crossed)
    a, b = SQUARE, SQUARE[::-1] + 1.0
    assert submitted(made, a, b) == outcome(crossed, a, b)
    assert made.explain().compiled
