"""What a failed run leaves of its arguments: no reference to the caller's objects."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from catzilla_jit import task

Floats = NDArray[np.float64]
RUNS = 20


def number(words: str) -> int:
    return int(words)


def far(words: str) -> str:
    return words[len(words)]


def nothing_of(values):
    copied = values + 1.0
    if len(copied) > 1:
        raise ValueError("too long")
    return copied[0]


def through_a_helper(values: Floats) -> float:
    return nothing_of(values)


def in_a_tuple(pair: tuple[str, int]) -> int:
    return int(pair[0]) + pair[1]


def by_chance(words: str | None) -> int:
    if words is None:
        return 0
    return ord(words[len(words)])


WORDS = "".join(["no ", "number"])
ARRAY = np.arange(5.0)


@pytest.mark.parametrize(
    ("function", "argument", "kept"),
    [
        (number, WORDS, WORDS),
        (far, WORDS, WORDS),
        (through_a_helper, ARRAY, ARRAY),
        (in_a_tuple, (WORDS, 1), WORDS),
        (by_chance, WORDS, WORDS),
    ],
)
def test_failed_run_keeps_no_reference_to_its_argument(function, argument, kept):
    failing = task(function, compile_to_c=True)
    with pytest.raises((ValueError, IndexError)):
        failing.submit(argument).result()
    assert failing.compiled
    before = sys.getrefcount(kept)
    for _ in range(RUNS):
        failing.submit(argument).exception()
    assert sys.getrefcount(kept) - before < RUNS // 2


def test_exception_that_holds_an_argument_is_whole():
    @task(compile_to_c="require")
    def says(words: str, n: int) -> int:
        if n > 0:
            raise ValueError(words, n)
        return n

    words = "".join(["said ", "so"])
    for n in range(1, RUNS):
        assert says.submit(words, n).exception().args == ("said so", n)
