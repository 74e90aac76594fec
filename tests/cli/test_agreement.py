"""Three sources of the same numbers: the program itself, the command line beside it, a clock.

The program runs a million compiled tasks, and goes on with more until it has been looked at
often enough; then tasks that time themselves.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest

from catzilla_jit.pools.native import library

pytestmark = pytest.mark.skipif(
    library.unavailable() is not None, reason="a million tasks take the native pool"
)

PROGRAM = """\
import dataclasses, json, sys, threading, time
from catzilla_jit import get_task_stats, task
from catzilla_jit.stats.views import json_document as document

TASKS = 1_000_000

@task(compile_to_c="require")
def add(a: float, b: float) -> float:
    return a + b

@task(compile_to_c="require")
def timed(rounds: int) -> float:
    begin = time.perf_counter()
    x = 0.5
    for _ in range(rounds):
        x = x * 1.0000001 + 1e-9
    return time.perf_counter() - begin + 0.0 * x

over, done = threading.Event(), 0

def work():
    global done
    numbers = [float(i) for i in range(5000)]
    while done < TASKS or not over.is_set():
        done += 5000
        for result in [add.submit(i, 0.5) for i in numbers]:
            result.result()

def time_some():
    # One after the other: two that share a processor would not know of each other.
    return [timed.submit(200_000 + 20_000 * (i % 50)).result() for i in range(400)]

add.warm_up(), timed.warm_up()
thread = threading.Thread(target=work)
for line in sys.stdin:
    answer = None
    match line.strip():
        case "begin": thread.start()
        case "join": over.set(), thread.join()
        case "done": answer = done
        case "time": answer = time_some()
    if answer is None:
        answer = document.of_stats(get_task_stats())
    print(json.dumps(answer), flush=True)
"""


class Program:
    def __init__(self, path):
        import catzilla_jit

        root = os.path.dirname(os.path.dirname(catzilla_jit.__file__))
        self.process = subprocess.Popen(
            [sys.executable, str(path)], env={**os.environ, "PYTHONPATH": root}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "program.py"
    path.write_text(PROGRAM)
    program = Program(path)
    yield program
    program.process.communicate(timeout=30)


GROWING = (
    "total_tasks_processed", "compiled_tasks", "python_tasks", "failed_tasks", "uptime_seconds",
)  # fmt: skip


def test_the_command_line_agrees_with_the_program_while_a_million_tasks_run(cli, program):
    pid = str(program.process.pid)
    before = program.ask("begin")
    for _ in range(4):
        shown = json.loads(cli("stats", pid, "--json").stdout)
        after = program.ask("look")
        assert set(shown) == set(before)
        for name in GROWING:
            assert before[name] <= shown[name] <= after[name], name
        counts = [each["tasks"].get("add", {"completed": 0}) for each in (before, shown, after)]
        completed = [each["completed"] for each in counts]
        assert completed == sorted(completed)
        assert before["total_tasks_processed"] < after["total_tasks_processed"]
        before = after
    inside = program.ask("join")
    done = program.ask("done")
    assert done >= 1_000_000
    shown = json.loads(cli("stats", pid, "--json").stdout)
    assert shown["total_tasks_processed"] == inside["total_tasks_processed"] == done
    add = shown["tasks"]["add"]
    assert (add["completed"], add["failed"]) == (done, 0)
    for name, value in inside["tasks"]["add"].items():
        if name.endswith("_ms"):
            assert add[name] == pytest.approx(value, rel=1e-3), name


def test_percentiles_are_those_of_what_the_tasks_measured_themselves(cli, program):
    raw = sorted(program.ask("time"))
    shown = json.loads(cli("stats", str(program.process.pid), "--json").stdout)["tasks"]["timed"]
    assert shown["completed"] == len(raw) == 400
    for percent in (50, 95, 99):
        measured = raw[math.ceil(len(raw) * percent / 100) - 1] * 1e3
        assert shown[f"p{percent}_execution_time_ms"] == pytest.approx(measured, rel=0.03)
    assert shown["avg_execution_time_ms"] == pytest.approx(sum(raw) / len(raw) * 1e3, rel=0.03)
