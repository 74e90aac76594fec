"""Adaptive quadrature: an interval is halved where the estimate of its error is too large.

Nobody knows beforehand where that is, so no fixed division of the interval keeps all workers busy.
The sum is made in the same order whoever computes the halves: the answer has the same bits each
time.
"""

from __future__ import annotations

import math

from catzilla_jit import fork, join, task

TOLERANCE = 1e-10


def height(x: float) -> float:
    """Return a smooth function with a peak of width 1/1000."""
    return math.sin(x) + 1.0 / (1.0 + 1e6 * (x - 0.3) * (x - 0.3))


@task(compile_to_c="require")
def integral(a: float, b: float, fa: float, fm: float, fb: float, tolerance: float) -> float:
    m = 0.5 * (a + b)
    left, right = height(0.5 * (a + m)), height(0.5 * (m + b))
    whole = (b - a) / 6.0 * (fa + 4.0 * fm + fb)
    halves = (b - a) / 12.0 * (fa + 4.0 * left + 2.0 * fm + 4.0 * right + fb)
    if abs(halves - whole) < 15.0 * tolerance:
        return halves + (halves - whole) / 15.0
    first = fork(integral, a, m, fa, left, fm, 0.5 * tolerance)
    second = integral(m, b, fm, right, fb, 0.5 * tolerance)
    return join(first) + second


def main() -> None:
    a, b = 0.0, 2.0
    heights = height(a), height(0.5 * (a + b)), height(b)
    results = [integral.submit(a, b, *heights, TOLERANCE).result() for _ in range(3)]
    exact = 1.0 - math.cos(b) + 1e-3 * (math.atan(1e3 * (b - 0.3)) + math.atan(1e3 * 0.3))
    assert abs(results[0] - exact) < 1e-9
    assert len(set(results)) == 1
    print(f"{results[0]:.12f}, off by {abs(results[0] - exact):.0e}")


if __name__ == "__main__":
    main()
