"""Does memory stay flat over many submissions, cancels and time limits?

    python tests/stop/cycles.py [--cycles 100000] [--seed N]

Each cycle is one call, compiled or Python, that ends by itself (with or without a time limit of an
hour), is cancelled (at once, or while it waits for a delay of an hour), or runs into its
time limit. Prints the resident memory after the first fifth and at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import pathlib
import random

from catzilla_jit import Runtime, TaskResult
from catzilla_jit.errors import TaskCancelled, TaskTimeout

HOUR_MS = 3_600_000
AT_ONCE = 50


def some(rounds: int) -> int:
    total = 0
    for i in range(rounds):
        total += i % 3
    return total


def resident_mb() -> float:
    gc.collect()
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Cycles:
    """One runtime."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.runtime = Runtime(workers=2, enable_auto_scaling=False)
        self.tasks = [self.runtime.task(some, compile_to_c=how) for how in (None, False)]

    def one(self) -> TaskResult[int]:
        task = self.random.choice(self.tasks)
        how = self.random.randrange(6)
        if how == 0:
            return task.options(timeout_ms=HOUR_MS).submit(100)
        if how == 1:
            # Python looks for the interrupt between its rounds, compiled code anywhere.
            return task.options(timeout_ms=0.1).submit(20_000)
        if how == 2:
            task = task.options(delay_ms=HOUR_MS)
        result = task.submit(100)
        if how in (2, 3):
            result.cancel()
        return result

    def run(self, cycles: int) -> None:
        for _ in range(cycles // AT_ONCE):
            for result in [self.one() for _ in range(AT_ONCE)]:
                with contextlib.suppress(TaskCancelled, TaskTimeout):
                    result.result(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cycles", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    cycles = Cycles(options.seed)
    cycles.run(options.cycles // 5)
    before = resident_mb()
    cycles.run(options.cycles - options.cycles // 5)
    after = resident_mb()
    print(f"{options.cycles} cycles: {before:.1f} MB after the first fifth, {after:.1f} at the end")
    print(f"growth {after - before:+.1f} MB")
    cycles.runtime.shutdown(timeout=60)


if __name__ == "__main__":
    main()
