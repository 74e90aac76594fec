"""Runs programs in child processes, and notices those that crash one or do not end."""

from __future__ import annotations

import dataclasses
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from differential.program import Program

#: Seconds that one program may take, its compilation included; on a busy machine, too.
PATIENCE = 240.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one program."""

    program: Program
    calls: int
    compiled: bool
    find: dict[str, Any] | None
    reasons: tuple[str, ...] = ()


def outcomes(programs: Sequence[Program], first: str | None = None) -> Iterator[Outcome]:
    """Yield what comes of the programs; first: end at the first find of this kind."""
    begin = 0
    with tempfile.TemporaryDirectory() as cache:
        while begin < len(programs):
            ended = False
            for number, outcome in _of_one_child(programs[begin:], first, cache):
                yield outcome
                ended = True
                last = begin + number
                if first and (outcome.find or {}).get("how") == first:
                    return
            if not ended:
                return
            begin = last + 1


def _of_one_child(
    programs: Sequence[Program], first: str | None, cache: str
) -> Iterator[tuple[int, Outcome]]:
    """Yield outcomes by number until the child has ended, in whatever way."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file, \
            tempfile.TemporaryFile() as errors:  # fmt: skip
        json.dump({"programs": [each.as_json() for each in programs], "first": first}, file)
        file.flush()
        child = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", "differential.child", file.name],
            stdout=subprocess.PIPE, stderr=errors, cwd=Path(__file__).parents[1],
            env={**os.environ, "CATZILLA_JIT_CACHE_DIR": cache, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
        number, phase, ended = 0, "start", False
        try:
            for event in _events(child):
                if "begin" in event:
                    number, phase, ended = event["begin"], event["phase"], False
                elif "done" in event:
                    ended = True
                    yield event.pop("done"), _outcome(programs[number], event)
            code = child.wait(10)
        except TimeoutError:
            code = None
        except subprocess.TimeoutExpired:
            code = 0
        finally:
            child.kill()
            child.wait()
            assert child.stdout is not None
            child.stdout.close()
        if ended or (code == 0 and phase != "start"):
            return
        errors.seek(0)
        text = errors.read().decode(errors="replace")
        yield number, _broken(programs[number], phase, code, text)


def _outcome(program: Program, event: dict[str, Any]) -> Outcome:
    reasons = tuple(event.get("reasons", ()))
    return Outcome(program, event["calls"], event["compiled"], event.get("find"), reasons)


def _broken(program: Program, phase: str, code: int | None, text: str) -> Outcome:
    """Return what is said of a program that took its process with it, or did not end."""
    if phase == "python":  # not ours
        return Outcome(program, 0, False, None)
    how = "no end" if code is None else "crash"
    name = "" if code is None or code >= 0 else signal.Signals(-code).name
    return Outcome(program, 0, False, {"how": how, "compiled": f"{name} {text[-3000:]}"})


def _events(child: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Yield what the child says; TimeoutError when it says nothing for too long."""
    assert child.stdout is not None
    descriptor, rest = child.stdout.fileno(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if not selector.select(PATIENCE):
                raise TimeoutError
            data = os.read(descriptor, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield json.loads(line)
