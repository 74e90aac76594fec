"""How much memory does a pending task take, with its result object held?

A fresh process per measurement: every worker is made busy, then a million tasks are
submitted and their result objects kept; the growth of the resident memory, divided by
their number, is the figure. Baseline: the same with a ThreadPoolExecutor.
"""

from __future__ import annotations

import functools
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import measure


def add(a: float, b: float) -> float:
    return a + b


def burn(steps: int) -> float:
    x = 0.5
    for _ in range(steps):
        x = 3.7 * x * (1.0 - x)
    return x


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def growth(submit: Callable[[float, float], Any], held: list[Any]) -> float:
    """Fill `held`, whose slots exist already, with results; return the bytes for each."""
    for i in range(1000):
        held[i] = submit(1.0, 2.0)  # code paths and first blocks
    before = resident_bytes()
    for i in range(1000, len(held)):
        held[i] = submit(1.0, 2.0)
    return (resident_bytes() - before) / (len(held) - 1000)


def measure_ours(tasks: int) -> float:
    from catzilla_jit import Runtime, TaskStatus

    runtime = Runtime(workers=2, queue_size=2_000_000)
    long_task = runtime.task(compile_to_c="require")(burn)
    short_task = runtime.task(compile_to_c="require")(add)
    short_task.submit(1.0, 2.0).result()
    held: list[Any] = [None] * tasks
    busy = [
        long_task.submit(10**11) for _ in range(2)
    ]  # some minutes each; the process ends before
    while any(result.status() is not TaskStatus.RUNNING for result in busy):
        pass
    answer = growth(short_task.submit, held)
    if any(result.status() is not TaskStatus.PENDING for result in (held[0], held[-1])):
        raise AssertionError("the tasks did not stay pending")
    return answer


def measure_executor(tasks: int) -> float:
    release = threading.Event()
    pool = ThreadPoolExecutor(2)
    held: list[Any] = [None] * tasks
    for _ in range(2):
        pool.submit(release.wait)
    return growth(lambda a, b: pool.submit(add, a, b), held)


CHILDREN = {"compiled task": measure_ours, "ThreadPoolExecutor": measure_executor}


def in_child(name: str, tasks: int) -> float:
    command = [sys.executable, __file__, "--child", name, str(tasks)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=3)
    report = measure.Report("bench_memory", options)
    tasks = options.size(1_000_000, 2_000)
    subjects = {name: functools.partial(in_child, name, tasks) for name in CHILDREN}
    figures = measure.in_turn(options.rounds, subjects)
    report.ratio(
        "compiled task / ThreadPoolExecutor",
        figures,
        "compiled task",
        "ThreadPoolExecutor",
        "bytes",
        None,
        "at most",
    )
    ours = statistics.median(figures["compiled task"])
    report.add(measure.Finding("per pending compiled task", ours, " bytes", 250, "at most"))
    report.finish()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(CHILDREN[sys.argv[2]](int(sys.argv[3])), flush=True)
        os._exit(0)  # a million tasks are pending: nobody waits for them
    main()
