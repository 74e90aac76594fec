"""A program of a user's that tries nine kinds of task; it fails unless each gives Python's answer.

usage: python tools/smoke.py [--python]    --python: whether tasks are compiled does not matter
"""

from __future__ import annotations

import asyncio
import math
import sys
import time

import numpy as np

import catzilla_jit
from catzilla_jit import Executor, Runtime, task
from catzilla_jit.errors import TaskTimeout
from catzilla_jit.pools.native import library


@task
def number(x: float, n: int) -> float:
    return math.sqrt(x) + n**3


@task
def text(words: str) -> str:
    return " ".join(word.title() for word in words.split())


@task
def total(values: list[float]) -> float:
    return sum(values) / len(values)


@task
def table(values: np.ndarray) -> float:
    return float((values * 2.0).sum())


@task
def fails(x: int) -> int:
    return 10 // x


@task
def large(x: int) -> int:
    return x * x


@task(timeout_ms=50)
def endless(x: int) -> int:
    while x > 0:
        x = x + 1 if x % 2 else x - 1 + 2
    return x


def python(*values: object) -> int:
    return len(values)


async def later() -> list[float]:
    return list(await asyncio.gather(number.submit(4.0, 1), number.submit(9.0, 2)))


def main() -> None:
    begin = time.perf_counter()
    assert number.submit(4.0, 2).result() == 10.0
    assert number.map([4.0, 9.0], 1).tolist() == [3.0, 4.0]
    assert text.submit("one two").result() == "One Two"
    assert total.submit([1.0, 2.0]).result() == 1.5
    assert table.submit(np.ones(3)).result() == 6.0
    assert isinstance(fails.submit(0).exception(), ZeroDivisionError)
    assert large.submit(2**40).result() == 2**80
    assert isinstance(endless.submit(1).exception(), TaskTimeout)
    assert asyncio.run(later()) == [3.0, 11.0]
    with Runtime(workers=1) as runtime, Executor(2) as executor:
        assert runtime.submit(python, 1, 2).result() == executor.submit(python, 1, 2).result() == 2
    compiled = [each for each in (number, text, total, table, fails, large) if each.compiled]
    native = library.unavailable() or "native pool"
    seconds = time.perf_counter() - begin
    print(f"{catzilla_jit.__version__}: {len(compiled)} of 6 compiled, {native}, {seconds:.1f} s")
    if "--python" not in sys.argv:
        assert len(compiled) == 6, compiled
        assert native == "native pool", native


if __name__ == "__main__":
    main()
