"""Task functions that several tests use: each is compiled once per process."""

from __future__ import annotations

import functools
import math

import catzilla_jit

PATIENCE = 30.0  # seconds until a test gives up on something that should happen at once


@functools.cache
def base_task(function, kind):
    """Return one task per function and kind ("compiled", "python"): each is compiled once."""
    task = catzilla_jit.task(function, compile_to_c="require" if kind == "compiled" else False)
    assert task.compiled == (kind == "compiled")
    return task


def add(a: float, b: float = 0.5) -> float:
    return a + b


def count(n: int) -> int:
    return n + 1


def flip(flag: bool) -> bool:
    return not flag


def turn(z: complex) -> complex:
    return z * 1j


def nothing(n: int) -> None:
    n + 1


def refuse(n: int) -> int:
    if n < 0:
        raise ValueError("negative " + str(n), n)
    return n


def root(x: float) -> float:
    if x < 0.0:
        raise ValueError("no root", x)
    return math.sqrt(x)


def patience(n: int) -> int:
    if n < 0:
        raise TimeoutError("the task's own")
    return n


def spin(n: int) -> float:
    """About a millisecond per 100,000 in compiled code."""
    x = 0.0
    for i in range(n):
        x = x * 0.999 + math.sin(x + i)
    return x
