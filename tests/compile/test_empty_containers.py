"""What is empty has the type that its annotation tells, or what it is put in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled


def visit(n: int, path: list[int], found: list[list[int]]) -> None:
    if n == 0:
        found.append(path)
        return
    visit(n - 1, [*path, n], found)
    visit(n - 1, path, found)


# fmt: off
def of_a_parameter(n: int) -> list[list[int]]:
    found: list[list[int]] = []
    visit(n % 4, [], found)
    return found
def of_a_result(n: int) -> list[int]: return []
def of_a_variable(n: int) -> Any:
    seen: set[str] = set()
    names: dict[str, int] = {}
    return len(seen) + len(names) + n
def put_in_a_list(n: int) -> Any:
    rows: list[list[int]] = []
    for i in range(n % 5):
        rows.insert(i, [])
        rows[i].append(n)
    return rows
def in_a_list(n: int) -> list[list[int]]: return [[]]
def in_quotes(n: int) -> "list[tuple[int, str]]": return []  # noqa: UP037
# fmt: on


@pytest.mark.parametrize(
    "function",
    [of_a_parameter, of_a_result, of_a_variable, put_in_a_list, in_a_list, in_quotes],
    ids=lambda function: function.__name__,
)
def test_an_annotation_tells_the_type_of_what_is_empty(function: Callable[..., Any]) -> None:
    task = compiled(function)
    assert agrees(task, function, [0])
    assert agrees(task, function, [3])


def test_what_an_annotation_says_is_not_believed() -> None:
    def wrong(n: int) -> Any:
        found: list[str] = []
        found.append(n)  # type: ignore[arg-type]
        return found

    task = compiled(wrong)
    assert agrees(task, wrong, [3])

    def never(n: int) -> list[str]:
        found: list[str] = []
        add(found, n)
        return found

    with pytest.raises(CompileRefused):
        compiled(never)


def add(found: Any, n: int) -> None:
    found.append(n)


def test_an_annotation_is_not_evaluated() -> None:
    def f(n: int) -> int:
        found: print("evaluated") = []  # type: ignore[valid-type]
        return len(found) + n

    with pytest.raises(CompileRefused):
        compiled(f)
