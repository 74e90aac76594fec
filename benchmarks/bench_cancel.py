"""How long does it take to stop a compiled kernel that runs, and what does the ability cost?

Latency: `cancel()` is called on an endless kernel that is seen to run; the figure is the time until
`result.result()` has raised TaskCancelled in the calling thread. The same for `timeout_ms`: how
much later than its time limit a kernel's result fails. Goal: 2 ms at the 99th percentile. A
parallel loop and a tree of forks run on all workers, and end when all have left them. Goal: 10 ms.
There is no baseline: ThreadPoolExecutor and Numba cannot stop a running kernel at all. To tell the
machine's mood from ours, each stop is followed by a sleep of 0.5 ms, and how late that
ends is shown too.

Cost for kernels that are never stopped: the run time of a kernel of some 180 us on a worker (as
the pool measured it, without queueing) against a call of the same machine code in this thread,
where nothing could stop it. Stopping changes no instruction of the kernel: goal 1.00 within
noise. A submission with a time limit has a timer to arm; what that adds is shown beside.
"""

from __future__ import annotations

import math
import statistics
import time

import measure
from numba import prange

from catzilla_jit import Task, TaskStatus, fork, join, task
from catzilla_jit.errors import TaskCancelled, TaskTimeout


@task(compile_to_c="require")
def endless(limit: float) -> float:
    x = 0.5
    while x < limit:
        x = x * 0.999 + math.sin(x) * 0.0001
    return x


@task(compile_to_c="require")
def kernel(rounds: int) -> float:
    x = 0.5
    for _ in range(rounds):
        x = x * 0.999 + math.sin(x) * 0.0001
    return x


@task(parallel=True, compile_to_c="require")
def endless_loop(limit: float) -> float:
    total = 0.0
    for i in prange(1000):
        total += endless(limit + i)
    return total


@task(compile_to_c="require")
def endless_tree(limit: float, depth: int) -> float:
    if depth == 0:
        return endless(limit)
    half = fork(endless_tree, limit, depth - 1)
    return endless_tree(limit, depth - 1) + join(half)


limited = kernel.options(timeout_ms=10_000)


def stop_seconds(subject: Task[..., float] = endless, *arguments: float) -> float:
    """Return how long a task that runs, and does not end, takes to be stopped."""
    result = subject.submit(10.0, *arguments)
    while result.status() is TaskStatus.PENDING:
        time.sleep(0.0002)
    time.sleep(0.001)  # other workers come, where there is something for them
    began = time.perf_counter()
    result.cancel()
    try:
        result.result()
    except TaskCancelled:
        return time.perf_counter() - began
    raise AssertionError("it was not stopped")


def late_seconds(sleep: float = 0.0005) -> float:
    """Return how much longer than asked for a sleep takes."""
    return measure.seconds(lambda: time.sleep(sleep)) - sleep


def overrun_seconds(limit_ms: float = 5.0) -> float:
    """Return how much later than its limit a kernel has failed."""
    result = endless.options(timeout_ms=limit_ms).submit(10.0)
    try:
        result.result()
    except TaskTimeout:
        assert result.finished_at is not None
        assert result.started_at is not None
        return time.time() - result.started_at - limit_ms * 1e-3
    raise AssertionError("it was not stopped")


def run_seconds(subject: Task[[int], float], rounds: int, count: int) -> float:
    """Return the median run time of the kernel on a worker."""
    times = []
    for _ in range(count):
        result = subject.submit(rounds)
        result.result()
        assert result.execution_time_ms is not None
        times.append(result.execution_time_ms * 1e-3)
    return statistics.median(times)


def call_seconds(rounds: int, count: int) -> float:
    """Return the median time of a call in this thread."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        kernel(rounds)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def latency(report: measure.Report, claim: str, times: list[float], goal_ms: float | None) -> None:
    for percent, goal in ((50, None), (99, goal_ms)):
        report.add(
            measure.Finding(
                f"{claim}, {percent}th percentile",
                measure.percentile(times, percent) * 1e3,
                " ms",
                goal,
                "at most",
                {"all": [1e3 * t for t in times]} if percent == 99 else {},
                "ms",
            )
        )


def main() -> None:
    options = measure.Options.parse(__doc__)
    report = measure.Report("bench_cancel", options)
    stops = options.size(1000, 20)
    rounds, count = options.size(20_000, 100), options.size(300, 5)
    for warm in (endless, kernel, endless_loop, endless_tree):
        warm.warm_up()
    stop_seconds()
    found = measure.in_turn(
        stops,
        {
            "stop": stop_seconds,
            "loop": lambda: stop_seconds(endless_loop),
            "tree": lambda: stop_seconds(endless_tree, 4),
            "sleep": late_seconds,
        },
    )
    latency(report, "cancel() of a running kernel", found["stop"], 2.0)
    latency(report, "cancel() of a parallel loop", found["loop"], 10.0)
    latency(report, "cancel() of a tree of forks", found["tree"], 10.0)
    latency(report, "for comparison, a sleep ends late by", found["sleep"], None)
    latency(
        report, "end after the time limit", [overrun_seconds() for _ in range(stops // 5)], None
    )

    kernel.submit(rounds).result()
    figures = measure.in_turn(
        options.rounds,
        {
            "called": lambda: call_seconds(rounds, count) * 1e6,
            "plain": lambda: run_seconds(kernel, rounds, count) * 1e6,
            "with a limit": lambda: run_seconds(limited, rounds, count) * 1e6,
        },
    )
    report.ratio(
        "run time on a worker / of a call here", figures, "plain", "called", "us", 1.02, "at most"
    )
    report.ratio(
        "run time with a limit / without",
        figures,
        "with a limit",
        "plain",
        "us",
        None,
        "at most",
    )
    report.finish()


if __name__ == "__main__":
    main()
