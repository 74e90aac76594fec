"""Lists of NumPy's numbers go to helpers that only look at them; lists of either stay Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, fork, join, task
from support.automatic import outcome, submitted

FLOATS, WHOLE = np.array([1.5, -2.5, 0.0, 3.0]), np.array([3, 1, 2**62, 2**62])


def mean(values: Any) -> Any:
    return sum(values) / len(values)


def variance(values: Any) -> Any:
    middle = mean(values)
    return sum([(x - middle) ** 2 for x in values]) / len(values)


def best_of(values: Any) -> Any:
    best = values[0]
    for x in values:
        if x > best:
            best = x
    return best


def largest_first(rows: Any) -> Any:
    return max([first for first, _ in rows])


def looked_at(xs: np.ndarray, k: float) -> Any:
    doubled, own = [x * 2 for x in xs], [k, 2.0]
    squares = [(x - mean(xs)) ** 2 for x in xs]
    return (
        mean(doubled), best_of(doubled), doubled, mean(own), best_of(own),
        math.sqrt(mean(squares)), mean(xs),
    )  # fmt: skip


def inside(xs: np.ndarray, k: float) -> Any:
    path = [k]
    for x in xs:
        path.append(path[-1] + x)
    best = [0.0]
    for x in xs:
        if x > best[0]:
            best[0] = x
    return np.array(path), len(path), float(path[-1]), float(sum(path)), float(best[0])


def in_rows(xs: np.ndarray, k: float) -> Any:
    rows = [(x, i) for i, x in enumerate(xs)]
    return largest_first(rows), rows, variance([x * k for x in xs])


@pytest.mark.parametrize("function", [looked_at, inside, in_rows])
def test_lists_that_are_looked_at_are_numpys(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for xs in (FLOATS, -FLOATS, FLOATS[2:3]):
        assert submitted(made, xs, 2.0) == outcome(function, xs, 2.0)
    assert made.explain().compiled or function is not looked_at, made.explain()


def put(values: Any, value: Any) -> None:
    values.append(value)


def two_lists(xs: Any) -> Any:
    return [xs[0]], [x * 1 for x in xs]


def put_by_helper(xs: np.ndarray, k: float) -> Any:
    own, other = [0.0], [xs[0]]
    put(own, xs[0])
    put(other, k)
    return own, other


def put_into_one_of_two(xs: np.ndarray, k: float) -> Any:
    one, other = two_lists(xs)
    one.append(k)
    return one, other


@pytest.mark.parametrize("function", [put_by_helper, put_into_one_of_two])
def test_lists_that_helpers_make_or_fill_with_both_are_pythons(function: Any) -> None:
    """Numbers of either in a list that comes into a helper, or leaves it, have no bits."""
    made: Task[..., Any] = task(function)
    assert submitted(made, FLOATS, 2.0) == outcome(function, FLOATS, 2.0)


def append(values: Any) -> int:
    values.append(2.0)
    return 1


def append_to_other_name(values: Any) -> Any:
    other = values
    other.append(2.0)
    return other[0]


def append_in_tuple(values: Any) -> int:
    pair = (values, 1)
    pair[0].append(2.0)
    return pair[1]


def append_in_list(values: Any) -> int:
    held = [values]
    held[0].append(2.0)
    return len(held)


def append_to_either(values: Any) -> Any:
    other = values if len(values) > 1 else [1.0]
    other.append(2.0)
    return other[-1]


def append_in_helper(values: Any) -> int:
    return append(values) + len(values)


def set_first(values: Any) -> int:
    values[0] = 2.0
    return 1


def same(values: Any) -> Any:
    return values


def same_in_tuple(values: Any) -> Any:
    return values, 1


CHANGING = [
    append, append_to_other_name, append_in_tuple, append_in_list, append_to_either,
    append_in_helper, set_first, same, same_in_tuple,
]  # fmt: skip


@pytest.mark.parametrize("changing", CHANGING)
def test_list_that_a_helper_may_change_or_keep_is_pythons(changing: Callable[..., Any]) -> None:
    def changed(xs: np.ndarray) -> Any:
        values = [x * 2 for x in xs]
        found = changing(values)
        if changing is same:
            found.append(1.0)
        return values, mean(values)

    made: Task[..., Any] = task(changed)
    assert submitted(made, FLOATS) == outcome(changed, FLOATS)


def either_returned(xs: np.ndarray, k: float) -> Any:
    return [k, xs[0]], {0: k, 1: xs[0]}, [[k, xs[0]]]


def either_read(xs: np.ndarray, k: float) -> Any:
    values = [k, xs[0]]
    return values[0], values[1], max(values), sum(values), sorted(values), 1.0 / values[1]


def either_sums(xs: np.ndarray, k: float) -> Any:
    sums = [0] * 2
    for i, x in enumerate(xs):
        sums[i % 2] += x
    return sums, float(sums[0]), sums[1] * 2 > 0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("function", [either_returned, either_read, either_sums])
@pytest.mark.parametrize("xs", [FLOATS, FLOATS[2:], WHOLE, WHOLE[:0]], ids=str)
def test_number_out_of_a_list_of_either_is_as_it_went_in(
    function: Callable[..., Any], xs: np.ndarray
) -> None:
    made: Task[..., Any] = task(function)
    assert submitted(made, xs, 2.0) == outcome(function, xs, 2.0)


def set_items(values: Any, n: int) -> int:
    values[0] = n
    return n


def forked_for_two_types(xs: np.ndarray, n: int) -> int:
    values = [1, n]
    handle = fork(set_items, values, n)
    return join(handle) + values[0] + set_items(xs, n)


def test_fork_of_a_helper_that_is_called_with_arrays_as_well_is_refused() -> None:
    """What a form of a helper may change is not forgotten when another form is compiled."""
    made = task(forked_for_two_types)
    assert submitted(made, np.zeros(2), 5) == outcome(forked_for_two_types, np.zeros(2), 5)
    assert [reason.code for reason in made.explain().reasons] == ["CZ114"]
