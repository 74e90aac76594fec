"""Tasks whose parameters are keyword-only, or `*args`: code takes one value for each."""

from __future__ import annotations

from typing import Any

import pytest

from catzilla_jit import task


def power(n: int, *, exponent: int = 2) -> int:
    return n**exponent


def product(first: int, *rest: int) -> int:
    result = first
    for each in rest:
        result *= each
    return result


def test_keyword_only_argument_reaches_a_call_that_is_run_again() -> None:
    made = task(power)
    assert made.submit(10, exponent=3).result() == 1000
    assert made.submit(10**10, exponent=3).result() == 10**30
    assert made.compiled


def test_call_that_is_run_again_has_the_code_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    def negative(n: int, *, exponent: int = 2) -> int:
        return -(n**exponent)

    made = task(power)
    assert made.submit(10**10, exponent=3).result() == 10**30
    monkeypatch.setattr(power, "__code__", negative.__code__)  # as %autoreload does it
    assert made.submit(10**10, exponent=3).result() == -(10**30)


def test_keyword_only_argument_is_not_taken_by_position() -> None:
    with pytest.raises(TypeError):
        task(power).submit(2, 3)


def test_more_arguments_are_compiled_as_a_tuple() -> None:
    made = task(product)
    given: list[tuple[Any, ...]] = [
        (2, 3, 4),
        (2, 3, 4),
        (10**10, 10**10),
        (3,),
        (2, "x"),
        (2, 1.5),
    ]
    for values in given:
        assert made.submit(*values).result() == product(*values)
        assert made(*values) == product(*values)
    assert [each.result() for each in made.submit_each([1, 2], [3, 4])] == [3, 8]
    assert list(made.map([1, 2], 5)) == [5, 10]
    assert made.explain().signature == "(first: int, rest: tuple[int, int]) -> int"


def scaled(n: int, *, by: int = 2, name: str = "n") -> str:
    return name + str(n * by)


def joined(first: int, *rest: int, sep: str = "-") -> str:
    return sep + str(first + len(rest))


def calls(n: int) -> str:
    return scaled(n, by=3) + scaled(n, name="m") + joined(n, 1, 2) + joined(n, sep="+")


def test_helpers_are_called_with_keyword_only_arguments() -> None:
    made = task(calls)
    assert made.submit(4).result() == calls(4)
    assert made.compiled


def test_helper_is_not_given_a_keyword_only_argument_by_position() -> None:
    def wrong(n: int) -> str:
        return scaled(n, 3)  # type: ignore[call-arg]

    made = task(wrong)
    assert type(made.submit(4).exception()) is TypeError
