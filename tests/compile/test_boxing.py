"""Values that are no scalars arrive as they were, leave as Python has them, and leak nothing."""

from __future__ import annotations

import pickle
import sys
from typing import Any, Optional

import numba
import numpy
import pytest

from catzilla_jit import task
from catzilla_jit.compile import CompileRefused
from support.compile_harness import compiled, run, status_of


def repeated(text: str, times: int) -> str:
    return text + "-" * times


def length(text: str) -> int:
    return len(text)


def squares(n: int) -> list[int]:
    return [i * i for i in range(n)]


def turned(pair: tuple[int, float, str]) -> tuple[str, int, float]:
    return pair[2], pair[0] + 1, pair[1]


def maybe(x: Optional[int]) -> Optional[int]:  # noqa: UP045
    if x is None:
        return 3
    return None if x > 3 else x


def nested(n: int) -> list[list[int]]:
    return [[i] * 2 for i in range(n)]


def words(text: str) -> list[str]:
    return text.split()


def made_array(n: int) -> Any:
    return numpy.arange(n) * 2.0


def scaled(x: Any, factor: float) -> Any:
    return x * factor


def first_set(x: Any, value: float) -> None:
    x[0] = value


@pytest.mark.parametrize("text", ["", "ab", "héllo", "日本", "🐈a"])
def test_text_of_every_width_arrives_and_returns(text: str) -> None:
    assert run(compiled(repeated), text, 2) == repeated(text, 2)
    assert run(compiled(length), text) == len(text)


def test_lists_return_as_lists() -> None:
    assert run(compiled(squares), 4) == [0, 1, 4, 9]
    assert run(compiled(nested), 2) == [[0, 0], [1, 1]]
    assert run(compiled(words), " a b ") == ["a", "b"]


def test_tuples_arrive_and_return_with_their_types() -> None:
    assert repr(run(compiled(turned), (1, 2.0, "x"))) == "('x', 2, 2.0)"


@pytest.mark.parametrize("x", [None, 2, 5])
def test_optional_arrives_and_returns(x: int | None) -> None:
    assert run(compiled(maybe), x) == maybe(x)


def test_array_is_made_inside() -> None:
    result = run(compiled(made_array), 3)
    assert result.dtype == numpy.float64
    assert result.tolist() == [0.0, 2.0, 4.0]


def test_array_is_shared_not_copied() -> None:
    x = numpy.zeros(3)
    run(compiled(first_set, argument_types=(numba.typeof(x), numba.float64)), x, 7.0)
    assert x[0] == 7.0


def test_array_out_of_a_pickle_fits() -> None:
    def total(values):  # type: ignore[no-untyped-def]
        return values.sum()

    array = pickle.loads(pickle.dumps(numpy.arange(4.0)))
    task = compiled(total, argument_types=(numba.types.float64[::1],))
    assert run(task, array) == 6.0


def test_task_that_writes_to_its_array_is_not_pure() -> None:
    x = numba.typeof(numpy.zeros(3))
    assert not compiled(first_set, argument_types=(x, numba.float64)).pure
    assert compiled(scaled, argument_types=(x, numba.float64)).pure


READ_ONLY = numpy.zeros(3)
READ_ONLY.setflags(write=False)


@pytest.mark.parametrize(
    "value",
    [
        numpy.zeros(3, numpy.int64),
        numpy.zeros(3, numpy.float32),
        numpy.zeros(6)[::2],
        numpy.zeros((3, 1)),
        numpy.zeros(3, ">f8"),
        READ_ONLY,
        [0.0, 0.0],
        "text",
        None,
    ],
    ids=repr,
)
def test_array_of_another_type_or_layout_is_a_type_error(value: Any) -> None:
    task = compiled(first_set, argument_types=(numba.typeof(numpy.zeros(3)), numba.float64))
    with pytest.raises(TypeError):
        status_of(task, value, 1.0)


@pytest.mark.parametrize(
    "value", [(1, 2, "x"), (1.0, 2.0, "x"), (True, 2.0, "x"), (1, 2.0), [1, 2.0, "x"], (1, 2.0, 3)]
)
def test_tuple_with_other_elements_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        status_of(compiled(turned), value)


def test_integer_beyond_64_bits_in_a_tuple_is_an_overflow_error() -> None:
    with pytest.raises(OverflowError):
        status_of(compiled(turned), (2**70, 2.0, "x"))


def test_text_is_released_when_the_task_has_ended() -> None:
    text = "x" * 1000
    before = sys.getrefcount(text)
    task = compiled(repeated)
    for _ in range(3):
        run(task, text, 1)
    assert sys.getrefcount(text) == before


def test_array_is_released_when_the_task_has_ended() -> None:
    x = numpy.zeros(3)
    task = compiled(scaled, argument_types=(numba.typeof(x), numba.float64))
    before = sys.getrefcount(x)
    for _ in range(3):
        run(task, x, 2.0)
    assert sys.getrefcount(x) == before


def in_tuples(t: str, x: float) -> Any:
    values = numpy.full(3, x)
    return t + "x", (values, values[0] + x, t * 2), x + 2.5


def references(result: Any) -> list[int]:
    inner = [sys.getrefcount(result[1][index]) for index in range(3)]
    return inner + [sys.getrefcount(result[index]) for index in range(3)]


def test_nothing_but_the_tuple_holds_what_is_returned_in_it() -> None:
    made = status_of(compiled(in_tuples), "text", 1.5)[2]
    assert repr(made) == repr(in_tuples("text", 1.5))
    assert references(made) == references(in_tuples("text", 1.5))


def test_array_that_is_returned_twice_is_one_object() -> None:
    def twice(x: numpy.ndarray) -> Any:
        made, copied, picked = numpy.exp(x), x.copy(), x[x > 0.0]
        return made, made, copied, copied, picked, picked, made[:], abs(x)

    function: Any = task(twice)
    for result in (twice(numpy.ones(2)), function.submit(numpy.ones(2)).result(60)):
        same = [[one is other for other in result] for one in result]
        assert [sum(row) for row in same] == [2, 2, 2, 2, 2, 2, 1, 1]


def test_strings_do_not_make_a_task_uninterruptible() -> None:
    assert compiled(repeated).interruptible


def test_result_that_would_change_its_type_is_refused() -> None:
    def narrow(n: int) -> Any:
        return [numpy.float32(n)]

    with pytest.raises(CompileRefused, match="returns"):
        compiled(narrow)
