"""What several benchmarks compute per element."""

from __future__ import annotations

import math


def call_price(spot: float, strike: float, years: float, rate: float, volatility: float) -> float:
    """Return the Black-Scholes price of a European call (Black and Scholes 1973)."""
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    d2 = d1 - spread
    cdf1 = 0.5 + 0.5 * math.erf(d1 / math.sqrt(2.0))
    cdf2 = 0.5 + 0.5 * math.erf(d2 / math.sqrt(2.0))
    return spot * cdf1 - strike * math.exp(-rate * years) * cdf2


def logistic(steps: int) -> float:
    """Return the logistic map x -> 3.7 x (1 - x) after so many steps."""
    x = 0.5
    for _ in range(steps):
        x = 3.7 * x * (1.0 - x)
    return x
