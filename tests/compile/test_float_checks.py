"""Float arithmetic and math functions: Python's answer to the last digit, or none."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catzilla_jit.compile import STATUS_OVERFLOW, CompiledTask, CompileRefused
from support.compile_harness import compiled, status_of

FLOATS = st.one_of(
    st.floats(),
    st.floats(-10, 10),
    st.integers(-10, 10).map(float),
    st.integers(-1000, 1000).map(lambda n: n / 8),
    st.integers(-100000, 100000).map(lambda n: n / 1000),
)
ONE = [
    "math.acos(x)", "math.acosh(x)", "math.asin(x)", "math.asinh(x)", "math.atan(x)",
    "math.atanh(x)", "math.cos(x)", "math.cosh(x)", "math.degrees(x)", "math.erf(x)",
    "math.erfc(x)", "math.exp(x)", "math.expm1(x)", "math.fabs(x)", "math.log(x)",
    "math.log10(x)", "math.log1p(x)", "math.log2(x)", "math.radians(x)", "math.sin(x)",
    "math.sinh(x)", "math.sqrt(x)", "math.tan(x)", "math.tanh(x)", "math.ceil(x)",
    "math.floor(x)", "math.trunc(x)", "int(x)", "round(x)", "round(x, 0)", "round(x, 1)",
    "round(x, 2)", "round(x, 3)", "round(x, -1)", "x ** 2", "x ** 3", "x ** -1", "x ** -2",
    "x ** 0.5", "x ** 10", "abs(x)", "-x", "2 ** x", "10.0 ** x", "bool(x)", "not x",
    "float(int(x))", "max(x, 0)", "min(1, x)", "x if x > 1 else 0", "max(0, x) + 1.5",
]  # fmt: skip
TWO = [
    "x + y", "x - y", "x * y", "x / y", "x // y", "x % y", "x ** y", "math.atan2(x, y)",
    "math.copysign(x, y)", "math.pow(x, y)", "divmod(x, y)[0]", "divmod(x, y)[1]", "pow(x, y)",
    "max(x, y)", "min(x, y)", "x < y", "x == y", "x and y", "x or y",
]  # fmt: skip
WITH_INT = [
    "n * x", "n / x if x else 0.0", "n // x", "n % x", "x // n", "n ** x", "x ** n", "n < x",
    "n == x", "n >= x", "max(n, x)", "min(x, n)", "n if n > x else x", "x / n",
]  # fmt: skip


def made(expression: str, *parameters: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {"math": math}
    source = f"def task({', '.join(parameters)}):\n    return {expression}\n"
    exec(source, namespace)
    return namespace["task"]  # type: ignore[no-any-return]


def check(task: CompiledTask, function: Callable[..., Any], *arguments: Any) -> None:
    """Compare value, type and exception; STATUS_OVERFLOW leaves the answer to Python."""
    status, error, result = status_of(task, *arguments)
    if status == STATUS_OVERFLOW:
        return
    try:
        expected = function(*arguments)
    except Exception as python:
        assert status
        with pytest.raises(type(python)) as caught:
            task.raise_error(status, error)
        assert caught.value.args == python.args  # noqa: PT017
    else:
        assert not status
        assert (type(result), repr(result)) == (type(expected), repr(expected))


@pytest.fixture(scope="module")
def tasks() -> dict[str, tuple[CompiledTask, Callable[..., Any]]]:
    return {}


def task_of(
    tasks: dict[str, Any], expression: str, *parameters: str
) -> tuple[CompiledTask, Callable[..., Any]]:
    if expression not in tasks:
        function = made(expression, *parameters)
        tasks[expression] = compiled(function), function
    return tasks[expression]  # type: ignore[no-any-return]


@pytest.mark.parametrize("expression", ONE)
@settings(max_examples=150)
@example(x=math.inf)
@example(x=-math.inf)
@example(x=math.nan)
@example(x=-0.0)
@example(x=2.675)
@example(x=1e308)
@example(x=5e-324)
@example(x=-1.0)
@example(x=2.0**63)
@given(x=FLOATS)
def test_one_float_gives_pythons_answer(tasks: dict[str, Any], expression: str, x: float) -> None:
    check(*task_of(tasks, expression, "x: float"), x)


@pytest.mark.parametrize("expression", TWO)
@settings(max_examples=150)
@example(x=0.0, y=-1.0)
@example(x=1.0, y=0.0)
@example(x=-8.0, y=1 / 3)
@example(x=0.0, y=-0.0)
@example(x=math.nan, y=1.0)
@given(x=FLOATS, y=FLOATS)
def test_two_floats_give_pythons_answer(
    tasks: dict[str, Any], expression: str, x: float, y: float
) -> None:
    check(*task_of(tasks, expression, "x: float", "y: float"), x, y)


@pytest.mark.parametrize("expression", WITH_INT)
@settings(max_examples=150)
@example(n=2**53 + 1, x=2.0**53)
@example(n=0, x=0.0)
@example(n=-1, x=0.5)
@given(n=st.one_of(st.integers(-20, 20), st.integers(-(2**63), 2**63 - 1)), x=FLOATS)
def test_an_int_and_a_float_give_pythons_answer(
    tasks: dict[str, Any], expression: str, n: int, x: float
) -> None:
    check(*task_of(tasks, expression, "n: int", "x: float"), n, x)


@pytest.mark.parametrize("expression", ["x ** 2", "math.log(x)", "round(x, 2)", "x ** 2.5"])
def test_ordinary_arguments_are_answered_by_compiled_code(
    tasks: dict[str, Any], expression: str
) -> None:
    task, _ = task_of(tasks, expression, "x: float")
    assert status_of(task, 1.37)[0] == 0


@pytest.mark.parametrize(
    "expression", ["math.gamma(x)", "math.lgamma(x)", "round(n, 1)", "~(x > 1)"]
)
def test_what_would_differ_is_refused(expression: str) -> None:
    with pytest.raises(CompileRefused):
        compiled(made(expression, "x: float", "n: int"))


def root(x: float, n: int) -> float:
    return x ** (1 / n)  # type: ignore[no-any-return]


def given_root(x: float) -> tuple[float, float, float]:
    return root(x, 2), root(x, 4), root(x, -1)


def powers_of_two(x: float) -> tuple[float, float, float]:
    return 1024**x, math.pow(64, x), 2.0**x


@pytest.mark.parametrize("function", [given_root, powers_of_two])
def test_a_power_of_a_constant_that_the_optimiser_sees_is_the_c_librarys(
    function: Callable[..., Any],
) -> None:
    task = compiled(function)
    generator = random.Random(1)
    for _ in range(500):
        x = generator.uniform(0.0, 50.0)
        assert status_of(task, x) == (0, 0, function(x))
