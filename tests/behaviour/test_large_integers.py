"""Integers of more digits than Python turns into text are integers as others are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import task

LARGE = 10**5000  # Python's limit is 4300 digits
LARGER = [1, LARGE]


def given(n: int) -> int:
    return n % 7


def without_hint(n):  # type: ignore[no-untyped-def]
    return n % 7


def for_a_float(x: float) -> bool:
    return x > 1.0


def named(n: int) -> int:
    return n % LARGE


def listed(n: int) -> int:
    return n % LARGER[0]


def by_default(n: int, m: int = LARGE) -> int:
    return (n + m) % 9


@pytest.mark.parametrize(
    ("function", "argument"),
    [(given, LARGE), (without_hint, LARGE), (for_a_float, LARGE), (named, 3), (listed, 3),
     (by_default, 3)],
    ids=lambda each: getattr(each, "__name__", ""),
)  # fmt: skip
def test_a_task_answers_as_python_does(function: Callable[..., Any], argument: Any) -> None:
    made = task(function)
    assert made.submit(argument).result() == function(argument)
    assert str(made.explain())


def test_a_message_shows_both_ends_of_the_number() -> None:
    required = task(given, compile_to_c="require")
    with pytest.raises(TypeError, match=r"not 0x[0-9a-f]+\.\.\.[0-9a-f]+$"):
        required.submit(LARGE)
    with pytest.raises(TypeError, match=r"not 9223372036854775808$"):
        required.submit(2**63)
