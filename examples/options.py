"""Monte Carlo: the price of an Asian option, with and without a control variate.

The option pays what the mean of the year's 52 weekly prices exceeds the strike by. There is no
closed formula for the arithmetic mean, but one for the geometric mean, whose payoff on the same
path is nearly the same: simulating only the difference leaves little to chance (A. Kemna and
A. Vorst, "A pricing method for options based on average asset values", Journal of Banking &
Finance 14, 1990).

Each call of the task simulates 1,000 paths from a seed of its own, so the answer does not depend
on which worker runs what. The program exits with status 1 if the two estimates do not agree.
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np

from catzilla_jit import task

WEEKS = 52
PATHS = 1000
SPOT, STRIKE, RATE, VOLATILITY = 100.0, 105.0, 0.03, 0.25


@task(compile_to_c="require")
def mean_payoff(
    seed: int, spot: float, strike: float, rate: float, volatility: float, control: bool
) -> float:
    """Return the discounted mean payoff, or what it exceeds that of the geometric mean by."""
    np.random.seed(seed)
    step = 1.0 / WEEKS
    drift = (rate - volatility * volatility / 2) * step
    spread = volatility * math.sqrt(step)
    total = 0.0
    for _ in range(PATHS):
        log_price, log_sum, price_sum = math.log(spot), 0.0, 0.0
        for _ in range(WEEKS):
            log_price += drift + spread * np.random.standard_normal()
            log_sum += log_price
            price_sum += math.exp(log_price)
        total += max(price_sum / WEEKS - strike, 0.0)
        if control:
            total -= max(math.exp(log_sum / WEEKS) - strike, 0.0)
    return math.exp(-rate) * total / PATHS


def geometric_price(spot: float, strike: float, rate: float, volatility: float) -> float:
    """Return the price with the geometric mean, which is log-normal."""
    n = WEEKS
    mean = math.log(spot) + (rate - volatility**2 / 2) * (n + 1) / (2 * n)
    deviation = volatility * math.sqrt((n + 1) * (2 * n + 1) / (6 * n * n))
    d = (mean - math.log(strike)) / deviation
    forward = math.exp(mean + deviation**2 / 2)
    return math.exp(-rate) * (forward * _cdf(d + deviation) - strike * _cdf(d))


def _cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def main() -> int:
    mean_payoff.warm_up()
    seeds = np.arange(1000)
    estimates = []
    for control in (False, True):
        began = time.perf_counter()
        means = mean_payoff.map(seeds, SPOT, STRIKE, RATE, VOLATILITY, control, progress=True)
        taken = time.perf_counter() - began
        known = geometric_price(SPOT, STRIKE, RATE, VOLATILITY) if control else 0.0
        price, error = known + means.mean(), means.std(ddof=1) / math.sqrt(len(means))
        estimates.append((price, error))
        how = "with the control variate" if control else "plain"
        print(f"{how:25} {price:.5f} +- {error:.5f}  ({taken:.2f} s)")
    (plain, error), (controlled, _) = estimates
    return int(abs(plain - controlled) > 5 * error)


if __name__ == "__main__":
    sys.exit(main())
