"""What does `map` cost beside a Numba loop over the same kernel?

Three questions. Uniform cost: Black-Scholes prices of four million options, against
`numba.prange` on the same compiled kernel. Cost that rises with the index (input sorted
by work), where a static schedule leaves one core idle. And the fixed cost: a map of 1,000
tiny elements, counted in round trips of a single `submit(...).result()`.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import measure
import numba
import numpy as np
from kernels import call_price, logistic

from catzilla_jit import Task, task


def double(x: float) -> float:
    return x + x


price_task = task(compile_to_c="require", name="call_price")(call_price)
logistic_task = task(compile_to_c="require", name="logistic")(logistic)
double_task = task(compile_to_c="require", name="double")(double)

price_kernel: Any = numba.njit(call_price)
logistic_kernel: Any = numba.njit(logistic)


@numba.njit(parallel=True)
def prange_price(spot: Any, strike: Any, years: Any, rate: Any, volatility: Any, out: Any) -> None:
    for i in numba.prange(len(out)):
        out[i] = price_kernel(spot[i], strike[i], years[i], rate, volatility)


@numba.njit(parallel=True)
def prange_logistic(steps: Any, out: Any) -> None:
    for i in numba.prange(len(out)):
        out[i] = logistic_kernel(steps[i])


def speed(work: Callable[[], object], elements: int) -> float:
    return elements / measure.seconds(work)


def compare(
    report: measure.Report,
    claim: str,
    goal: float,
    subject: Task[..., float],
    loop: Callable[..., None],
    arguments: tuple[Any, ...],
    elements: int,
) -> None:
    """Run the task's map and the prange loop in turn, into arrays that exist before."""
    ours, theirs = np.empty(elements), np.empty(elements)
    subjects = {
        "map": lambda: speed(lambda: subject.submit_map(*arguments, out=ours).wait(), elements),
        "prange": lambda: speed(lambda: loop(*arguments, theirs), elements),
    }
    measure.in_turn(1, subjects)  # compiles, touches the arrays
    figures = measure.in_turn(report.options.rounds, subjects)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    report.ratio(claim, figures, "map", "prange", "elements/s", goal)


def compare_uniform(report: measure.Report) -> None:
    n = report.options.size(4_000_000, 2_000)
    random = np.random.default_rng(1)
    spot, strike = random.uniform(50.0, 150.0, n), random.uniform(50.0, 150.0, n)
    years = random.uniform(0.1, 2.0, n)
    arguments = (spot, strike, years, 0.03, 0.25)
    compare(report, "uniform cost, map / prange", 0.95, price_task, prange_price, arguments, n)


def compare_rising(report: measure.Report) -> None:
    n = report.options.size(10_000, 500)
    steps = np.arange(n, dtype=np.int64) * 4
    claim = "cost rising with the index, map / prange"
    compare(report, claim, 1.2, logistic_task, prange_logistic, (steps,), n)


def compare_fixed_cost(report: measure.Report) -> None:
    values = np.arange(1000.0)
    repeats = report.options.size(200, 5)

    def map_median() -> float:
        return statistics.median(
            [measure.seconds(lambda: double_task.map(values)) for _ in range(repeats)]
        )

    def trip_median() -> float:
        return statistics.median(
            [measure.seconds(lambda: double_task.submit(1.0).result()) for _ in range(repeats)]
        )

    subjects = {"map of 1,000": map_median, "one round trip": trip_median}
    measure.in_turn(1, subjects)
    figures = measure.in_turn(report.options.rounds, subjects)
    claim = "map of 1,000 tiny elements, in round trips"
    report.ratio(claim, figures, "map of 1,000", "one round trip", "s", 50, "at most")


def main() -> None:
    report = measure.Report("bench_map", measure.Options.parse(__doc__))
    compare_uniform(report)
    compare_rising(report)
    compare_fixed_cost(report)
    report.finish()


if __name__ == "__main__":
    main()
