"""An int in the place of a float: Python computes with the int, and so does the compiled task."""

from __future__ import annotations

from typing import Any

import pytest

from catzilla_jit import Runtime


def with_tax(price: float, rate: float) -> float:
    return price * (1 + rate)


def floored(x: float) -> float:
    return x // 2


def doubled(z: complex) -> complex:
    return z * 2


def compared(x: float) -> Any:
    return x if x > 10.0 else "small"  # no machine code: two types


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (with_tax, (100, 3)),
        (with_tax, (100, 0.25)),
        (with_tax, (2.5, 2)),
        (with_tax, (2**53 + 1, 1)),
        (with_tax, (2**62, 3)),
        (with_tax, (2**70, 3)),
        (with_tax, (True, 3)),
        (floored, (7,)),
        (floored, (7.0,)),
        (doubled, (3,)),
        (doubled, (3.5,)),
        (doubled, (2j,)),
        (compared, (11,)),
    ],
)
def test_answer_has_the_kind_that_python_has(
    runtime: Runtime, function: Any, arguments: tuple[Any, ...]
) -> None:
    task = runtime.task(function)
    expected = function(*arguments)
    for result in (task.submit(*arguments).result(), task(*arguments)):
        assert (type(result), result) == (type(expected), expected)


def test_call_with_an_int_has_a_form_of_its_own(runtime: Runtime) -> None:
    task = runtime.task(floored)
    task.submit(7)
    shown = [form.signature for form in task._jit_function.forms]
    assert shown == ["(x: float) -> float", "(x: int) -> int"]


def test_required_form_takes_the_int_as_a_float(runtime: Runtime) -> None:
    task = runtime.task(floored, compile_to_c="require")
    assert task.submit(7).result() == 3.0
    assert len(task._jit_function.forms) == 1
