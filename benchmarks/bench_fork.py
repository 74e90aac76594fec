"""What does a fork cost, and what do further workers gain?

fib(32) forks 3.5 million calls of a few nanoseconds each, so it shows the cost of fork and join
alone. Then quicksort of an array and the queens that do not attack each other, which stop forking
where parts are small. Each runs with one worker and with one per core. Baselines are rayon, TBB,
OpenMP's tasks and goroutines (peers/fork.*), those of them that can be built here, with the same
jobs.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import measure
import numpy as np
import peer
from numpy.typing import NDArray

from catzilla_jit import Runtime, fork, join

SMALL = 64  # elements that are sorted without forks


def fib(n: int) -> int:
    if n < 2:
        return n
    left = fork(fib, n - 1)
    right = fib(n - 2)
    return join(left) + right


def quicksort(x: NDArray[np.float64], begin: int, end: int) -> None:
    while end - begin > SMALL:
        pivot = x[(begin + end) // 2]
        low, high = begin, end - 1
        while low <= high:
            while x[low] < pivot:
                low += 1
            while x[high] > pivot:
                high -= 1
            if low <= high:
                x[low], x[high] = x[high], x[low]
                low += 1
                high -= 1
        fork(quicksort, x, begin, high + 1)
        begin = low
    for i in range(begin + 1, end):
        value = x[i]
        at = i
        while at > begin and x[at - 1] > value:
            x[at] = x[at - 1]
            at -= 1
        x[at] = value


def queens(n: int, row: int, columns: int, left: int, right: int) -> int:
    """Count the ways to place queens from this row on; the last three are sets of bits."""
    if row == n:
        return 1
    count = 0
    for column in range(n):
        bit = 1 << column
        if (columns | left | right) & bit == 0:
            count += queens(n, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return count


def all_queens(n: int, first: int, last: int) -> int:
    """Count those whose first queen is in one of these columns, by halves."""
    if last - first == 1:
        bit = 1 << first
        return queens(n, 1, bit, bit << 1, bit >> 1)
    middle = (first + last) // 2
    half = fork(all_queens, n, first, middle)
    rest = all_queens(n, middle, last)
    return join(half) + rest


def calls_of(n: int) -> int:
    """Return how many calls fib(n) makes."""
    return round(1.618033988749895 ** (n + 1) / 5**0.5 * 2)


class Subjects:
    """The tasks on a runtime with so many workers."""

    def __init__(self, workers: int, options: measure.Options) -> None:
        self.runtime = Runtime(workers=workers, enable_auto_scaling=False)
        self._n = options.size(32, 10)
        self._queens = options.size(11, 5)
        self._unsorted = np.random.default_rng(1).random(options.size(2_000_000, 5_000))
        self.sizes = {"fib": self._n, "quicksort": len(self._unsorted), "queens": self._queens}

    def task(self, function: Callable[..., Any]) -> Any:
        return self.runtime.task(function, compile_to_c="require", overflow="wrap")

    def fib(self) -> float:
        """Return calls a second."""
        task = self.task(fib)
        return calls_of(self._n) / measure.seconds(lambda: task.submit(self._n).result())

    def quicksort(self) -> float:
        """Return elements a second."""
        task, x = self.task(quicksort), self._unsorted.copy()
        elapsed = measure.seconds(lambda: task.submit(x, 0, len(x)).result())
        if not np.all(x[1:] >= x[:-1]):
            raise AssertionError("it is not sorted")
        return len(x) / elapsed

    def queens(self) -> float:
        """Return solutions a second."""
        task, n, found = self.task(all_queens), self._queens, []
        elapsed = measure.seconds(lambda: found.append(task.submit(n, 0, n).result()))
        if found[0] != {5: 10, 11: 2680}[n]:
            raise AssertionError("a solution is missing")
        return float(found[0] / elapsed)


JOBS = {"fib": "calls/s", "quicksort": "elements/s", "queens": "solutions/s"}


def peers() -> dict[str, peer.Peer | None]:
    """Build what can be built."""
    return {
        "rayon": peer.cargo("fork.rs", "rayon"),
        "TBB": peer.cpp("fork.cpp", "tbb/task_group.h", "-ltbb"),
        "OpenMP": peer.c("fork.c", "-fopenmp"),
        "Go": peer.go("fork.go"),
    }


def rate_of(program: peer.Peer, workers: int, job: str, size: int) -> Callable[[], float]:
    """Return what runs a job of a peer, and gives what it does per second."""

    def rate() -> float:
        answer = program.run(workers, job, size, 1)
        done = calls_of(size) if job == "fib" else size
        if job == "quicksort" and answer["result"] != 1:
            raise AssertionError("it is not sorted")
        if job == "queens":
            done = answer["result"]
        return float(done / statistics.median(answer["seconds"]))

    return rate


def main() -> None:
    options = measure.Options.parse(__doc__)
    report = measure.Report("bench_fork", options)
    workers = {"one worker": 1, "all": measure.cores()}
    ours = {name: Subjects(count, options) for name, count in workers.items()}
    sizes = ours["all"].sizes
    subjects: dict[str, Callable[[], float]] = {}
    built = {name: program for name, program in peers().items() if program is not None}
    for job in JOBS:
        for name, count in workers.items():
            subjects[f"{job}, {name}"] = getattr(ours[name], job)
            for other, program in built.items():
                subjects[f"{job}, {other}, {name}"] = rate_of(program, count, job, sizes[job])
    report.versions.update({name.lower(): program.version for name, program in built.items()})
    measure.in_turn(1, subjects)
    figures = measure.in_turn(options.rounds, subjects)
    for job, unit in JOBS.items():
        report.ratio(
            f"{job}, all / one",
            figures,
            f"{job}, all",
            f"{job}, one worker",
            unit,
            0.95 * measure.cores(),
        )
        for other in built:
            for name in workers:
                report.ratio(
                    f"{job}, {name} / {other}",
                    figures,
                    f"{job}, {name}",
                    f"{job}, {other}, {name}",
                    unit,
                    1,
                )
    for other in ("rayon", "TBB", "OpenMP", "Go"):
        if other not in built:
            report.skip(f"fork / {other}", "its compiler or its library is missing")
    report.finish()
    for each in ours.values():
        each.runtime.shutdown()


if __name__ == "__main__":
    main()
