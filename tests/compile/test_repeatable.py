"""Which tasks with side effects Python may run again: those that only write to what they are given.

Each of the functions needs Python's answer (`n * n` beyond 64 bits, an error of `int(text)`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Runtime, Task, task

FAR = 2**40


def fill(out: np.ndarray, texts: list[str]) -> None:
    for i in range(len(texts)):
        out[i] = int(texts[i])


def by_views(out: np.ndarray, n: int) -> int:
    first = out[0]
    for j in range(first.shape[0]):
        first[j] = j
    out[1:, 0] = 7.0
    out[-1][:] = 9.0
    return n * n


def handed_back(out: np.ndarray, n: int) -> Any:
    out[:] = 3.0
    return out if n * n > 0 else out[1:]


def handler(out: np.ndarray, n: int) -> int:
    try:
        out[0, 5] = 1.0
    except IndexError:
        out[0, 0] = 5.0
    return n


def counts(out: np.ndarray, n: int) -> int:
    out[0] += 1.0
    return n * n


def reads_by_another_name(out: np.ndarray, n: int) -> int:
    other = out
    out[0] = other[1] + 1.0
    return n * n


def keeps_a_copy(out: np.ndarray, n: int) -> Any:
    copy = out[out.shape[0] > np.arange(2)]
    out[0] = 5.0
    return n * n, copy


def draws(out: np.ndarray, n: int) -> int:
    if np.random.random() < 0.5:
        out[0] = 1.0
    return n * n


def set_first(values: Any, x: float) -> None:
    values[0] += x


def by_a_helper(out: np.ndarray, n: int) -> int:
    set_first(out[0], 1.0)
    return n * n


@pytest.fixture(scope="module")
def make() -> Iterator[Callable[..., Task[..., Any]]]:
    with Runtime(workers=1) as runtime:
        yield runtime.task()


@pytest.mark.parametrize("function", [by_views, handed_back, handler])
def test_task_that_only_writes_leaves_what_python_leaves(make: Any, function: Any) -> None:
    expected, out = np.ones((3, 2)), np.ones((3, 2))
    value = function(expected, FAR)
    task = make(function)
    assert repr(task.submit(out, FAR).result(60)) == repr(value)
    assert out.tolist() == expected.tolist()
    assert task.explain().compiled
    assert task.explain().repeatable
    assert not task.explain().pure


def test_error_of_a_task_that_only_writes_is_pythons(make: Any) -> None:
    task, out = make(fill), np.zeros(3)
    with pytest.raises(ValueError, match="invalid literal for int"):
        task.submit(out, ["1", "x", "3"]).result(60)
    assert out.tolist() == [1.0, 0.0, 0.0]
    assert task.explain().compiled


@pytest.mark.parametrize(
    "function", [counts, reads_by_another_name, keeps_a_copy, draws, by_a_helper]
)
def test_task_that_may_read_what_it_wrote_runs_once(make: Any, function: Any) -> None:
    task = make(function)
    error = task.submit(np.ones((2, 2)), FAR).exception(60)
    if task.explain().compiled:
        assert isinstance(error, OverflowError)
        assert not task.explain().repeatable


def test_overlapping_arguments_are_not_written_to_twice(make: Any) -> None:
    def moved(out: np.ndarray, values: np.ndarray, n: int) -> int:
        out[0] = values[0] + 1.0
        return n * n

    task, memory = make(moved), np.zeros(4)
    error = task.submit(memory[:3], memory[::2], FAR).exception(60)
    assert isinstance(error, OverflowError)
    assert "task moved" in str(error)
    assert "overlaps another argument" in str(error)
    assert memory.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert task.submit(memory[1::2], memory[::2], FAR).result(60) == FAR * FAR


@pytest.mark.parametrize(
    "index", [np.array([0, 1]), np.array([True, True, False])], ids=["places", "mask"]
)
def test_overlapping_arguments_are_seen_where_an_index_is_an_array(make: Any, index: Any) -> None:
    def picked(out: np.ndarray, values: np.ndarray, index: np.ndarray, n: int) -> int:
        out[index] = values[index] + 1.0
        return n * n

    task, memory = make(picked), np.arange(4.0)
    assert isinstance(task.submit(memory[:3], memory[1:], index, FAR).exception(60), OverflowError)
    assert memory.tolist() == [2.0, 3.0, 2.0, 3.0]
    assert task.explain().compiled
    assert task.explain().repeatable


def test_answer_that_is_missing_after_a_write_is_an_overflow() -> None:
    """NumPy warns of the mean, and raises a LinAlgError: neither is a ValueError."""

    @task
    def centred(values):  # type: ignore[no-untyped-def]
        values -= values.mean()
        return values

    @task
    def inverse(values):  # type: ignore[no-untyped-def]
        values[0] += 1.0
        return np.linalg.inv(values)

    @task
    def picked(values):  # type: ignore[no-untyped-def]
        values[0] += 1.0
        return values[np.array([7])]

    with pytest.raises(IndexError):
        picked.submit(np.ones(3)).result(60)
    for made, values in ((centred, np.zeros(0)), (inverse, np.ones((2, 3)))):
        with pytest.raises(OverflowError, match="does not fit compiled code"):
            made.submit(values).result(60)
