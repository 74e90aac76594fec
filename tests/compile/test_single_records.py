"""Single records as arguments, and the records of a map: views of their arrays."""

from __future__ import annotations

import ctypes
import pickle
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import task
from support.compile_harness import status_of
from support.records import DTYPES, OTHERS, PACKED, check, form, length_of, made, put


# fmt: off
def raised(r: Any, v: float) -> Any: r["x"] += v
def raised_by_helper(r: Any, v: float) -> Any: put(r, v)
def item_and_array(r: Any, a: Any) -> Any:
    r["x"] = 1.0
    return a[2]["x"]
# fmt: on


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES.keys())
def test_record_is_read_as_python_reads_it(dtype: np.dtype[Any]) -> None:
    check(length_of, made(dtype)[2])
    check(length_of, pickle.loads(pickle.dumps(made(dtype)[2])))


@pytest.mark.parametrize("function", [raised, raised_by_helper])
def test_write_to_a_record_reaches_its_array(function: Callable[..., Any]) -> None:
    ours, pythons = made(PACKED), made(PACKED)
    writes = task(function)
    writes.submit(ours[2], 0.5).result(60)
    function(pythons[2], 0.5)
    assert ours.tobytes() == pythons.tobytes()
    assert writes.explain().compiled
    assert writes.explain().pure is False


def test_record_and_its_array_are_one_memory() -> None:
    array = made(PACKED)
    both = task(item_and_array)
    assert both.submit(array[2], array).result(60) == 1.0
    assert both.explain().compiled


def test_record_of_a_read_only_array_is_not_written_to() -> None:
    array = made(PACKED)
    array.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        task(raised).submit(array[2], 0.5).result(60)
    writes = form(raised, made(PACKED)[2], 0.5)
    with pytest.raises(TypeError):
        status_of(writes, array[2], 0.5)


def copied_dtype(record: Any) -> Any:
    return pickle.loads(pickle.dumps(record))


@pytest.mark.parametrize("spelled", [lambda record: record, copied_dtype])
def test_record_is_let_go_when_the_task_has_ended(spelled: Callable[[Any], Any]) -> None:
    record = spelled(made(PACKED)[2])
    held = [record, record.dtype, True, None]
    reads = form(length_of, made(PACKED)[2])
    status_of(reads, record)
    before = [sys.getrefcount(each) for each in held]
    for _ in range(20):
        status_of(reads, record)
    after = [sys.getrefcount(each) for each in held]
    assert [later - sooner < 5 for later, sooner in zip(after, before, strict=True)] == [True] * 4


@pytest.mark.parametrize("other", ["metadata", "alignment", "names"])
def test_record_that_does_not_fit_is_let_go(other: str) -> None:
    record = np.zeros(1, OTHERS[other])[0]
    held = [record, record.dtype, True, None]
    reads = form(length_of, made(PACKED)[2])
    before = [sys.getrefcount(each) for each in held]
    for _ in range(20):
        with pytest.raises(TypeError):
            status_of(reads, record)
    after = [sys.getrefcount(each) for each in held]
    assert [later - sooner < 5 for later, sooner in zip(after, before, strict=True)] == [True] * 4


# --- maps -------------------------------------------------------------------------------------


def test_map_takes_a_structured_array_record_by_record() -> None:
    array = made(PACKED).reshape(2, 3)
    result = task(x_and_y).map(array, [1, 2, 3])
    assert result.tolist() == [[x_and_y(array[i, j], j + 1) for j in range(3)] for i in range(2)]


def x_and_y(r: Any, n: int) -> Any:
    return r["x"] * n + r["y"]


@pytest.mark.parametrize("as_given", [lambda array: array, list, tuple])
def test_records_in_a_map_are_views(as_given: Callable[[Any], Any]) -> None:
    ours, pythons = made(PACKED), made(PACKED)
    task(raised).map(as_given(ours[::2]), 0.5)
    pythons["x"][::2] += 0.5
    assert ours.tobytes() == pythons.tobytes()


def test_address_of_a_record_is_where_numpy_keeps_it() -> None:
    array = made(PACKED)
    address = ctypes.c_size_t.from_address(id(array[2:3][0]) + 24).value
    assert address == array.ctypes.data + 2 * PACKED.itemsize
