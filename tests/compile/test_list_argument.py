"""List arguments: read as Python reads them, never changed behind the caller's back."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Optional

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.runtime import _nrt_python, rtsys

from catzilla_jit.compile import STATUS_OVERFLOW, CompileRefused, argument_types_for
from support.agreement import agrees
from support.compile_harness import compiled, status_of


# fmt: off
def total(xs: list[int]) -> Any: return sum(xs)
def product(a: list[float], b: list[float]) -> Any: return sum(x * y for x, y in zip(a, b))  # noqa: B905
def item(xs: list[int], n: int) -> Any: return xs[n]
def part(xs: list[int], n: int) -> Any: return xs[n:], xs[:n], xs[::-1], xs[::2]
def joined(s: list[str]) -> Any: return ", ".join(s)
def extremes(a: list[float]) -> Any: return max(a), min(a)
def ordered(s: list[str], a: list[float]) -> Any: return sorted(s), sorted(a)
def truth(xs: list[int]) -> Any: return 1 if xs else 2, not xs, len(xs)
def found(xs: list[int], n: int) -> Any: return n in xs, n not in xs, xs.count(n)
def found_float(a: list[float], x: float) -> Any: return x in a, a.count(x)
def found_text(s: list[str], t: str) -> Any: return t in s, s.count(t)
def place(xs: list[int], n: int) -> Any: return xs.index(n)
def compared(xs: list[int], ys: list[int]) -> Any: return xs == ys, xs != ys, xs < ys, xs >= ys
def with_made(xs: list[int]) -> Any: return xs == [1, 2], [0] + xs, xs + [0], xs * 2  # noqa: RUF005
def pairs(p: list[tuple[int, str]]) -> Any: return [b + str(a) for a, b in p]
def numbered(s: list[str]) -> Any: return [(i, x) for i, x in enumerate(s)]
def chosen(xs: list[int]) -> Any: return [x * x for x in xs if x % 2 == 0]
def sums(rows: list[list[int]]) -> Any: return [sum(row) for row in rows]
def column(rows: list[list[int]], n: int) -> Any: return [row[n] for row in rows]
def longest(rows: list[list[int]]) -> Any: return max([len(row) for row in rows])
def row_copy(rows: list[list[int]]) -> Any: return rows[0].copy() + rows[-1][:]
def copies(xs: list[int]) -> Any: return list(xs), xs.copy(), xs[:]
def turned(xs: list[int]) -> Any: return [x for x in reversed(xs)]  # noqa: C416
def truths(xs: list[int], p: list[bool]) -> Any: return any(xs), all(x > 1 for x in xs), any(p)
def apart(xs: list[int]) -> Any: return len(set(xs))
def two(xs: list[int]) -> Any:
    a, b = xs
    return a - b
def worked_on(xs: list[int]) -> Any:
    ys = list(xs)
    ys.append(len(xs))
    ys.sort()
    return ys
def last(s: list[str]) -> Any: return s[-1]
def spun(z: list[complex]) -> Any: return [each * 1j for each in z]
def maybe(xs: Optional[list[int]] = None) -> Any: return -1 if xs is None else len(xs)  # noqa: UP045
def in_tuple(q: tuple[list[int], str]) -> Any: return q[1] * len(q[0])
# fmt: on

FUNCTIONS = [
    total, product, item, part, joined, extremes, ordered, truth, found, found_float, found_text,
    place, compared, with_made, pairs, numbered, chosen, sums, column, longest, row_copy, copies,
    turned, truths, apart, two, worked_on, last, spun, maybe, in_tuple,
]  # fmt: skip

SMALL = st.integers(-3, 4)
INTEGERS = st.one_of(SMALL, st.sampled_from([2**53 + 1, 2**62, 2**63 - 1, -(2**63)]))
TEXTS = st.text(alphabet="aé日🐈", max_size=3)
LISTS_OF_INTEGERS = st.lists(INTEGERS, max_size=5)
#: Lists that are hinted otherwise than they are: the call is Python's.
ODD = st.sampled_from([[1, 2.0], [True], [2**63], ["1"], (1, 2), [None], [[]], {}, None])
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "xs": st.one_of(LISTS_OF_INTEGERS, ODD),
    "ys": LISTS_OF_INTEGERS,
    "a": st.lists(st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1.5])), max_size=5),
    "b": st.lists(st.floats(), max_size=5),
    "s": st.lists(TEXTS, max_size=4),
    "t": TEXTS,
    "n": st.integers(-6, 6),
    "x": st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1.5])),
    "p": st.lists(st.booleans(), max_size=3),
    "z": st.lists(st.complex_numbers(), max_size=3),
    "rows": st.lists(LISTS_OF_INTEGERS, max_size=3),
    "q": st.tuples(LISTS_OF_INTEGERS, TEXTS),
}


def pair_strategy() -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(st.one_of(INTEGERS, st.just(2**63)), TEXTS), max_size=3)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_task_of_lists_answers_as_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    names = list(inspect.signature(function).parameters)
    strategies = [pair_strategy() if function is pairs else STRATEGIES[name] for name in names]
    answered: list[bool] = []

    @settings(max_examples=80)
    @given(st.tuples(*strategies))
    def compare(arguments: tuple[Any, ...]) -> None:
        # A list that is not of the type is Python's.
        given = agrees(task, function, arguments, unfit=(TypeError, OverflowError))
        if given is not None:
            answered.append(given)

    compare()
    assert any(answered)


@pytest.mark.parametrize(
    "value", [[1, 2.0], [1.0], [True], [1, None], [[1]], (1,), {1: 1}, {1}, range(3), "12", None,
              numpy.array([1]), [numpy.int64(1)], type("L", (list,), {})([1])], ids=repr,
)  # fmt: skip
def test_what_is_no_list_of_ints_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        status_of(compiled(total), value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**40])
def test_integer_beyond_64_bits_in_a_list_is_an_overflow_error(value: int) -> None:
    with pytest.raises(OverflowError):
        status_of(compiled(total), [1, value])
    with pytest.raises(OverflowError):
        status_of(compiled(pairs), [(1, "a"), (value, "b")])
    with pytest.raises(OverflowError):
        status_of(compiled(sums), [[1], [2, value]])


# fmt: off
def appends(xs: list[int]) -> Any: xs.append(1)
def extends(xs: list[int]) -> Any: xs.extend([1])
def adds(xs: list[int]) -> Any: xs += [1]
def multiplies(xs: list[int]) -> Any: xs *= 2
def sets(xs: list[int]) -> Any: xs[0] = 1
def sets_part(xs: list[int]) -> Any: xs[:1] = [1]
def deletes(xs: list[int]) -> Any: del xs[0]
def sorts(xs: list[int]) -> Any: xs.sort()
def reverses(xs: list[int]) -> Any: xs.reverse()
def clears(xs: list[int]) -> Any: xs.clear()
def pops(xs: list[int]) -> Any: return xs.pop()
def of_row(rows: list[list[int]]) -> Any: rows[0].append(1)
def of_each_row(rows: list[list[int]]) -> Any:
    for row in rows:
        row[0] = 1
def of_row_of_copy(rows: list[list[int]]) -> Any:
    copy = rows.copy()
    copy[0].append(1)
def helper(ys: list[int]) -> None: ys.append(1)
def by_helper(xs: list[int]) -> Any: helper(xs)
def by_another_name(xs: list[int]) -> Any:
    ys = xs
    ys.append(1)
def in_tuple_of_lists(q: tuple[list[int], int]) -> Any: q[0].append(1)
def of_optional(xs: Optional[list[int]]) -> Any:  # noqa: UP045
    if xs is not None:
        xs.append(1)
# fmt: on

CHANGING = [
    appends, extends, adds, multiplies, sets, sets_part, deletes, sorts, reverses, clears, pops,
    of_row, of_each_row, of_row_of_copy, by_helper, by_another_name, in_tuple_of_lists, of_optional,
]  # fmt: skip


@pytest.mark.parametrize("function", CHANGING, ids=lambda function: function.__name__)
def test_task_that_changes_a_list_it_was_given_stays_python(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused, match="changes a list that it was given"):
        compiled(function)


# fmt: off
def itself(xs: list[int]) -> Any: return xs
def either(xs: list[int], p: bool) -> Any: return xs if p else [1]
def or_else(xs: list[int]) -> Any: return xs or [1]
def wrapped(xs: list[int]) -> Any: return xs, 1
def listed(xs: list[int]) -> Any: return [xs]
def row(rows: list[list[int]]) -> Any: return rows[0]
def copied_rows(rows: list[list[int]]) -> Any: return rows[:]
def in_dict(xs: list[int]) -> Any: return {"xs": xs}
# fmt: on

RETURNING = [itself, either, or_else, wrapped, listed, row, copied_rows, in_dict]


@pytest.mark.parametrize("function", RETURNING, ids=lambda function: function.__name__)
def test_list_that_was_given_is_not_returned(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused):
        compiled(function)


# fmt: off
def as_array(a: list[float]) -> Any: return numpy.array(a)
def as_whole_array(xs: list[int]) -> Any: return numpy.asarray(xs)
def as_floats(xs: list[int]) -> Any: return numpy.array(xs, dtype=numpy.float64)
# fmt: on


@pytest.mark.parametrize(
    ("function", "value"), [(as_array, [1.0, -0.0]), (as_whole_array, [1, 2]), (as_floats, [1, 2])]
)
def test_array_of_a_list_is_numpys(function: Callable[..., Any], value: Any) -> None:
    status, _, result = status_of(compiled(function), value)
    assert status == 0
    assert repr(result) == repr(function(value))


def test_array_of_an_empty_list_is_left_to_python() -> None:
    assert status_of(compiled(as_whole_array), [])[0] == STATUS_OVERFLOW


def any_list(xs):  # type: ignore[no-untyped-def]
    return len(xs)


def test_first_item_tells_the_type_of_a_list_without_a_hint() -> None:
    assert str(argument_types_for(any_list, ([1.5],), name="any_list")[0]) == "list[float64]"
    assert str(argument_types_for(any_list, ([[1]],), name="any_list")[0]) == "list[list[int64]]"


@pytest.mark.parametrize("value", [[], [[]], [None], [object()], [numpy.zeros(2)]])
def test_list_that_tells_no_type_stays_python(value: Any) -> None:
    with pytest.raises(CompileRefused, match=r"is an? (empty )?list"):
        argument_types_for(any_list, (value,), name="any_list")


def allocated() -> int:
    stats = rtsys.get_allocation_stats()
    return stats.alloc - stats.free


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (total, [1, 2]),
        (total, [1, 2**63]),
        (joined, ["a", "b"]),
        (joined, ["a", 1]),
        (sums, [[1], [2]]),
        (sums, [[1], [2**63]]),
        (pairs, [(1, "a")]),
        (pairs, [(1, "a"), (2**63, "b")]),
        (in_tuple, ([1], "a")),
        (in_tuple, ([1, 2**63], "a")),
    ],
)
def test_copy_of_a_list_is_released(function: Callable[..., Any], value: Any) -> None:
    task = compiled(function)
    _nrt_python.memsys_enable_stats()
    before = allocated()
    for _ in range(3):
        try:
            status_of(task, value)
        except (TypeError, OverflowError):
            continue
    assert allocated() == before


def test_task_that_reads_lists_is_pure_and_can_be_stopped() -> None:
    task = compiled(worked_on)
    assert task.pure
    assert task.interruptible
