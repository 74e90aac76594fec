"""What does a fork cost, and what do further workers gain?

fib(32) forks 3.5 million calls of a few nanoseconds each, so it shows the cost of fork and join
alone. Baseline: OpenMP's tasks (peers/fib.c), which do the same. Then quicksort of an array and the
queens that do not attack each other, which stop forking where parts are small, each with one worker
and with one per core.
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


class Subjects:
    """The tasks on a runtime with so many workers."""

    def __init__(self, workers: int, options: measure.Options) -> None:
        self.runtime = Runtime(workers=workers, enable_auto_scaling=False)
        self._n = options.size(32, 10)
        self._queens = options.size(11, 5)
        self._unsorted = np.random.default_rng(1).random(options.size(2_000_000, 5_000))

    def task(self, function: Callable[..., Any]) -> Any:
        return self.runtime.task(function, compile_to_c="require", overflow="wrap")

    def fib(self) -> float:
        """Return calls a second."""
        task = self.task(fib)
        calls = round(1.618 ** (self._n + 1) / 5**0.5 * 2)
        return calls / measure.seconds(lambda: task.submit(self._n).result())

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


def openmp_rate(program: peer.Peer, workers: int, n: int) -> float:
    seconds: list[float] = program.run(workers, n, 3)["seconds"]
    return round(1.618 ** (n + 1) / 5**0.5 * 2) / statistics.median(seconds)


def main() -> None:
    options = measure.Options.parse(__doc__)
    report = measure.Report("bench_fork", options)
    one, many = Subjects(1, options), Subjects(measure.cores(), options)
    n = options.size(32, 10)
    subjects: dict[str, Callable[[], float]] = {
        "fib, one worker": one.fib,
        "fib, all": many.fib,
        "quicksort, one worker": one.quicksort,
        "quicksort, all": many.quicksort,
        "queens, one worker": one.queens,
        "queens, all": many.queens,
    }
    openmp = peer.c("fib.c", "-fopenmp")
    if openmp is not None:
        report.versions["openmp"] = openmp.version
        subjects["OpenMP, one thread"] = lambda: openmp_rate(openmp, 1, n)
        subjects["OpenMP, all"] = lambda: openmp_rate(openmp, measure.cores(), n)
    measure.in_turn(1, subjects)
    figures = measure.in_turn(options.rounds, subjects)
    calls = "calls/s"
    if openmp is not None:
        report.ratio("one / OpenMP", figures, "fib, one worker", "OpenMP, one thread", calls, 1)
        report.ratio("all / OpenMP", figures, "fib, all", "OpenMP, all", calls, 1)
    else:
        report.skip("fib / OpenMP", "there is no C compiler")
    for name, unit in (("quicksort", "elements/s"), ("queens", "solutions/s")):
        goal = 0.95 * measure.cores()
        report.ratio(
            f"{name}, all / one", figures, f"{name}, all", f"{name}, one worker", unit, goal
        )
    report.finish()
    one.runtime.shutdown()
    many.runtime.shutdown()


if __name__ == "__main__":
    main()
