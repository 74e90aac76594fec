"""Tasks that other processes import by name."""

from __future__ import annotations

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
