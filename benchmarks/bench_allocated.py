"""What does it cost to count what tasks allocate (`memory_profiling`)?

Processor time of the process per task that adds two numbers, submitted by itself and its result
read, on a runtime that counts and on one that does not, in turn; in a process on jemalloc, without
which nothing is counted. As in bench_stats, each figure is the best of many short runs on several
runtimes.
"""

from __future__ import annotations

import functools
import json
import math
import os
import subprocess
import sys
import time
from typing import Any, cast

import measure

from catzilla_jit import Runtime, jemalloc

AT_ONCE = 1000  # submitted before their results are read
RUNTIMES, RUNS = 8, 10
KINDS: dict[str, Any] = {"compiled task": "require", "Python task": False}


def add(a: float, b: float) -> float:
    return a + b


def nanoseconds(mode: Any, counting: bool, tasks: int) -> float:
    """Return the processor time of a call, at best."""
    best = math.inf
    for _ in range(RUNTIMES):
        with Runtime(memory_profiling=counting) as runtime:
            bound = runtime.task(add, compile_to_c=mode)
            bound.submit(1.0, 2.0).result()
            best = min(best, *(one_run(bound.submit, tasks) for _ in range(RUNS)))
    return best


def one_run(submit: Any, tasks: int) -> float:
    began = time.process_time_ns()
    for _ in range(tasks // AT_ONCE):
        for result in [submit(1.0, 2.0) for _ in range(AT_ONCE)]:
            result.result()
    return (time.process_time_ns() - began) / tasks


def child(tasks: int, rounds: int) -> dict[str, list[float]]:
    subjects = {
        f"{kind}, {name}": functools.partial(nanoseconds, mode, counting, tasks)
        for kind, mode in KINDS.items()
        for name, counting in (("not counted", False), ("counted", True))
    }
    measure.in_turn(1, subjects)
    return measure.in_turn(rounds, subjects)


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=5)
    report = measure.Report("bench_allocated", options)
    library = jemalloc.find_library()
    if library is None:
        report.skip("counted / not counted", "jemalloc is not installed")
        report.finish()
        return
    tasks = options.size(20_000, AT_ONCE)
    command = [sys.executable, __file__, "--child", str(tasks), str(options.rounds)]
    environ = jemalloc.environment(library, os.environ)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environ)
    figures = cast("dict[str, list[float]]", json.loads(done.stdout))
    for kind in KINDS:
        report.ratio(
            f"{kind}: processor time counted / not counted",
            figures,
            f"{kind}, counted",
            f"{kind}, not counted",
            "ns",
            1.05,
            direction="at most",
        )
    report.finish()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(child(int(sys.argv[2]), int(sys.argv[3]))), flush=True)
    else:
        main()
