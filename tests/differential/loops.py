"""Random programs with parallel loops: whoever runs the iterations, the answers are the documented.

    PYTHONPATH=tests python -m differential.loops --seconds 60 [--seed N] [--only PROGRAM]

Each program is written twice: as a task, and as Python that adds up its sums in the blocks that
docs/parallel.md describes. The task runs on one, two and four workers, several at a time, and as a
direct call. Value, type, every bit of the sums and of the arrays, and exceptions must be equal. It
prints its seed, each find with its program, and how many programs were compiled.
"""

from __future__ import annotations

import argparse
import importlib.util
import pathlib
import random
import sys
import tempfile
import time
import warnings
from typing import Any

import numpy as np

from catzilla_jit import Runtime
from differential.loop_programs import HEAD, Writer

PATIENCE = 300.0
WORKERS = (1, 2, 4)


# --- what is compared -----------------------------------------------------------------------------


def shown(value: Any) -> Any:
    """Return what tells every bit of a value, and its type; all NaN are one."""
    if isinstance(value, tuple):
        return tuple(map(shown, value))
    if isinstance(value, np.ndarray):
        return value.dtype.str, np.where(value != value, np.nan, value).tobytes()
    if isinstance(value, complex | np.complexfloating):
        return type(value).__name__, shown(value.real)[1], shown(value.imag)[1]
    return type(value).__name__, repr(float(value)) if isinstance(value, np.floating) else repr(
        value
    )


def outcome(call: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    try:
        value = call()
    except Exception as error:
        return type(error).__name__, shown(tuple(error.args))
    return "value", shown(value), tuple(shown(each) for each in arguments[3:])


def copied(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(each.copy() if isinstance(each, np.ndarray) else each for each in arguments)


class Hunt:
    """Runs programs on runtimes with different numbers of workers."""

    def __init__(self, seed: int, folder: pathlib.Path) -> None:
        self.seed, self.folder = seed, folder
        self.runtimes = [Runtime(workers=each, enable_auto_scaling=False) for each in WORKERS]
        self.compiled = self.programs = self.finds = 0
        self.failing = 0
        self.refused: dict[str, int] = {}

    def one(self, number: int) -> None:
        writer = Writer(self.seed, number)
        task_text, reference_text = writer.program()
        arguments = [writer.arguments() for _ in range(5)]
        main = self._module(f"program_{number}", task_text).main
        reference = self._module(f"reference_{number}", reference_text).main
        self._check(number, task_text, main, reference, arguments, writer.pure)

    def _check(
        self,
        number: int,
        task_text: str,
        main: Any,
        reference: Any,
        arguments: list[Any],
        pure: bool,
    ) -> None:
        task = self.runtimes[0].task(main, parallel=True)
        first = copied(arguments[0])
        outcome(lambda: task.submit(*first).result(timeout=PATIENCE), first)
        if not task.compiled:  # then it is Python's, whose sums are added in order
            reference = main
        given = [copied(each) for each in arguments]
        expected = [outcome(lambda each=each: reference(*each), each) for each in given]
        in_order = {}
        if "except ValueError" in task_text:  # a handler behind a loop may have Python run it all
            for place, each in enumerate(copied(each) for each in arguments):
                in_order[place] = outcome(lambda each=each: main(*each), each)
        self.failing += sum(each[0] != "value" for each in expected)
        self.programs += 1
        found: list[tuple[str, int, Any]] = []
        for workers, runtime in zip(WORKERS, self.runtimes, strict=True):
            task = runtime.task(main, parallel=True)
            copies = [copied(each) for each in arguments * 2]
            results = [task.submit(*each) for each in copies]
            for place, (result, each) in enumerate(zip(results, copies, strict=True)):
                got = outcome(lambda result=result: result.result(timeout=PATIENCE), each)
                found.append((f"{workers} workers", place % len(arguments), got))
        for place, each in enumerate(copied(each) for each in arguments):
            got = outcome(lambda each=each: task(*each), each)
            found.append(("a direct call", place, got))
        self.compiled += task.compiled
        if not task.compiled:
            why = str(task.explain()).strip().splitlines()
            line = next((each for each in why if "CZ" in each), why[-1])
            self.refused[line] = self.refused.get(line, 0) + 1
        for where, place, got in found:
            left = got[0] == "OverflowError" and "does not fit compiled" in str(got)
            if left and not pure:  # it could not be run again as Python
                continue
            if got != expected[place] and got != in_order.get(place):
                self.finds += 1
                print(f"--- FIND: seed {self.seed}, program {number}, {where}, call {place}")
                print(task_text.removeprefix(HEAD))
                print("arguments:", arguments[place][:3])
                print("expected:", str(expected[place])[:400])
                print("found:   ", str(got)[:400], flush=True)
                return

    def _module(self, name: str, text: str) -> Any:
        path = self.folder / f"{name}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        hunt = Hunt(options.seed, pathlib.Path(folder))
        until = time.monotonic() + options.seconds
        number = 0 if options.only is None else options.only
        while time.monotonic() < until:
            hunt.one(number)
            if options.only is not None:
                break
            number += 1
        for runtime in hunt.runtimes:
            runtime.shutdown(timeout=PATIENCE)
    print(f"{hunt.programs} programs, {hunt.compiled} compiled, {hunt.failing} failing calls")
    for line, times in sorted(hunt.refused.items(), key=lambda item: -item[1])[:20]:
        print(f"{times:5} {line}")
    sys.exit(hunt.finds > 0)


if __name__ == "__main__":
    main()
