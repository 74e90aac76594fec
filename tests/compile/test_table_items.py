"""Items and rows of tables that masks and places pick: values, layouts and errors of NumPy."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome

RANDOM = np.random.default_rng(4)
TABLES = [RANDOM.random((4, 3)), RANDOM.random((1, 3)), np.zeros((0, 3))]
WHOLE = [(each * 9).astype(int) for each in TABLES]


def turned(tables: list[Any]) -> list[Any]:
    return [np.asfortranarray(each) for each in tables] + [each[::-1, ::-1] for each in tables]


def indices(table: Any) -> list[Any]:
    rows = len(table)
    masks = [np.arange(rows) % 2 == 0, np.zeros(rows, bool), np.ones(rows + 1, bool)]
    places = [np.array([0, -1, 0]), np.zeros(0, int), np.array([rows]), np.array([-rows - 1])]
    return [*masks, *places]


def taken(function: Callable[..., Any]) -> Task[..., Any]:
    return task(function)


@taken
def rows(x, i):  # type: ignore[no-untyped-def]
    return x[i, :], x[i, 1:3], x[i], x[i, 0], x[(i,)]


@taken
def along_a_row(x, i):  # type: ignore[no-untyped-def]
    return x[0, i[:2]], x[-1, i[:2]]


@taken
def pairs(x, i, j):  # type: ignore[no-untyped-def]
    made = x * 1
    made[i, j] = 7
    made[(j[:1], j[:1])] = x[j[:1], j[:1]] * 2
    made[j[1:], j[1:]] = np.zeros(2, x.dtype)
    return x[i, j], made


@taken
def masked(x):  # type: ignore[no-untyped-def]
    made = x.copy()
    made[x > 0.5] = 2
    made[(x > 0.1) & ~(x > 0.3)] = x[(x > 0.1) & ~(x > 0.3)] * 2
    made[np.where(x[:, 0] > 0.2)] = 3
    return x[x > 0.5], made, x[(x < 0.2) | (x > 0.7)]


@taken
def written(x, i):  # type: ignore[no-untyped-def]
    made = x * 2
    made[i] = made[i] * 3
    made[i, 0] = 1
    made[i, 1:] = -2
    return made


CALLS = [
    *((rows, each, i) for each in TABLES + WHOLE for i in indices(each)),
    *((written, each, i) for each in TABLES + WHOLE for i in indices(each)),
    *((along_a_row, each, np.array([2, -1])) for each in TABLES + turned(TABLES)),
    *(
        (pairs, each, *two)
        for each in (*TABLES[:2], *turned(TABLES[:2]), *WHOLE[:2])
        for two in itertools.product((np.array([0, -1, 0]), np.array([9, 0, 1])), repeat=2)
    ),
    (pairs, TABLES[0], np.array([0, 1]), np.array([0, 1, 2])),
    *((masked, each) for each in TABLES + turned(TABLES) + WHOLE),
]


def answer(call: Callable[[], Any]) -> tuple[Any, Any]:
    """Return what a call comes to, and the order in memory of the arrays that it gives."""
    kept: list[Any] = []
    found = outcome(lambda: kept.append(call()) or kept[0])
    return found, strides(kept)


def strides(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [strides(each) for each in value]
    return value.strides if value.size else None


@pytest.mark.parametrize("of", [rows, along_a_row, pairs, masked, written])
def test_part_of_a_table_is_numpys(of: Task[..., Any]) -> None:
    function = of._jit_function.function
    for _, *arguments in (call for call in CALLS if call[0] is of):
        found = answer(functools.partial(lambda given: of.submit(*given).result(), arguments))
        assert found == answer(functools.partial(function, *arguments)), arguments
    assert of.explain().compiled


def test_value_that_may_overlap_the_table_is_left_to_numpy() -> None:
    @task
    def moved(x, y, i):  # type: ignore[no-untyped-def]
        x[i] = y

    for index in (np.array([True, False, True, False]), np.array([0, 2])):
        own, numpys = TABLES[0].copy(), TABLES[0].copy()
        moved.submit(own, own[1:3], index).result()
        numpys[index] = numpys[1:3]
        assert own.tobytes() == numpys.tobytes()
