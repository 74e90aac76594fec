"""A k-d tree in place: the nearest of many points, without looking at all of them.

Building it divides the points by their median, along x and y in turn, and forks one side. The
queries are a map: there is one per point, and each has its own answer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from catzilla_jit import fork, task

POINTS = 20_000
QUERIES = 500


def select(points: NDArray[np.float64], begin: int, end: int, axis: int) -> None:
    """Bring the median of a part to its middle, what is smaller before it."""
    middle = (begin + end) // 2
    while end - begin > 1:
        pivot = points[(begin + end) // 2, axis]
        low, high = begin, end - 1
        while low <= high:
            while points[low, axis] < pivot:
                low += 1
            while points[high, axis] > pivot:
                high -= 1
            if low <= high:
                for k in range(2):
                    kept = points[low, k]
                    points[low, k] = points[high, k]
                    points[high, k] = kept
                low += 1
                high -= 1
        if middle <= high:
            end = high + 1
        elif middle >= low:
            begin = low
        else:
            return


@task(compile_to_c="require")
def build(points: NDArray[np.float64], begin: int, end: int, axis: int) -> None:
    if end - begin < 2:
        return
    select(points, begin, end, axis)
    middle = (begin + end) // 2
    fork(build, points, begin, middle, 1 - axis)
    build(points, middle + 1, end, 1 - axis)


def look(
    points: NDArray[np.float64], begin: int, end: int, axis: int, x: float, y: float, best: float
) -> float:
    """Return the smaller of `best` and the least squared distance of a part."""
    if end <= begin:
        return best
    middle = (begin + end) // 2
    dx, dy = x - points[middle, 0], y - points[middle, 1]
    best = min(best, dx * dx + dy * dy)
    off = dx if axis == 0 else dy
    if off < 0.0:
        best = look(points, begin, middle, 1 - axis, x, y, best)
        if off * off < best:
            best = look(points, middle + 1, end, 1 - axis, x, y, best)
    else:
        best = look(points, middle + 1, end, 1 - axis, x, y, best)
        if off * off < best:
            best = look(points, begin, middle, 1 - axis, x, y, best)
    return best


@task(compile_to_c="require")
def nearest(points: NDArray[np.float64], x: float, y: float) -> float:
    return look(points, 0, len(points), 0, x, y, 1e300)


def main() -> None:
    rng = np.random.default_rng(3)
    points, queries = rng.random((POINTS, 2)), rng.random((QUERIES, 2))
    build.submit(points, 0, POINTS, 0).result()
    found = nearest.map([points], queries[:, 0], queries[:, 1])
    all_of_them = ((queries[:, None, :] - points[None, :, :]) ** 2).sum(axis=2).min(axis=1)
    assert np.array_equal(found, all_of_them)
    print(f"{QUERIES} queries among {POINTS:,} points agree with a full search")


if __name__ == "__main__":
    main()
