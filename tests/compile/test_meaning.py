"""Python's meaning where Numba's is another: NumPy numbers, sets, constants that change."""

from __future__ import annotations

from typing import Any

import numba
import numpy
import pytest

from catzilla_jit.compile import STATUS_OVERFLOW, CompileRefused, Dependencies
from support.compile_harness import compiled, run, status_of

COUNTER = 0
FACTOR = 3


def count() -> None:
    global COUNTER
    COUNTER += 1


def helper(x: int) -> int:
    return x * FACTOR


def with_array(function: Any, values: Any) -> Any:
    return compiled(function, argument_types=(numba.typeof(values),))


def test_number_from_an_array_is_numpys() -> None:
    def first(x: Any) -> Any:
        return x[0] * 2

    def python(x: Any) -> float:
        return float(x[0])

    values = numpy.arange(3.0)
    assert with_array(first, values).result.numpy
    assert not with_array(python, values).result.numpy


def test_sum_of_an_array_is_numpys() -> None:
    def total(x: Any) -> Any:
        return x.sum()

    assert with_array(total, numpy.arange(3.0)).result.numpy


def test_numpy_float_divides_by_zero_without_an_exception() -> None:
    def inverse(x: Any) -> Any:
        return 1.0 / x[0]

    assert run(with_array(inverse, numpy.zeros(1)), numpy.zeros(1)) == float("inf")


def test_numpy_integer_wraps_as_in_numpy() -> None:
    def more(x: Any) -> Any:
        return x[0] + x[1]

    values = numpy.array([2**63 - 1, 1])
    assert run(with_array(more, values), values) == -(2**63)


def test_numpy_integer_is_not_divided_by_zero() -> None:
    def over(x: Any) -> Any:
        return x[0] // x[1]

    values = numpy.array([5, 0])
    assert status_of(with_array(over, values), values)[0] == STATUS_OVERFLOW


def test_argument_of_a_python_type_stays_pythons() -> None:
    def more(x: int, y: int) -> int:
        return x + y

    assert not compiled(more).result.numpy


def list_of_a_set(n: int) -> Any:
    return list({n, 1, 5})


def loop_over_a_set(n: int) -> int:
    result = 0
    for value in {n, 1, 5}:
        result = result * 10 + value
    return result


def first_of_a_set(n: int) -> int:
    return {n, 1}.pop()


def text_of_a_set(s: str) -> str:
    return "".join(set(s))


@pytest.mark.parametrize(
    "function", [list_of_a_set, loop_over_a_set, first_of_a_set, text_of_a_set]
)
def test_order_of_a_set_is_refused(function: Any) -> None:
    with pytest.raises(CompileRefused, match="whose order is Python's own"):
        compiled(function)


def test_what_does_not_depend_on_the_order_of_a_set_is_compiled() -> None:
    def distinct(n: int) -> Any:
        values = {n, 1, 5}
        return sorted(values), len(values), 5 in values

    assert run(compiled(distinct), 3) == ([1, 3, 5], 3, True)


def test_constant_beyond_64_bits_is_refused() -> None:
    def large(x: int) -> int:
        return x % 10**19

    with pytest.raises(CompileRefused, match="beyond 64 bits"):
        compiled(large)


def test_global_that_a_function_assigns_is_refused() -> None:
    def reads(x: int) -> int:
        return x + COUNTER

    with pytest.raises(CompileRefused, match="the global COUNTER, which a function assigns"):
        compiled(reads)


def test_constants_and_helpers_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    def task(x: int) -> int:
        return helper(x)

    dependencies = Dependencies(task)
    assert dependencies.unchanged()
    monkeypatch.setitem(helper.__globals__, "FACTOR", 4)
    assert not dependencies.unchanged()


def test_closures_are_watched() -> None:
    step = 1

    def task(x: int) -> int:
        return x + step

    dependencies = Dependencies(task)
    assert dependencies.unchanged()
    step = 2
    assert not dependencies.unchanged()


def test_handler_of_a_task_with_side_effects_is_refused() -> None:
    def loud(s: str) -> int:
        print(s)
        try:
            return int(s)
        except ValueError:
            return -1

    with pytest.raises(CompileRefused, match="the function has `try` and side effects"):
        compiled(loud)


def test_handler_of_a_pure_task_is_left_to_python() -> None:
    def quiet(s: str) -> int:
        try:
            return int(s)
        except ValueError:
            return -1

    task = compiled(quiet)
    assert run(task, "12") == 12
    assert status_of(task, "x")[0] == STATUS_OVERFLOW


def test_enumerate_takes_its_start_by_name() -> None:
    def numbered(words: list[str]) -> str:
        text = ""
        for i, word in enumerate(words, start=2):
            text += str(i) + word
        return text

    assert run(compiled(numbered), ["a", "b"]) == numbered(["a", "b"])


def counted(values: Any, n: int) -> int:
    table = numpy.zeros(n)
    found = []
    for i in range(n):
        table[i] = i
        found.append(i)
    return found[n]


def through_a_list(values: Any, n: int) -> int:
    rows = [values]
    rows[0][0] = 7.0
    return n


def through_a_copied_name(values: Any, n: int) -> int:
    line = values
    if n > 0:
        line = numpy.zeros(2)
    line[0] = 1.0
    return n


def test_writing_to_what_the_task_made_is_no_side_effect() -> None:
    types_ = (numba.typeof(numpy.zeros(3)), numba.int64)
    assert compiled(counted, argument_types=types_).pure
    assert not compiled(through_a_list, argument_types=types_).pure
    assert not compiled(through_a_copied_name, argument_types=types_).pure


def ends_anyway(x: int, y: int) -> int:
    try:
        x //= y
    finally:
        x += 100
    return x


def raises_another(x: int, y: int) -> int:
    try:
        return x // y
    except Exception:
        raise ValueError("bad")  # noqa: B904


@pytest.mark.parametrize("function", [ends_anyway, raises_another])
def test_exception_that_passes_a_handler_leaves_the_kernel(function: Any) -> None:
    task = compiled(function)
    assert run(task, 6, 2) == function(6, 2)
    assert status_of(task, 6, 0)[0] == STATUS_OVERFLOW


def writes_and_ends(values: Any, k: int) -> None:
    try:
        values[k] += 1.0
    finally:
        values[0] = 2.0


def writes_and_catches(values: Any, k: int) -> int:
    try:
        values[k] += 1.0
    except Exception:
        return -1
    return 1


@pytest.mark.parametrize("function", [writes_and_ends, writes_and_catches])
def test_try_around_side_effects_is_left_to_python(function: Any) -> None:
    with pytest.raises(CompileRefused, match="the function has `try` and side effects"):
        compiled(function, argument_types=(numba.typeof(numpy.zeros(3)), numba.int64))
