"""What a function makes of its arguments first: arrays of arrays, lists and numbers."""

from __future__ import annotations

import functools
from sys import float_info
from typing import Any, cast

import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile.frontend.fact import Fact
from support.numpy_calls import named as named_function

LINE = np.arange(1.0, 7.0)
TABLE = np.arange(6.0).reshape(2, 3)


@task
def kept(x):  # type: ignore[no-untyped-def]
    x = np.asanyarray(x, dtype=float)
    return x, x * 2.0


@task
def copied(x):  # type: ignore[no-untyped-def]
    x = np.array(x, dtype="float64", copy=True, ndmin=1)
    x *= 2.0
    return x


@task
def in_a_loop(x):  # type: ignore[no-untyped-def]
    total = 0.0
    for _ in range(2):
        total += np.asarray(x, np.float64).sum()
    return total


@task
def line_of(x):  # type: ignore[no-untyped-def]
    return np.atleast_1d(x) * 2


@task
def rows_of(x):  # type: ignore[no-untyped-def]
    return np.atleast_2d(x) + 1.0


@task
def squeezed(x):  # type: ignore[no-untyped-def]
    return np.squeeze(x) * 2, x.squeeze()


@task
def whole(x):  # type: ignore[no-untyped-def]
    return np.asarray(x, dtype=int) * 2


@task
def items(x, n):  # type: ignore[no-untyped-def]
    return np.array([x[0], x[1] * 2, n]), np.array([[n, 2], [n > 1, 4]])


@task
def limits(x):  # type: ignore[no-untyped-def]
    least = np.finfo(x.dtype).eps
    return x * np.finfo(float).max, least, float_info.min, np.iinfo(np.int64).max


@task
def named(x, form="Sum"):  # type: ignore[no-untyped-def]
    form = form.lower().strip()
    if form.startswith("s"):
        return x.sum()
    return x, open(form)


TINY = 1e-3


@task
def picked(x, y):  # type: ignore[no-untyped-def]
    made = x * 1.0
    made[np.where(np.isnan(y))] = -1.0
    made[np.nonzero(y > 2.0)[0]] = 9.0
    made[np.where(made <= TINY)] = TINY
    return made, x[np.where(y >= 2.0)], x[np.where(y <= 1.0)[0]]


@task
def joined(x, y, n):  # type: ignore[no-untyped-def]
    return np.r_[0, x, n], np.r_[y], np.r_[1, 2], np.r_[x[0], x, y[::-1]], np.c_[x, y], np.c_[x]


CALLS = [
    (joined, LINE, LINE[::-1], 2),
    (joined, np.arange(3), np.arange(3.0), 0.5), (joined, LINE[:1], np.array([True]), 7),
    (picked, LINE, LINE - 1.0), (picked, LINE, np.array([np.nan, 2.0, 1.0, 0.0, 5.0, np.nan])),
    (picked, LINE, LINE[:3]), (picked, np.arange(4), LINE[2:]),
    (items, LINE, 3), (items, np.arange(3), 2.5), (items, np.arange(3, dtype=np.float32), 1),
    (limits, np.zeros(3)), (named, LINE), (named, LINE, "sum "),
    (kept, LINE), (kept, TABLE.T), (kept, [1.0, 2.5]), (kept, [1, 2]), (kept, np.arange(3)),
    (kept, (1.0, 2.0)), (copied, LINE), (copied, np.arange(3)), (copied, [2, 3]),
    (in_a_loop, LINE), (in_a_loop, [1.0, 2.0]), (line_of, LINE), (line_of, 2.5), (line_of, 3),
    (line_of, [1.5, 2.5]), (line_of, True), (rows_of, LINE), (rows_of, TABLE), (squeezed, LINE),
    (squeezed, TABLE), (whole, [1, 2]), (whole, np.arange(3)),
]  # fmt: skip


def outcome(call: Any) -> Any:
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


def same(left: Any, right: Any) -> bool:
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if not isinstance(left, np.ndarray):
        return type(left) is type(right) and bool(left == right)
    alike = left.dtype == right.dtype and left.shape == right.shape
    laid_out = left.size == 0 or left.strides == right.strides
    return alike and laid_out and bool((left == right).all())


@pytest.mark.parametrize("call", CALLS)
def test_array_of_an_argument_is_numpys(call: tuple[Any, ...]) -> None:
    of, *arguments = call
    assert same(of.submit(*arguments).result(), of._jit_function.function(*arguments))
    assert not of._jit_function._refused


@pytest.mark.parametrize(
    ("of", "argument"),
    [
        (squeezed, LINE[:1]), (squeezed, TABLE[:1]), (kept, []), (copied, []), (line_of, []),
        (whole, [1.5, 2.5]), (whole, [np.nan]), (kept, "text"), (rows_of, 2.0), (kept, 2.0),
        (line_of, [[1.0], [2.0]]), (kept, [True, False]), (line_of, LINE[:0]),
    ],
)  # fmt: skip
def test_what_types_do_not_tell_is_left_to_numpy(of: Task[Any, Any], argument: Any) -> None:
    expected = outcome(lambda: of._jit_function.function(argument))
    result = outcome(lambda: of.submit(argument).result())
    assert same(result, expected)


def test_asarray_gives_the_argument_itself() -> None:
    first, _ = kept.submit(LINE).result()
    assert first is LINE


@pytest.mark.parametrize("items", ["0:3, x", "'0,2', x", "x, y[:, None]", "*x, 1.0"])
def test_other_items_of_r_are_left_to_numpy(items: str) -> None:
    of: Task[..., Any] = task(named_function(f"def function(x, y):\n    return np.r_[{items}]"))
    expected = outcome(lambda: of._jit_function.function(LINE, LINE))
    assert same(outcome(lambda: of.submit(LINE, LINE).result()), expected)


def test_dtype_of_another_array_is_not_taken_for_none() -> None:
    @task
    def alike(x, y):  # type: ignore[no-untyped-def]
        return np.asarray(x, dtype=y.dtype), np.array(x, dtype=y.dtype)

    whole = np.arange(3)
    assert same(alike.submit(whole, LINE).result(), (whole * 1.0, whole * 1.0))
    assert alike.explain().compiled


def test_facts_are_equal_if_they_say_the_same() -> None:
    floats = np.dtype(float)
    assert floats == None  # noqa: E711 -- what NumPy says
    assert Fact(None) != Fact(floats)
    assert Fact(1) != Fact(True)
    assert Fact((None,)) != Fact((floats,))
    assert Fact(ndim=1) != Fact(ndim=1, dtype=floats)
    assert len({Fact(1), Fact(1), Fact(True)}) == 2


def test_never_copying_is_an_error_where_numpy_has_to() -> None:
    @task
    def never(x):  # type: ignore[no-untyped-def]
        return np.array(x, dtype=float, copy=False)

    assert never.submit(LINE).result() is LINE
    integers = np.arange(3)
    assert same(
        outcome(lambda: never.submit(integers).result()),
        outcome(lambda: never._jit_function.function(integers)),
    )


def test_squeeze_beside_a_write_is_numpys() -> None:
    @task
    def noted(x, out):  # type: ignore[no-untyped-def]
        out[0] += 1.0
        return np.squeeze(x)

    out = np.zeros(1)
    assert noted.submit(LINE[:1], out).result().shape == ()
    assert out[0] == 1.0


def test_cast_and_dict_by_keywords_are_what_they_give() -> None:
    @task
    def chosen(x, mode):  # type: ignore[no-untyped-def]
        names = dict(near=1, far=2)  # noqa: C408 -- it is what is tried
        return cast("float", x) * names[cast(str, mode)]

    assert chosen.submit(2.5, "far").result() == 5.0
    assert isinstance(chosen.submit(2.5, "off").exception(), KeyError)
    assert chosen.compiled or chosen.explain().compiled


@pytest.mark.parametrize(
    "index", ["0", "-1", "i", "1:, 0", "None, :1", "...", "..., 0", "True", "x > 1"]
)
def test_what_is_known_of_items_is_true(index: str) -> None:
    function: Any = named_function(
        f"def function(x, i=1):\n    y = x[{index}]\n"
        "    return (y.ndim == 1) if isinstance(y, np.ndarray) else None"
    )
    made = task(function)
    for argument in (LINE, TABLE, np.arange(24.0).reshape(2, 3, 4)):
        expected = outcome(functools.partial(function, argument))
        assert outcome(made.submit(argument).result) == expected
