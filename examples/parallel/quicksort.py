"""Sorting in place: each part is sorted by whoever is free.

Nothing has to be joined: what a task has forked has ended when the task has.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from catzilla_jit import fork, task

N = 1_000_000
SMALL = 32  # elements that one worker sorts by insertion


@task(compile_to_c="require")
def quicksort(x: NDArray[np.float64], begin: int, end: int) -> None:
    while end - begin > SMALL:
        pivot = x[(begin + end) // 2]
        low, high = begin, end - 1
        while low <= high:
            while x[low] < pivot:
                low += 1
            while x[high] > pivot:
                high -= 1
            if low <= high:
                x[low], x[high] = x[high], x[low]
                low += 1
                high -= 1
        fork(quicksort, x, begin, high + 1)
        begin = low
    for i in range(begin + 1, end):
        value = x[i]
        at = i
        while at > begin and x[at - 1] > value:
            x[at] = x[at - 1]
            at -= 1
        x[at] = value


def main() -> None:
    x = np.random.default_rng(7).random(N)
    expected = np.sort(x)
    result = quicksort.submit(x, 0, N)
    result.wait()
    assert np.array_equal(x, expected)
    print(f"{N:,} numbers sorted in {result.execution_time_ms:.0f} ms")


if __name__ == "__main__":
    main()
