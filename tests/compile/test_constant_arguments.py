"""Arguments that say how are constants, where the function does not compile without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catzilla_jit import Runtime, task

TABLE = np.arange(9.0).reshape(3, 3)


def signatures(of: Any) -> list[str]:
    return [form.signature for form in of._jit_function.forms]


@task
def scaled(x, how="sum", centred: bool = False, axis=0):  # type: ignore[no-untyped-def]
    if how not in ("sum", "max"):
        raise ValueError(f"how is {how}")
    scale = x.sum(axis=axis) if how == "sum" else x.max()
    if centred:
        return x / scale, scale
    return x / scale


@pytest.mark.parametrize(
    "arguments",
    [(TABLE + 1,), (TABLE + 1, "max"), (TABLE + 1, "sum", True), (TABLE + 1, "max", True, 1)],
)
def test_each_choice_has_a_form_of_its_own(arguments: tuple[Any, ...]) -> None:
    expected = scaled._jit_function.function(*arguments)
    before = len(signatures(scaled))
    result = scaled.submit(*arguments).result()
    assert type(result) is type(expected)
    for given, wanted in zip(np.atleast_1d(*result), np.atleast_1d(*expected), strict=True):
        assert (given == wanted).all()
    assert len(signatures(scaled)) == before + 1
    assert scaled.submit(*arguments).result() is not None
    assert len(signatures(scaled)) == before + 1


def test_another_value_is_pythons_to_answer() -> None:
    assert isinstance(scaled.submit(TABLE, "min").exception(), ValueError)
    assert scaled.submit(TABLE, "min").exception().args == ("how is min",)


def test_a_value_that_equals_the_constant_is_no_constant() -> None:
    @task
    def along(x, axis=1):  # type: ignore[no-untyped-def]
        return x.sum(axis=axis)

    assert (along.submit(TABLE).result() == TABLE.sum(axis=1)).all()
    assert signatures(along)[0].startswith("(x: array(float64, 2-D), axis: Literal[1])")
    assert isinstance(along.submit(TABLE, True).exception(), TypeError)
    assert (along.submit(TABLE, 0).result() == TABLE.sum(axis=0)).all()
    assert len(signatures(along)) == 2


def test_parameter_that_is_given_another_value_begins_with_the_constant() -> None:
    @task
    def power(x, kind="square"):  # type: ignore[no-untyped-def]
        kinds = [kind for _ in range(2)]
        if kind == "square":
            kind = 2.0
        elif kind == "cube":
            kind = 3.0
        return x**kind, kinds

    assert power.submit(3.0).result() == (9.0, ["square", "square"])
    assert power.submit(3.0, "cube").result() == (27.0, ["cube", "cube"])
    assert len(signatures(power)) == 2


def test_function_that_compiles_has_no_constants() -> None:
    @task
    def joined(text="ab", count=2):  # type: ignore[no-untyped-def]
        return text + str(count)

    assert joined.submit().result() == "ab2"
    assert signatures(joined) == ["(text: str, count: int) -> str"]


def test_map_takes_any_text() -> None:
    @task
    def value(x, kind="a"):  # type: ignore[no-untyped-def]
        if kind == "a":
            kind = 1
        elif kind == "b":
            kind = 2
        return x * kind

    with Runtime(workers=1):
        assert value.submit(2.0).result() == 2.0
        assert list(value.map([1.0, 2.0], kind="b")) == [2.0, 4.0]
        assert list(value.map([1.0, 2.0], kind=["a", "b"])) == [1.0, 4.0]


def test_what_may_be_none_has_a_form_for_what_it_is() -> None:
    @task
    def within(x: Any, low: float | None = None, high: float | None = None) -> Any:
        return np.clip(x, low, high) if low is not None or high is not None else x

    line = np.arange(4.0)
    for bounds in ((), (1.0,), (None, 2.0), (1.0, 2.0), (1, 2.0)):
        expected = within(line, *bounds)
        assert within.submit(line, *bounds).result().tolist() == expected.tolist()  # type: ignore[arg-type]
    assert len(signatures(within)) == 5


def test_default_that_is_a_class_or_a_function_is_a_constant() -> None:
    @task
    def reduced(x: Any, func: Any = np.mean, dtype: Any = np.float32) -> Any:
        return func(x), x.astype(dtype), np.zeros(x.shape, dtype=dtype)

    line = np.arange(4.0)
    for rest in ((), (np.sum,), (np.mean, float)):
        expected, found = reduced(line, *rest), reduced.submit(line, *rest).result()
        assert [each.dtype for each in found] == [each.dtype for each in expected]
        assert found[0] == expected[0]
    text = "(x: array(float64, 1-D), func: Default[numpy.mean], dtype: Default[numpy.float32])"
    assert [each.partition(" ->")[0] for each in signatures(reduced)] == [text]


def test_default_of_the_program_is_no_constant() -> None:
    def twice(x: float) -> float:
        return x * 2.0

    @task
    def applied(x: Any, func: Any = twice) -> Any:
        return func(x)

    assert applied.submit(2.0).result() == 4.0
    assert not signatures(applied)
