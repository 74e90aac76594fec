"""Array indices out of bounds: an IndexError, as in Python, unless speed was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from catzilla_jit import task
from catzilla_jit.tasks.options import Settings

Floats = NDArray[np.float64]


@task
def item(values: Floats, index: int) -> float:
    return values[index]


@task
def store(values: Floats, index: int) -> None:
    values[index] = 1.0


@task
def cell(values: Floats, row: int, column: int) -> float:
    return values[row, column]


@task
def through_helper(values: Floats, index: int) -> float:
    return _picked(values, index)


def _picked(values, index):
    return values[index]


LINE, TABLE = np.arange(3.0), np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("tried", "arguments"),
    [
        (item, (LINE, 3)),
        (item, (LINE, -4)),
        (item, (LINE, 2**62)),
        (item, (np.empty(0), 0)),
        (cell, (TABLE, 2, 0)),
        (cell, (TABLE, 0, 3)),
        (cell, (TABLE, -3, -4)),
        (through_helper, (LINE, 3)),
    ],
)
def test_index_out_of_bounds_is_the_error_of_python(tried, arguments):
    with pytest.raises(IndexError) as expected:
        tried.__wrapped__(*arguments)
    with pytest.raises(IndexError) as found:
        tried.submit(*arguments).result()
    assert tried.compiled
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("index", [3, -4])
def test_write_out_of_bounds_is_an_index_error_and_changes_nothing(index):
    values = np.zeros(3)
    with pytest.raises(IndexError, match="out of bounds"):
        store.submit(values, index).result()
    assert store.compiled
    assert not values.any()


def test_index_within_bounds_counts_from_the_end_as_well():
    assert [item.submit(LINE, i).result() for i in (-3, -1, 0, 2)] == [0.0, 2.0, 0.0, 2.0]
    assert cell.submit(TABLE, -1, -3).result() == 3.0


def test_element_of_a_map_out_of_bounds_is_an_index_error():
    with pytest.raises(IndexError):
        item.map([LINE, LINE], [0, 3])


@pytest.mark.parametrize(
    ("options", "checks"),
    [
        ({}, True),
        ({"compile_to_c": True}, False),
        ({"compile_to_c": "require"}, False),
        ({"boundscheck": False}, False),
        ({"compile_to_c": True, "boundscheck": True}, True),
    ],
)
def test_indices_are_checked_unless_speed_was_asked_for(options, checks):
    assert Settings("settings", **options).checks_bounds is checks


@pytest.mark.parametrize("option", ["boundscheck", "fastmath"])
def test_option_that_is_no_bool_is_refused(option):
    with pytest.raises(TypeError, match=f"task item: {option} must be a bool, not 'yes'"):
        task(name="item", **{option: "yes"})(item.__wrapped__)
