"""What do the statistics cost?

The loop of bench_submit (one `submit` per task of `(float, float) -> float` from one Python
thread, every result read, default workers) on a runtime with statistics and on one without
(`enable_profiling=False`), in turn; for a compiled task and for a Python task. A map counts its
items by the chunk, which is far below what can be measured.

The difference is a few nanoseconds per task, less than the mood of the machine, and than what it
makes on which processors the threads of a runtime come to lie. So each figure is the best of
many short runs, of some milliseconds each, on several runtimes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import measure

from catzilla_jit import Runtime, Task, task


def add(a: float, b: float) -> float:
    return a + b


RUNTIMES, RUNS = 8, 10

compiled_add = task(compile_to_c="require", name="compiled_add")(add)
python_add = task(compile_to_c=False, name="python_add")(add)


def rate(base: Task[..., Any], counting: bool, arguments: list[float]) -> float:
    """Return tasks per second, from the first submission to the last result, at best."""

    def work() -> None:
        for result in [bound.submit(a, 0.5) for a in arguments]:
            result.result()

    best = math.inf
    for _ in range(RUNTIMES):
        with Runtime(enable_profiling=counting) as runtime:
            bound = runtime.task(base)
            work()
            best = min(best, *(measure.seconds(work) for _ in range(RUNS)))
    return len(arguments) / best


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=9)
    report = measure.Report("bench_stats", options)
    arguments = [float(i) for i in range(options.size(20_000, 1_000))]
    subjects: dict[str, Callable[[], float]] = {
        f"{what}, {name}": functools.partial(rate, base, counting, arguments)
        for what, base in (("compiled task", compiled_add), ("Python task", python_add))
        for name, counting in (("without", False), ("with", True))
    }
    measure.in_turn(1, subjects)
    figures = measure.in_turn(options.rounds, subjects)
    for what in ("compiled task", "Python task"):
        report.ratio(
            f"{what}: time with statistics / without",
            figures,
            f"{what}, without",
            f"{what}, with",
            "tasks/s",
            1.05,
            direction="at most",
        )
    report.finish()


if __name__ == "__main__":
    main()
