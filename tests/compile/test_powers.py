"""Powers of arrays in functions whose operators are NumPy's loops, as beside a turned table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.array_forms import LINES, RANDOM
from support.automatic import outcome, submitted

TABLE = RANDOM.standard_normal((4, 3))


def squares(x: Any, i: Any, t: Any) -> Any:
    turned = t.T
    return x**2, (x - 1.0) ** 2, i**2, turned**2, (t**2).sum(axis=0), turned @ t


def powers(x: Any, i: Any, t: Any) -> Any:
    k = 2
    return x**3, x**-1, x**2.0, x**0.5, 2.0**x, x**k, x[:1] ** 1.5, t.T**3


def of_both_kinds(x: Any, i: Any, t: Any) -> Any:
    single = x.astype(np.float32)
    return single**2, x**2, i**2


def descent(x: Any, i: Any, t: Any) -> Any:
    w, losses = np.zeros(t.shape[1]), []
    for _ in range(3):
        e = t @ w - 1.0
        losses.append(float((e**2).mean()))
        w -= 0.1 * t.T @ e / len(t)
    return w, losses


@pytest.mark.parametrize("function", [squares, powers, of_both_kinds, descent])
def test_powers_beside_a_turned_table_are_numpys(function: Any) -> None:
    made: Task[..., Any] = task(function)
    for x in (*LINES[1:4], LINES[6], LINES[7]):
        given = (x, RANDOM.integers(-9, 9, 5), TABLE)
        assert submitted(made, *given) == outcome(function, *given)
    assert made.explain().compiled, made.explain()


def wholes(x: Any, i: Any, t: Any) -> Any:
    return t.T, i**-1


def test_whole_number_to_a_negative_power_is_numpys_error() -> None:
    made: Task[..., Any] = task(wholes)
    given = (LINES[1], np.array([1, 2]), TABLE)
    assert submitted(made, *given) == outcome(wholes, *given)
