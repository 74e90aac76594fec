"""Recursions whose types change from call to call, or whose module is not to be found."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from catzilla_jit.compile import STATUS_OVERFLOW, CompileRefused
from catzilla_jit.compile.target import depth_table, recursion
from support.compile_harness import compiled, run, status_of


def with_constant(n: int, k: int) -> int:
    return k if n <= 0 else with_constant(n - 1, 7)


def calls_with_constant(n: int) -> int:
    return with_constant(n, 5)


def ackermann(m: int, n: int) -> int:
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def total(xs: list[int]) -> int:
    return 0 if len(xs) == 0 else xs[0] + total(xs[1:])


def merge_sort(xs: list[int]) -> list[int]:
    if len(xs) <= 1:
        return xs[:]
    left, right = merge_sort(xs[: len(xs) // 2]), merge_sort(xs[len(xs) // 2 :])
    merged = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] < right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    return merged + left[i:] + right[j:]


def search(xs: list[int], x: int, low: int = 0, high: int | None = None) -> int:
    if high is None:
        high = len(xs)
    if low >= high:
        return -1
    middle = (low + high) // 2
    if xs[middle] == x:
        return middle
    return search(xs, x, middle + 1, high) if xs[middle] < x else search(xs, x, low, middle)


def rotated(a: int, b: float, c: str, n: int) -> int:
    return 1 if n == 0 else 1 + rotated(b, c, a, n - 1)  # type: ignore[arg-type]


def through_another(n: int, x: str) -> int:
    return 0 if n == 0 else other(n - 1, 1) + 1


def other(n: int, x: int) -> int:
    return 0 if n == 0 else through_another(n - 1, "x") + x


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (with_constant, (3, 5)),
        (calls_with_constant, (3,)),
        (ackermann, (2, 3)),
        (total, ([1, 2, 3],)),
        (merge_sort, ([3, 1, 2, 5, 4],)),
        (search, ([1, 2, 5, 9], 5, 0, None)),
        (rotated, (1, 2.0, "a", 5)),
        (through_another, (5, "a")),
    ],
)
def test_recursion_whose_types_change_answers_as_python(function: Any, arguments: Any) -> None:
    assert run(compiled(function), *arguments) == function(*arguments)


def test_recursion_works_in_a_module_that_is_not_in_sys_modules() -> None:
    namespace: dict[str, Any] = {"__name__": "nowhere"}
    exec("def factorial(n: int):\n    return 1 if n < 2 else n * factorial(n - 1)", namespace)
    assert run(compiled(namespace["factorial"]), 5) == 120


def packed(value: int, n: int) -> int:
    return 0 if n == 0 else packed((value, 1), n - 1)  # type: ignore[arg-type]


def exchanged(a: int, b: float, n: int) -> float:
    return a if n == 0 else exchanged(b, a, n - 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [packed, exchanged])
def test_recursion_whose_types_have_no_end_or_no_agreement_is_refused(function: Any) -> None:
    with pytest.raises(CompileRefused, match="cannot infer the types of a recursion"):
        compiled(function)


@pytest.fixture
def _places_come_back() -> Iterator[None]:
    before = depth_table._places.copy()
    yield
    depth_table._places[:] = before


def first_places(count: int) -> Any:
    """Return the owners of the places of the table where this thread looks first."""
    thread = threading.get_ident()
    first = (thread >> 12) ^ (thread >> 22)
    owners = depth_table._places[recursion.OWNER :: depth_table.WORDS]
    return owners, [(first + n) % depth_table.PLACES for n in range(count)]


@pytest.mark.usefixtures("_places_come_back")
def test_threads_whose_identities_are_mixed_to_one_place_have_places_of_their_own() -> None:
    task = compiled(with_constant)
    owners, places = first_places(2)
    owners[places[0]] = 1
    owners[places[1]] = 0
    other = depth_table._places[places[0] * depth_table.WORDS :][: depth_table.WORDS]
    before = other.tolist()
    assert run(task, 300, 2) == 7
    assert other.tolist() == before
    assert owners[places[1]] == threading.get_ident()


@pytest.mark.usefixtures("_places_come_back")
def test_thread_that_finds_no_place_of_its_own_is_on_the_safe_side() -> None:
    task = compiled(with_constant)
    owners, places = first_places(recursion.PROBES)
    for place in places:
        owners[place] = 1
    assert run(task, 0, 2) == 2
    assert status_of(task, 2000, 2)[0] == STATUS_OVERFLOW
