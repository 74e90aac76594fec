"""`catzilla-jit bench`: how many tiny tasks per second this machine submits and reads back.

Every subject submits one task per call and reads one result per task, in turn with the
others in one process; the figure is the median of the rounds. The measurements that
belong to the project's claims are in benchmarks/.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...display import terminal
from .. import exit_codes

if TYPE_CHECKING:
    from ...tasks.runtime import Runtime

NAME = "bench"
SUMMARY = "measure tasks per second here, against ThreadPoolExecutor"
EPILOG = """\
examples:
  catzilla-jit bench
  catzilla-jit run -m catzilla_jit.cli bench --seconds 10

One task per call, one result per task, an addition in each; medians. --json
prints {"seconds": float, "workers": int, "rates": {name: tasks per second}}.
"""
_ROUNDS = 5
_BATCH = 1000
BASELINE, PYTHON, COMPILED = "ThreadPoolExecutor", "Python task", "compiled task"

Submit = Callable[..., Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=_positive, default=3.0, help="how long to measure (default: 3)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError("must be more than 0 and at most 3600")
    return value


def execute(arguments: argparse.Namespace) -> int:
    from ...tasks.runtime import Runtime

    with Runtime() as runtime:
        rates = measure(runtime, arguments.seconds)
    if arguments.json:
        terminal.print_json(
            {"seconds": arguments.seconds, "workers": runtime.workers, "rates": rates}
        )
    else:
        _show(rates, runtime.workers)
    return exit_codes.OK


def _add(x: float, y: float) -> float:
    return x + y


def measure(runtime: Runtime, seconds: float) -> dict[str, float]:
    """Return tasks per second by subject; a subject that this installation lacks is left out."""
    import concurrent.futures
    import statistics

    compiled = runtime.task(_add, name="add")
    with concurrent.futures.ThreadPoolExecutor(runtime.workers) as executor:
        subjects: dict[str, Submit] = {
            BASELINE: lambda x, y: executor.submit(_add, x, y),
            PYTHON: runtime.task(_add, name="add in Python", compile_to_c=False).submit,
        }
        if compiled.compiled:
            compiled.submit(1.0, 2.0).result()
            subjects[COMPILED] = compiled.submit
        slice_seconds = seconds / _ROUNDS / len(subjects)
        rounds = [
            {name: _rate(submit, slice_seconds) for name, submit in subjects.items()}
            for _ in range(_ROUNDS)
        ]
    return {name: statistics.median(round[name] for round in rounds) for name in subjects}


def _rate(submit: Submit, seconds: float) -> float:
    begin = now = time.perf_counter()
    count = 0
    while now - begin < seconds:
        for result in [submit(1.0, 2.0) for _ in range(_BATCH)]:
            result.result()
        count += _BATCH
        now = time.perf_counter()
    return count / (now - begin)


def _show(rates: dict[str, float], workers: int) -> None:
    console = terminal.stdout()
    console.print(f"one result per task, {workers} workers")
    console.print(f"{'':20}{'tasks/s':>14}{'ratio':>10}")
    for name, rate in rates.items():
        console.print(f"{name:20}{rate:14,.0f}{rate / rates[BASELINE]:10.1f}")
