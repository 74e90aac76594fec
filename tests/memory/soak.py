"""Everything at once, for as long as is asked for, while nothing may grow.

    python tests/memory/soak.py [--seconds 600] [--seed N] [--json FILE]

Rounds of mixed work: compiled and Python tasks, strings, arrays, maps, retries, time
limits, cancels, callbacks, workflows, short-lived runtimes. After each round everything
is dropped, and what is left is counted. Flat means, after a warm-up of a third of the time:

* resident memory: the line through all rounds (Theil-Sen: the median of the slopes between any
  two, which single outliers do not move) rises by less than BOUND_MB over the time watched;
* threads, file descriptors, record memory, live blocks of Numba's runtime, Python objects: the
  most in the last third is not above the most in the middle third, but for SLACK.

The exit status is 1 if anything is not. Under LD_PRELOAD of jemalloc the same holds.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import gc
import itertools
import json
import os
import pathlib
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba.core.runtime import _nrt_python, rtsys

import catzilla_jit
from catzilla_jit import Runtime, TaskResult, chain, gather, wait
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from catzilla_jit.tasks.options import MOST_VARIANTS

PATIENCE = 60.0
BOUND_MB = 6.0
#: How much more than before each count may be; what is not here may not grow at all.
SLACK = {"threads": 1, "objects": 200, "records": 64}
COUNTS = ("threads", "descriptors", "records", "blocks", "objects")


def scalar(a: float, b: float) -> float:
    return a * b + 1.0


def words(text: str, n: int) -> str:
    return (text + "-") * n


def array(n: int) -> np.ndarray[Any, Any]:
    return np.arange(n) * 2.0


def total(values: np.ndarray[Any, Any]) -> float:
    return values.sum()


def refuse(n: int) -> int:
    if n % 2:
        raise ValueError("odd", n)
    return n


def endless(x: float) -> float:
    while x < 2.0:
        x = x * 0.999 + 0.0001
    return x


def listing(n: int) -> list[int]:
    return list(range(n))


def patient(gate: threading.Event) -> None:
    while not gate.wait(0.001):
        pass


class Flaky:
    """Fails twice per argument, then answers."""

    def __init__(self) -> None:
        self.tries: collections.Counter[int] = collections.Counter()

    def __call__(self, n: int) -> int:
        self.tries[n] += 1
        if self.tries[n] <= 2:
            raise ConnectionError(f"try {self.tries[n]} of {n}")
        del self.tries[n]
        return n


class Work:
    """One runtime, and one method per kind of work: each submits, checks and drops."""

    def __init__(self, seed: int, runtime: Runtime) -> None:
        self.random = random.Random(seed)
        self.runtime = runtime
        compiled = {"compile_to_c": "require"}
        self.scalar = runtime.task(scalar, **compiled)
        self.words = runtime.task(words, **compiled)
        self.array = runtime.task(array, **compiled)
        self.total = runtime.task(total, **compiled)
        self.refuse = runtime.task(refuse, **compiled)
        self.endless = runtime.task(endless, **compiled)
        self.listing = runtime.task(listing, compile_to_c=False)
        self.patient = runtime.task(patient, compile_to_c=False)
        self.flaky = runtime.task(
            Flaky(), name="flaky", compile_to_c=False, max_retries=3, retry_delay_ms=1
        )
        self.numbers = itertools.count()
        self.kinds: tuple[Callable[[], None], ...] = (
            self.numbers_in_mixed_order, self.strings, self.arrays, self.python, self.maps,
            self.failures, self.retries, self.limits, self.cancels, self.callbacks,
            self.workflows, self.waits, self.dropped, self.delays, self.short_lived,
        )  # fmt: skip

    def round(self) -> None:
        """Do every kind of work once, in random order."""
        for kind in self.random.sample(self.kinds, len(self.kinds)):
            kind()

    def numbers_in_mixed_order(self) -> None:
        levels = [
            self.scalar.options(priority=level) for level in ("critical", "high", "normal", "low")
        ]
        results = [self.random.choice(levels).submit(float(i), 2.0) for i in range(2000)]
        assert gather(*results)[10] == 21.0

    def strings(self) -> None:
        sizes = [self.random.randrange(1, 2000) for _ in range(50)]
        results = [self.words.submit(f"word\u00e9{n}", n) for n in sizes]
        for n, result in zip(sizes, results, strict=True):
            assert result.result(PATIENCE) == f"word\u00e9{n}-" * n

    def arrays(self) -> None:
        sizes = [self.random.choice((8, 500, 5_000, 50_000)) for _ in range(20)]
        made = [self.array.submit(n) for n in sizes]
        sums = [self.total.submit(result.result(PATIENCE)) for result in made]
        for n, result in zip(sizes, sums, strict=True):
            assert result.result(PATIENCE) == n * (n - 1.0)

    def python(self) -> None:
        results = [self.listing.submit(self.random.randrange(1000)) for _ in range(200)]
        assert all(isinstance(result.result(PATIENCE), list) for result in results)

    def maps(self) -> None:
        values = np.linspace(0.0, 1.0, 20_000)
        assert self.scalar.map(values, 2.0)[-1] == 3.0
        assert len(self.listing.map(range(50))) == 50
        batch = self.refuse.submit_map(np.arange(100), errors="collect")
        batch.wait(PATIENCE)
        assert len(batch.errors) == 50
        batch = self.endless.submit_map(np.full(1000, 0.5))
        batch.cancel()
        with contextlib.suppress(TaskCancelled):
            batch.wait(PATIENCE)

    def failures(self) -> None:
        results = [self.refuse.submit(n) for n in range(100)]
        assert sum(result.exception(PATIENCE) is not None for result in results) == 50
        wrong = [self.listing.submit("no number") for _ in range(20)]
        assert all(isinstance(result.exception(PATIENCE), TypeError) for result in wrong)

    def retries(self) -> None:
        results = [self.flaky.submit(next(self.numbers)) for _ in range(10)]
        gather(*results, timeout=PATIENCE)
        assert all(result.retries == 2 for result in results)

    def limits(self) -> None:
        limited = self.endless.options(timeout_ms=self.random.uniform(0.05, 1.0))
        for result in [limited.submit(0.5) for _ in range(10)]:
            assert isinstance(result.exception(PATIENCE), TaskTimeout)

    def cancels(self) -> None:
        results = [self.endless.submit(0.5) for _ in range(10)]
        gate = threading.Event()
        blocked = [self.patient.submit(gate) for _ in range(2)]
        self.random.shuffle(results)
        for result in (*results, *blocked):
            assert result.cancel()
        wait(results, PATIENCE)
        gate.set()
        wait(blocked, PATIENCE)

    def callbacks(self) -> None:
        seen: list[object] = []
        done = threading.Semaphore(0)
        results = [self.refuse.submit(n).on_success(seen.append) for n in range(20)]
        for result in results:
            result.on_error(seen.append).add_done_callback(lambda _: done.release())
        for _ in results:
            assert done.acquire(timeout=PATIENCE)
        assert len(seen) == 20

    def workflows(self) -> None:
        assert self.scalar.submit(1.0, 2.0).then(self.scalar, 3.0).result(PATIENCE) == 10.0
        first = self.words.submit("a", 3)
        assert self.words.submit(first, 1).result(PATIENCE) == "a-a-a--"
        assert chain(self.array, self.total).submit(4).result(PATIENCE) == 12.0

    def waits(self) -> None:
        async def some() -> list[float]:
            return await asyncio.gather(*(one(float(i)) for i in range(20)))

        async def one(x: float) -> float:
            return await self.scalar.submit(x, 2.0)

        assert asyncio.run(some())[3] == 7.0
        assert self.scalar.submit(1.0, 1.0).future().result(PATIENCE) == 2.0

    def dropped(self) -> None:
        """Results that nobody looks at."""
        for n in range(300):
            self.scalar.submit(float(n), 1.0)
            self.words.submit("dropped", 100)
            self.listing.submit(10)

    def delays(self) -> None:
        later = self.scalar.options(delay_ms=2)
        results = [later.submit(1.0, float(i)) for i in range(20)]
        gather(*results, timeout=PATIENCE)
        later.options(delay_ms=60_000).submit(1.0, 2.0).cancel()

    def short_lived(self) -> None:
        with Runtime(workers=1) as runtime:
            assert runtime.task(scalar, compile_to_c="require").submit(1.0, 1.0).result() == 2.0
            assert runtime.add_task(listing, 3).result() == [0, 1, 2]
            runtime.memory_stats()

    def fill(self) -> None:
        """Fill what is kept in bounded numbers: `limits` asks for other options in each round."""
        for i in range(MOST_VARIANTS):
            self.endless.options(timeout_ms=2.0 + i)

    def settle(self) -> None:
        """Wait until nothing is queued or running, and what was dropped is gone."""
        ends: list[TaskResult[Any]] = [self.scalar.submit(1.0, 1.0), self.listing.submit(1)]
        wait(ends, PATIENCE)
        del ends
        until = time.monotonic() + PATIENCE
        while self.at_work() and time.monotonic() < until:
            time.sleep(0.001)
        gc.collect()

    def at_work(self) -> bool:
        """Tell whether anything is queued or running, or dropped and not freed yet."""
        stats, nrt = self.runtime.stats(), rtsys.get_allocation_stats()
        return stats.total_queued > 0 or stats.active_workers > 0 or nrt.alloc > nrt.free


class Sample(NamedTuple):
    """What is left after a round."""

    seconds: float
    resident_mb: float
    threads: int
    descriptors: int
    records: int  # kB of record memory that is handed out
    blocks: int  # of Numba's runtime
    objects: int  # Python's, that the collector knows


def take_sample(work: Work, began: float) -> Sample:
    pages = int(pathlib.Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    nrt = rtsys.get_allocation_stats()
    records = work.runtime.memory_stats()["records_used_mb"]
    return Sample(
        time.monotonic() - began,
        pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        len(os.listdir("/proc/self/task")),
        len(os.listdir("/proc/self/fd")),
        round(records * 1024),
        nrt.alloc - nrt.free,
        len(gc.get_objects()),
    )


def slope(points: list[tuple[float, float]]) -> float:
    """Return the median of the slopes between any two points."""
    if len(points) > 400:  # enough, and the pairs are many
        points = points[:: len(points) // 400 + 1]
    pairs = itertools.combinations(points, 2)
    return statistics.median((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs)


def verdicts(samples: list[Sample]) -> list[str]:
    """Return what is not flat, in words."""
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[2 * third :]
    found = []
    watched = samples[third:]
    rise = slope([(sample.seconds, sample.resident_mb) for sample in watched])
    grown = rise * (watched[-1].seconds - watched[0].seconds)
    if grown > BOUND_MB:
        found.append(f"resident memory grew by {grown:.1f} MB, bound {BOUND_MB} MB")
    for name in COUNTS:
        before = max(getattr(sample, name) for sample in middle)
        after = max(getattr(sample, name) for sample in last)
        if after > before + SLACK.get(name, 0):
            found.append(f"{name}: {before} at most, later {after}")
    return found


def report(samples: list[Sample]) -> None:
    watched = samples[len(samples) // 3 :]
    rise = slope([(sample.seconds, sample.resident_mb) for sample in watched])
    seconds = watched[-1].seconds - watched[0].seconds
    print(f"{len(samples)} rounds in {samples[-1].seconds:.1f} s, watched {seconds:.1f} s")
    print(f"resident: {samples[0].resident_mb:.1f} MB after the first round, ", end="")
    print(f"{watched[0].resident_mb:.1f} after warm-up, {watched[-1].resident_mb:.1f} at the end; ")
    print(f"slope {rise * 1024:+.2f} kB/s: {rise * seconds:+.2f} MB")
    for name in COUNTS:
        low, high = (f(getattr(sample, name) for sample in watched) for f in (min, max))
        print(f"{name}: {low} to {high}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--json", type=pathlib.Path, help="write every sample there")
    options = parser.parse_args()
    _nrt_python.memsys_enable_stats()
    kind = "jemalloc" if catzilla_jit.has_jemalloc else "malloc"
    print(f"seed {options.seed}, {kind}", flush=True)
    taken: list[tuple[float, ...]] = []  # plain tuples of numbers: the collector forgets them
    with Runtime(workers=2, max_workers=6) as runtime:
        work = Work(options.seed, runtime)
        work.round()  # code paths
        work.fill()
        began = time.monotonic()
        while time.monotonic() - began < options.seconds or len(taken) < 9:
            work.round()
            work.settle()
            taken.append(tuple(take_sample(work, began)))
    samples = [Sample(*numbers) for numbers in taken]
    report(samples)
    if options.json:
        options.json.write_text(json.dumps([sample._asdict() for sample in samples]))
    found = verdicts(samples)
    for line in found:
        print(f"NOT FLAT: {line}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
