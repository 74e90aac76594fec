"""What every benchmark here shares: taking turns, comparing with a goal, reporting.

A benchmark measures its subject and its baseline in turn, so that a change of the
machine's mood hits both, and compares the medians. `--json FILE` writes everything that
is needed to read the figures later: machine, versions, commit, every single round.
`--smoke` asks for tiny sizes: it shows that the benchmark runs, its figures mean nothing,
and no goal is judged. A missed goal is printed, never an exit status.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Options:
    """The command line that all benchmarks have."""

    smoke: bool
    json: Path | None
    rounds: int

    @classmethod
    def parse(cls, question: str | None, rounds: int = 7) -> Options:
        """Read them from sys.argv; `question` is the module's docstring, shown by --help."""
        parser = argparse.ArgumentParser(
            description=question, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--smoke", action="store_true", help="tiny sizes, nothing is judged")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
        parser.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
        given = parser.parse_args()
        return cls(given.smoke, given.json, 1 if given.smoke else given.rounds)

    def size(self, full: int, smoke: int) -> int:
        return smoke if self.smoke else full


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0))


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rate(submit: Callable[[float, float], Any], numbers: list[float]) -> float:
    """Return tasks a second, from the first submission to the last result read.

    Each adds 0.5 to one of the numbers, which are 0.0, 1.0, ...
    """

    def work() -> None:
        results = [submit(a, 0.5) for a in numbers]
        total = 0.0
        for result in results:
            total += result.result()
        n = len(numbers)
        if total != n * (n - 1) / 2 + n / 2:
            raise AssertionError("a result is wrong")

    return len(numbers) / seconds(work)


def in_turn(rounds: int, subjects: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Call every subject once per round, one after the other; return each one's figures."""
    figures: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            figures[name].append(subject())
    return figures


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison: `value` is the figure that the goal is about."""

    claim: str
    value: float
    unit: str
    goal: float | None
    direction: Literal["at least", "at most"]
    rounds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    rounds_unit: str = ""

    def verdict(self) -> str:
        if self.goal is None:
            return ""
        met = self.value >= self.goal if self.direction == "at least" else self.value <= self.goal
        return "met" if met else "MISSED"


class Report:
    """Collects the findings of one benchmark and prints them as they come."""

    def __init__(self, name: str, options: Options) -> None:
        self.name = name
        self.options = options
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.versions: dict[str, str] = {}
        print(f"{name}{' (smoke: the figures mean nothing)' if options.smoke else ''}")

    def add(self, finding: Finding) -> None:
        self.findings.append(finding)
        print(f"  {finding.claim}: {finding.value:.4g}{finding.unit}", end="")
        if finding.goal is not None and not self.options.smoke:
            print(f", goal {finding.direction} {finding.goal:g}: {finding.verdict()}", end="")
        print()
        for name, figures in finding.rounds.items():
            low, middle, high = min(figures), statistics.median(figures), max(figures)
            print(f"    {name}: {middle:,.4g} {finding.rounds_unit} ({low:,.4g} to {high:,.4g})")

    def ratio(
        self,
        claim: str,
        figures: Mapping[str, Sequence[float]],
        of: str,
        to: str,
        unit: str,
        goal: float | None,
        direction: Literal["at least", "at most"] = "at least",
    ) -> None:
        """Add the ratio of two subjects' medians."""
        value = statistics.median(figures[of]) / statistics.median(figures[to])
        chosen = {name: figures[name] for name in (of, to)}
        self.add(Finding(claim, value, " times", goal, direction, chosen, unit))

    def skip(self, claim: str, why: str) -> None:
        """Say that a comparison could not be made here."""
        self.notes.append(f"{claim}: skipped, {why}")
        print(f"  {claim}: skipped, {why}")

    def finish(self) -> None:
        """Write the JSON file, if one was asked for."""
        if self.options.json is None:
            return
        document = {
            "benchmark": self.name,
            "smoke": self.options.smoke,
            "machine": machine(),
            "versions": versions() | self.versions,
            "commit": commit(),
            "findings": [asdict(f) | {"verdict": f.verdict()} for f in self.findings],
            "notes": self.notes,
        }
        self.options.json.parent.mkdir(parents=True, exist_ok=True)
        self.options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def machine() -> dict[str, object]:
    return {
        "cpu": _cpu_model(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.release()}",
        "memory_mb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        "load_1min": os.getloadavg()[0],
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in ("catzilla_jit", "numba", "llvmlite", "numpy"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def commit() -> str:
    """Return the commit of the source tree, with "+" where files were changed."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
