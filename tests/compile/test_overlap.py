"""Assignments to slices of what they read from."""

from __future__ import annotations

from typing import Any

import numba
import numpy
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile import CompileRefused
from support.compile_harness import compiled, run


def row(table: Any, i: int, j: int) -> None:
    table[i, 2:] = table[j, 1:-1]


def column(table: Any, i: int, j: int) -> None:
    table[2:, i] = table[1:-1, j]


def row_of_a_column(table: Any, i: int, j: int) -> None:
    table[i, :] = table[:, j]


def backwards(table: Any, i: int, j: int) -> None:
    table[i, ::-1] = table[j]


def broadcast(table: Any, i: int, j: int) -> None:
    table[-1, 1:3] = table[i, 2:3]


@pytest.mark.parametrize("function", [row, column, row_of_a_column, backwards, broadcast])
def test_part_of_an_array_beside_an_integer_is_read_before_it_is_written(function: Any) -> None:
    table = numpy.arange(64.0).reshape(8, 8)
    task = compiled(function, argument_types=(numba.typeof(table), numba.int64, numba.int64))
    for i, j in ((0, 0), (1, 0), (-1, -1)):
        expected, given = table.copy(), table.copy()
        function(expected, i, j)
        run(task, given, i, j)
        assert numpy.array_equal(given, expected)


def inserted(n: int) -> list[int]:
    values = [i for i in range(n)]  # noqa: C416 -- as Numba takes it
    values[1:1] = values
    return values


def turned(n: int) -> list[int]:
    values = [i for i in range(n)]  # noqa: C416
    values[::-1] = values
    return values


def through_another_name(n: int) -> list[int]:
    values = [i for i in range(n)]  # noqa: C416
    same = values
    values[:2] = same
    values[1:1] = values[1:]
    return values


@pytest.mark.parametrize("function", [inserted, turned, through_another_name])
def test_list_is_read_before_it_is_written(function: Any) -> None:
    assert run(compiled(function), 4) == function(4)


def texts_inserted(n: int) -> list[str]:
    values = [str(i) for i in range(n)]
    values[1:1] = ["a", "b"]
    return values


def test_slice_of_a_list_of_objects_is_not_assigned_in_compiled_code() -> None:
    """Numba would let go of the items that it moves, twice."""
    with pytest.raises(CompileRefused, match=r"the function assigns to a slice of a list\[str\]"):
        compiled(texts_inserted)


def assigned_in_try(a: Any, b: Any) -> int:
    found = 0
    for _ in range(2):
        try:
            if found < 5:
                a[:] = b
        except ValueError:
            found += 3
    return found


def added_in_try(_a: Any, b: Any) -> int:
    made = numpy.zeros(3)
    try:
        made += b
    except ValueError:
        return 1
    return 2


@pytest.mark.parametrize("function", [assigned_in_try, added_in_try])
def test_error_of_a_shape_is_caught(function: Any) -> None:
    made: Task[..., Any] = task(function)
    for size in (3, 4):
        arguments = numpy.ones(3), numpy.ones(size)
        assert made.submit(*arguments).result(60) == function(*arguments)
    assert made.explain().compiled


def added_to_the_next(line: Any, table: Any) -> None:
    line[1:] += line[:-1]
    table[:, 1:] *= table[:, :-1]


def turned_in_place(line: Any, table: Any) -> None:
    line[::-1] -= line
    table += table.T
    table += table[0]


def doubled(line: Any, _table: Any) -> None:
    line += line


@pytest.mark.parametrize("function", [added_to_the_next, turned_in_place, doubled])
def test_operand_is_read_before_it_is_changed_in_place(function: Any) -> None:
    made: Task[..., Any] = task(compile_to_c="require")(function)
    pairs = [(numpy.arange(6.0), numpy.arange(9.0).reshape(3, 3)) for _ in range(2)]
    made.submit(*pairs[0]).result(60)
    function(*pairs[1])
    for found, expected in zip(*pairs, strict=True):
        assert found.tolist() == expected.tolist()


def added(line: Any, other: Any) -> None:
    line += other


@pytest.mark.parametrize("sizes", [(3, 2), (2, 3), (1, 3), (1, 0), (3, 0)])
def test_operand_of_another_shape_is_not_read_outside_where_speed_was_asked_for(
    sizes: tuple[int, int],
) -> None:
    made: Task[..., Any] = task(compile_to_c="require")(added)
    arguments = tuple(map(numpy.ones, sizes))
    with pytest.raises(ValueError, match="broadcast") as expected:
        added(*arguments)
    error = made.submit(*arguments).exception(60)
    assert type(error) is ValueError
    assert str(error) == str(expected.value)
    assert arguments[0].tolist() == [1.0] * sizes[0]
