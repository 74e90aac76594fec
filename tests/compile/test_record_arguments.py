"""Structured arrays and their records: compiled code sees, and changes, what Python would."""

from __future__ import annotations

import copy
import ctypes
import pickle
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile import CompiledTask, CompileRefused, argument_types_for
from support.compile_harness import compiled, run, status_of

FIELDS: Any = [("x", "f8"), ("y", "f8"), ("n", "i8"), ("up", "?"), ("z", "c16"), ("small", "i4")]
PACKED = np.dtype(FIELDS)
ALIGNED = np.dtype(FIELDS, align=True)
SPARSE = np.dtype(
    {
        "names": ["x", "y", "n", "up", "z", "small"],
        "formats": ["f8", "f8", "i8", "?", "c16", "i4"],
        "offsets": [3, 16, 24, 40, 48, 64],
        "itemsize": 80,
    }
)
OVERLAID = np.dtype(
    {
        "names": ["n", "x", "up", "y", "z", "small"],
        "formats": ["i8", "f8", "?", "f8", "c16", "i4"],
        "offsets": [0, 0, 4, 8, 16, 20],
        "itemsize": 32,
    }
)
DTYPES = {"packed": PACKED, "aligned": ALIGNED, "sparse": SPARSE, "overlaid": OVERLAID}


def made(dtype: np.dtype[Any], length: int = 6) -> Any:
    """Return records with a different number in each field."""
    array = np.zeros(length, dtype)
    random = np.random.default_rng(3)
    for name in ("small", "up", "n", "z", "y", "x"):
        array[name] = random.integers(0, 2 if name == "up" else 100, length)
        if name in ("x", "y"):
            array[name] += random.random(length)
    return array


def described(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value), [described(each) for each in value]
    if isinstance(value, np.ndarray):
        layout = value.dtype.isalignedstruct, value.strides, value.flags.writeable
        fields = [value[name].tobytes() for name in value.dtype.names or ()]  # not what is between
        return repr(value.dtype), layout, value.shape, fields or value.tobytes()
    return type(value), repr(value)


def outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a call comes to, and what it has made of its arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # compiled code warns of nothing
        try:
            result = described(call(*arguments))
        except Exception as error:
            result = type(error), str(error)
    return result, described(arguments)


def check(function: Callable[..., Any], *arguments: Any, is_compiled: bool = True) -> None:
    """Assert that the task answers, and changes its arguments, as the function does."""
    submitted: Task[..., Any] = task(function)
    ours, pythons = copy.deepcopy(arguments), copy.deepcopy(arguments)
    got = outcome(lambda *values: submitted.submit(*values).result(60), *ours)
    assert got == outcome(function, *pythons)
    assert submitted.explain().compiled is is_compiled, str(submitted.explain())


# --- what is read -----------------------------------------------------------------------------


# fmt: off
def items(a: Any, i: int) -> Any: return a[i]["x"], a["y"][i], a[-1]["n"], a[i]["up"], a["z"][i]
def iterated(a: Any) -> Any:
    total = 0.0
    for r in a:
        total += r["x"] * r["y"]
    return total
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
def shapes(a: Any) -> Any: return len(a), a.shape, a.size, a.ndim, a.itemsize, a[1:].nbytes
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


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES.keys())
@pytest.mark.parametrize("case", READING, ids=lambda case: case[0].__name__)
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
def part(a: Any) -> Any: return a[1:4]
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
def put(r: Any, v: float) -> None: r["x"] = v
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


@pytest.mark.parametrize("dtype", DTYPES.values(), ids=DTYPES.keys())
@pytest.mark.parametrize("function", WRITING)
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


# --- single records ---------------------------------------------------------------------------


# fmt: off
def length_of(r: Any) -> Any: return (r["x"] * r["x"] + r["y"] * r["y"]) ** 0.5, r["n"], r["up"]
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


# --- arguments that are not of the form -------------------------------------------------------


def form(function: Callable[..., Any], *values: Any, **options: Any) -> CompiledTask:
    found = argument_types_for(function, values, name=function.__name__)
    return compiled(function, argument_types=found, **options)


def renamed(dtype: np.dtype[Any], **changes: Any) -> np.dtype[Any]:
    """Return the dtype spelled out, with some of its properties exchanged."""
    fields = dtype.fields or {}
    names = list(dtype.names or ())
    spelled: Any = {
        "names": names,
        "formats": [fields[name][0] for name in names],
        "offsets": [fields[name][1] for name in names],
        "itemsize": dtype.itemsize,
    }
    return np.dtype(spelled | changes)


FORMATS = ["f8", "f8", "i8", "?", "c16", "i4"]
OTHERS = {
    "names": renamed(PACKED, names=["x", "y", "m", "up", "z", "small"]),
    "order": renamed(PACKED, names=["y", "x", "n", "up", "z", "small"]),
    "format": renamed(PACKED, formats=["f8", "f8", "u8", "?", "c16", "i4"]),
    "byte order": renamed(PACKED, formats=["f8", ">f8", "i8", "?", "c16", "i4"]),
    "offset": renamed(SPARSE, offsets=[4, 16, 24, 40, 48, 64]),
    "itemsize": renamed(PACKED, itemsize=PACKED.itemsize + 8),
    "alignment": ALIGNED,
    "class": np.dtype((np.record, FIELDS)),
    "title": np.dtype([(("title", name), kind) for name, kind in FIELDS[:1]] + FIELDS[1:]),
    "metadata": np.dtype(PACKED, metadata={"unit": "m"}),
    "plain": np.dtype("f8"),
}


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


# --- what Python would not do, or does otherwise ----------------------------------------------


# fmt: off
def attribute(a: Any) -> Any: return a.x
def attribute_of_item(a: Any) -> Any: return a[0].x
def attribute_of_each(a: Any) -> Any:
    total = 0.0
    for r in a:
        total += r.x
    return total
def attribute_in_helper(a: Any) -> Any: return x_of(a[0])
def x_of(r: Any) -> Any: return r.x
def sets_attribute(a: Any) -> Any: a[0].x = 1.0
def sets_attribute_of_array(a: Any) -> Any: a.x = 1.0
def unknown(a: Any) -> Any: return a["nothing"]
def unknown_of_item(a: Any) -> Any: return a[0]["nothing"]
def sets_unknown(a: Any) -> Any: a[0]["nothing"] = 1.0
def sets_unknown_of_array(a: Any) -> Any: a["nothing"] = 1.0
# fmt: on

WRONG = [
    attribute, attribute_of_item, attribute_of_each, attribute_in_helper, sets_attribute,
    sets_attribute_of_array, unknown, unknown_of_item, sets_unknown, sets_unknown_of_array,
]  # fmt: skip


@pytest.mark.parametrize("function", WRONG)
@pytest.mark.parametrize("mode", [None, True])
def test_what_fails_in_python_fails_alike(function: Callable[..., Any], mode: Any) -> None:
    made_task: Task[..., Any] = task(compile_to_c=mode)(function)
    expected = outcome(function, made(PACKED))
    assert isinstance(expected[0][0], type)
    assert issubclass(expected[0][0], Exception)
    assert outcome(lambda a: made_task.submit(a).result(60), made(PACKED)) == expected


# fmt: off
def item(a: Any) -> Any: return a[1]
def items_of(a: Any) -> Any: return a[0], a[1]
def in_list(a: Any) -> Any: return [r for r in a]  # noqa: C416
def equal(a: Any) -> Any: return a[0] == a[1]
def equal_arrays(a: Any) -> Any: return a == a[::-1]
def by_number(a: Any) -> Any: return a[0][1]
def by_name(a: Any) -> Any:
    total = 0.0
    for name in ("x", "y"):
        total += a[0][name]
    return total
def several(a: Any) -> Any: return a[["x", "y"]]
def masked(a: Any) -> Any: return a[a["x"] > 3.0]
def picked(a: Any) -> Any: return a[np.array([2, 0])]
def dotted(a: Any) -> Any: return a[...]
def length(a: Any) -> Any: return len(a[0])
def as_tuple(a: Any) -> Any: return a[0].item()
def dtype_of(a: Any) -> Any: return a.dtype.itemsize
def from_tuple(a: Any) -> Any: a[0] = (1.0, 2.0, 3, True, 1j, 4)
def copied(a: Any) -> Any: return a.copy()
def transposed(a: Any) -> Any: return a.T["x"]
def flattened(a: Any) -> Any: return a.ravel()["x"]
def constant(a: Any) -> Any: return TABLE[0]["x"] + a[0]["x"]
def fresh(a: Any) -> Any: return np.zeros(2, PACKED)["x"][0] + a["x"][0]
def optional(a: Any) -> Any:
    best = None
    for r in a:
        if best is None or r["x"] > best["x"]:
            best = r
    return 0.0 if best is None else best["x"]
def part_set(a: Any) -> Any: a[1:3] = a[3:5]
def in_dict(a: Any) -> Any: return {"first": a[0]}
def true(a: Any) -> Any: return 1 if a[0] else 2
def unpacked(a: Any) -> Any:
    x, y, *_ = a[0]
    return x + y
def jitted(a: Any) -> Any: return first_of_copy(a)["x"]
def contained(a: Any) -> Any: return a[0] in a
def as_text(a: Any) -> Any: return f"{a[0]}"
def by_key(a: Any) -> Any: return max(a, key=lambda r: r["x"])["y"]
def in_order(a: Any) -> Any: return sorted(a, key=lambda r: r["x"])[0]["y"]
def caught(a: Any) -> Any:
    try:
        return a["nothing"]
    except ValueError:
        return 3
def flat_field(a: Any) -> Any: a["x"].ravel()[0] = 7.0
def summed_itself(a: Any) -> Any: a["n"] += a["n"][::-1]
def small(a: Any) -> Any: return a["small"] + 1
def small_item(a: Any) -> Any: return a[0]["small"] * 3
def sets_small(a: Any) -> Any: a[0]["small"] = 3
def truncates(a: Any) -> Any: a[0]["n"] = 2.5
def truncates_all(a: Any) -> Any: a["n"] = 2.5
# fmt: on

TABLE = np.ones(2, PACKED)


@numba.njit
def first_of_copy(a: Any) -> Any:
    return a.copy()[0]


LEFT = [
    item, items_of, in_list, equal, equal_arrays, by_number, by_name, several, masked, picked,
    dotted, length, as_tuple, dtype_of, from_tuple, copied, transposed, flattened, constant, fresh,
    unpacked, jitted, contained, as_text, by_key, in_order, caught, summed_itself, optional,
    flat_field, part_set, in_dict, true, small, small_item, sets_small, truncates, truncates_all,
]  # fmt: skip


@pytest.mark.parametrize("function", LEFT)
def test_what_is_not_known_to_be_alike_stays_python(function: Callable[..., Any]) -> None:
    check(function, made(PACKED), is_compiled=False)


REASONS = [
    (attribute, r"the function uses \.x of a structured array"),
    (attribute_of_item, r"the function uses \.x of a record"),
    (unknown, "the structured array has no field 'nothing'"),
    (unknown_of_item, "the record has no field 'nothing'"),
    (item, "the function returns record"),
    (in_list, "records are put into a list"),
    (by_name, "the name of a field is computed"),
    (by_number, "a field is not named by a constant string"),
    (masked, "an index other than ints and slices"),
    (copied, r"the function uses \.copy of a structured array"),
    (constant, "the function uses TABLE, a global that holds records"),
    (optional, "a record on one path and something else on another"),
]


@pytest.mark.parametrize(("function", "why"), REASONS, ids=lambda each: str(each)[:12])
def test_refusal_of_records_says_why(function: Callable[..., Any], why: str) -> None:
    for exact in (True, False):
        with pytest.raises(CompileRefused, match=why):
            form(function, made(PACKED), exact=exact)


def test_other_numbers_are_refused_where_they_are_used_and_compiled_on_demand() -> None:
    with pytest.raises(CompileRefused, match="int32"):
        form(small_item, made(PACKED), exact=True)
    assert run(form(small_item, made(PACKED)), made(PACKED)) == 3 * int(made(PACKED)[0]["small"])


def test_index_out_of_bounds_is_an_index_error_where_asked_for() -> None:
    checked = task(boundscheck=True)(items)
    with pytest.raises(IndexError):
        checked.submit(made(PACKED), 6).result(60)


def test_record_arrays_with_attributes_stay_python() -> None:
    array = made(PACKED).view(np.recarray)
    check(attribute, array, is_compiled=False)
    check(attribute_of_item, array, is_compiled=False)
    check(x_of, array[0], is_compiled=False)


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
