"""`accumulate`, `reduce` and `outer` of NumPy's ufuncs: the same bits, types and layouts."""

from __future__ import annotations

import numpy as np
import pytest

from support.array_forms import LINES, RANDOM, TABLES, check


def test_accumulated_lines_are_numpys() -> None:
    source = "(np.maximum.accumulate(a), np.fmin.accumulate(a), np.minimum.accumulate(a, axis=0))"
    check(source, [(each,) for each in LINES])
    check(source, [(each[::-2],) for each in LINES[4:7]])
    check("(np.add.accumulate(a), np.multiply.accumulate(a))", [(each,) for each in LINES])


def test_accumulated_tables_are_numpys() -> None:
    source = (
        "(np.maximum.accumulate(a), np.add.accumulate(a, 1), np.subtract.accumulate(a, axis=-2))"
    )
    check(source, [(each,) for each in TABLES])
    check("np.minimum.accumulate(a, axis=1)", [(RANDOM.integers(-9, 9, (3, 2, 4)),)])


def test_reduced_by_a_ufunc_is_numpys() -> None:
    source = (
        "(np.add.reduce(a), np.multiply.reduce(a, axis=None), np.add.reduce(a, 1, keepdims=True))"
    )
    check(source, [(each,) for each in TABLES[:6]])
    check("(np.maximum.reduce(a), np.add.reduce(a))", [(each,) for each in LINES])


@pytest.mark.parametrize("name", ["multiply", "subtract", "hypot", "less", "power"])
def test_pairs_by_a_ufunc_are_numpys(name: str) -> None:
    calls = [(first, np.arange(n) - 1.0) for first, n in zip(LINES, (3, 0, 1, 4), strict=False)]
    check(f"np.{name}.outer(a, b)", [*calls, (LINES[7], np.array([0.0, -0.0]))])
