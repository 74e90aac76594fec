"""Dicts as arguments and results: Python's dicts, in their order, never changed from inside."""

from __future__ import annotations

import inspect
import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import types
from numba.core.runtime import _nrt_python, rtsys

from catzilla_jit import task
from catzilla_jit.compile import CompileRefused, argument_types_for
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList
from support.agreement import agrees
from support.compile_harness import compiled, status_of


# fmt: off
def squares(n: int) -> Any: return {i: i * i for i in range(n)}
def texts(n: int) -> Any: return {str(i): i * 0.5 for i in range(n)}
def pairs(n: int) -> Any: return {(i, str(i)): i % 2 == 0 for i in range(n)}
def backwards(n: int) -> Any:
    made = {0: -1}
    for i in range(n, 0, -1):
        made[i] = i
    made.pop(0)
    made[0] = 5
    return made
def mixed(n: int) -> Any: return {"n": n, "squares": {i: i * i for i in range(n)}, "name": "x"}
def beside(n: int) -> Any: return n, {i: str(i) for i in range(n)}
def counted(words: list[str]) -> Any:
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts
def added_up(words: list[str]) -> Any:
    sums = {"": 0.5}
    for word in words:
        sums[word] = 2.0 * sums.get(word, 1.0) - 1.0
    return sums
def item(d: dict[str, float], k: str) -> Any: return d[k]
def looked_up(d: dict[str, float], k: str) -> Any: return d.get(k, 0.5), d.get(k), k in d
def size(d: dict[str, float]) -> Any: return len(d), bool(d), not d, 1 if d else 2
def values(d: dict[str, float]) -> Any: return sum(d.values()), sorted(d.values())
def extremes(d: dict[str, float]) -> Any: return max(d.values()), min(d), max(d.items())
def ordered(d: dict[str, float]) -> Any: return sorted(d), sorted(d.items()), sorted(d.keys())
def in_order(d: dict[str, float]) -> Any: return list(d), list(d.values()), list(d.items())
def raised(e: dict[int, int]) -> Any: return {k: v + 1 for k, v in e.items()}
def copied(e: dict[int, int]) -> Any:
    made = e.copy()
    made[0] = 1
    return made
def by_pair(f: dict[tuple[int, str], bool]) -> Any: return [k[1] for k, v in f.items() if v]
def of_rows(rows: list[dict[str, float]]) -> Any: return [row["a"] for row in rows]
def of_lists(g: dict[str, list[int]]) -> Any: return {k: sum(v) for k, v in g.items()}
# fmt: on

FUNCTIONS = [
    squares, texts, pairs, backwards, mixed, beside, counted, added_up, item, looked_up, size,
    values, extremes, ordered, in_order, raised, copied, by_pair, of_rows, of_lists,
]  # fmt: skip

KEYS = st.sampled_from(["a", "b", "é", "日本", ""])
INTEGERS = st.one_of(st.integers(-3, 3), st.sampled_from([2**63 - 1, -(2**63), 2**63]))
DICTS = st.dictionaries(KEYS, st.floats(), max_size=4)
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "n": st.integers(0, 6),
    "d": st.one_of(DICTS, st.sampled_from([{"a": 1}, {1: 1.0}, {"a": None}, [], None])),
    "k": KEYS,
    "words": st.lists(KEYS, max_size=6),
    "e": st.dictionaries(INTEGERS, INTEGERS, max_size=4),
    "f": st.dictionaries(st.tuples(INTEGERS, KEYS), st.booleans(), max_size=3),
    "rows": st.lists(DICTS, max_size=3),
    "g": st.dictionaries(KEYS, st.lists(INTEGERS, max_size=2), max_size=3),
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_task_of_dicts_answers_as_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    names = inspect.signature(function).parameters
    answered: list[bool] = []

    @settings(max_examples=60)
    @given(st.tuples(*(STRATEGIES[name] for name in names)))
    def compare(arguments: tuple[Any, ...]) -> None:
        # A dict that is not of the type is Python's.
        given = agrees(task, function, arguments, unfit=(TypeError, OverflowError))
        if given is not None:
            answered.append(given)

    compare()
    assert any(answered)


@pytest.mark.parametrize(
    "value", [{"a": 1}, {1: 1.0}, {"a": 1.0, "b": 1}, {"a": None}, [("a", 1.0)], None,
              OrderedDict(a=1.0)], ids=repr,
)  # fmt: skip
def test_what_is_no_dict_of_floats_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        status_of(compiled(size), value)


@pytest.mark.parametrize("value", [{2**63: 1}, {1: 2**63}, {1: 2, -(2**63) - 1: 3}], ids=repr)
def test_integer_beyond_64_bits_in_a_dict_is_an_overflow_error(value: Any) -> None:
    with pytest.raises(OverflowError):
        status_of(compiled(raised), value)


# fmt: off
def sets(d: dict[str, int]) -> Any: d["a"] = 1
def pops(d: dict[str, int]) -> Any: return d.pop("a")
def pops_any(d: dict[str, int]) -> Any: return d.popitem()
def updates(d: dict[str, int]) -> Any: d.update({"a": 1})
def joins(d: dict[str, int]) -> Any: d |= {"a": 1}
def deletes(d: dict[str, int]) -> Any: del d["a"]
def clears(d: dict[str, int]) -> Any: d.clear()
def defaults(d: dict[str, int]) -> Any: return d.setdefault("a", 1)
def inside(d: dict[str, list[int]]) -> Any: d["a"].append(1)
def inside_row(rows: list[dict[str, int]]) -> Any: rows[0]["a"] = 1
def itself(d: dict[str, int]) -> Any: return d
# fmt: on

CHANGING = [
    sets, pops, pops_any, updates, joins, deletes, clears, defaults, inside, inside_row, itself,
]  # fmt: skip


@pytest.mark.parametrize("function", CHANGING, ids=lambda function: function.__name__)
def test_dict_that_was_given_is_neither_changed_nor_returned(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused, match=r"(changes|returns) a (list|dict) that it was given"):
        compiled(function)


# fmt: off
def by_float(d: dict[float, int]) -> Any: return len(d)
def key_of_another_kind(d: dict[int, int]) -> Any: return d.get(1.0)  # type: ignore[call-overload]
def other_default(d: dict[str, int]) -> Any: return d.get("a", 0.5)
def other_key(n: int) -> Any:
    made = {1: n}
    made[True] = 2
    return made
def float_keys(n: int) -> Any: return {i * 0.5: i for i in range(n)}
# fmt: on


@pytest.mark.parametrize(
    "function", [by_float, key_of_another_kind, other_default, other_key, float_keys]
)
def test_keys_and_values_that_would_change_their_kind_are_refused(
    function: Callable[..., Any],
) -> None:
    with pytest.raises(CompileRefused):
        compiled(function)


def any_dict(d):  # type: ignore[no-untyped-def]
    return len(d)


def test_first_item_tells_the_type_of_a_dict_without_a_hint() -> None:
    found = argument_types_for(any_dict, ({"a": 1.5},), name="any_dict")
    assert str(found[0]) == "dict[unicode_type, float64]"
    with pytest.raises(CompileRefused, match="is an empty dict"):
        argument_types_for(any_dict, ({},), name="any_dict")


@pytest.mark.parametrize(
    "type_", [GivenDict(types.int64, GivenList(types.float64)), GivenList(types.unicode_type)]
)
def test_types_of_arguments_can_be_saved(type_: Any) -> None:
    assert pickle.loads(pickle.dumps(type_)) == type_


def allocated() -> int:
    stats = rtsys.get_allocation_stats()
    return stats.alloc - stats.free


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (squares, 3),
        (texts, 3),
        (mixed, 3),
        (values, {"a": 1.0, "b": 2.0}),
        (values, {"a": 1.0, "b": 2}),
        (raised, {1: 2}),
        (raised, {1: 2, 2: 2**63}),
        (of_rows, [{"a": 1.0}, {"a": 2.0}]),
        (of_lists, {"a": [1], "b": [2]}),
        (of_lists, {"a": [1], "b": [2**63]}),
    ],
)
def test_copy_of_a_dict_is_released(function: Callable[..., Any], value: Any) -> None:
    task = compiled(function)
    _nrt_python.memsys_enable_stats()
    before = allocated()
    for _ in range(3):
        try:
            status_of(task, value)
        except (TypeError, OverflowError):
            continue
    assert allocated() == before


def test_task_that_reads_dicts_is_pure_and_can_be_stopped() -> None:
    task = compiled(raised)
    assert task.pure
    assert task.interruptible


# fmt: off
def by_another_key(words: list[str]) -> Any:
    counts = {}
    for word in words:
        counts[word] = counts.get(word + "!", 0) + 1
    return counts
def twice(words: list[str]) -> Any:
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + len(counts)
    return counts
# fmt: on


@pytest.mark.parametrize("function", [by_another_key, twice])
def test_get_of_an_empty_dict_that_cannot_be_split_is_refused(function: Any) -> None:
    with pytest.raises(CompileRefused, match="an empty dict is read before"):
        compiled(function)


@pytest.mark.parametrize(
    "value",
    [{"a": 1, "b": "x"}, {"a": 1, 2: 2}, [1, "x"], [1, 2.5], [True, 1], {"a": 1, "b": None}],
)
def test_container_with_items_of_several_types_is_not_compiled_for(value: Any) -> None:
    def size(values: Any) -> int:
        return len(values)

    with pytest.raises(CompileRefused, match="with items of several types"):
        argument_types_for(size, (value,), name="size")


@pytest.mark.parametrize("hint", [dict[str, str | None], dict[str, dict[str, int | None]]])
def test_dict_of_what_may_be_none_runs_as_python(hint: Any) -> None:
    def size(d, n):  # type: ignore[no-untyped-def]
        return len(d) + n

    size.__annotations__ = {"d": hint, "n": int}
    sized = task(size)
    assert sized.submit({"a": None}, 1).result() == 2
    assert not sized.compiled


LETTERS = {"a": "b", "c": "d"}


def test_get_with_a_default_is_never_none() -> None:
    @task
    def mapped(text: str, own: dict[str, int], other: int):  # type: ignore[no-untyped-def]
        return "".join(LETTERS.get(each, each) for each in text), own.get(text, other) + 2**62

    assert mapped.submit("abc", {"abc": 1}, 2).result() == ("bbd", 1 + 2**62)
    assert mapped.submit("", {"abc": 1}, 2).result() == ("", 2 + 2**62)
    assert mapped.submit("", {"abc": 1}, 2**62).result() == ("", 2**63)
    assert mapped.compiled
    assert mapped.explain().signature.endswith("-> tuple[str, int]")
