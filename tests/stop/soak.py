"""Random cancels and time limits over running kernels, for as long as is asked for.

    python tests/stop/soak.py [--seconds 600] [--stops 10000] [--seed N]

Kernels call libm, allocate arrays, call helper functions, or do all of it, endlessly or for
a while. Every call ends in exactly one state, every worker still works at the end, and
the pool has its size. What the stopped kernels had allocated through Numba's runtime leaks: the
report says how many bytes.
"""

from __future__ import annotations

import argparse
import collections
import ctypes
import dataclasses
import gc
import math
import random
import threading
import time

import numpy as np
from numba.core.runtime import _nrt_python, rtsys

from catzilla_jit import Runtime, TaskResult, TaskStatus, wait
from catzilla_jit.errors import TaskCancelled, TaskTimeout

PATIENCE = 60.0


def helper(x: float, n: int) -> float:
    total = 0.0
    for i in range(n):
        total += math.atan2(x + i, 1.5)
    return total


def libm(rounds: int, x: float) -> float:
    for i in range(rounds):
        x = math.sin(x) + math.exp(-x * x) + math.pow(abs(x) + 1.0, 0.3) + math.atan2(x, i + 1.0)
    return x


def arrays(rounds: int, x: float) -> float:
    for i in range(rounds):
        a = np.empty(64 + i % 512)
        a[:] = x
        x = a.sum() / a.size + math.log1p(1.0)
        if x > 1e6:
            x = 0.0
    return x


def helpers(rounds: int, x: float) -> float:
    for _ in range(rounds):
        x = helper(x, 20) * 0.01
    return x


def everything(rounds: int, x: float) -> float:
    for i in range(rounds):
        a = np.zeros(16 + i % 64)
        for j in range(a.size):
            a[j] = math.cos(x + j) + helper(x, 3)
        x = math.sqrt(abs(a.mean()))
    return x


FUNCTIONS = (libm, arrays, helpers, everything)
ENDLESS = 1 << 60


@dataclasses.dataclass
class Tally:
    """What became of the calls."""

    ends: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    longest_stop: float = 0.0
    wrong: list[str] = dataclasses.field(default_factory=list)


class Soak:
    """One runtime under random stops."""

    def __init__(self, seed: int, workers: int = 2) -> None:
        self.random = random.Random(seed)
        self.runtime = Runtime(workers=workers)
        self.tasks = [self.runtime.task(function, compile_to_c="require") for function in FUNCTIONS]
        for task in self.tasks:
            task.submit(1, 0.5).result()
        self.tally = Tally()

    def submit(self) -> tuple[TaskResult[float], str]:
        """Submit a call that is to be cancelled, to time out, or to end by itself."""
        task = self.random.choice(self.tasks)
        fate = self.random.choice(("cancelled", "cancelled", "timed out", "completed"))
        if self.random.random() < 0.1:
            task = task.options(priority="critical")
        if fate == "timed out":
            limit_ms = self.random.uniform(0.05, 3.0)
            return task.options(timeout_ms=limit_ms).submit(ENDLESS, 0.5), fate
        rounds = self.random.randrange(1, 2000) if fate == "completed" else ENDLESS
        return task.submit(rounds, 0.5), fate

    def round(self, calls: int) -> int:
        """Submit some calls, stop those that are to be stopped, check all; how many stops."""
        batch = [self.submit() for _ in range(calls)]
        cancellers = [
            threading.Thread(target=self.cancel, args=(batch[i::2], self.random.random()))
            for i in range(2)
        ]
        for thread in cancellers:
            thread.start()
        for thread in cancellers:
            thread.join(PATIENCE)
        _, late = wait([result for result, _ in batch], PATIENCE)
        for result in late:
            self.tally.wrong.append(f"{result!r} has not ended")
        for result, fate in batch:
            if result not in late:
                self.check(result, fate)
        return sum(fate != "completed" for _, fate in batch)

    def cancel(self, batch: list[tuple[TaskResult[float], str]], seed: float) -> None:
        """Cancel at random moments: before, at the start of, and in the middle of runs."""
        chance = random.Random(seed)
        for result, fate in batch:
            if fate != "cancelled":
                continue
            if chance.random() < 0.7:
                # Not for ever: others, to be cancelled later, may occupy every worker.
                until = time.monotonic() + 0.01
                while result.status() is TaskStatus.PENDING and time.monotonic() < until:
                    time.sleep(0.0002)
                time.sleep(chance.uniform(0.0, 0.002))
            began = time.perf_counter()
            result.cancel()
            result._ended_within(PATIENCE)
            took = time.perf_counter() - began
            self.tally.longest_stop = max(self.tally.longest_stop, took)

    def check(self, result: TaskResult[float], fate: str) -> None:
        before = result.status()
        try:
            result.result(0)
            end = "completed"
        except TaskCancelled:
            end = "cancelled"
        except TaskTimeout:
            end = "timed out"
        expected = {"cancelled": TaskStatus.CANCELLED, "completed": TaskStatus.COMPLETED}
        if end != fate or before is not expected.get(fate, TaskStatus.FAILED):
            self.tally.wrong.append(f"{result!r} was to be {fate}, is {end}, {before}")
        self.tally.ends[end] += 1

    def finish(self) -> None:
        """Every worker must still work, and the pool end."""
        results = [task.submit(100, 0.5) for task in self.tasks for _ in range(50)]
        for result in results:
            result.result(PATIENCE)
        self.runtime.shutdown(timeout=PATIENCE)


class _Mallinfo(ctypes.Structure):
    """glibc's struct mallinfo2."""

    _fields_ = [
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks")),
        *((name, ctypes.c_size_t) for name in ("fordblks", "keepcost")),
    ]


def held() -> tuple[int, int]:
    """Return what Numba's runtime has not freed, in blocks, and the bytes in use of malloc."""
    stats = rtsys.get_allocation_stats()
    info = _mallinfo()
    return stats.alloc - stats.free, info.uordblks + info.hblkhd


_mallinfo = ctypes.CDLL(None).mallinfo2
_mallinfo.restype = _Mallinfo
_nrt_python.memsys_enable_stats()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--stops", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    soak = Soak(options.seed)
    blocks, in_use = held()
    began, stops = time.monotonic(), 0
    while stops < options.stops and time.monotonic() - began < options.seconds:
        stops += soak.round(40)
    soak.finish()
    gc.collect()
    blocks_now, in_use_now = held()
    print(f"{stops} stops in {time.monotonic() - began:.1f} s: {dict(soak.tally.ends)}")
    print(f"longest wait for a stop: {soak.tally.longest_stop * 1e3:.1f} ms")
    print(f"left by stopped kernels: {blocks_now - blocks} blocks of Numba's runtime")
    print(f"bytes in use of malloc: {in_use_now - in_use:+,}")
    for line in soak.tally.wrong[:20]:
        print(line)
    return bool(soak.tally.wrong)


if __name__ == "__main__":
    raise SystemExit(main())
