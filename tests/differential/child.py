"""Runs programs, compiled and as Python, and reports on stdout: one line of JSON per event.

    python -m differential.child FILE           # a list of programs in JSON

`begin` says which program comes, and in which phase: who reads knows what was running where this
process ends by a signal, or does not end. With `first` in the file it stops at the first program
that differs in the way that the file names.
"""

from __future__ import annotations

import importlib.util
import json
import random
import resource
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import numpy as np

import catzilla_jit
from differential import values
from differential.observe import Describer, difference, observed
from differential.program import Program

LIMIT_SECONDS = 3.0  # for all calls of a program as Python
LIMIT_BYTES = 6 << 30


class TooLong(BaseException):
    """A program that takes too long as Python is not compared."""


def say(**event: Any) -> None:
    sys.__stdout__.write(json.dumps(event) + "\n")
    sys.__stdout__.flush()


def load(program: Program, directory: Path, number: int) -> Any:
    path = directory / f"program{number}.py"
    path.write_text(program.source)
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module  # as an import would
    specification.loader.exec_module(module)
    return module.f, str(path)


def arguments(program: Program, call: int) -> list[Any]:
    draw = random.Random(f"{program.seed}/{call}")
    return [values.make(kind, draw) for kind in program.parameters]


def as_python(function: Any, program: Program, path: str) -> list[dict[str, Any]] | None:
    """Return what the calls come to; None where that takes too long or too much memory."""
    signal.setitimer(signal.ITIMER_REAL, LIMIT_SECONDS)
    try:
        found = [
            observed(function, arguments(program, call), path) for call in range(program.calls)
        ]
    except TooLong:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    kinds = {each.get("exception", ("",))[0] for each in found}
    return None if "MemoryError" in kinds else found


def compare(program: Program, directory: Path, number: int) -> dict[str, Any]:
    """Return what came of a program: whether it was compiled, and its first difference."""
    function, path = load(program, directory, number)
    say(begin=number, phase="python")
    expected = as_python(function, program, path)
    if expected is None:
        return {"calls": 0, "compiled": False}
    say(begin=number, phase="compiled")
    task = catzilla_jit.task(function)
    find = None
    for call, python in enumerate(expected):
        run = task if call % 3 == 2 else lambda *given: task.submit(*given).result()
        try:
            compiled = observed(run, arguments(program, call), path)
        except BaseException as error:  # nothing but Exception may come out of a call
            compiled = {"exception": [type(error).__name__, str(error)], "warnings": []}
        explanation = task.explain()
        pure = bool(explanation.pure) if explanation.compiled else True
        how = difference(python, compiled, pure)
        if how == "line":  # CPython 3.11 may name another line when a function was called often
            how = difference(observed(function, arguments(program, call), path), compiled, pure)
        if how is not None:
            shown = repr(arguments(program, call))
            find = {"how": how, "arguments": shown, "python": repr(python.get(how)),
                    "compiled": repr(compiled.get(how, compiled))}  # fmt: skip
            break
    explanation = task.explain()
    if find is None and program.as_map and explanation.compiled:
        find = compare_map(function, task, program)
    reasons = [f"{each.code} {each.message}" for each in explanation.reasons]
    return {"calls": len(expected), "compiled": explanation.compiled, "find": find,
            "reasons": reasons}  # fmt: skip


def compare_map(function: Any, task: Any, program: Program) -> dict[str, Any] | None:
    """Compare a map over the calls that fit with one of a Python task."""
    rows = [arguments(program, call) for call in range(program.calls)]
    wanted = {"int": int, "float": float, "bool": bool}
    fit = [
        row
        for row in rows
        if all(type(x) is wanted[k] for x, k in zip(row, program.parameters, strict=True))
        and all(type(x) is not int or -(2**63) <= x < 2**63 for x in row)
    ]
    if not fit:
        return None
    plain = catzilla_jit.task(function, compile_to_c=False)
    python, compiled = (_mapped(each, fit) for each in (plain, task))
    if python == compiled:
        return None
    return {"how": "map", "arguments": repr(list(zip(*fit, strict=True))),
            "python": repr(python), "compiled": repr(compiled)}  # fmt: skip


def _mapped(task: Any, rows: list[list[Any]]) -> Any:
    """Return the values and exceptions of a map; the type of all where no element has failed."""
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    try:
        batch = task.submit_map(*columns, errors="collect")
        value = batch.result()
        failed = {i: (type(e).__name__, str(e)) for i, e in batch.errors.items()}
    except Exception as error:
        return type(error).__name__, str(error)
    if not failed:
        # Of a task that returns nothing, compiled code has no array of Nones.
        nothing = value is None or all(each is None for each in np.asarray(value).flat)
        return Describer(()).describe(None if nothing else value)
    # What stands in for a failed element depends on the type of the others; there is no array where
    # all have failed, or compiled code returns nothing.
    found = [None] * len(rows) if value is None else np.asarray(value).tolist()
    return [failed.get(i) or _number(x) for i, x in enumerate(found)]


def _number(value: Any) -> str:
    return repr(complex(value)) if isinstance(value, complex | float | int) else repr(value)


def main(path: str) -> None:
    data = json.loads(Path(path).read_text())
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))

    def too_long(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, too_long)
    with tempfile.TemporaryDirectory() as directory:
        for number, each in enumerate(data["programs"]):
            try:
                found = compare(Program.of(each), Path(directory), number)
            except Exception:
                found = {"calls": 0, "compiled": False,
                         "find": {"how": "tester", "compiled": traceback.format_exc()}}  # fmt: skip
            say(done=number, **found)
            if data.get("first") and (found.get("find") or {}).get("how") == data["first"]:
                break


if __name__ == "__main__":
    main(sys.argv[1])
