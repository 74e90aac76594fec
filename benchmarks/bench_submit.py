"""How many single submissions a second does one Python thread get through?

One `submit` per task of `(float, float) -> float`, every result read, default workers.
Baselines: ThreadPoolExecutor with as many threads as this process has cores, and a Go
program with as many workers and one channel per result (peers/pool.go). Asked three times: for
a compiled task, for the same by `submit_each` and `gather`, and for a Python task behind the same
API.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import measure
import peer

from catzilla_jit import gather, task


def add(a: float, b: float) -> float:
    return a + b


compiled_add = task(compile_to_c="require", name="compiled_add")(add)
python_add = task(compile_to_c=False, name="python_add")(add)


def main() -> None:
    options = measure.Options.parse(__doc__)
    report = measure.Report("bench_submit", options)
    many = [float(i) for i in range(options.size(500_000, 1_000))]
    some = [float(i) for i in range(options.size(200_000, 1_000))]
    few = [float(i) for i in range(options.size(20_000, 1_000))]
    compiled_add.warm_up()

    with ThreadPoolExecutor(measure.cores()) as pool:

        def executor_add(a: float, b: float) -> Any:
            return pool.submit(add, a, b)

        subjects: dict[str, Callable[[], float]] = {
            "compiled task": lambda: measure.rate(compiled_add.submit, many),
            "submit_each": lambda: each_rate(many),
            "Python task": lambda: measure.rate(python_add.submit, some),
            "ThreadPoolExecutor": lambda: measure.rate(executor_add, few),
        }
        go_pool = peer.go("pool.go")
        if go_pool is not None:
            report.versions["go"] = go_pool.version
            subjects["Go"] = lambda: go_rate(go_pool, len(many))
        measure.in_turn(1, subjects)  # threads and heaps come to their size
        figures = measure.in_turn(options.rounds, subjects)

    unit = "tasks/s"
    executor = "ThreadPoolExecutor"
    report.ratio("compiled task / ThreadPoolExecutor", figures, "compiled task", executor, unit, 60)
    if go_pool is not None:
        report.ratio("compiled task / Go", figures, "compiled task", "Go", unit, 1.2)
        report.ratio("submit_each / Go", figures, "submit_each", "Go", unit, 2)
    else:
        report.skip("compiled task / Go", "Go is not installed (Debian: apt-get install golang-go)")
    report.ratio("Python task / ThreadPoolExecutor", figures, "Python task", executor, unit, 20)
    report.finish()


def each_rate(numbers: list[float]) -> float:
    """Return tasks a second by submit_each, from the call to the last value."""
    halves = [0.5] * len(numbers)

    def work() -> None:
        values = gather(compiled_add.submit_each(numbers, halves))
        if values[-1] != numbers[-1] + 0.5 or len(values) != len(numbers):
            raise AssertionError("a result is wrong")

    return len(numbers) / measure.seconds(work)


def go_rate(pool: peer.Peer, tasks: int) -> float:
    figures: list[float] = pool.run(measure.cores(), tasks, 3)["tasks_per_second"]
    return statistics.median(figures)


if __name__ == "__main__":
    main()
