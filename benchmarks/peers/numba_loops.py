"""Numba's own parallel loops, on the threading layer that NUMBA_THREADING_LAYER names.

Run from the folder of the benchmarks. Reads lines "LOOP N" and answers each with the seconds that
the loop over N elements took.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import kernels
import numba
import numpy as np

price = numba.njit(kernels.call_price)
logistic = numba.njit(kernels.logistic)


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
