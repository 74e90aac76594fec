"""The differential tester: random programs, compiled and as Python, must have the same answers.

    make differential SECONDS=600 [SEED=N]
    python -m differential --seconds 60 [--seed N] [--only PROGRAM] [--finds N] [--jobs N]

(with `tests` on PYTHONPATH). It prints its seed; each program has a number, and seed and number
make the program and its arguments. A find is reduced to a few lines and printed; exit status 1
if there was one.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import random
import sys
import threading
import time
from collections.abc import Iterator

from differential import grammar
from differential.children import Outcome, outcomes
from differential.expressions import HEAD
from differential.reduction import reduced

BATCH = 30  # programs per child


class Hunt:
    """What has been compared and found so far; its workers run one child each."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.end = time.monotonic() + options.seconds
        self.numbers = itertools.count(options.first)
        self.lock = threading.Lock()
        self.programs = self.compiled = self.calls = self.dropped = 0
        self.reasons: collections.Counter[str] = collections.Counter()
        self.finds: list[Outcome] = []

    def over(self) -> bool:
        return time.monotonic() > self.end or len(self.finds) >= self.options.finds

    def work(self) -> None:
        while not self.over():
            with self.lock:
                numbers = list(itertools.islice(self.numbers, BATCH))
            programs = [grammar.program(self.options.seed, number) for number in numbers]
            for number, outcome in zip(numbers, outcomes(programs), strict=False):
                self.note(number, outcome)
                if self.over():
                    break

    def note(self, number: int, outcome: Outcome) -> None:
        with self.lock:
            self.programs += 1
            self.dropped += not outcome.calls
            self.compiled += outcome.compiled
            self.calls += outcome.calls if outcome.compiled else 0
            self.reasons.update(outcome.reasons)
        if outcome.find is not None:
            self.show(number, outcome)

    def show(self, number: int, outcome: Outcome) -> None:
        self.finds.append(outcome)
        if self.options.reduce and (outcome.find or {}).get("how") != "tester":
            outcome = reduced(outcome, self.options.reduce)
        print("\n".join(_lines(self.options.seed, number, outcome)), flush=True)


def _lines(seed: int, number: int, outcome: Outcome) -> Iterator[str]:
    find = outcome.find or {}
    yield f"--- FIND: {find['how']} (seed {seed}, program {number})"
    yield outcome.program.source.replace(HEAD, "# the head of differential/expressions.py\n")
    for name in ("arguments", "python", "compiled"):
        if name in find:
            yield f"{name}: {find[name][:2000]}"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="differential", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--only", type=int, help="run the program of this number alone")
    parser.add_argument("--first", type=int, default=0, help="the number of the first program")
    parser.add_argument("--finds", type=int, default=3, help="stop at so many")
    parser.add_argument("--reduce", type=float, default=120.0, help="seconds for each find")
    parser.add_argument("--jobs", type=int, default=1, help="child processes at a time")
    options = parser.parse_args()
    print(f"differential: seed {options.seed}", flush=True)
    hunt = Hunt(options)
    if options.only is not None:
        program = grammar.program(options.seed, options.only)
        print(program.source.replace(HEAD, ""))
        for outcome in outcomes([program]):
            print(outcome)
            hunt.note(options.only, outcome)
    else:
        workers = [threading.Thread(target=hunt.work) for _ in range(options.jobs)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    print(
        f"differential: seed {options.seed}, {hunt.programs} programs, {hunt.compiled} compiled "
        f"({hunt.dropped} without an end as Python), {hunt.calls} calls compared, "
        f"{len(hunt.finds)} finds; refused: {dict(hunt.reasons.most_common(12))}"
    )
    return 1 if hunt.finds else 0


if __name__ == "__main__":
    sys.exit(main())
