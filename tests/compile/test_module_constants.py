"""Lists and dicts of the module as constants: each kind of contents, and what may not be done."""

from __future__ import annotations

import math
from typing import Any

import pytest

from catzilla_jit.compile import CompileRefused
from support.compile_harness import compiled, run

MANY = list(range(-50, 500))
WEIGHTS = [0.5, -0.0, math.inf, math.nan]
PAIRS = [("a", 1), ("b", -(2**63)), ("c", 2**63 - 1)]
NAMES = ["a", "é", "日本", "a'b\n"]
ROWS = [[1, 2], [3, 4, 5]]
CODES = {"a": 7, "é": -1}
GRAPH = {1: [2, 3], 2: [1], 3: [1, 1]}


def of_lists(i: int) -> Any:
    rows = [x for row in ROWS for x in row]
    return MANY[i], sum(MANY), WEIGHTS[i % 4], PAIRS[i % 3], NAMES[i % 4], rows, NAMES[1:]


def of_dicts(i: int) -> Any:
    return sum(GRAPH[i]), i in GRAPH, sorted(CODES), CODES.get("é", 5), sum(GRAPH[3])


def writes(i: int) -> int:
    MANY[0] = i
    return i


def returns(i: int) -> Any:
    return ROWS[i]


def reads(i: int) -> int:
    return MANY[i]


def test_constants_are_what_python_has() -> None:
    for function, arguments in ((of_lists, (0, 1, 2, 3, -1)), (of_dicts, (2,))):
        task = compiled(function, boundscheck=True, exact=True)
        for i in (*arguments, *arguments):
            assert repr(run(task, i)) == repr(function(i))


@pytest.mark.parametrize("function", [writes, returns])
def test_constant_that_would_be_changed_or_returned_is_refused(function: Any) -> None:
    with pytest.raises(CompileRefused, match="CZ503"):
        compiled(function)


def test_lists_are_no_constants_where_that_is_not_wanted() -> None:
    with pytest.raises(CompileRefused, match="MANY, a list of the module"):
        compiled(reads, freezes=False)
