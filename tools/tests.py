"""Run the Python tests: some files per process of pytest, three processes per processor.

What the pure-Python pool must pass as well runs once more in processes without the native library.
A process that runs a few files stays small (machine code is never freed), and one that crashes
or hangs costs no result but those of its own files.

Each process prints what pytest prints, when it has ended. With --repeat the tests that failed
are run once more, alone, and so is all of a process that ended before its tests had: what passes
then is unsteady, and is listed at the end with the output that it failed with. The last line counts
all tests; exit status 0 if none is left that failed. With --all the long tables of
tests/support/long_tables.py are compared whole.

usage: tools/tests.py [--all] [--repeat] [--jobs N] [--pool native|pure] [DIRECTORY_OR_FILE...]
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "tests"
MOST_FILES = 12  # per process
MOST_OF_COMPILED = 7  # in tests/compile, where they leave up to 600 MB of machine code
#: What both pools must pass.
BOTH_POOLS = (
    "tests/behaviour", "tests/stats/test_counts.py", "tests/stats/test_reader.py",
    "tests/stats/test_trace.py",
)  # fmt: skip
POOLS = {"native": {}, "pure": {"CATZILLA_JIT_DISABLE_NATIVE": "1"}}
LAST_LINES = 100  # of a process that has crashed: the stacks of its threads
#: Begun first, because they take longest.
FIRST = ("stop", "memory", "examples", "behaviour")


@dataclasses.dataclass(frozen=True)
class Part:
    """What one process runs."""

    pool: str
    name: str
    files: tuple[str, ...]

    @property
    def compiles(self) -> bool:
        return Path(self.files[0]).parent.name == "compile"

    def run(self, cache: str, *options: str, suffix: str = "") -> Outcome:
        """Run pytest on it, print what that prints, and return what the tests came to."""
        report = REPORTS / f"{self.name}{suffix}.xml"
        done = subprocess.run(
            [
                # Unlike `python -m pytest` this leaves the source tree out of sys.path.
                sys.executable, str(Path(sys.executable).with_name("pytest")), *options,
                "-o", f"cache_dir={REPORTS / self.name}.cache", f"--junitxml={report}",
                "-o", "junit_family=xunit1", "-o", "junit_logging=all",
                "-o", "junit_log_passing_tests=false", *self.files,
            ],
            # What one process has compiled, the others load (tests/conftest.py).
            env={**os.environ, **POOLS[self.pool], "TESTS_CACHE_OF_CATZILLA_JIT": cache},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        sys.stdout.buffer.write(f"\n## {self.name}\n".encode() + done.stdout)
        sys.stdout.flush()
        outcome = _outcome(report, done.returncode)
        if not outcome.whole:
            lines = done.stdout.decode(errors="replace").splitlines()[-LAST_LINES:]
            outcome.lost = "\n".join([*lines, f"exit status {done.returncode}"])
        return outcome


@dataclasses.dataclass
class Outcome:
    """What the tests of a process came to, by name."""

    whole: bool  # the process has run every test and told of each
    passed: set[str]
    skipped: set[str]
    failed: dict[str, str]  # with the output
    lost: str = ""  # the last that a process printed that is not whole


def _outcome(report: Path, status: int) -> Outcome:
    passed, skipped, failed = set(), set(), {}
    # 5: there was nothing to run. 0 and 1: all that there was has run.
    whole = status in (0, 1, 5) and report.exists()
    for case in ElementTree.parse(report).iter("testcase") if whole else ():
        name = f"{case.get('file')}::{case.get('name')}"
        bad = [part for part in case if part.tag in ("failure", "error")]
        if bad:
            texts = [part.text or "" for part in case]
            failed[name] = "\n".join(text for text in (failed.get(name, ""), *texts) if text)
        elif case.find("skipped") is not None:
            skipped.add(name)
        else:
            passed.add(name)
    whole = whole and (status == 1) == bool(failed)
    return Outcome(whole, passed - failed.keys(), skipped, failed)


def in_turn(parts: list[Part]) -> list[Part]:
    """Return the parts in the order that they are begun in: one that compiles, one that does not.

    Those that compile want a processor each and much memory; many of the others wait, for timers
    and for other processes. And those that begin first compile what the later ones find in the
    cache, so few of them should.
    """
    compiling = [part for part in parts if part.compiles]
    others = [part for part in parts if not part.compiles]
    pairs = itertools.zip_longest(compiling, others)
    return [part for pair in pairs for part in pair if part is not None]


def parts_of(chosen: list[str], pools: list[str]) -> Iterator[Part]:
    """Yield what the processes run."""
    for pool in pools:
        wanted = chosen or (["tests"] if pool == "native" else list(BOTH_POOLS))
        by_folder: dict[Path, list[Path]] = {}
        for place in (ROOT / each for each in wanted):
            for file in sorted(place.rglob("test_*.py")) if place.is_dir() else [place]:
                by_folder.setdefault(file.parent, []).append(file)
        for folder in sorted(by_folder, key=lambda folder: (_rank(folder), folder)):
            files = by_folder[folder]
            most = MOST_OF_COMPILED if folder.name == "compile" else MOST_FILES
            count = -(-len(files) // most)
            for i in range(count):
                name = f"{pool}-{folder.name}" + (f"-{i + 1}" if count > 1 else "")
                # Each gets its share of neighbours: those take about the same time.
                yield Part(pool, name, tuple(str(f.relative_to(ROOT)) for f in files[i::count]))


def _rank(folder: Path) -> int:
    return FIRST.index(folder.name) if folder.name in FIRST else len(FIRST)


def _remember(failed: list[str]) -> None:
    """Let `pytest --last-failed` find what failed."""
    file = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(dict.fromkeys(failed, True), indent=2))


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(usage=(__doc__ or "").split("usage: ")[1])
    options.add_argument("--all", action="store_true")
    options.add_argument("--repeat", action="store_true")
    options.add_argument("--jobs", type=int, default=max(3, min(12, 3 * (os.cpu_count() or 1))))
    options.add_argument("--pool", choices=sorted(POOLS))
    options.add_argument("chosen", nargs="*")
    given = options.parse_args(arguments)
    if given.all:
        os.environ["ALL_CASES_OF_CATZILLA_JIT"] = "1"
    began = time.monotonic()
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    parts = in_turn(list(parts_of(given.chosen, [given.pool] if given.pool else sorted(POOLS))))
    with (
        tempfile.TemporaryDirectory(prefix="catzilla_jit_tests") as cache,
        concurrent.futures.ThreadPoolExecutor(given.jobs) as processes,
    ):
        ran = processes.map(lambda part: part.run(cache), parts)
        outcomes = dict(zip(parts, ran, strict=True))
        again = {
            part: part.run(cache, *["--last-failed"] * outcome.whole, suffix=".again")
            for part, outcome in outcomes.items()
            if given.repeat and (outcome.failed or not outcome.whole)
        }
    return _conclude(outcomes, again, time.monotonic() - began)


def _conclude(outcomes: dict[Part, Outcome], again: dict[Part, Outcome], seconds: float) -> int:
    """Print what is left to be said, and return the exit status."""
    counts: Counter[str] = Counter()
    broken, unsteady, lost = [], [], []
    for part, outcome in outcomes.items():
        if not outcome.whole:
            repeated = again.get(part, outcome)
            if repeated.whole and not repeated.failed:
                unsteady.append((part, f"{part.name}, which ended before its tests", outcome.lost))
                counts["passed"] -= 1  # of the unsteady ones, each of which counts as a test below
            else:
                lost.append((part, outcome.lost))
                continue
            outcome = repeated
        for name, output in outcome.failed.items():
            passes = part in again and again[part].whole and name in again[part].passed
            (unsteady if passes else broken).append((part, name, output))
        counts["passed"] += len(outcome.passed)
        counts["skipped"] += len(outcome.skipped)
    if unsteady:
        print("\n## unsteady: failed, and passed when repeated alone; to be mended")
        for part, name, output in unsteady:
            print(f"\n# {name} ({part.pool} pool)\n\n{output}")
    if broken:
        print("\n## failed")
        for part, name, _ in broken:
            print(f"{name} ({part.pool} pool)")
    for part, output in lost:
        print(f"\n## {part.name} ended before its tests had\n\n{output}")
    _remember([name for _, name, _ in broken])
    counts["passed"] += len(unsteady)
    print(
        f"\n{counts['passed']} passed, {len(broken) + len(lost)} failed, "
        f"{counts['skipped']} skipped, {len(unsteady)} unsteady in {seconds:.0f}s"
    )
    return 1 if broken or lost else 0


if __name__ == "__main__":
    sys.exit(main())
