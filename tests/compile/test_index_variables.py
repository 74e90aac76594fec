"""Integer arithmetic that only indexes arrays goes unchecked, all other does not."""

from __future__ import annotations

from typing import Any

import numba
import numpy
import pytest

from catzilla_jit.compile import STATUS_OVERFLOW
from support.compile_harness import compiled, run, status_of

LINE = numba.float64[::1]
GRID = numba.float64[:, ::1]


def neighbour(values: Any, i: int) -> Any:
    return values[i * 2 + 1 - i]


def inner(values: Any, i: int, j: int) -> Any:
    above = i - 1
    values[i + 1, j - 1] = 0.0
    return values[above, j + 1]


def shown(values: Any, i: int) -> Any:
    place = i * 3
    return values[place] + place


def in_a_list(i: int) -> int:
    items = [1, 2, 3]
    return items[i * i]


def compared(values: Any, i: int) -> Any:
    place = i * i
    return values[place] if place < 3 else 0.0


def checks_in(task: Any) -> int:
    return str(task._kernel().library.get_llvm_str()).count("with.overflow.i64(i64 %")


@pytest.mark.parametrize(
    ("function", "kinds", "checks"),
    [
        (neighbour, (LINE, numba.int64), False),
        (inner, (GRID, numba.int64, numba.int64), False),
        (shown, (LINE, numba.int64), True),
        (in_a_list, (numba.int64,), True),
        (compared, (LINE, numba.int64), True),
    ],
)
def test_only_indices_of_arrays_go_unchecked(function: Any, kinds: Any, checks: bool) -> None:
    assert bool(checks_in(compiled(function, argument_types=kinds))) is checks


def test_items_are_those_of_python() -> None:
    line = numpy.arange(5.0)
    assert run(compiled(neighbour, argument_types=(LINE, numba.int64)), line, 2) == 3.0
    grids = [numpy.arange(9.0).reshape(3, 3) for _ in range(2)]
    task = compiled(inner, argument_types=(GRID, numba.int64, numba.int64))
    assert run(task, grids[0], 1, 1) == inner(grids[1], 1, 1)
    assert (grids[0] == grids[1]).all()


def test_index_that_is_compared_as_well_is_python_s() -> None:
    task = compiled(compared, argument_types=(LINE, numba.int64))
    assert status_of(task, numpy.arange(5.0), 2**62)[0] == STATUS_OVERFLOW


def test_index_beyond_64_bits_is_checked_with_the_bounds() -> None:
    task = compiled(neighbour, argument_types=(LINE, numba.int64), boundscheck=True)
    assert status_of(task, numpy.arange(5.0), 2**62)[0] == STATUS_OVERFLOW
