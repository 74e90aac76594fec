"""Tasks that other processes import by name."""

from __future__ import annotations

import time

from catzilla_jit import task


@task
def price(spot: float, strike: float) -> float:
    return max(spot - strike, 0.0) + 1.0


eager = price.options(priority="high", max_retries=2)


class Account:
    def __init__(self, rate: float) -> None:
        self.rate = rate

    @task
    def interest(self, amount: float) -> float:
        return amount * self.rate


def undecorated(x: float) -> float:
    return x + 0.5


@task
def unsafe(x: int, bad: int) -> int:
    if x == bad:
        raise ValueError(f"{x} is bad")
    return x


_running = []


@task(compile_to_c=False)
def slow(seconds: float) -> float:
    _running.append(seconds)
    try:
        time.sleep(seconds)
    finally:
        _running.pop()
    return seconds


def calls() -> int:
    """Return how many calls of `slow` run in this process."""
    return len(_running)
