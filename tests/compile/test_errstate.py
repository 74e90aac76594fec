"""Blocks of `numpy.errstate` in compiled code: what is looked at, and what Python raises."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile import STATUS_OVERFLOW
from support.compile_harness import compiled, status_of
from support.numpy_calls import kinds_of

FINE, WRONG = np.array([1.0, 2.0]), np.array([1.0, 0.0])


def ignored(v: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(v)


def after_the_block(v: Any) -> Any:
    with np.errstate(all="ignore"):
        w = np.log(v)
    return np.log(v) + w


def of_another_kind(v: Any) -> Any:
    with np.errstate(over="ignore"):
        return np.log(v)


def inner_block(v: Any) -> Any:
    with np.errstate(all="ignore"):
        with np.errstate(divide="warn"):
            w = np.log(v + 1.0)
        return np.log(v) + w


def left_by_continue(v: Any) -> Any:
    total = np.zeros(2)
    for i in range(2):
        if i == 1:
            total += np.log(v)
            continue
        with np.errstate(divide="ignore"):
            if i == 0:
                continue
    return total


def raised(v: Any) -> Any:
    with np.errstate(all="raise"):
        return 1.0 / v + np.exp(v - 1.0)


@pytest.mark.parametrize(
    ("function", "leaves"),
    [
        (ignored, False),
        (after_the_block, True),
        (of_another_kind, True),
        (inner_block, False),
        (left_by_continue, True),
        (raised, True),
    ],
)
def test_errors_are_looked_at_where_the_block_says(
    function: Callable[..., Any], leaves: bool
) -> None:
    made = compiled(function, argument_types=kinds_of(FINE), exact=True)
    assert status_of(made, FINE)[0] == 0
    status, _, result = status_of(made, WRONG)
    assert status == (STATUS_OVERFLOW if leaves else 0)
    if not leaves:
        assert result.tolist() == function(WRONG).tolist()


def test_underflow_is_looked_at_where_it_is_raised() -> None:
    def small(v: Any) -> Any:
        with np.errstate(under="raise"):
            return v * 1e-10

    made = compiled(small, argument_types=kinds_of(FINE), exact=True)
    assert status_of(made, FINE)[0] == 0
    assert status_of(made, np.array([1e-300, 1e-305]))[0] == STATUS_OVERFLOW


def test_exceptions_and_warnings_are_numpys() -> None:
    made: Task[..., Any] = task(raised)
    with pytest.raises(FloatingPointError, match="divide by zero encountered in divide"):
        made.submit(WRONG).result(60)
    assert made.explain().compiled
    quiet: Task[..., Any] = task(ignored)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert quiet.submit(WRONG).result(60)[1] == -np.inf


def test_errors_that_llvm_computes_are_not_raised_by_compiled_code() -> None:
    @task
    def first(v: Any) -> Any:
        with np.errstate(divide="raise"):
            return v[0] / v[1]

    with pytest.raises(FloatingPointError):
        first.submit(WRONG).result(60)
    (reason,) = first.explain().reasons
    assert "are not seen by a `numpy.errstate` that raises" in reason.message


def test_a_task_that_changes_its_arguments_raises_as_python() -> None:
    @task
    def add(out: Any, v: Any) -> None:
        with np.errstate(divide="raise"):
            out += np.log(v)

    with pytest.raises(FloatingPointError):
        add.submit(np.ones(2), WRONG).result(60)
    assert not add.explain().compiled


@pytest.mark.parametrize("argument", ['call=print, all="call"', 'all="print"', "all=mode"])
def test_other_arguments_stay_python(argument: str) -> None:
    space: dict[str, Any] = {"np": np}
    source = f"def function(v, mode='warn'):\n    with np.errstate({argument}):\n        return v"
    exec(source, space)
    made: Task[..., Any] = task(space["function"])
    assert not made.compiled
