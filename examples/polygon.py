"""Geometry: the area of a polygon by looking at 16 million points, one task per row of points.

The vertices go to each task as arrays: they are not copied, the workers read the same memory. A
point is inside if a ray from it crosses the outline an odd number of times. The outline is a
wobbly star; its exact area is known from the shoelace formula, and the program exits with status
1 if the two differ by more than a thousandth.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import numpy.typing as npt

from catzilla_jit import gather, task

FloatArray = npt.NDArray[np.float64]
POINTS = 4000  # per side


@task(compile_to_c="require")
def count_inside(xs: FloatArray, ys: FloatArray, y: float, points: int) -> int:
    """Return how many of the points of a row from (-1, y) to (1, y) are inside."""
    inside = 0
    for i in range(points):
        x = (2 * i + 1) / points - 1.0
        odd = False
        before = len(xs) - 1
        for at in range(len(xs)):
            if (ys[at] > y) != (ys[before] > y):
                slope = (xs[before] - xs[at]) / (ys[before] - ys[at])
                if x < xs[at] + (y - ys[at]) * slope:
                    odd = not odd
            before = at
        if odd:
            inside += 1
    return inside


def star(vertices: int = 40) -> tuple[FloatArray, FloatArray]:
    angle = np.linspace(0.0, 2 * np.pi, vertices, endpoint=False)
    radius = np.where(np.arange(vertices) % 2, 0.55, 0.95) + 0.05 * np.sin(3 * angle)
    return radius * np.cos(angle), radius * np.sin(angle)


def shoelace(xs: FloatArray, ys: FloatArray) -> float:
    return float(abs(np.dot(xs, np.roll(ys, -1)) - np.dot(ys, np.roll(xs, -1))) / 2)


def main() -> int:
    xs, ys = star()
    count_inside.submit(xs, ys, 0.0, 1).result()  # compiled for these types of arrays
    began = time.perf_counter()
    rows = [(2 * i + 1) / POINTS - 1.0 for i in range(POINTS)]
    counts = gather(*[count_inside.submit(xs, ys, y, POINTS) for y in rows], progress=True)
    taken = time.perf_counter() - began
    area, exact = sum(counts) * (2 / POINTS) ** 2, shoelace(xs, ys)
    print(f"{POINTS * POINTS:,} points in {len(xs)} corners: {taken:.2f} s")
    print(f"area {area:.6f}, exactly {exact:.6f}")
    return int(abs(area / exact - 1) > 1e-3)


if __name__ == "__main__":
    sys.exit(main())
