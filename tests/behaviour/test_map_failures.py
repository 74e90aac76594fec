"""What a failed element of a map leaves: where it was, and what stands in its place."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from catzilla_jit import TaskStatus
from catzilla_jit.pools.native.library import copy_exception
from support.kernels import PATIENCE

INPUT = [[1, 0], [2, 0]]


def inverse(x: int) -> float:
    return 1 / x


def complex_inverse(x: int) -> complex:
    return 1j / (x + 0j)


def quotient(x: int) -> int:
    return 6 // x


def is_large(x: int) -> bool:
    return 6 // x > 3


def square(x: int) -> int:
    return x * x


def collected(task, **options):
    batch = task.submit_map(INPUT, errors="collect", **options)
    array = batch.wait(PATIENCE)
    assert sorted(batch.errors) == [1, 3]
    return array


def test_nan_stands_at_failed_elements_of_floats(make):
    array = collected(make(inverse))
    assert array.dtype == np.float64
    assert np.array_equal(array, [[1.0, np.nan], [0.5, np.nan]], equal_nan=True)


def test_nan_stands_at_failed_elements_of_complex_numbers(make):
    array = collected(make(complex_inverse))
    assert array.dtype == np.complex128
    assert array[:, 0].tolist() == [1j, 0.5j]
    assert np.isnan(array[:, 1]).all()


def test_zero_stands_at_failed_elements_of_integers_and_bools(make):
    assert collected(make(quotient)).tolist() == [[6, 0], [3, 0]]
    assert collected(make(is_large)).tolist() == [[True, False], [False, False]]


def test_failed_elements_of_out_are_marked_and_no_others(make):
    out = np.full((2, 2), 7.0)
    assert collected(make(inverse), out=out) is out
    assert np.array_equal(out, [[1.0, np.nan], [0.5, np.nan]], equal_nan=True)


def test_failed_elements_are_marked_once(make):
    batch = make(inverse).submit_map(INPUT, errors="collect")
    batch.wait(PATIENCE)[0, 1] = 5.0
    assert batch.wait(PATIENCE)[0, 1] == 5.0


def test_none_stands_at_failed_elements_of_objects(runtime):
    texts = runtime.task(lambda x: str(1 // x), compile_to_c=False)
    assert collected(texts).tolist() == [["1", None], ["0", None]]


def test_map_without_a_value_is_of_nan(make):
    assert np.isnan(make(inverse).submit_map([0, 0], errors="collect").wait(PATIENCE)).all()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have no notes")
def test_failed_element_is_named_by_a_note_and_the_exception_stays_pythons(make):
    with pytest.raises(ZeroDivisionError) as raised:
        make(inverse).map([[1, 2], [3, 0]])
    assert raised.value.args == ("division by zero",)
    assert raised.value.__notes__ == ["task inverse, element 3 of the map"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have no notes")
def test_copied_exception_keeps_its_notes():
    error = ValueError("x")
    error.add_note("where")
    copy = copy_exception(error)
    copy.add_note("more")
    assert error.__notes__ == ["where"]
    assert copy.__notes__ == ["where", "more"]


def test_overflow_in_a_map_names_the_task_and_the_element(runtime):
    task = runtime.task(square)
    if not task.compiled:
        pytest.skip("runs as Python, which has no overflow")
    with pytest.raises(OverflowError, match=r"task square, element 2 of the map: .* does not fit"):
        task.map([1, 2, 2**40])


def number_of(code: int) -> int:
    return int(["12", "x", "7"][code])


def safe(x: int) -> int:
    try:
        return [10, 20][x]
    except IndexError:
        return -1


def rounded(x: float) -> float:
    return round(x, 2)


def squares_difference(x: int) -> int:
    return x * x - x * x + 1


def test_item_that_compiled_code_has_no_answer_to_gets_pythons(make):
    assert make(safe).map([0, 5, 1, -7]).tolist() == [10, -1, 20, -1]
    assert make(rounded).map([2.675, 1.0, 0.125]).tolist() == [2.67, 1.0, 0.12]
    assert make(squares_difference).map([1, 2**40, 3]).tolist() == [1, 1, 1]


def test_item_that_compiled_code_has_no_answer_to_gets_pythons_exception(make):
    with pytest.raises(ValueError, match=r"invalid literal for int\(\) with base 10: 'x'"):
        make(number_of).map([0, 1, 2])
    batch = make(number_of).submit_map([[0, 1], [5, 2]], errors="collect")
    assert batch.wait(PATIENCE).tolist() == [[12, 0], [0, 7]]
    assert {index: type(error) for index, error in batch.errors.items()} == {
        1: ValueError,
        2: IndexError,
    }


def test_items_left_to_python_do_not_stop_a_map(make):
    values = np.arange(1000) % 7
    batch = make(safe).submit_map(values, chunk_size=10)
    assert batch.wait(PATIENCE).tolist() == [safe(x) for x in values.tolist()]
    assert batch.status() is TaskStatus.COMPLETED
    assert not batch.errors


def test_items_left_to_python_write_to_an_output_that_is_the_input(make):
    values = np.array([0, 5, 1])
    assert make(safe).map(values, out=values) is values
    assert values.tolist() == [10, -1, 20]


def test_overflow_in_a_task_with_side_effects_names_the_task(runtime):
    @runtime.task
    def increase(values: np.ndarray, x: int) -> int:
        values[0] += 1.0
        return x * x

    assert increase.submit(np.zeros(2), 3).result(PATIENCE) == 9
    with pytest.raises(OverflowError, match=r"task increase: .* does not fit compiled code"):
        increase.submit(np.zeros(2), 2**40).result(PATIENCE)


def first_and_item(values: np.ndarray, items: list[int], k: int) -> int:
    values[0] += 1.0
    return items[k]


def first_and_value(values: np.ndarray, items: dict[str, int], key: str) -> int:
    values[0] += 1.0
    return items[key]


def test_exceptions_of_a_task_with_side_effects_have_pythons_words(runtime):
    item = runtime.task(first_and_item).submit(np.zeros(1), [1], 4).exception(PATIENCE)
    assert repr(item) == repr(IndexError("list index out of range"))
    value = runtime.task(first_and_value).submit(np.zeros(1), {"a": 1}, "b").exception(PATIENCE)
    assert repr(value) == repr(KeyError("b"))
