"""What of a map's arguments each call gets: names, iterators, arguments that are containers."""

from __future__ import annotations

import collections
import typing

import numpy as np
import pytest
from numpy.typing import NDArray

from support import kernels


def scaled(x: float, *, scale: float = 2.0) -> float:
    return x * scale


def perimeter(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> float:
    total = 0.0
    for i in range(len(xs)):
        total += abs(xs[i] - xs[i - 1]) + abs(ys[i] - ys[i - 1])
    return total


def slope(point: tuple[float, float]) -> float:
    return point[1] / point[0]


@pytest.fixture
def polygons(runtime, kind):
    """The task of `perimeter`; how many dimensions its arrays have, only a call tells."""
    return runtime.task(perimeter, compile_to_c=None if kind == "compiled" else False)


SQUARE = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])
LINE = np.array([0.0, 3.0]), np.array([0.0, 0.0])


def test_arguments_are_given_by_name_as_to_the_function(make):
    task = make(scaled)
    assert task.map([1.0, 2.0], scale=5.0).tolist() == [5.0, 10.0]
    assert task.map(scale=[1.0, 3.0], x=2.0).tolist() == [2.0, 6.0]
    assert task.map([1.0]).tolist() == [2.0]


def test_arguments_without_a_parameter_of_their_own_are_taken_apart_too(runtime):
    task = runtime.task(lambda *xs, **named: sum(xs) + 100 * sum(named.values()))
    assert task.map([1, 2], 3, k=[4, 5]).tolist() == [404, 505]


def test_unknown_name_is_a_type_error_of_the_task(make):
    with pytest.raises(TypeError, match=r"task scaled: got an unexpected keyword argument 'scal'"):
        make(scaled).map([1.0], scal=2.0)


@pytest.mark.parametrize(
    "listed", [iter, collections.deque, lambda numbers: dict.fromkeys(numbers).keys()]
)
def test_iterators_and_views_are_listed_first(make, listed):
    assert make(kernels.add).map(listed([1.0, 2.0]), 1.0).tolist() == [2.0, 3.0]


def test_list_of_arrays_gives_one_array_to_each_call(polygons):
    assert polygons.map([SQUARE[0], LINE[0]], [SQUARE[1], LINE[1]]).tolist() == [4.0, 6.0]


def test_row_of_an_array_goes_to_each_call(polygons):
    rows = np.array([SQUARE[0], 2.0 * SQUARE[0], 3.0 * SQUARE[0]])
    assert polygons.map(rows, SQUARE[1]).tolist() == [4.0, 6.0, 8.0]


def test_single_array_goes_to_every_call(polygons):
    assert polygons.map(*SQUARE) == 4.0


def test_tuples_are_taken_whole_where_the_hint_says_tuple(make):
    task = make(slope)
    assert task.map([(1.0, 2.0), (2.0, 1.0)]).tolist() == [2.0, 0.5]
    assert task.map((4.0, 2.0)) == 0.5
    assert task.map([]).tolist() == []


def test_lists_of_several_lengths_are_refused_by_name(make):
    with pytest.raises(ValueError, match=r"task add: argument 'a'"):
        make(kernels.add).map([[1.0, 2.0], [3.0]], 1.0)


@pytest.mark.skipif(not hasattr(typing, "TypeAliasType"), reason="Python 3.12 brings it")
def test_a_type_alias_says_what_it_stands_for(runtime):
    alias = typing.TypeAliasType("alias", NDArray[np.float64])

    def total(values):
        return sum(values)

    total.__annotations__ = {"values": alias}
    assert list(runtime.task(total).map([np.ones(2), np.ones(3)])) == [2.0, 3.0]


class Series:
    """What a library's own array is to others: something that NumPy makes an array of."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


def again(x):
    return x + x


def test_what_says_that_it_is_an_array_is_taken_apart(runtime):
    assert list(runtime.task(again).map(Series([1.5, 2.0]))) == [3.0, 4.0]
    assert list(runtime.task(again).map(Series(np.array(["a", "bc"], object)))) == ["aa", "bcbc"]
