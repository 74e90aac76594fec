"""Items that tables of places pick, quantiles along an axis, powers, differences."""

from __future__ import annotations

import numpy as np

from support.array_forms import LINES, TABLES, check


def test_powers_of_a_number_by_whole_exponents_are_numpys() -> None:
    exponents = [np.arange(9, -10, -2), np.array([2]), np.array([-1]), np.zeros(0, int)]
    check("(a ** b, a ** (b + 1))", [(x, n) for x in (1.0224, 0.5, 3.0) for n in exponents])


def test_items_and_rows_picked_by_a_table_of_places_are_numpys() -> None:
    places = [np.array([[0, -1, 2], [1, 1, 0]]), np.zeros((0, 2), int), np.array([[3], [-4]])]
    check("(a[b], b[c])", [(LINES[3], each, each % 2) for each in places[::2]])
    check("a[b]", [(TABLES[0], each) for each in [*places, np.array([[0, 9]])]])


def test_quantiles_along_an_axis_are_numpys() -> None:
    source = (
        "(np.percentile(a, [5, 50, 95.5], axis=0), np.quantile(a, 0.3, axis=1),"
        " np.quantile(a, b, axis=-1), np.percentile(a, c, axis=0), np.median(a),"
        " np.median(a, axis=1))"
    )
    places = np.array([0.0, 0.25, 1.0])
    check(source, [(each, places, 12.5) for each in TABLES])
    check(source, [(TABLES[0].T, places, 12.5), (TABLES[8].T, places, 12.5)])
    check(source, [(TABLES[4][::2, ::3], places, 12.5)])


def test_differences_of_prolonged_lines_are_numpys() -> None:
    source = (
        "(np.diff(a, prepend=0.0), np.diff(a, append=2), np.diff(a, 2, prepend=a[:1], append=a),"
        " np.diff(b, prepend=0), np.diff(b, append=b[::2]))"
    )
    check(source, [(each, np.arange(each.size) ** 2) for each in LINES])


def test_places_along_the_last_of_three_axes_are_numpys() -> None:
    blocks = [
        TABLES[4].reshape(20, 26, 5),
        TABLES[1].reshape(5, 1, 4),
        np.zeros((0, 2, 3)),
    ]
    source = "(a.argmin(axis=-1), np.argmax(a, axis=2), (a > 0.5).any(axis=-1))"
    check(source, [(each,) for each in blocks])
