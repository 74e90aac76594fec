"""`isinstance` and `hasattr` have Python's answer, for numbers of NumPy's and of Python's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome, submitted

VALUES = [2.5, np.float64(2.5), 3, np.int64(3), True, np.ones(2)]


def helped(x: Any) -> Any:
    return hasattr(x, "shape")


def of_arguments(x: Any) -> Any:
    return isinstance(x, (np.float64, int)), hasattr(x, "dtype"), hasattr(x, "tolist"), helped(x)


def by_branch(x: Any) -> Any:
    if isinstance(x, (int, np.integer)):
        return 1
    return 2 if isinstance(x, np.generic) else 3


def of_results(x: Any) -> Any:
    y = x * 2
    return isinstance(y, np.float64)


def attribute_of_a_result(x: Any) -> Any:
    y = x * 2
    return hasattr(y, "dtype")


@pytest.mark.parametrize(
    "function", [of_arguments, by_branch, of_results, attribute_of_a_result]
)  # fmt: skip
def test_question_has_pythons_answer(function: Callable[..., Any]) -> None:
    made: Task[..., Any] = task(function)
    for value in VALUES:
        assert submitted(made, value) == outcome(function, value)


def test_question_about_an_argument_is_decided_before_compiling() -> None:
    made: Task[..., Any] = task(by_branch)
    for value in VALUES:
        made.submit(value).result(60)
        assert made.explain().compiled


@pytest.mark.parametrize("method", ["item", "bit_length"])
def test_method_that_only_one_of_them_has_is_an_attribute_error_of_the_other(method: str) -> None:
    space: dict[str, Any] = {}
    exec(f"def function(x):\n    return x.{method}(), (x + 1).{method}()", space)
    made: Task[..., Any] = task(space["function"])
    for value in (8, np.int64(8), 2.5, np.float64(2.5)):
        assert submitted(made, value) == outcome(space["function"], value)


def truncated(n: int) -> int:
    return math.trunc(n)


def truncated_item(a: Any) -> int:
    return math.trunc(a[0])


def powers(n: int) -> Any:
    return pow(n, 2, 5)


def powers_of_an_item(a: Any) -> Any:
    return pow(a[0], 2, 5)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (powers, 3), (powers, np.int64(3)), (powers_of_an_item, np.array([3])),
        (truncated, 3), (truncated, True), (truncated, np.int64(-2)), (truncated, np.bool_(True)),
        (truncated_item, np.array([3, 4])), (truncated_item, np.array([-3.5])),
    ],
)  # fmt: skip
def test_trunc_of_numpys_integers_is_pythons_type_error(function: Any, value: Any) -> None:
    truncates: Any = task(function)
    assert submitted(truncates, value) == outcome(function, value)
