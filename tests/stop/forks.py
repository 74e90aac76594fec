"""Do random trees of forked calls give what they give in order, beside stops and failures?

    python tests/stop/forks.py [--seconds 60] [--seed N] [--workers 3]

Trees fork up to two calls a node and join them in either order, or not at all; nodes fail at
random. Beside them are trees that end by a cancel alone, time limits of a millisecond, tasks of
other levels, and maps. Prints the seed, and how many trees ended how.
"""

from __future__ import annotations

import argparse
import collections
import random
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catzilla_jit import Runtime, TaskPriority, fork, join
from catzilla_jit.errors import TaskCancelled, TaskTimeout

PATIENCE = 120.0
AT_ONCE = 20


def tree(seed: int, depth: int, bad: int, visits: NDArray[np.int64]) -> int:
    x = (seed * 1103515245 + 12345) % 2147483648
    visits[depth] += 1
    if x % 1000 < bad:
        raise ValueError("node", seed)
    if depth == 0:
        wasted = 0.0
        for i in range(x % 300):
            wasted += i * 0.5
        return x % 7 + int(wasted * 0.0)
    children = x % 4
    if children == 0:
        return 1
    a = fork(tree, x + 1, depth - 1, bad, visits)
    if children == 1:
        return join(a)
    b = fork(tree, x + 2, depth - 1, bad, visits)
    c = tree(x + 3, depth - 1, bad, visits)
    if children == 2:
        second = join(b)
        return second + join(a) + c
    if x % 5 == 0:
        return c + join(a)  # the other one is not joined
    return c + join(a) + join(b)


def in_order(seed: int, depth: int, bad: int) -> int | None:
    """Return what a tree gives, None if it fails."""
    x = (seed * 1103515245 + 12345) % 2147483648
    if x % 1000 < bad:
        return None
    if depth == 0:
        return x % 7
    children = x % 4
    if children == 0:
        return 1
    parts = [in_order(x + 1, depth - 1, bad)]
    if children > 1:
        parts += [in_order(x + i, depth - 1, bad) for i in (2, 3)]
    if None in parts:
        return None
    if children == 3 and x % 5 == 0:
        del parts[1]
    return sum(part for part in parts if part is not None)


def endless(depth: int, go_on: NDArray[np.int64]) -> int:
    if depth == 0:
        while go_on[0] == 1:
            pass
        return 0
    left = fork(endless, depth - 1, go_on)
    right = endless(depth - 1, go_on)
    return join(left) + right


def waiting(depth: int, go_on: NDArray[np.int64]) -> int:
    """The same with workers that wait for others, and run other parts meanwhile."""
    if depth == 0:
        while go_on[0] == 1:
            pass
        return 0
    a = fork(waiting, depth - 1, go_on)
    b = fork(waiting, depth - 1, go_on)
    pause = 0.0
    for i in range(100_000):
        pause += i * 0.5
    return join(b) + join(a) + int(pause * 0.0)


def small(n: int) -> int:
    if n < 2:
        return n
    left = fork(small, n - 1)
    return small(n - 2) + join(left)


class Stress:
    """Rounds of AT_ONCE submissions on one runtime."""

    def __init__(self, seed: int, workers: int) -> None:
        self.random = random.Random(seed)
        self.runtime = Runtime(workers=workers, enable_auto_scaling=False)
        self.tree = self.runtime.task(tree, compile_to_c="require")
        self.endless = self.runtime.task(endless, compile_to_c="require")
        self.waiting = self.runtime.task(waiting, compile_to_c="require")
        self.small = self.runtime.task(small, compile_to_c="require")
        self.limited = self.tree.options(timeout_ms=1)
        self.visits = np.zeros(64, np.int64)
        self.go_on = np.ones(1, np.int64)
        self.ends: collections.Counter[str] = collections.Counter()
        for task in (self.tree, self.endless, self.waiting):  # none is cut short while it compiles
            arguments = (1, 0, 0, self.visits) if task is self.tree else (0, np.zeros(1, np.int64))
            task.submit(*arguments).result(timeout=PATIENCE)
        self.small.map([1])

    def round(self) -> None:
        results = [self._submit() for _ in range(AT_ONCE)]
        batch = self.small.submit_map(range(12))
        for result, what in results:
            if what is None:
                if self.random.random() < 0.5:
                    time.sleep(self.random.random() * 0.002)
                result.cancel()
        for result, what in results:
            self._check(result, what)
        assert batch.wait()[11] == 89

    def _submit(self) -> tuple[Any, tuple[int, int, int] | None]:
        draw = self.random
        if draw.random() < 0.1:
            task = draw.choice([self.endless, self.waiting])
            return task.submit(draw.randrange(6), self.go_on), None
        what = draw.randrange(2**31), draw.randrange(1, 11), draw.choice([0, 0, 1, 20])
        task = draw.choice([self.tree, self.tree, self.limited])
        if draw.random() < 0.2:
            task = task.options(priority=draw.choice(list(TaskPriority)))
        return task.submit(*what, self.visits), what

    def _check(self, result: Any, what: tuple[int, int, int] | None) -> None:
        end = "completed"
        try:
            value = result.result(timeout=PATIENCE)
        except TaskCancelled:
            assert what is None
            end = "cancelled"
        except TaskTimeout:
            end = "timed out"
        except ValueError:
            assert what is not None
            assert in_order(*what) is None
            end = "failed"
        else:
            assert what is not None
            assert in_order(*what) == value
        self.ends[end] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--workers", type=int, default=3)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    stress = Stress(options.seed, options.workers)
    until = time.monotonic() + options.seconds
    while time.monotonic() < until:
        stress.round()
    stress.runtime.shutdown(timeout=PATIENCE)
    print(", ".join(f"{count} {end}" for end, count in sorted(stress.ends.items())))


if __name__ == "__main__":
    main()
