"""Indices, slices and repetitions at the ends of 64 bits: as in Python, and never outside."""

from __future__ import annotations

import itertools
from typing import Any

import numba
import numpy
import pytest

from catzilla_jit.compile import STATUS_OVERFLOW
from support.agreement import agrees, outcome
from support.compile_harness import compiled, run, status_of

END = 2**63
ENDS = (0, 2, -1, 5, END - 1, -END, 2**62)
STEPS = (1, -1, 2, END - 1, -END, 2**62, 0)
TABLE = numpy.arange(6.0).reshape(2, 3)


def slice_of_text(text: str, start: int, stop: int, step: int) -> str:
    return text[start:stop:step]


def slice_of_a_list(values: list[int], start: int, stop: int, step: int) -> list[int]:
    return values[start:stop:step]


def slice_of_bytes(data: bytes, start: int, stop: int, step: int) -> bytes:
    return data[start:stop:step]


@pytest.mark.parametrize(
    ("function", "sequences"),
    [
        (slice_of_text, ("", "aé€")),
        (slice_of_a_list, ([], [1, 2, 3])),
        (slice_of_bytes, (b"", b"abc")),
    ],
)
def test_slices_of_every_step_are_pythons(function: Any, sequences: Any) -> None:
    task = compiled(function)
    for sequence, start, stop, step in itertools.product(sequences, ENDS, ENDS, STEPS):
        agrees(task, function, (sequence, start, stop, step))


def with_slice_assigned(n: int, start: int, stop: int, step: int, count: int) -> list[int]:
    values = [i for i in range(n)]  # noqa: C416 -- as Numba takes it
    values[start:stop:step] = [7 for _ in range(count)]
    return values


def test_assignments_to_slices_of_every_step_are_pythons() -> None:
    task = compiled(with_slice_assigned)
    for start, stop, step, count in itertools.product(ENDS, ENDS, STEPS, (0, 1, 2)):
        agrees(task, with_slice_assigned, (4, start, stop, step, count))


def reversed_literals(n: int) -> str:
    return ""[:: -(2**63)] + "abc"[:: -(2**63)] + "abc"[0 : 3 : 2**63 - 1] + ""[5::-1]


def test_slice_of_a_literal_is_pythons() -> None:
    assert run(compiled(reversed_literals), 1) == reversed_literals(1)


def at_flat(table: Any, index: int) -> Any:
    return table.flat[index]


def at_flat_of_transposed(table: Any, index: int) -> Any:
    return table.T.flat[index]


def last_of_flat(table: Any) -> Any:
    return table.flat[-1]


def write_flat(table: Any, index: int) -> None:
    table.flat[index] = 5.0


def for_table(function: Any, *more: Any) -> Any:
    return compiled(function, argument_types=(numba.typeof(TABLE), *more))


@pytest.mark.parametrize("function", [at_flat, at_flat_of_transposed])
def test_flat_is_checked_and_counts_from_the_end(function: Any) -> None:
    task = for_table(function, numba.int64)
    assert task.result.numpy
    for index in (0, 5, -1, -6):
        assert run(task, TABLE, index) == function(TABLE, index)
    for index in (6, -7, 2**62, -END, END - 1):
        with pytest.raises(IndexError):
            run(task, TABLE, index)


def chosen(line: Any, places: Any) -> Any:
    return line[places]


def write_chosen(line: Any, places: Any) -> None:
    line[places] = 5.0


@pytest.mark.parametrize("function", [chosen, write_chosen])
@pytest.mark.parametrize("places", [[0, 3], [-4]])
def test_places_outside_of_a_line_are_an_index_error(function: Any, places: list[Any]) -> None:
    # A task that writes and reads is not run again, so it is compiled code that says so.
    kinds = (numba.typeof(TABLE[0]), numba.typeof(numpy.array(places)))
    task = compiled(function, argument_types=kinds, exact=True, boundscheck=True)
    line = TABLE[0].copy()
    with pytest.raises(IndexError):
        run(task, line, numpy.array(places))
    assert (line == TABLE[0]).all()


def test_constant_index_of_flat_counts_from_the_end() -> None:
    assert run(for_table(last_of_flat), TABLE) == 5.0


def test_nothing_is_written_outside_by_flat() -> None:
    task = for_table(write_flat, numba.int64)
    table = TABLE.copy()
    for index in (6, -7, 2**62):
        assert status_of(task, table, index)[0] != 0
    assert (table == TABLE).all()
    run(task, table, -1)
    assert table[1, 2] == 5.0


def repeated_text(text: str, n: int) -> str:
    return text * n


def repeated_list(values: list[int], n: int) -> list[int]:
    return values * n


def centred(text: str, n: int) -> str:
    return text.center(n)


@pytest.mark.parametrize(
    ("function", "sequence"),
    [(repeated_text, "€b"), (repeated_list, [1, 2, 3, 4]), (centred, "€")],
)
def test_what_has_no_room_in_memory_is_left_to_python(function: Any, sequence: Any) -> None:
    task = compiled(function)
    assert run(task, sequence, 3) == function(sequence, 3)
    for n in (END - 1, 2**62, 2**61 + 1):
        assert status_of(task, sequence, n)[0] == STATUS_OVERFLOW


def repeated_items(table: Any, n: int) -> Any:
    return table.repeat(n)


def in_shape(table: Any, n: int) -> Any:
    return table.reshape(n, 2)


def partitioned(table: Any, n: int) -> Any:
    return numpy.partition(table, n)


def test_repetition_that_numpy_writes_outside_with_is_a_memory_error() -> None:
    task = for_table(repeated_items, numba.int64)
    assert outcome(run, task, TABLE, 2**62)[0] is MemoryError


def test_shape_and_place_that_wrap_are_left_to_python() -> None:
    line = numpy.arange(6.0)
    for function, number in (
        (in_shape, END + 3 - 2**64),
        (in_shape, 2**63 - 1),
        (partitioned, -END),
    ):
        task = compiled(function, argument_types=(numba.typeof(line), numba.int64))
        assert run(task, line, 3).size == 6
        assert status_of(task, line, number)[0] == STATUS_OVERFLOW
