"""Numba's own parallel loops, on the threading layer that NUMBA_THREADING_LAYER names.

Reads lines "LOOP N" and answers each with the seconds that the loop over N elements took.
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any

import numba
import numpy as np


@numba.njit
def price(spot: float, strike: float, years: float, rate: float, volatility: float) -> float:
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    d2 = d1 - spread
    cdf1 = 0.5 + 0.5 * math.erf(d1 / math.sqrt(2.0))
    cdf2 = 0.5 + 0.5 * math.erf(d2 / math.sqrt(2.0))
    return spot * cdf1 - strike * math.exp(-rate * years) * cdf2


@numba.njit
def logistic(steps: int) -> float:
    x = 0.5
    for _ in range(steps):
        x = 3.7 * x * (1.0 - x)
    return x


@numba.njit(parallel=True)
def prices(spot: Any, out: Any) -> None:
    for i in numba.prange(len(out)):
        out[i] = price(spot[i], 100.0, 1.0, 0.03, 0.25)  # type: ignore[call-arg]


@numba.njit(parallel=True)
def rising(steps: Any, out: Any) -> None:
    for i in numba.prange(len(out)):
        out[i] = logistic(steps[i])


LOOPS: dict[str, tuple[Any, Any]] = {
    "prices": (prices, lambda n: np.linspace(50.0, 150.0, n)),
    "rising": (rising, lambda n: np.arange(n) * 4),
}


def main() -> None:
    for line in sys.stdin:
        name, n = line.split()
        loop, make = LOOPS[name]
        values, out = make(int(n)), np.empty(int(n))
        loop(values, out)
        began = time.perf_counter()
        loop(values, out)
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
