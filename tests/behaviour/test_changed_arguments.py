"""Tasks that change the lists and dicts that they are given."""

from __future__ import annotations

from typing import Any

import pytest

from catzilla_jit import Runtime


def bubble(xs: list[int]) -> list[int]:
    for i in range(len(xs)):
        for j in range(len(xs) - 1 - i):
            if xs[j] > xs[j + 1]:
                xs[j], xs[j + 1] = xs[j + 1], xs[j]
    return xs


def quick(xs, first, last):
    if first < last:
        pivot, place = xs[last], first
        for i in range(first, last):
            if xs[i] < pivot:
                xs[i], xs[place] = xs[place], xs[i]
                place += 1
        xs[last], xs[place] = xs[place], xs[last]
        quick(xs, first, place - 1)
        quick(xs, place + 1, last)


def rotate(grid: list[list[int]], n: int) -> Any:
    grid.reverse()
    grid[0][0] = n
    grid.append([n])
    return grid[1], (grid, 1)


def count(words: list[str], counts: dict[str, int], limit: int = 3) -> int:
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    if len(counts) > limit:
        raise ValueError(f"{len(counts)} words")
    return len(counts)


def grow(xs: list[int]) -> None:
    xs.append(2**62)
    xs.append(xs[0] * xs[0])


def both(xs: list[int], ys: list[int]) -> int:
    xs.append(len(ys))
    return len(ys)


CALLS = [
    (bubble, [[3, 1, 2], [], [1], [5, 4, 3, 2**63 - 1, -(2**63)], [2**70, 1], [True, 0]]),
    (grow, [[1], [2**40], []]),
]


def outcome(function: Any, *arguments: Any) -> Any:
    try:
        value = function(*arguments)
        same = [value is each for each in arguments]
        return repr(value), same, repr(arguments)
    except Exception as error:
        return type(error), str(error), repr(arguments)


@pytest.mark.parametrize(("function", "given"), CALLS)
def test_list_is_changed_as_python_does(runtime: Runtime, function: Any, given: Any) -> None:
    task = runtime.task(function)
    assert task.compiled
    for values in given:
        expected = outcome(function, values.copy())
        assert outcome(lambda xs: task.submit(xs).result(), values.copy()) == expected
        assert outcome(task, values.copy()) == expected


def test_list_has_changed_when_the_task_has_ended(runtime: Runtime) -> None:
    task, values = runtime.task(bubble), [3, 1, 2]
    done = task.submit(values)
    done.wait(30)
    assert values == [1, 2, 3]
    assert done.result() is values


def test_helper_that_changes_the_list_is_compiled_for_values_without_hints(
    runtime: Runtime,
) -> None:
    task = runtime.task(quick)
    for values in ([3, 1, 2, 9, 0, 4], [0.5, -1.0, 0.0], ["b", "a", "c"]):
        expected = sorted(values)
        assert task.submit(values, 0, len(values) - 1).result() is None
        assert values == expected
    assert task.compiled
    assert "list[int]" in (task.explain().signature or "")


def test_rows_stay_the_callers_own(runtime: Runtime) -> None:
    task = runtime.task(rotate)
    grid = [[1, 2], [3, 4]]
    rows = list(grid)
    second, (whole, _) = task.submit(grid, 7).result()
    assert task.compiled
    assert grid == [[7, 4], [1, 2], [7]]
    assert whole is grid
    assert (grid[0], grid[1]) == (rows[1], rows[0])
    assert grid[0] is rows[1]
    assert second is rows[0]


def test_exception_leaves_what_python_leaves(runtime: Runtime) -> None:
    task = runtime.task(count)
    for words in (["a", "b", "a"], ["a", "b", "c", "d"], []):
        ours: dict[str, int] = {"b": 5}
        pythons = dict(ours)
        expected = outcome(count, words, pythons)
        assert outcome(lambda w, c: task.submit(w, c).result(), words, ours) == expected
        assert list(ours.items()) == list(pythons.items())
    assert task.compiled


def test_one_list_given_twice_is_one_list(runtime: Runtime) -> None:
    task, values = runtime.task(both), [1]
    assert task.submit(values, values).result() == 2
    assert values == [1, 1]
    assert task.submit([1], [1, 2]).result() == 2
    assert task.compiled
