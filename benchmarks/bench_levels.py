"""How long do tasks of each level wait, idle and while every worker is busy?

The wait of a probe is `started_at - queued_at`. Compiled lane: every native worker is inside
kernels of 100 ms. Python lane: every Python worker sleeps for 100 ms. A load task that ends is
replaced at once, so nothing but the probe is queued. The targets of the levels are 1, 10, 100 and
1000 ms.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import measure
import numba
from bench_latency import KERNEL_SECONDS, add, burn, steps_for

from catzilla_jit import Runtime, TaskPriority

TARGETS_MS = {"critical": 1.0, "high": 10.0, "normal": 100.0, "low": 1000.0}


def nap() -> None:
    time.sleep(KERNEL_SECONDS)


class Load:
    """Keeps so many tasks running until it is left."""

    def __init__(self, submit: Callable[[], Any], tasks: int) -> None:
        self._submit = submit
        self._tasks = tasks
        self._ends = False
        self._left = threading.Semaphore(0)

    def __enter__(self) -> None:
        for number in range(self._tasks):
            time.sleep(number * KERNEL_SECONDS / max(1, self._tasks) / 2)  # out of step
            self._next(None)

    def _next(self, _result: Any) -> None:
        if self._ends:
            self._left.release()
        else:
            self._submit().add_done_callback(self._next)

    def __exit__(self, *_error: object) -> None:
        self._ends = True
        for _each in range(self._tasks):
            self._left.acquire()


def waits(probe: Any, samples: int) -> list[float]:
    """Return the milliseconds that single probes waited."""
    dice = random.Random(7)
    found = []
    for _ in range(samples):
        result = probe.submit(1.0, 2.0)
        result.result()
        found.append((result.started_at - result.queued_at) * 1e3)
        time.sleep(dice.uniform(0.002, 0.03))
    return found


def compare(report: measure.Report, lane: str, load: Any, arguments: tuple[Any, ...]) -> None:
    workers = measure.cores()
    mode: Literal["require", False] = "require" if lane == "compiled" else False
    with Runtime(workers=workers, max_workers=workers) as runtime:
        work = runtime.task(load, compile_to_c=mode)
        probes = {
            level: runtime.task(add, name=f"probe_{level}", compile_to_c=mode, priority=level)
            for level in TARGETS_MS
        }
        for task in probes.values():
            task.submit(1.0, 2.0).result()
        work.warm_up()
        for state, tasks in (("idle", 0), ("saturated", workers)):
            for level, probe in probes.items():
                with Load(lambda: work.submit(*arguments), tasks):
                    found = waits(probe, report.options.size(60, 3))
                _add(report, f"{lane}, {state}, {TaskPriority(level)}", level, found)


def _add(report: measure.Report, claim: str, level: str, found: list[float]) -> None:
    report.add(
        measure.Finding(
            f"{claim}: wait p99 (p50 {measure.percentile(found, 50):.3g} ms)",
            measure.percentile(found, 99),
            " ms",
            TARGETS_MS[level],
            "at most",
            {"all waits": found},
            "ms",
        )
    )


def main() -> None:
    report = measure.Report("bench_levels", measure.Options.parse(__doc__))
    steps = steps_for(KERNEL_SECONDS, numba.njit(nogil=True)(burn))
    compare(report, "compiled", burn, (steps,))
    compare(report, "python", nap, ())
    report.finish()


if __name__ == "__main__":
    main()
