"""Tuples and lists of numbers that are written to a part of an array; sums of arrays in a list."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from catzilla_jit import Task, task
from support.array_forms import LINES, RANDOM, check
from support.automatic import outcome, submitted


def rows_of_a_simulation(out: Any) -> Any:
    s, i, r = 99.0, 1.0, 0
    for k in range(len(out)):
        out[k] = s, i, r
        s, i, r = s - 0.25, i + 0.125, r + 1
    out[0, :2] = [s, i]
    out[::-1, 1] = (0.5,)
    out[1:, 2:] = (True,)
    return out.sum()


def test_numbers_are_written_to_parts_of_an_array() -> None:
    made: Task[..., Any] = task(rows_of_a_simulation)
    for shape in ((4, 3), (1, 3), (5, 2), (3, 4)):
        given, kept = np.zeros(shape), np.zeros(shape)
        assert submitted(made, given) == outcome(rows_of_a_simulation, kept)
        assert given.tobytes() == kept.tobytes()
    assert made.explain().compiled, made.explain()


@pytest.mark.parametrize("assigned", ["1.5, 2", "[True, 0.5]", "x[0], x[1]"])
def test_what_may_change_the_numbers_is_refused(assigned: str) -> None:
    space: dict[str, Any] = {}
    exec(f"def write(out, x):\n out[:2] = {assigned}\n return out", space)
    made: Task[..., Any] = task(space["write"])
    given = (np.zeros(3, np.int64), np.array([1.5, 2.5]))
    assert submitted(made, *given) == outcome(space["write"], np.zeros(3, np.int64), given[1])
    assert made.explain().reasons[0].code == "CZ603"


def test_numbas_own_users_are_told_as_before() -> None:
    @numba.njit
    def write(out: Any) -> None:
        out[0] = 1.0, 2

    with pytest.raises(numba.TypingError):
        write(np.zeros((2, 2)))


def test_sum_of_arrays_is_pythons() -> None:
    lines = [(each,) for each in LINES]
    check("(sum([a, -a, a]), sum([a * k for k in range(3)]), sum([-a * 0.0, -a * 0.0]))", lines)
    check("sum([np.roll(a, i, 1) for i in (-1, 1)])", [(RANDOM.integers(-9, 9, (4, 5)),)])
    check("sum([a, b])", [(np.zeros((2, 3)), np.ones((3, 2)).T.copy()), (np.zeros((2, 3)),) * 2])


def test_largest_and_smallest_of_a_line_are_pythons() -> None:
    check("(max(a), min(a))", [(each,) for each in LINES[:-1]])
    check("(max(a), min(a))", [(RANDOM.integers(-9, 9, n),) for n in (5, 1)])
