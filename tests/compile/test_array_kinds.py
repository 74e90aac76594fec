"""Functions of NumPy chosen by the types of arguments: the same values, types and layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy import amax

from catzilla_jit import Task, task
from support.automatic import outcome

LINE = np.array([3.0, -0.0, np.nan, 0.0, 3.0, np.nan, 1.5])
WHOLE = np.array([3, 1, 3, 0])
FLAGS = np.array([False, True, False])
TABLE = np.arange(12.0).reshape(3, 4) % 7.0


def taken(function: Callable[..., Any]) -> Task[..., Any]:
    return task(function)


@taken
def listed(x, n):  # type: ignore[no-untyped-def]
    first = np.concatenate(([n], x))
    return first, np.hstack(((n, 1), x, [2.5])), np.vstack([x[:2], [n, True]]), np.hstack([0, x])


def made(n: Any, dtype: Any = np.float64) -> Any:
    return np.array([1, n], dtype=dtype)


def converted(x: Any, dtype: Any = None) -> Any:
    dtype = float if dtype is None else dtype
    return np.asarray(x, dtype)


@taken
def told(x):  # type: ignore[no-untyped-def]
    return made(x[0]), made(2, float), converted(x), np.array(x[1:]).T


@taken
def first_places(x):  # type: ignore[no-untyped-def]
    return np.argmax(x), x.argmin(), np.argmax(x, axis=0)


@taken
def unique(x):  # type: ignore[no-untyped-def]
    items, inverse = np.unique(x, return_inverse=True)
    return items, inverse, np.unique(x, return_index=True, return_counts=True)


@taken
def counted(x, n):  # type: ignore[no-untyped-def]
    return np.bincount(x, minlength=n), np.arange(n, dtype=np.int64), np.repeat(x, n, axis=0)


@taken
def near(x, y, limit):  # type: ignore[no-untyped-def]
    return np.allclose(x, y, limit, 0.5), np.isclose(x, y, rtol=limit, atol=limit)


@taken
def of_matrix(x):  # type: ignore[no-untyped-def]
    return np.linalg.cond(x), np.linalg.matrix_rank(x)


@taken
def diagonals(x):  # type: ignore[no-untyped-def]
    return np.diag(x), np.diag(x, 1), x.diagonal(-1), np.sqrt(np.diagonal(x)), np.diag(np.diag(x))


@taken
def filled(x, number):  # type: ignore[no-untyped-def]
    y = x.copy()
    np.fill_diagonal(y, number)
    return y, y * 2


@taken
def windows(x, n):  # type: ignore[no-untyped-def]
    view = np.lib.stride_tricks.sliding_window_view(x, n)
    means, sums = view.mean(axis=1), np.sum(view, axis=0)
    return view, means, view.std(axis=1), view.max(axis=1), sums, view * 2, view.copy()


NUMBERS = (int, np.integer, float, np.floating)


@taken
def asked(x):  # type: ignore[no-untyped-def]
    if isinstance(x, NUMBERS):
        return [open(x)]
    return np.iscomplexobj(x * 1), np.real(x * 1)


@taken
def of_all(x, axis=None):  # type: ignore[no-untyped-def]
    first = np.sum(x, axis=axis), np.mean(x, axis), x.max(axis=None), np.argmax(x, axis=None)
    return first, np.std(x, axis=axis), np.any(x > 1.0, axis=None), amax(x, axis=0)


@taken
def shapes(x):  # type: ignore[no-untyped-def]
    return np.size(x), np.shape(x), np.ndim(x), np.size(x, 0), np.squeeze(x * 1), np.sum(x * 1)


@taken
def kept(x):  # type: ignore[no-untyped-def]
    y = x * 1.0
    return np.asarray(y, order="C", dtype=float), np.array(y, copy=True), np.array(y, order="C")


@taken
def by_lists(x):  # type: ignore[no-untyped-def]
    made = np.zeros((3, 3))
    made[0, [1, -1]] = x[[0, -1], 0] * 1.0
    made[[2]] = 5.0
    return x[[0, -1]], x[0, [1, 0]], made, np.r_[[1, 2], x[0]]


@taken
def checked(x, y):  # type: ignore[no-untyped-def]
    for name, each in zip(["x", "y"], [x, y]):  # noqa: B905 -- as it is found
        if not isinstance(each, (list, np.ndarray)):
            raise TypeError(name)
    return x + y


@taken
def places(x):  # type: ignore[no-untyped-def]
    y = x * 1
    return np.where(x > 1), np.nonzero(x), y.nonzero(), np.where(y), y[np.where(x > 1)]


CALLS = [
    (places, LINE), (places, WHOLE), (places, TABLE), (places, TABLE.T), (places, TABLE[:0]),
    (of_all, LINE), (of_all, WHOLE), (of_all, TABLE), (of_all, TABLE.T), (of_all, LINE[:0]),
    (of_all, TABLE, 1), (shapes, LINE), (shapes, TABLE), (shapes, TABLE[:1]), (kept, LINE),
    (kept, TABLE), (kept, TABLE.T), (by_lists, TABLE), (by_lists, TABLE.T), (checked, LINE, LINE),
    (listed, LINE, 2), (listed, WHOLE, 1.5), (listed, FLAGS, 7), (told, LINE), (told, WHOLE),
    (first_places, FLAGS), (first_places, FLAGS[::-1]), (first_places, ~FLAGS[:1]), (unique, LINE),
    (unique, WHOLE), (unique, LINE[:0]), (counted, WHOLE, 0), (counted, WHOLE, 9),
    (near, LINE, LINE + 0.25, 0.1), (near, LINE, LINE[::-1], 0.5), (near, LINE, LINE, np.inf),
    (of_matrix, TABLE), (of_matrix, TABLE.T), (of_matrix, np.eye(2)), (of_matrix, np.ones((2, 2))),
    (of_matrix, TABLE[:, :0]), (diagonals, TABLE), (diagonals, TABLE.T), (diagonals, TABLE[:1]),
    (diagonals, TABLE[:0]), (diagonals, TABLE[::2, ::-1]), (asked, LINE), (asked, WHOLE),
    (windows, LINE, 3), (windows, LINE[::-1], 1), (windows, WHOLE, 2), (windows, LINE, 99),
    (filled, TABLE, 2.5), (filled, TABLE.T, np.nan), (filled, TABLE[:0], 1), (filled, np.eye(4), 3),
    (filled, np.arange(12).reshape(4, 3), 7), (windows, LINE, -1),
    (windows, np.arange(300.0) ** 1.5, 140),
]  # fmt: skip


def flags(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [flags(each) for each in value]
    if not isinstance(value, np.ndarray):
        return None
    return value.flags.writeable, value.strides if value.size else None


@pytest.mark.parametrize(
    "of", dict.fromkeys(each[0] for each in CALLS), ids=lambda of: of._jit_function.name
)
def test_answer_is_numpys(of: Task[..., Any]) -> None:
    for arguments in (rest for function, *rest in CALLS if function is of):
        kept: list[Any] = []
        found = outcome(lambda: kept.append(of.submit(*arguments).result()) or kept[0])  # noqa: B023
        expected = outcome(lambda: kept.append(of._jit_function.function(*arguments)) or kept[1])  # noqa: B023
        assert found == expected
        assert flags(kept[:1]) == flags(kept[1:])
    assert of.explain().compiled


def test_diagonal_is_a_view_of_the_argument() -> None:
    table = TABLE.copy()
    shown = diagonals.submit(table).result()
    assert all(np.shares_memory(each, table) for each in shown[:3])


def test_array_that_is_converted_at_run_time_may_be_the_argument() -> None:
    @task
    def written(x):  # type: ignore[no-untyped-def]
        y = converted(x)
        y[0] = 7.0
        return y

    line = np.ones(3)
    assert written.submit(line).result() is line
    assert line[0] == 7.0
    assert not written.explain().pure
