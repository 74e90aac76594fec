"""Lists and dicts of NumPy's numbers give them back, if nothing else can have been put in."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome, submitted

FLOATS = np.array([0.5, -1.25, 3.0, -0.0])
INTS = np.array([3, 1, 2**62, 2**62])


def taken(x: np.ndarray) -> Any:
    waits, pairs, rows = [], [], []
    for i, v in enumerate(x):
        waits.append(v - 1)
        pairs.append((i, v))
        rows.append([v, v])
    rows[0].extend(x[:2])
    doubled = [v * 2 for v in waits] + waits
    doubled[1] = x[0]
    waits.insert(1, x[0])
    return waits, pairs, rows, doubled, [1.5], waits.pop(), len(rows)


def read(x: np.ndarray) -> Any:
    found = [v for v in x if v != 1]
    first, *_ = found
    ordered = sorted(found)
    found.sort()
    total = 0.0
    for v in found:
        total += v
    added = functools.reduce(lambda a, b: a + b, x)
    return added, sum(found), max(found), min(found), first, found[-1] / 2, ordered, found, total


def made_of_array(x: np.ndarray) -> Any:
    left = list(x)
    moved = left
    moved.pop()
    by_zero = [v / 0.0 for v in moved]
    return {"moved": left, "by zero": by_zero}


def two_lists(x: np.ndarray) -> tuple[list[Any], list[float]]:
    return [v * 2 for v in x], [1.0]


def of_helper(x: np.ndarray) -> Any:
    of_numpy, of_python = two_lists(x)
    of_python.append(2.0)
    of_numpy, of_python = of_python, of_numpy
    return of_numpy, of_python, of_python[0]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("values", [FLOATS, INTS, INTS > 2, FLOATS.astype(complex)], ids=str)
@pytest.mark.parametrize("function", [taken, read, made_of_array, of_helper])
def test_list_of_numpys_numbers_is_numpys(function: Callable[..., Any], values: Any) -> None:
    made: Task[..., Any] = task(function)
    assert submitted(made, values) == outcome(function, values)
    plain = values.dtype in (float, int) or function is of_helper
    assert made.explain().compiled or not plain, made.explain()


def with_pythons_number(x: np.ndarray) -> Any:
    found = [v for v in x]  # noqa: C416
    other = found
    other.append(2.0)
    return found


def with_two_origins(x: np.ndarray) -> Any:
    one, two = [x[0]], [0.5]
    chosen = one if len(x) else two
    chosen.append(1.0)
    return one, two


def in_its_rows(x: np.ndarray) -> Any:
    rows = [[v] for v in x]
    for row in rows:
        row.append(1.0)
    return rows


def through_a_tuple(x: np.ndarray) -> Any:
    found = [v for v in x]  # noqa: C416
    held = (found, 1)
    held[0].append(1.0)
    return found


def through_two_names_of_a_helper(x: np.ndarray) -> Any:
    one, _ = two_lists(x)
    one.append(1.0)
    return one


def add(found: list[float]) -> None:
    found.append(1.5)


def by_a_helper(x: np.ndarray) -> Any:
    found = [v for v in x]  # noqa: C416
    add(found)
    return found


def in_a_dict(x: np.ndarray) -> Any:
    found = [v for v in x]  # noqa: C416
    held = {len(found): found}
    held[len(found)].append(1.5)
    return found


def of_another_type(x: np.ndarray) -> Any:
    found = [x[0]]
    found.append(np.float32(0.1))
    return found


def in_what_may_be_none(x: np.ndarray) -> Any:
    found = None
    for i, value in enumerate(x):
        if found is None:
            found = [value]
        else:
            found.append(i)
    return found


def sum_of(found: list[float]) -> float:  # the name of a function of ours
    found.append(1.5)
    return 0.5


def by_a_helper_of_that_name(x: np.ndarray) -> Any:
    found = [v for v in x]  # noqa: C416
    return sum_of(found), found


def by_default(x: np.ndarray) -> Any:
    found: Any = defaultdict(float)
    found[0] = x[0]
    return found[7], dict(found)


def in_a_try(x: np.ndarray) -> Any:
    found = [x[0]]
    try:
        found.append(1.0 / len(x))
    except ValueError:
        found = []
    return found


def by_a_choice(x: np.ndarray) -> Any:
    found = {1: [x[0]]}
    found[1].append(2.0 if len(x) else 1.0)
    return found


def by_a_default(x: np.ndarray) -> Any:
    found = {1: x[0]}
    try:
        found.setdefault(2, 2.0 if len(x) else 1.0)
    finally:
        found[3] = x[1]
    return found


def by_one_of_two_methods(x: np.ndarray) -> Any:
    one, two = [x[0]], [x[1]]
    put = one.append if len(x) > 9 else two.append
    put(2.5)
    return one, two


def by_another_optional_name(x: np.ndarray) -> Any:
    found = [x[0]]
    other = found if len(x) > 1 else None
    if other is not None:
        other.append(3.0)
    return found


def in_a_value_of_a_dict(x: np.ndarray) -> Any:
    found = {1: [x[0]]}
    values = found.get(1)
    if values is not None:
        values.append(5.0)
    return found


def sorted_by_key(x: np.ndarray) -> Any:
    return max(sorted(x, key=lambda value: -value))


def list_or_other(x: np.ndarray) -> Any:
    if len(x) > 1:
        return [x[0]], None
    return [1.0], 2.0


def dict_with_pythons_number(x: np.ndarray) -> Any:
    found = {1: 2.5}
    found[2] = x[0]
    return found


def key_of_python(x: np.ndarray) -> Any:
    found = {}
    found[int(x[2])] = 1
    found[np.int64(7)] = 2
    return found


def in_a_list_of_a_dict(x: np.ndarray) -> Any:
    found: Any = {}
    for value in x:
        found.setdefault(1, []).append(value)
    first = found[1]
    first.append(1.0)
    return found


def in_its_views(x: np.ndarray) -> Any:
    found: Any = {}
    for value in x:
        found.setdefault(1, []).append(value)
    for _, values in found.items():
        values.append(2.0)
    return found


@pytest.mark.parametrize(
    "function",
    [
        with_pythons_number, with_two_origins, in_its_rows, through_a_tuple, by_a_helper, in_a_dict,
        through_two_names_of_a_helper, of_another_type, dict_with_pythons_number, key_of_python,
        in_a_list_of_a_dict, in_its_views, in_what_may_be_none, by_another_optional_name,
        by_a_helper_of_that_name, by_default, in_a_value_of_a_dict, in_a_try, by_a_choice,
        by_a_default, by_one_of_two_methods, sorted_by_key, list_or_other,
    ],
)  # fmt: skip
def test_container_that_something_else_is_put_into_is_pythons(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    assert submitted(made, FLOATS) == outcome(function, FLOATS)
    assert not made.explain().compiled


def by_place(x: np.ndarray, places: np.ndarray) -> Any:
    found, means, known = {}, {}, {"first": x[0]}
    for i in range(len(x)):
        found[i] = x[i]
    for place in places:
        means[place] = means.get(place, 0) + 1
    known["last"] = x[-1] * 2
    total = 0.0
    for value in known.values():
        total += value
    pairs = {k: v + 1 for k, v in zip(places, x, strict=False)}
    largest = max(found.values())
    return pairs, found, means, known, found[0], largest, 1 in found, total, found.get(9)


def grouped(x: np.ndarray, places: np.ndarray) -> Any:
    found: Any = {}
    for place, value in zip(places, x, strict=True):
        found.setdefault(int(place), []).append(value)
    for values in found.values():
        values.append(x[0])
    if 1 in found:
        found[1].sort()
    return {k: sum(v) / len(v) for k, v in found.items()}, found


def pairs_of_lists(x: np.ndarray, places: np.ndarray) -> Any:
    rows = [([value], 1) for value in x]
    for values, _ in rows:
        values.append(x[places[0]])
    return rows, rows[1][0][0]


def counted(x: np.ndarray, places: np.ndarray) -> Any:
    lists: Any = defaultdict(list)
    sums: Any = defaultdict(float)
    times: Any = Counter()
    for place, value in zip(places, x, strict=True):
        lists[int(place)].append(value)
        sums[place] += value
        times[place] += 1
    return {k: max(v) for k, v in lists.items()}, dict(sums), dict(times), dict(lists)


def chosen(x: np.ndarray, places: np.ndarray) -> Any:
    found = [x[0]]
    for place in places:
        found.append(x[place] if place > 1 else x[-1])
    try:
        found.append(x[places[0]] * 2)
    except IndexError:
        found.pop()
    return found


def columns(x: np.ndarray, places: np.ndarray) -> Any:
    rows = [[value, value * 2] for value in x[places]]
    return [max(column) for column in zip(*rows, strict=False)], rows


def maybe(x: np.ndarray, places: np.ndarray) -> Any:
    best = None
    for value in x[places]:
        if best is None or value > best:
            best = value
    return best


@pytest.mark.parametrize("values", [FLOATS, INTS], ids=["floats", "integers"])
@pytest.mark.parametrize(
    "function", [by_place, grouped, pairs_of_lists, counted, columns, chosen, maybe]
)
def test_dict_of_numpys_numbers_is_numpys(function: Callable[..., Any], values: Any) -> None:
    made: Task[..., Any] = task(function)
    for places in (np.array([1, 0, 1, 2]), np.array([3, 3, 0, 3])):
        assert submitted(made, values, places) == outcome(function, values, places)
    assert made.explain().compiled, made.explain()


def test_largest_of_nothing_is_none() -> None:
    made: Task[..., Any] = task(maybe)
    assert made.submit(FLOATS, np.array([1])).result(60) == FLOATS[1]
    assert made.submit(FLOATS, np.zeros(0, int)).result(60) is None


def total(x: np.ndarray) -> Any:
    return sum(x), sum([v for v in x])  # noqa: C416


@pytest.mark.parametrize("values", [FLOATS, INTS[:2]], ids=["floats", "integers"])
def test_sum_of_none_of_numpys_numbers_is_pythons_zero(values: Any) -> None:
    made: Task[..., Any] = task(total)
    for given in (values, values[:0]):
        assert submitted(made, given) == outcome(total, given)
    assert made.explain().compiled, made.explain()


def power_iteration(a: np.ndarray, most: int) -> Any:
    vector, value, turns = np.ones(len(a)), 0.0, 0
    while turns < most:
        vector = a @ vector
        value = np.sqrt(vector @ vector)
        vector = vector / value
        turns += 1
    return value, (turns, value), vector


def by_case(x: np.ndarray, case: int) -> Any:
    if case == 0:
        return x[0], 2.5
    if case == 1:
        return 1.5, x[1]
    return 3.5, 4.5


def with_none(x: np.ndarray, case: int) -> Any:
    if case == 0:
        return (x[0], None), 1.0
    return (2.5, None), x[1]


@pytest.mark.parametrize("function", [by_case, with_none])
def test_tuple_of_numbers_that_either_made_leaves_with_pythons(function: Any) -> None:
    made: Task[..., Any] = task(function)
    for case in range(3):
        assert submitted(made, FLOATS, case) == outcome(function, FLOATS, case)
    assert made.explain().compiled, made.explain()


def test_result_of_loops_is_numpys_if_they_ran() -> None:
    made: Task[..., Any] = task(power_iteration)
    for most in (3, 0):
        given = np.array([[2.0, 1.0], [1.0, 3.0]]), most
        assert submitted(made, *given) == outcome(power_iteration, *given)
