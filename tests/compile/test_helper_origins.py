"""What a helper returns is NumPy's or Python's as what it was given is, call by call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, fork, join, task
from support.automatic import outcome, submitted

GLOBAL = np.array([2.0, 3.0])


def scaled(x: Any, k: Any) -> Any:
    return x * k


def distance(x: Any, y: Any) -> float:
    return math.sqrt(x * x + y * y)


def between(a: Any, b: Any, t: Any) -> Any:
    return scaled(b - a, t) + a


def pair(x: Any, n: Any) -> Any:
    return x / n, n * 2


def of_global(x: Any) -> Any:
    return x * GLOBAL[0]


def with_default(x: Any, y: Any = 2.0) -> Any:
    return x * y


TWO = np.float64(2.0)


def with_numpys_default(x: Any, y: Any = TWO) -> Any:
    return x * y


def same(x: Any) -> Any:
    return x


def first(values: Any) -> Any:
    return values[0]


def largest(x: Any, y: Any) -> Any:
    return max(x - y, 0.0)


def either(x: Any, y: Any = None) -> Any:
    return x if y is None else y


def evenly(n: int, x: Any) -> Any:
    return x if n == 0 else oddly(n - 1, x)


def oddly(n: int, x: Any) -> Any:
    return 0.0 if n == 0 else evenly(n - 1, x)


def numbers(xs: np.ndarray, k: float) -> Any:
    return scaled(k, 2.0) * len(xs), scaled(xs[0], k), scaled(k, xs[0]), distance(xs[1], k)


def within_helpers(xs: np.ndarray, k: float) -> Any:
    return between(k, 2.0, 0.5), between(xs[0], 1.0, k), between(1.0, k, xs[1])


def tuples(xs: np.ndarray, k: float) -> Any:
    quotient, product = pair(k, 3.0)
    return quotient, product, pair(xs[1], k), pair(xs[1], xs[0])


def in_loops(xs: np.ndarray, k: float) -> Any:
    total, shrunk, grown = 0.0, k, k
    for x in xs:
        total += distance(x, k)
        shrunk = scaled(shrunk, 0.5)
        grown = scaled(grown, x)
    return total, shrunk, grown


def in_lists(xs: np.ndarray, k: float) -> Any:
    return [scaled(x, k) for x in xs], [scaled(k, i) for i in range(3)]


def defaults(xs: np.ndarray, k: float) -> Any:
    return with_default(k), with_default(xs[0]), with_numpys_default(k), of_global(k)


def by_zero(xs: np.ndarray, k: float) -> Any:
    try:
        return scaled(k, 1.0) / scaled(0.0, k), scaled(xs[0], 1.0) / scaled(0.0, k)
    except ZeroDivisionError:
        return k, xs[0]


def wrapped(xs: np.ndarray, k: float) -> Any:
    return scaled(len(xs), 2**62 if k else 1), scaled(len(xs), 3)


def rectified(x: Any) -> Any:
    return x if x > 0 else 0.0


def shortened(x: Any) -> Any:
    for _ in range(3):
        x = rectified(x - 1)
    return rectified(rectified(x)) + 0


def one_of(a: Any, b: Any, c: Any, n: int) -> Any:
    if n == 0:
        return a
    return b if n == 1 else max(b, c)


def checked(x: Any) -> Any:
    if x < -2:
        raise ValueError("low")
    return rectified(x)


def caught(x: Any) -> Any:
    try:
        return checked(x)
    except ValueError:
        return -1.0


def at_least(x: Any, low: Any = 0.0) -> Any:
    return low if x < low else x


def whole(n: Any) -> Any:
    return n if n > 2 else 0


def as_it_comes(xs: np.ndarray, k: float) -> Any:
    total, last = 0.0, 0.0
    for x in xs:
        total += rectified(x)
        last = largest(x, k)
    return total, last, rectified(xs[0]), rectified(k), rectified(-xs[0]), rectified(xs.sum())


def through_helpers(xs: np.ndarray, k: float) -> Any:
    return shortened(xs[1]), shortened(k), shortened(xs[2]), caught(xs[2]), caught(xs[0]), caught(k)


def by_place(xs: np.ndarray, k: float) -> Any:
    return (
        one_of(xs[0], xs[1], xs[2], 0), one_of(xs[0], k, 1.0, 0), one_of(xs[0], xs[1], xs[2], 1),
        one_of(1.0, k, xs[0], 2), one_of(xs[0], k, 1.0, 1), one_of(k, 1.0, xs[0], 0),
    )  # fmt: skip


def of_either(xs: np.ndarray, k: float) -> Any:
    x = k
    for i in range(int(k) % 4):
        x += xs[i % 3]
    return rectified(x), at_least(x, -1.0), at_least(x), one_of(x, 1.0, x, 2), whole(len(xs) * 1)


COMPILED = [
    numbers, within_helpers, tuples, in_loops, in_lists, defaults, by_zero, wrapped, as_it_comes,
    through_helpers, by_place, of_either,
]  # fmt: skip


def handed_back(xs: np.ndarray, k: float) -> Any:
    return same(k), same(xs[0]), same(xs)[0], same((k, xs[0]))


def picked(xs: np.ndarray, k: float) -> Any:
    return first((k, xs[0])), first((xs[0], k)), first([k, 1.0]), first(xs)


def chosen(xs: np.ndarray, k: float) -> Any:
    return largest(xs[0], k), largest(k, 1.0), either(k), either(k, xs[0]), either(xs[0])


def by_name(xs: np.ndarray, k: float) -> Any:
    return (
        at_least(low=xs[0], x=k),
        scaled(k=xs[0], x=k),
        scaled(*(k, 2.0)),
        with_default(x=xs[0]),
        with_default(xs[0], y=k),
    )


def _several(x: Any, n: int) -> Any:
    for i in range(n):
        yield rectified(x - i)


def kept(xs: np.ndarray, k: float) -> Any:
    return (
        [rectified(xs[0])],
        {"k": rectified(xs[1])},
        list(_several(xs[0], 3)),
        list(_several(k, 2)),
    )


def as_keys(xs: np.ndarray, k: float) -> Any:
    return max(xs, key=rectified), sorted(xs.tolist(), key=rectified), rectified(xs[0])


def forked(xs: np.ndarray, k: float) -> Any:
    handle = fork(rectified, xs[0])
    return rectified(xs[2]), join(handle)


def divided(xs: np.ndarray, k: float) -> Any:
    return xs[0] / rectified(xs[2]), k / rectified(xs[0]), 1.0 / rectified(xs[2])


def in_turn(xs: np.ndarray, k: float) -> Any:
    return evenly(2, xs[0]) * 1.0, float(oddly(3, xs[1])), evenly(3, k) > 1, oddly(2, xs[0])


OTHERS = [in_turn, handed_back, picked, chosen, by_name, kept, as_keys, forked, divided]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("function", [*COMPILED, *OTHERS])
def test_numbers_are_those_of_who_made_them(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for k in (2.0, 0.0, -1.5, 1e300):
        xs = np.array([1.5, 2.5, -3.0])
        assert submitted(made, xs, k) == outcome(function, xs, k)
    assert made.explain().compiled or function not in COMPILED, made.explain()


def in_turn_as_floats(xs: np.ndarray, k: float) -> Any:
    return float(evenly(2, xs[0])), float(oddly(3, xs[1])), float(evenly(3, k))


def test_helpers_that_call_each_other_compile() -> None:
    made: Task[..., Any] = task(in_turn_as_floats)
    xs = np.array([1.5, 2.5])
    assert submitted(made, xs, 2.0) == outcome(in_turn_as_floats, xs, 2.0)
    assert made.explain().compiled, made.explain()
