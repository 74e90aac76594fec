"""Generator functions that a task loops over, and what of them is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from catzilla_jit import task
from catzilla_jit.compile import CompileRefused
from support.automatic import outcome, submitted
from support.compile_harness import compiled


def doubled(n: int) -> Iterator[int]:
    for i in range(n):
        yield i * 2


def powers(n: int) -> Iterator[int]:
    power = 2**61
    for i in range(n):
        if i == 4:
            raise ValueError("four")
        power = power * 2
        yield power


def kinds(n: int) -> Iterator[float]:
    yield n
    yield n / 2


def halves(n: int) -> Iterator[float]:
    total = 0
    for i in range(n):
        if i % 2:
            total += 0.5
        yield total


def caught(n: int) -> Iterator[int]:
    try:
        yield n
    finally:
        n = 0


def consumes(n: int) -> Any:
    first = 0
    for value in doubled(10**9):
        if value > n:
            first = value
            break
    return first, list(doubled(n)), sum(doubled(n)), any(v > 3 for v in doubled(n))


def overflows(n: int) -> list[int]:
    return [value // 3 for value in powers(n)]


def of_kinds(n: int) -> list[float]:
    return list(kinds(n))


def of_halves(n: int) -> list[float]:
    return list(halves(n))


def of_caught(n: int) -> list[int]:
    return list(caught(n))


def keeps(n: int) -> int:
    kept = doubled(n)
    total = 0
    for value in kept:
        total += value
        break
    for value in kept:
        total += value
    return total


@pytest.mark.parametrize("function", [consumes, overflows])
def test_consumed_generator_gives_what_pythons_does(function: Any) -> None:
    made = task(function)
    for n in (0, 1, 2, 4, 6):
        assert submitted(made, n) == outcome(function, n)
    assert made.compiled


@pytest.mark.parametrize(
    ("function", "why"),
    [(of_kinds, "several types"), (of_halves, "two kinds"), (of_caught, "caught"), (keeps, "kept")],
)
def test_generator_that_would_go_on_otherwise_is_refused(function: Any, why: str) -> None:
    with pytest.raises(CompileRefused, match=why):
        compiled(function)
