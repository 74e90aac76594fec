"""Covariances, fitted polynomials, windows: the same bits as NumPy's, the same refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.array_forms import LINES, RANDOM, TABLES, check, turned

PAIRS = [(RANDOM.standard_normal(n), RANDOM.standard_normal(n)) for n in (2, 3, 40, 200)]


@pytest.mark.parametrize("layout", ["C", "F"])
def test_covariances_of_tables_are_numpys(layout: Any) -> None:
    calls = turned(TABLES, layout)
    check("(np.cov(a), np.cov(a, rowvar=False), np.cov(a, bias=True), np.cov(a, ddof=0))", calls)
    check("(np.corrcoef(a), np.corrcoef(a, rowvar=False))", calls)


def test_covariances_of_two_lines_are_numpys() -> None:
    calls = [*PAIRS, (LINES[3], LINES[4]), (LINES[5], LINES[6]), (np.ones(3), np.arange(3.0))]
    check("(np.cov(a, b), np.corrcoef(a, b), np.cov(a, y=b, ddof=2))", calls)


@pytest.mark.parametrize("degree", [0, 1, 2, 5])
def test_fitted_polynomials_are_numpys(degree: int) -> None:
    odd = [(np.arange(4.0), np.arange(3.0)), (np.ones(4), np.ones(4)), (np.zeros(0), np.zeros(0))]
    check(f"np.polyfit(a, b, {degree})", [*PAIRS[1:], (LINES[4], LINES[4] * 2.0), *odd])


def test_windows_are_numpys() -> None:
    counts = [(n,) for n in (9, -1, 0, 1, 2, 3, 64, 1001)]
    check("(np.hanning(a), np.hamming(a), np.blackman(a))", counts)


def test_powers_of_even_exponents_are_numpys() -> None:
    check("(np.logspace(a, b), np.logspace(a, b, 5, base=2), np.logspace(b, a, num=7))",
          [(0.0, 3.0), (-2.5, 2.5), (1.0, 1.0), (0.0, 400.0)])  # fmt: skip


def test_histograms_between_bounds_are_numpys() -> None:
    few = "np.histogram(a, 5, (0, 1)), np.histogram(a, range=(-1.0, 2.0))"
    check(f"({few}, np.histogram(a, 3, (1, 1)))", [(each,) for each in LINES])


def test_turned_and_placed_tables_are_numpys() -> None:
    check("(np.rot90(a), np.rot90(a, 2), np.rot90(a, k=-1), np.argwhere(a > 0), np.diagflat(a, 1))",
          [(each,) for each in TABLES])  # fmt: skip
    check("(np.argwhere(a), np.diagflat(a), np.diagflat(a, -2))", [(each,) for each in LINES])


@pytest.mark.parametrize("layout", ["C", "F"])
def test_deviations_without_nan_are_numpys(layout: Any) -> None:
    holes = [np.where(RANDOM.random(each.shape) < 0.2, np.nan, each) for each in TABLES]
    few = "np.nanstd(a, axis=0), np.nanvar(a, axis=1, ddof=1), np.nanstd(a, -1, ddof=-1)"
    check(f"({few}, np.nanvar(a))", turned([*holes, *TABLES], layout))
