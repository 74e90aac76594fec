"""How long does a program wait for its first compiled result, compared with `numba.njit`?

Every run is a fresh interpreter that imports, decorates one function, calls it once and prints how
long the import and the first result took. "Cold" runs begin with an empty cache directory,
"cached" ones with what the run before left there; in "edited" ones the function stands a line
lower than in the run before, so that it is compiled anew, but what it calls need not be.
Baseline: the same function under `numba.njit(cache=True)`, called directly, in a fresh interpreter
in turn with ours. Both times count together: `import numba` brings the compiler, ours comes with
the first compilation.

Asked of an integer loop (whose arithmetic is checked in ours) and of a formula with a helper
function, and of a function of text, which needs Numba's runtime. The last figures are the time
after import in seconds, with a goal of their own: the first cached result within 50 ms.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import measure

FUNCTIONS = {
    "loop": '''
@decorate
def collatz(n: int) -> int:
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps

first = lambda: result(collatz, 27)
''',
    "formula": '''
import math

@helper
def below(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))

@decorate
def price(spot: float, strike: float, rate: float, volatility: float, years: float) -> float:
    spread = volatility * math.sqrt(years)
    high = (math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
    return spot * below(high) - strike * math.exp(-rate * years) * below(high - spread)

first = lambda: result(price, 100.0, 95.0, 0.03, 0.2, 1.5)
''',
    "text": '''
@decorate
def initials(name: str) -> str:
    found = ""
    for part in name.split():
        found += part[0]
    return found

first = lambda: result(initials, "ada king lovelace")
''',
}  # fmt: skip

HEADS = {
    "task": '''
from catzilla_jit import task

decorate = task(compile_to_c="require")
helper = lambda function: function
result = lambda function, *values: function.submit(*values).result()
''',
    "njit": '''
import numba

decorate = helper = numba.njit(cache=True)
result = lambda function, *values: function(*values)
''',
}  # fmt: skip

KINDS = ("cold", "cached", "edited")

PROGRAM = """
import json
import time

began = time.perf_counter()
{head}
imported = time.perf_counter()
{function}
value = first()
ended = time.perf_counter()
print(json.dumps([imported - began, ended - imported, value]))
"""


class Case:
    """One function under one decorator: a program, and the directory with its caches."""

    def __init__(self, folder: Path, function: str, head: str) -> None:
        self.name = f"{function}, {head}"
        self._folder = folder / f"{function}_{head}"
        self._folder.mkdir()
        self._program = self._folder / "program.py"
        self._text = PROGRAM.format(head=HEADS[head], function=FUNCTIONS[function])
        self._program.write_text(self._text, encoding="utf-8")
        self._colds = 0
        self.values: set[float | str] = set()
        self.after_import: dict[str, list[float]] = {kind: [] for kind in KINDS}

    def cold(self) -> float:
        self._colds += 1
        return self._run("cold")

    def cached(self) -> float:
        return self._run("cached")

    def edited(self) -> float:
        self._text = "\n" + self._text
        self._program.write_text(self._text, encoding="utf-8")
        return self._run("edited")

    def _run(self, kind: str) -> float:
        """Run the program; return the seconds until its first result, the import included."""
        cache = self._folder / f"cache_{self._colds}"
        cache.mkdir(mode=0o700, exist_ok=True)
        places = {"CATZILLA_JIT_CACHE_DIR": str(cache), "NUMBA_CACHE_DIR": str(cache)}
        command = [sys.executable, str(self._program)]
        environment = os.environ | places | {"PYTHONPATH": _search_path()}
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
        imported, first, value = json.loads(done.stdout)
        self.values.add(value)
        self.after_import[kind].append(first)
        return float(imported + first)


def _search_path() -> str:
    """Return this process's search path: the programs lie elsewhere."""
    return os.pathsep.join(path for path in sys.path if path)


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=9)
    report = measure.Report("bench_compile", options)
    with tempfile.TemporaryDirectory() as folder:
        for function in FUNCTIONS:
            ask(report, options, function, Path(folder))
    report.finish()


def ask(report: measure.Report, options: measure.Options, function: str, folder: Path) -> None:
    ours, theirs = (Case(folder, function, head) for head in ("task", "njit"))
    subjects: dict[str, Callable[[], float]] = {}
    for kind in KINDS:
        for case in (ours, theirs):
            subjects[f"{case.name}, {kind}"] = getattr(case, kind)
    figures = measure.in_turn(options.rounds, subjects)
    if len(ours.values | theirs.values) != 1:
        raise AssertionError("the results differ")
    for kind in KINDS:
        of, to = f"{ours.name}, {kind}", f"{theirs.name}, {kind}"
        claim = f"{function}, {kind}, import and first result: task / njit"
        report.ratio(claim, figures, of, to, "s", 1.3, "at most")
    first = statistics.median(ours.after_import["cached"])
    claim = f"{function}, cached, first result after the import"
    report.add(measure.Finding(claim, first, " s", 0.05, "at most"))


if __name__ == "__main__":
    main()
