"""Heat that spreads over a plate: a parallel loop over its rows, again and again.

Each step reads one array and writes another, so its iterations do not need each other. How much
changes in a step is a sum of all rows, added in blocks: it has the same bits in each run, and so
has the number of steps that it takes to settle.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from catzilla_jit import task

ROWS = 400
TOLERANCE = 1e-3


@task(parallel=True, compile_to_c="require")
def settle(plate: NDArray[np.float64], tolerance: float) -> int:
    """Let heat spread from the edges until a step changes less; return the number of steps."""
    rows, columns = plate.shape
    other = plate.copy()
    steps, change = 0, np.inf
    while change > tolerance:
        change = 0.0
        for i in prange(1, rows - 1):
            moved = 0.0
            for j in range(1, columns - 1):
                around = plate[i - 1, j] + plate[i + 1, j] + plate[i, j - 1] + plate[i, j + 1]
                other[i, j] = 0.25 * around
                moved += (other[i, j] - plate[i, j]) ** 2
            change += moved
        plate, other = other, plate
        steps += 1
    return steps


def main() -> None:
    plate = np.zeros((ROWS, ROWS))
    plate[0] = 1.0
    steps = {settle.submit(plate.copy(), TOLERANCE).result() for _ in range(3)}
    assert len(steps) == 1
    print(f"{steps.pop()} steps on {ROWS} by {ROWS}, in each of three runs")


if __name__ == "__main__":
    main()
