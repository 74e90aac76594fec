"""How long does an urgent task wait, and what does an idle round trip cost?

First: every worker is inside a kernel of 100 ms, more of them are queued, and a CRITICAL
task is submitted; its wait is `started_at - queued_at`. Beside it the same on a
ThreadPoolExecutor, whose queue knows no priorities. Second: `submit(...).result()` on an
idle runtime, against a bare futex round trip between two threads (peers/futex.c), both
after a pause that lets every thread fall asleep.
"""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import measure
import numba
import peer

from catzilla_jit import Runtime, TaskPriority

KERNEL_SECONDS = 0.1
PAUSE_SECONDS = 0.002


def burn(steps: int) -> float:
    """Keep one core busy: the logistic map, whose steps depend on each other."""
    x = 0.5
    for _ in range(steps):
        x = 3.7 * x * (1.0 - x)
    return x


def add(a: float, b: float) -> float:
    return a + b


def steps_for(duration: float, kernel: Any) -> int:
    """Return the number of steps that take that many seconds on this machine."""
    kernel(1)
    trial = 5_000_000
    best = min(measure.seconds(lambda: kernel(trial)) for _ in range(3))
    return int(trial * duration / best)


def critical_waits(samples: int, steps: int) -> list[float]:
    """Return the seconds from submission to start of CRITICAL tasks on a busy runtime."""
    workers = measure.cores()
    with Runtime(workers=workers) as runtime:
        long_task = runtime.task(compile_to_c="require", name="burn")(burn)
        urgent = runtime.task(compile_to_c="require", name="add", priority=TaskPriority.CRITICAL)(
            add
        )
        long_task.warm_up()
        urgent.submit(1.0, 2.0).result()
        waits: list[float] = []
        while len(waits) < samples:
            # Two waves per worker; samples fall into the first, so that no worker is idle.
            running = [long_task.submit(steps) for _ in range(2 * workers)]
            began = time.monotonic()
            time.sleep(0.01)
            while time.monotonic() - began < KERNEL_SECONDS and len(waits) < samples:
                result = urgent.submit(1.0, 2.0)
                result.result()
                assert result.started_at is not None
                assert result.queued_at is not None
                waits.append(result.started_at - result.queued_at)
                time.sleep(0.001)
            for item in running:
                item.result()
        return waits


def executor_waits(samples: int, steps: int, kernel: Any) -> list[float]:
    """Return the same for a ThreadPoolExecutor and kernels that release the GIL."""
    workers = measure.cores()
    waits: list[float] = []
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(samples):
            running = [pool.submit(kernel, steps) for _ in range(2 * workers)]
            time.sleep(0.01)
            queued = time.monotonic()
            waits.append(pool.submit(time.monotonic).result() - queued)
            for item in running:
                item.result()
    return waits


def idle_trips(runtime: Runtime, trips: int) -> list[float]:
    """Return the seconds of single round trips on a runtime that has fallen asleep."""
    submit = runtime.task(compile_to_c="require", name="add")(add).submit
    submit(1.0, 2.0).result()
    taken: list[float] = []
    for _ in range(trips):
        time.sleep(PAUSE_SECONDS)
        began = time.perf_counter()
        submit(1.0, 2.0).result()
        taken.append(time.perf_counter() - began)
    return taken


def compare_critical(report: measure.Report) -> None:
    options = report.options
    kernel = numba.njit(nogil=True)(burn)
    steps = steps_for(KERNEL_SECONDS, kernel)
    waits = critical_waits(options.size(2_000, 20), steps)
    beside = executor_waits(options.size(20, 1), steps, kernel)
    report.add(
        measure.Finding(
            "CRITICAL while every worker is inside a 100 ms kernel, wait p99",
            measure.percentile(waits, 99) * 1e3,
            " ms",
            0.5,
            "at most",
            {
                "CRITICAL, all waits": [wait * 1e3 for wait in waits],
                "ThreadPoolExecutor, all waits": [wait * 1e3 for wait in beside],
            },
            "ms",
        )
    )


def compare_idle(report: measure.Report) -> None:
    claim = "idle round trip p50 / futex round trip p50"
    futex = peer.c("futex.c")
    if futex is None:
        report.skip(claim, "there is no C compiler")
        return
    report.versions["cc"] = futex.version
    trips = report.options.size(500, 10)
    pause_us = int(PAUSE_SECONDS * 1e6)
    with Runtime(workers=measure.cores()) as runtime:
        subjects = {
            "round trip": lambda: statistics.median(idle_trips(runtime, trips)) * 1e6,
            "futex": lambda: statistics.median(futex.run(trips, pause_us)["seconds"]) * 1e6,
        }
        measure.in_turn(1, subjects)
        figures = measure.in_turn(report.options.rounds, subjects)
    report.ratio(claim, figures, "round trip", "futex", "us", 3, "at most")


def main() -> None:
    report = measure.Report("bench_latency", measure.Options.parse(__doc__))
    compare_critical(report)
    compare_idle(report)
    report.finish()


if __name__ == "__main__":
    main()
