"""Each dtype of records has compiled code of its own, and no other dtype is taken for it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile import CompileRefused, argument_types_for
from support.compile_harness import run, status_of
from support.records import (
    ALIGNED,
    DTYPES,
    OTHERS,
    PACKED,
    SPARSE,
    check,
    form,
    items,
    iterated,
    length_of,
    made,
    part,
    renamed,
    shapes,
)


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_another_dtype_is_never_taken_for_the_one_compiled_for(other: np.dtype[Any]) -> None:
    base = SPARSE if other is OTHERS["offset"] else PACKED
    with pytest.raises(TypeError):
        status_of(form(iterated, made(base)), np.zeros(6, other))
    if other.names:
        with pytest.raises(TypeError):
            status_of(form(length_of, made(base)[0]), np.zeros(6, other)[0])


def test_equal_dtype_of_another_origin_is_the_same() -> None:
    array = pickle.loads(pickle.dumps(made(PACKED)))
    spelled = made(PACKED).astype(renamed(PACKED))
    reads = form(items, made(PACKED), 1)
    assert run(reads, array, 1) == run(reads, spelled, 1) == items(array, 1)


@pytest.mark.parametrize(
    "value", [(1.0, 2.0), None, 1.0, np.float64(1.0), np.void(b"abcd"), {"x": 1.0}], ids=repr
)
def test_what_is_no_record_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        status_of(form(length_of, made(PACKED)[0]), value)


def test_aligned_dtype_at_an_odd_address_stays_python() -> None:
    memory = np.zeros(ALIGNED.itemsize * 4 + 1, np.uint8)
    array = memory[1:].view(ALIGNED)
    array["x"] = 2.0
    array["y"] = 3.0
    assert not array.flags.aligned
    check_odd: Task[..., Any] = task(iterated)
    assert check_odd.submit(array).result(60) == 24.0
    assert not check_odd.explain().compiled
    with pytest.raises(TypeError):
        status_of(form(iterated, made(ALIGNED)), array)
    with pytest.raises(TypeError):
        status_of(form(length_of, made(ALIGNED)[0]), array[0])


def test_each_dtype_gets_a_form_of_its_own() -> None:
    iterates: Task[..., Any] = task(iterated)
    for dtype in (*DTYPES.values(), OTHERS["names"], OTHERS["format"], OTHERS["class"]):
        array = made(PACKED)[list(PACKED.names or ())].astype(dtype)
        assert repr(iterates.submit(array).result(60)) == repr(iterated(array))


UNTYPED = {
    "holds an array": np.dtype([("x", "f8", (2,)), ("y", "f8")]),
    "fields of its own": np.dtype([("x", [("a", "f8")]), ("y", "f8")]),
    "holds Python objects": np.dtype([("x", "O"), ("y", "f8")]),
    "holds raw bytes": np.dtype([("x", "V8"), ("y", "f8")]),
    "holds float16": np.dtype([("x", "f2"), ("y", "f8")]),
    "foreign byte order": np.dtype([("x", ">f8"), ("y", "f8")]),
    "a title": np.dtype([(("t", "x"), "f8"), ("y", "f8")]),
    "a special character": np.dtype([("x", "f8"), ("y[type=float64;offset=8],z", "f8")]),
    "another order": np.dtype(
        {"names": ["x", "y"], "formats": ["f8", "f8"], "offsets": [8, 0]}
    ),
    "class record": np.dtype((np.record, [("x", "f8")])),
    "metadata": np.dtype(np.dtype([("x", "f8")]), metadata={"unit": "m"}),
    "'x' with metadata": np.dtype([("x", np.dtype("f8", metadata={"unit": "m"})), ("y", "f8")]),
}  # fmt: skip


@pytest.mark.parametrize(("why", "dtype"), UNTYPED.items(), ids=UNTYPED.keys())
def test_dtype_without_a_machine_type_says_why(why: str, dtype: np.dtype[Any]) -> None:
    for value in (np.zeros(2, dtype), np.zeros(2, dtype)[0]):
        if type(value) in (np.ndarray, np.void):
            with pytest.raises(CompileRefused, match=why):
                argument_types_for(shapes, (value,), name="shapes")


# fmt: off
def worth(trades: Any) -> Any:
    total = 0.0
    for trade in trades:
        total += trade["price"] * trade["quantity"]
    return total
def symbol(trades: Any) -> Any: return trades[0]["symbol"]
def times(trades: Any) -> Any: return trades["time"]
def renames(trades: Any) -> Any: trades[0]["symbol"] = "B"
def stamps(trades: Any) -> Any: trades["time"] = trades["time"]
# fmt: on


def trades() -> Any:
    array = np.zeros(
        4,
        [("symbol", "U4"), ("tag", "S3"), ("time", "M8[ns]"), ("price", "f8"), ("quantity", "i8")],
    )
    array["symbol"] = "A"
    array["price"] = [1.5, 2.5, 0.1, 7.0]
    array["quantity"] = [10, 20, 30, 40]
    return array


def test_fields_of_text_and_time_may_be_there() -> None:
    check(worth, trades())
    check(part, trades())


@pytest.mark.parametrize("function", [symbol, times, renames, stamps])
def test_fields_of_text_and_time_are_pythons(function: Callable[..., Any]) -> None:
    check(function, trades(), is_compiled=False)
    with pytest.raises(CompileRefused, match=r"field '(symbol|time)'"):
        form(function, trades())
