"""`del` of items, slices and keys, and of variables that nobody names again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import task
from catzilla_jit.compile import CompileRefused
from support.agreement import agrees
from support.compile_harness import compiled


# fmt: off
def item(a: int, b: int) -> Any:
    xs = [b, 2, 3]
    ys = xs
    del xs[a]
    return ys
def part(a: int, b: int) -> Any:
    xs = ["a", "b", "c", "d"]
    del xs[a:b]
    del xs[3:]
    return xs
def key(a: int, b: int) -> Any:
    d = {0: b, 1: 2}
    del d[a]
    return d
def several(a: int, b: int) -> Any:
    rows = [[a, b], [1]]
    del rows[0][1], rows[1]
    return rows
def variable(a: int, b: int) -> Any:
    held = [a]
    xs = held
    del held
    return xs
# fmt: on


@pytest.mark.parametrize(
    "function", [item, part, key, several, variable], ids=lambda function: function.__name__
)
def test_what_is_deleted_is_what_python_deletes(function: Callable[..., Any]) -> None:
    made = compiled(function)
    places = [-9, -4, -2, 0, 1, 3, 9]
    answered = [agrees(made, function, [a, b]) for a in places for b in places]
    assert any(answered)


def test_items_of_an_argument_are_deleted_from_the_callers_list() -> None:
    def trimmed(xs: list[int]) -> None:
        del xs[0]
        del xs[-2:]

    values = [1, 2, 3, 4, 5]
    made = task(trimmed)
    made.submit(values).result()
    assert values == [2, 3]
    assert made.compiled


def test_a_variable_that_is_named_again_is_refused() -> None:
    def again(n: int) -> int:
        held = n
        del held
        return held  # type: ignore[name-defined,no-any-return]  # noqa: F821

    with pytest.raises(CompileRefused, match="a variable is deleted"):
        compiled(again)
