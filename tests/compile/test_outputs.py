"""`out=` and `where=` of functions that go item by item: values, what was written, exceptions."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import described, outcome, submitted

LINE, OTHER = np.array([1.0, -2.0, 0.0, np.nan, 4.0]), np.array([0.0, 2.0, -0.0, 1.0, -1.0])
TABLE = np.arange(6.0).reshape(2, 3) - 2


def quotients(a: Any, b: Any) -> Any:
    found = np.divide(a, b, out=np.zeros_like(a), where=b != 0)
    np.multiply(found, 2.0, out=found)
    return found


def clipped(a: Any, b: Any) -> Any:
    a = a.copy()
    a.clip(min=0, max=None, out=a)
    within = np.clip(b, -1.0, a_max=1.0, out=np.empty(b.shape))
    return a, within


def alias(a: Any, b: Any) -> Any:
    out = np.zeros(5)
    same = np.add(a, b, out)
    np.add(a, b, out=out)
    same[0] = 7.0
    return out


def writes(a: Any, b: Any) -> Any:
    return np.exp(b, out=a)


def parts(a: Any, b: Any) -> Any:
    a = a.copy()
    np.negative(a[1:], a[1:])
    np.subtract(a[1:], a[:-1], out=a[1:])
    return a


def idle(a: Any, b: Any, dtype: Any = None, out: Any = None) -> Any:
    return np.square(a, dtype=dtype), np.exp(b, out=out, where=True)


def chosen(a: Any, b: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.full_like(a, -1.0)
        np.log(a, out=logs, where=(a > 0) & (b <= 2))
        return logs


def _outcome(call: Any, *arguments: Any) -> Any:
    own = copy.deepcopy(arguments)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = described(call(*own))
        except Exception as error:
            result = type(error), str(error)
    return result, described(own), sorted(str(each.message) for each in caught)


@pytest.mark.parametrize("function", [quotients, clipped, alias, writes, parts, idle, chosen])
def test_outputs_are_numpys(function: Any) -> None:
    made: Task[..., Any] = task(function)
    lines = [(LINE, OTHER), (LINE[::2], OTHER[:3]), (LINE[:0], OTHER[:0]), (LINE, OTHER[:1])]
    others = [(LINE, OTHER[:4]), (TABLE, TABLE.T.copy().T), (TABLE, -TABLE), (LINE[:1], OTHER)]
    for arguments in (*lines, *others):
        expected = _outcome(function, *arguments)
        assert _outcome(lambda *a: made.submit(*a).result(), *arguments) == expected, arguments
    assert made.explain().compiled


def into_integers(a: Any, b: Any) -> Any:
    return np.add(a, b, out=np.zeros(a.shape, np.int64))


def into_fewer_dimensions(a: Any, b: Any) -> Any:
    return np.add(a, b, out=np.zeros(3))


def zeros_by_place(a: Any, b: Any) -> Any:
    return np.maximum(a, b, out=np.zeros_like(a), where=a > 0)


@pytest.mark.parametrize("function", [into_integers, into_fewer_dimensions, zeros_by_place])
def test_other_outputs_are_left_to_numpy(function: Any) -> None:
    made: Task[..., Any] = task(function)
    arguments = (TABLE[:1], TABLE[1:])
    expected = _outcome(function, *arguments)
    assert _outcome(lambda *a: made.submit(*a).result(), *arguments) == expected
    assert not made.explain().compiled


def doubled(a: Any) -> Any:
    return a * 2.0


def to_results(a: Any, b: Any) -> Any:
    """Of what helpers return is known late that it is an array."""
    found, wide = doubled(a) + 0.0, np.zeros((2, len(a)))
    np.exp(found, found)
    np.negative(found[1:], found[1:])
    np.multiply(found, b, out=found)
    np.add(2.0, found, wide)
    return found, wide, np.sqrt(doubled(b), wide)


def to_a_shorter_one(a: Any, b: Any) -> Any:
    return np.negative(doubled(a), doubled(b)[:2])


def to_other_types(a: Any, b: Any) -> Any:
    whole = np.zeros(len(a), np.int64)
    np.negative(doubled(a), whole)
    return whole


@pytest.mark.parametrize("function", [to_results, to_a_shorter_one, to_other_types])
def test_outputs_among_the_results_of_helpers(function: Any) -> None:
    made: Task[..., Any] = task(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for a, b in ((LINE, OTHER), (LINE[:3], LINE[1:4]), (LINE[:3], OTHER)):
            assert submitted(made, a, b) == outcome(function, a, b)
    assert made.explain().compiled or function is not to_results, made.explain()
