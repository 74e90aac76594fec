"""Structured arrays and their records: compiled code sees, and changes, what Python would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.records import (
    ALIGNED,
    DTYPES,
    PACKED,
    SPARSE,
    check,
    form,
    items,
    iterated,
    made,
    part,
    put,
    shapes,
)

# --- what is read -----------------------------------------------------------------------------


# fmt: off
def counted(a: Any) -> Any:
    total = 0
    for i, r in enumerate(a):
        if r["up"]:
            total += i * r["n"]
    return total
def paired(a: Any) -> Any:
    total = 0.0
    for r, s in zip(a, a[::-1]):  # noqa: B905
        total += r["x"] * s["y"]
    return total
def masks(a: Any) -> Any: return a["x"][a["n"] > 30], a["y"] ** 2, a["n"][a["up"]].sum()
def arithmetic(a: Any) -> Any: return a["x"] * a["y"] + 1.0, a["x"] < 3, a["n"] - 1, a["n"] / 2
def reductions(a: Any) -> Any:
    x, n = a["x"], a["n"]
    return x.sum(), x.mean(), x.std(), x.var(), x.max(), np.min(x), x.argmax(), n.sum(), n.max()
def summed(a: Any) -> Any: return a["x"].sum(), a["y"].mean(), a["x"][::-1].var()
def sums(a: Any) -> Any: return a["x"].cumsum(), np.prod(a["y"]), (a["x"] * a["n"]).sum()
def wrapping(a: Any) -> Any:
    total = a["n"][0]
    for r in a:
        total = total * 4611686018427387904 + r["n"]
    return total
def helped(a: Any) -> Any: return distance(a[0], a[1]) + distance(a[2], a[3])
def distance(p: Any, q: Any) -> Any: return (p["x"] - q["x"]) ** 2 + (p["y"] - q["y"]) ** 2
def handed_back(a: Any) -> Any: return last_of(a)["x"], first_rows(a, 2)["y"][1]
def last_of(a: Any) -> Any: return a[-1]
def first_rows(a: Any, n: int) -> Any: return a[:n]
def largest(a: Any) -> Any:
    best = a[0]
    for r in a:
        if r["x"] > best["x"]:
            best = r
    return best["y"]
def some(a: Any) -> Any: return any(r["x"] > 3.0 for r in a), all(r["up"] for r in a)
def listed(a: Any) -> Any: return [float(r["x"]) for r in a if r["up"]]
def missing(a: Any) -> Any: return 0 if a is None else len(a)
def found(a: Any, low: float) -> Any:
    for r in a:
        if r["x"] > low:
            return int(r["n"])
    return -1
def as_arguments(a: Any) -> Any:
    return np.where(a["up"], a["x"], a["y"]), a["up"].any(), np.any(a["n"])
def copies(a: Any) -> Any:
    return a["x"].copy(), a["x"].flatten(), np.zeros_like(a["n"])
def integers(a: Any) -> Any: return np.maximum(a["n"], 3), np.clip(a["n"], 2, 30)
def pythons(a: Any) -> Any: return a["x"][0].item(), a[0]["n"].item(), a["n"][1:2].item()
def numbered(a: Any) -> Any:
    total = 0.0
    for i, x in np.ndenumerate(a["x"]):
        total += x * i[0]
    return total
def in_tuple(a: Any) -> Any: return by_tuple((a, a[::-1]))
def by_tuple(both: Any) -> Any: return both[0]["x"][0] - both[1][0]["x"]
def collected(a: Any) -> Any: return {int(r["n"]): float(r["x"]) for r in a}
def recursive(a: Any) -> Any: return below(a, 3)
def below(a: Any, i: int) -> float: return 1.0 if i < 0 else float(a[i]["x"]) + below(a, i - 1)
# fmt: on

READING: list[Any] = [
    (items, 2), (iterated,), (counted,), (paired,), (shapes,), (arithmetic,), (masks,), (wrapping,),
    (helped,), (handed_back,), (largest,), (some,), (listed,), (missing,), (found, 3.0),
    (as_arguments,), (copies,), (integers,), (pythons,), (numbered,), (in_tuple,), (collected,),
    (recursive,),
]  # fmt: skip


def in_two_layouts(cases: Sequence[Any]) -> list[Any]:
    """Return each case with two of the four layouts: each layout goes with half of all cases.

    A layout decides where a field lies, whatever reads it.
    """
    names = list(DTYPES)
    return [
        pytest.param(
            case, DTYPES[name], id=f"{getattr(case, '__name__', None) or case[0].__name__}-{name}"
        )
        for i, case in enumerate(cases)
        for name in (names[i % 4], names[(i + 1 + i // 4 % 3) % 4])
    ]


@pytest.mark.parametrize(("case", "dtype"), in_two_layouts(READING))
def test_fields_are_read_as_python_reads_them(case: Any, dtype: np.dtype[Any]) -> None:
    function, *rest = case
    check(function, made(dtype), *rest)


def test_reductions_of_fields_are_numpys() -> None:
    check(reductions, made(PACKED))
    check(sums, made(PACKED))


@pytest.mark.parametrize("dtype", [ALIGNED, SPARSE], ids=["aligned", "sparse"])
def test_long_field_of_any_alignment_is_summed_in_numpys_order(dtype: np.dtype[Any]) -> None:
    array = made(dtype, 50_000)
    array["x"] = np.random.default_rng(1).standard_normal(50_000)
    in_buffers, as_one_line = float(array["x"].sum()), float(array["x"].copy().sum())
    assert (in_buffers == as_one_line) is (dtype is ALIGNED)  # the test would see another order
    check(summed, array)


def test_sum_of_negative_zeros_in_a_field_is_numpys() -> None:
    array = np.zeros(3, [("up", "?"), ("x", "f8"), ("y", "f8")])
    array["x"] = array["y"] = -0.0
    check(summed, array)
    check(summed, array.astype(np.dtype(array.dtype.descr, align=True)))


def sums_and_writes(a: Any) -> Any:
    a[0]["x"] = 1.0
    return a["x"].sum()


def test_long_field_is_summed_beside_a_write() -> None:
    check(sums_and_writes, made(SPARSE, 20_000))


@pytest.mark.parametrize("dtype", [PACKED, ALIGNED], ids=["packed", "aligned"])
def test_slices_with_gaps_and_read_only_arrays_have_forms_of_their_own(
    dtype: np.dtype[Any],
) -> None:
    iterates: Task[..., Any] = task(iterated)
    closed = made(dtype)
    closed.flags.writeable = False
    for array in (made(dtype), made(dtype)[::-2], made(dtype)[:0], closed):
        assert repr(iterates.submit(array).result(60)) == repr(iterated(array))
        assert iterates.explain().compiled


def rows(a: Any) -> Any:
    total = a[0, 0]["x"]
    for row in a:
        for r in row:
            total += r["x"]
    return total, a[1, 2]["y"], a[0][1]["n"], a["n"][1, 0], a[:, 1]["x"], a.shape


def test_arrays_of_two_dimensions_are_read() -> None:
    check(rows, made(PACKED).reshape(2, 3))
    check(rows, np.asfortranarray(made(ALIGNED).reshape(2, 3)))


# fmt: off
def odd_names(r: Any) -> Any:
    return r["size"], r["dtype"], r["real"], r["__class__"], r["a b"], r["x"]
def odd_fields(a: Any) -> Any:
    return a["size"], a["dtype"], a["real"], a["__class__"], a["a b"], a["x"], a.size, a.shape
# fmt: on


def test_field_may_have_the_name_of_an_attribute() -> None:
    names = ["size", "dtype", "real", "__class__", "a b", "x"]
    array = np.zeros(3, [(name, "f8") for name in names])
    for number, name in enumerate(names):
        array[name] = number
    check(odd_names, array[1])
    check(odd_fields, array)


# --- results ----------------------------------------------------------------------------------


# fmt: off
def field(a: Any) -> Any: return a["x"]
def number_field(a: Any) -> Any: return a["n"][1:]
def turned(a: Any) -> Any: return a[::-1], a["up"]
def whole(a: Any) -> Any: return a
# fmt: on


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES.keys())
@pytest.mark.parametrize("function", [field, number_field, part, turned, whole])
def test_returned_array_has_the_dtype_and_strides_of_pythons(
    function: Callable[..., Any], dtype: np.dtype[Any]
) -> None:
    check(function, made(dtype))


@pytest.mark.parametrize("function", [field, part, whole])
def test_returned_array_is_a_view_of_the_callers(function: Callable[..., Any]) -> None:
    array = made(PACKED)
    view = task(function).submit(array).result(60)
    assert np.shares_memory(view, array)
    assert view.flags.writeable
    array.flags.writeable = False
    assert not task(function).submit(array).result(60).flags.writeable


# --- what is written --------------------------------------------------------------------------


# fmt: off
def moves(a: Any, dt: float) -> Any:
    for i in range(len(a)):
        a[i]["x"] += a[i]["y"] * dt
def moves_each(a: Any, dt: float) -> Any:
    for r in a:
        r["x"] = r["x"] + r["y"] * dt
def moves_field(a: Any, dt: float) -> Any:
    x, y = a["x"], a["y"]
    for i in range(len(a)):
        x[i] += y[i] * dt
def moves_at_once(a: Any, dt: float) -> Any: a["x"] += a["y"] * dt
def sets(a: Any, v: float) -> Any:
    a["x"][1] = v
    a[1:3]["y"][0] = v
    a["n"][-1] = 7
    a[0]["up"] = not a[0]["up"]
    a[2]["z"] = v
    a[3]["x"] = 5
def sets_fields(a: Any, v: float) -> Any:
    a["x"] = v
    a["y"][2:] = a["x"][2:]
    a["n"] = 3
def turns_field(a: Any, v: float) -> Any: a["x"] = a["x"][::-1]
def swaps(a: Any, v: float) -> Any: a[0], a[1] = a[1], a[0]
def keeps_a_view(a: Any, v: float) -> Any:
    r = a[0]
    a[0]["x"] = v
    a[1] = r
    before = r["x"]
    r["x"] = 2 * v
    return before, a[0]["x"], a[1]["x"]
def by_helper(a: Any, v: float) -> Any:
    put(a[0], v)
    put(a[1:][0], v)
def sorts(a: Any, v: float) -> Any:
    a["n"].sort()
    a["y"][a["up"]] = v
    a[0]["n"] += 1
    a[0]["up"] ^= True
    a[1]["z"] *= 2
def chosen(a: Any, v: float) -> Any:
    r = a[0] if v > 1 else a[1]
    r["x"] = v
# fmt: on

WRITING = [
    moves, moves_each, moves_field, moves_at_once, sets, sets_fields, turns_field, swaps,
    keeps_a_view, by_helper, chosen, sorts,
]  # fmt: skip


@pytest.mark.parametrize(("function", "dtype"), in_two_layouts(WRITING))
def test_fields_are_written_through_to_the_callers_array(
    function: Callable[..., Any], dtype: np.dtype[Any]
) -> None:
    check(function, made(dtype), 1.5)


@pytest.mark.parametrize("function", WRITING)
def test_task_that_writes_to_records_is_not_run_twice(function: Callable[..., Any]) -> None:
    assert not form(function, made(PACKED), 1.5).pure


def test_task_that_reads_records_is_pure_and_can_be_stopped() -> None:
    reads = form(iterated, made(PACKED))
    assert reads.pure
    assert reads.interruptible


def overflows(a: Any, n: int) -> Any:
    a[0]["n"] = 1
    return n * n


def test_overflow_after_a_write_to_a_record_raises() -> None:
    array = made(PACKED)
    with pytest.raises(OverflowError):
        task(overflows).submit(array, 2**40).result(60)
    assert array[0]["n"] == 1


@pytest.mark.parametrize("function", WRITING)
def test_read_only_array_is_not_written_to(function: Callable[..., Any]) -> None:
    array = made(PACKED)
    array.flags.writeable = False
    before = array.tobytes()
    with pytest.raises(ValueError, match="read-only"):
        task(function).submit(array, 1.5).result(60)
    assert array.tobytes() == before
