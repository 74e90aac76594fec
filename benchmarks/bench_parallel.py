"""What do parallel loops cost beside Numba's, and what does one cost that is too small for it?

Uniform cost: Black-Scholes prices of four million options. Cost that rises with the index, where a
static schedule leaves one core idle. Baseline of both: the best of Numba's threading layers that
are installed here, each in a process of its own. Then a loop over 1,000 tiny elements, beside the
same loop without `parallel`; and 4 loops of 250 iterations inside a parallel loop, beside one of
1,000.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import measure
import numpy as np
from kernels import call_price, logistic
from numba import prange
from numpy.typing import NDArray

from catzilla_jit import Runtime, Task, task

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LAYERS = ("omp", "tbb", "workqueue")
HERE = Path(__file__).resolve().parent


def prices(spot: Floats, out: Floats) -> None:
    for i in prange(len(out)):
        out[i] = call_price(spot[i], 100.0, 1.0, 0.03, 0.25)


def rising(steps: Integers, out: Floats) -> None:
    for i in prange(len(out)):
        out[i] = logistic(steps[i])


def doubled(values: Floats, out: Floats, times: int) -> None:
    for _ in range(times):
        for i in prange(len(values)):
            out[i] = values[i] + out[i]


def flat(steps: int, out: Floats) -> None:
    for i in prange(1000):
        out[i] = logistic(steps)


def nested(steps: int, out: Floats) -> None:
    for i in prange(4):
        for j in prange(250):
            out[250 * i + j] = logistic(steps)


def parallel(runtime: Runtime, function: Any, name: str) -> Task[..., None]:
    made: Task[..., None] = runtime.task(function, parallel=True, compile_to_c="require", name=name)
    return made


def seconds_of(subject: Task[..., None], *arguments: Any) -> float:
    return measure.seconds(lambda: subject.submit(*arguments).result())


class Layer:
    """A process that runs Numba's loops on one threading layer."""

    def __init__(self, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peers.numba_loops"],
            cwd=HERE,
            env=os.environ | {"NUMBA_THREADING_LAYER": name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def seconds(self, loop: str, n: int) -> float:
        """Return how long a loop took; ValueError where the layer is not there."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(f"{loop} {n}\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise ValueError("the layer is not installed") from error
        return float(self.process.stdout.readline())

    def end(self) -> None:
        self.process.communicate()


@contextmanager
def layers(report: measure.Report) -> Iterator[dict[str, Layer]]:
    """Give those of Numba's layers that run here."""
    found = {}
    for name in LAYERS:
        layer = Layer(name)
        try:
            layer.seconds("rising", 10)
        except ValueError:
            report.skip(f"Numba's layer {name}", "it is not installed")
            layer.end()
        else:
            found[name] = layer
    try:
        yield found
    finally:
        for layer in found.values():
            layer.end()


def compare(
    report: measure.Report,
    numbas: dict[str, Layer],
    claim: str,
    goal: float,
    subject: Task[..., None],
    loop: str,
    values: NDArray[Any],
) -> None:
    """Run our loop and those of the layers in turn; compare with the best."""
    n, out = len(values), np.empty(len(values))
    subjects = {"ours": lambda: n / seconds_of(subject, values, out)}
    for name, layer in numbas.items():
        subjects[name] = lambda layer=layer: n / layer.seconds(loop, n)  # type: ignore[misc]
    measure.in_turn(1, subjects)  # compiles, touches the arrays
    figures = measure.in_turn(report.options.rounds, subjects)
    best = max(numbas, key=lambda name: statistics.median(figures[name]))
    report.ratio(f"{claim}, ours / Numba on {best}", figures, "ours", best, "elements/s", goal)


def compare_tiny(report: measure.Report, runtime: Runtime) -> None:
    values, out = np.arange(1000.0), np.zeros(1000)
    times = report.options.size(20_000, 10)
    subjects = {
        "parallel": parallel(runtime, doubled, "doubled"),
        "sequential": task(doubled, compile_to_c="require", name="doubled_in_turn"),
    }
    runs = {
        name: lambda each=each: seconds_of(each, values, out, times) / times * 1e6
        for name, each in subjects.items()
    }
    measure.in_turn(1, runs)
    figures = measure.in_turn(report.options.rounds, runs)
    more = statistics.median(figures["parallel"]) - statistics.median(figures["sequential"])
    claim = "1,000 tiny elements, more than sequential"
    report.add(measure.Finding(claim, more, " us", 3, "at most", figures, "us"))


def compare_nested(report: measure.Report, runtime: Runtime) -> None:
    out, steps = np.empty(1000), report.options.size(10_000, 10)
    subjects = {
        "nested": parallel(runtime, nested, "nested"),
        "flat": parallel(runtime, flat, "flat"),
    }
    runs = {name: lambda each=each: seconds_of(each, steps, out) for name, each in subjects.items()}
    measure.in_turn(1, runs)
    figures = measure.in_turn(report.options.rounds, runs)
    claim = "4 loops of 250 in a parallel loop / one of 1,000"
    report.ratio(claim, figures, "nested", "flat", "s", 1.1, "at most")


def main() -> None:
    report = measure.Report("bench_parallel", measure.Options.parse(__doc__))
    with Runtime(workers=measure.cores(), enable_auto_scaling=False) as runtime:
        with layers(report) as numbas:
            spots = np.linspace(50.0, 150.0, report.options.size(4_000_000, 2_000))
            subject = parallel(runtime, prices, "prices")
            compare(report, numbas, "uniform cost", 1.0, subject, "prices", spots)
            steps = np.arange(report.options.size(10_000, 500)) * 4
            subject = parallel(runtime, rising, "rising")
            claim = "cost rising with the index"
            compare(report, numbas, claim, 1.4, subject, "rising", steps)
        compare_tiny(report, runtime)
        compare_nested(report, runtime)
    report.finish()


if __name__ == "__main__":
    main()
