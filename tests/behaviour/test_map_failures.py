"""What a failed element of a map leaves: where it was, and what stands in its place."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from kernels import PATIENCE

from catzilla_jit.runtime.native import copy_exception

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


def test_overflow_in_a_task_with_side_effects_names_the_task(runtime):
    @runtime.task
    def fill(values: np.ndarray, x: int) -> int:
        values[0] = 1.0
        return x * x

    assert fill.submit(np.zeros(2), 3).result(PATIENCE) == 9
    with pytest.raises(OverflowError, match=r"task fill: .* does not fit compiled code"):
        fill.submit(np.zeros(2), 2**40).result(PATIENCE)
