"""Tasks that are given lists and dicts: read at the submission, changed only where Python would."""

from __future__ import annotations

from typing import Any

import pytest

from catzilla_jit import Runtime


def total(xs: list[int]) -> int:
    result = 0
    for x in xs:
        result += x
    return result


def mean(xs: list[float], digits: int = 2) -> Any:
    return round(sum(xs) / len(xs), digits)


def largest(xs):
    best = xs[0]
    for x in xs:
        if x > best:
            best = x
    return best


def emptied(xs: list[int]) -> int:
    count = len(xs)
    xs.clear()
    return count


def same(xs: list[int]) -> Any:
    return xs


def words(texts: list[str]) -> Any:
    return [text.upper() for text in texts]


def doubled(rows: list[list[float]]) -> Any:
    return [[x * 2.0 for x in row] for row in rows]


def test_list_is_read_when_the_task_is_submitted(runtime: Runtime) -> None:
    xs = [1, 2, 3]
    result = runtime.task(total, compile_to_c="require", delay_ms=20).submit(xs)
    xs.append(10)
    assert result.result() == 6


def test_list_results_are_lists_of_their_own(runtime: Runtime) -> None:
    texts = ["a", "é"]
    result = runtime.task(words, compile_to_c="require").submit(texts)
    assert result.result() == ["A", "É"]
    assert texts == ["a", "é"]
    rows = [[1.0], [], [2.0, 3.0]]
    assert runtime.task(doubled, compile_to_c="require").submit(rows).result() == [
        [2.0], [], [4.0, 6.0],
    ]  # fmt: skip


@pytest.mark.parametrize("value", [[], [1, 2.5], [2**70, 1], [2**62] * 3, (1, 2), [True, True]])
def test_any_list_has_pythons_answer(runtime: Runtime, value: Any) -> None:
    answer = runtime.task(total).submit(value).result()
    assert (type(answer), answer) == (type(total(value)), total(value))


@pytest.mark.parametrize(
    "value", [[2.0, 5.0], [2, 5], ["a", "b"], [[1], [2]], [1, 2.5], [(1, "a")]]
)
def test_list_without_a_hint_is_compiled_for_what_it_holds(runtime: Runtime, value: Any) -> None:
    answer = runtime.task(largest).submit(value).result()
    assert (type(answer), answer) == (type(largest(value)), largest(value))


def test_list_of_ints_in_the_place_of_floats_stays_ints(runtime: Runtime) -> None:
    assert repr(runtime.task(largest).submit([2, 5]).result()) == "5"
    assert repr(runtime.task(mean).submit([2, 5]).result()) == "3.5"


def test_defaults_and_keywords_go_with_lists(runtime: Runtime) -> None:
    task = runtime.task(mean, compile_to_c="require")
    assert task.submit(xs=[1.0, 1.001]).result() == 1.0
    assert task.submit([1.0, 1.001], digits=4).result() == mean([1.0, 1.001], 4)


def test_task_that_changes_its_list_changes_the_callers(runtime: Runtime) -> None:
    xs = [1, 2]
    task = runtime.task(emptied)
    assert task.compiled
    assert task.submit(xs).result() == 2
    assert xs == []


def test_task_that_returns_its_list_returns_the_callers(runtime: Runtime) -> None:
    xs = [1, 2]
    assert runtime.task(same).submit(xs).result() is xs


def test_task_that_must_be_compiled_refuses_what_is_no_list_of_its_type(runtime: Runtime) -> None:
    task = runtime.task(total, compile_to_c="require")
    with pytest.raises(TypeError, match="total"):
        task.submit([1, "2"])


def test_direct_call_takes_lists(runtime: Runtime) -> None:
    task = runtime.task(total, compile_to_c="require")
    task.warm_up()
    assert task([1, 2, 3]) == 6
    assert task([2**62] * 3) == 3 * 2**62


def tallied(counts: dict[str, int], more: dict[str, int]) -> Any:
    made = counts.copy()
    for key, count in more.items():
        made[key] = made.get(key, 0) + count
    return made


def test_dict_is_read_when_the_task_is_submitted(runtime: Runtime) -> None:
    counts = {"b": 1, "a": 2}
    task = runtime.task(tallied, compile_to_c="require", delay_ms=20)
    result = task.submit(counts, {"a": 3})
    counts["c"] = 9
    assert list(result.result().items()) == [("b", 1), ("a", 5)]
    assert counts == {"b": 1, "a": 2, "c": 9}


@pytest.mark.parametrize("value", [{}, {"a": 1.5}, {"a": 2**63}, {1: 1}, {"a": "b", "c": "d"}])
def test_any_dict_has_pythons_answer(runtime: Runtime, value: Any) -> None:
    def outcome(call: Any) -> Any:
        try:
            return repr(call())
        except Exception as error:
            return repr(error)

    task = runtime.task(tallied)
    answer = outcome(lambda: task.submit(value, value).result())
    assert answer == outcome(lambda: tallied(value, value))


def added(counts: dict[str, int], key: str) -> int:
    counts[key] = len(counts)
    return len(counts)


def test_task_that_changes_its_dict_changes_the_callers(runtime: Runtime) -> None:
    counts = {"a": 1}
    assert runtime.task(added).submit(counts, "b").result() == 2
    assert counts == {"a": 1, "b": 1}


def test_map_over_lists_gives_each_task_its_list(runtime: Runtime) -> None:
    assert list(runtime.task(total).map([[1, 2], [3, 4]])) == [3, 7]
