"""Arrays made of lists: the type and the dimensions that NumPy takes from the items."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catzilla_jit import task
from support.automatic import described
from support.compile_harness import compiled, status_of


@pytest.mark.parametrize("exact", [True, False])
def test_dtype_by_position_of_an_array_of_a_comprehension_is_kept(exact: bool) -> None:
    def function(n: int) -> Any:
        found = [i * 2 for i in range(n)]
        return np.array(found, np.float64), np.array([i * i for i in range(n)], np.float64)

    made = compiled(function, exact=exact)
    assert [each.dtype for each in status_of(made, 3)[2]] == [float, float]


def gathered(n: int) -> Any:
    return np.array([i * 2 for i in range(n)])


def gathered_first(n: int) -> Any:
    found = [i > 1 for i in range(n)]
    return np.array(found)


def gathered_and_read(n: int) -> Any:
    found = [i * 2 for i in range(n)]
    return np.array(found), len(found)


def rows_gathered(n: int) -> Any:
    return np.array([[i * j for j in range(n)] for i in range(2)])


def mixed(n: int) -> Any:
    return np.array([0.5 if i > 1 else i for i in range(n)])


@pytest.mark.parametrize(
    "function", [gathered, gathered_first, gathered_and_read, rows_gathered, mixed]
)
def test_array_of_a_list_has_numpys_dtype_whatever_its_items(function: Any) -> None:
    made = task(function)
    for n in (3, 0, 1, 2):
        assert described(made.submit(n).result()) == described(function(n))
    assert made.explain().compiled


def test_array_of_a_comprehension_with_further_dimensions_is_numpys() -> None:
    def row(n: int) -> Any:
        return np.array([i * i for i in range(n)], ndmin=2)

    made = task(row)
    assert described(made.submit(3).result()) == described(row(3))
