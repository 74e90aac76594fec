"""`catzilla-jit stats` and `tasks`: a running process, read from outside."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time

import pytest

from catzilla_jit import Runtime
from catzilla_jit.cli import runtime_argument
from catzilla_jit.cli.exit_codes import Failure
from catzilla_jit.stats.reader import RuntimeInfo

PROGRAM = """\
import sys
from catzilla_jit import configure, task
configure(workers=1)

@task
def double(x: float) -> float:
    return 2.0 * x

@task(compile_to_c=False, name="odd \\x1b[31m name")
def fails(x: int) -> int:
    raise ValueError(x)

@task
def never(path: str) -> str:
    with open(path) as file:
        return file.read()

never.prepare()
results = [double.submit(float(i)) for i in range(1000)]
results += [fails.submit(i) for i in range(7)]
for result in results:
    result.exception()
print("ready", flush=True)
sys.stdin.readline()
"""


def test_json_holds_the_exact_counts(cli, pid):
    result = cli("stats", pid, "--json")
    assert result.returncode == 0, result.stderr
    stats = json.loads(result.stdout)
    assert stats["pid"] == int(pid)
    assert stats["total_tasks_processed"] == 1007
    assert (stats["compiled_tasks"], stats["python_tasks"]) == (1000, 7)
    assert stats["failed_tasks"] == 7
    double = stats["tasks"]["double"]
    assert (double["completed"], double["failed"]) == (1000, 0)
    assert set(double["lanes"]) == {"compiled"}
    assert 0 < double["p50_execution_time_ms"] <= double["p99_execution_time_ms"]
    assert [level["name"] for level in stats["levels"]] == ["critical", "high", "normal", "low"]
    assert {worker["kind"] for worker in stats["workers"]} >= {"native", "python"}


def test_json_has_the_fields_of_the_api(cli, pid):
    stats = json.loads(cli("stats", pid, "--json").stdout)
    names = (
        "tasks_per_second avg_execution_time_ms p50_execution_time_ms p95_wait_time_ms "
        "critical_queue_size total_queued queue_pressure active_workers idle_workers "
        "total_workers avg_worker_utilization memory_usage_mb memory_efficiency cancelled_tasks "
        "retry_count timeout_count error_rate uptime_seconds tasks levels workers"
    )
    assert set(names.split(" ")) <= set(stats)


def test_picture_is_plain_text_of_80_columns_in_a_pipe(cli, pid):
    result = cli("stats", pid)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)
    assert "\x1b" not in result.stdout
    assert "1,007 done: 1,000 compiled, 7 Python" in result.stdout
    assert "7 failed" in result.stdout


def test_prometheus_counts_the_same(cli, pid):
    parser = pytest.importorskip("prometheus_client.parser")
    text = cli("stats", pid, "--prometheus").stdout
    found = {
        (sample.labels["task"], sample.labels["outcome"]): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "catzilla_jit_tasks_total"
    }
    assert found["double", "completed"] == 1000
    assert 7 in [value for (_, outcome), value in found.items() if outcome == "failed"]


def test_tasks_lists_name_lane_and_counts(cli, pid):
    result = cli("tasks", pid)
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["double", "compiled", "1,000", "0"] in [row[:4] for row in rows]
    listed = json.loads(cli("tasks", pid, "--json").stdout)
    assert listed["tasks"]["double"]["lanes"]["compiled"]["processed"] == 1000


def test_tasks_lists_what_was_never_called_and_why_it_is_not_compiled(cli, pid):
    result = cli("tasks", pid)
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    said = " ".join(result.stdout.split())
    assert "never python program.py:15: the function contains a `with` block (CZ103)" in said
    assert "\x1b" not in result.stdout
    registered = {
        each["name"]: each for each in json.loads(cli("tasks", pid, "--json").stdout)["registered"]
    }
    assert registered["double"]["state"] == "compiled"
    assert (registered["never"]["state"], registered["never"]["line"]) == ("python", 15)


def test_listing_holds_the_process(cli, pid):
    stats = json.loads(cli("stats", "--json").stdout)
    pids = [info["pid"] for info in stats["runtimes"]] if "runtimes" in stats else [stats["pid"]]
    assert int(pid) in pids


@pytest.mark.parametrize("command", ["stats", "tasks"])
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("4194304", "there is no process 4194304"),
        pytest.param(str(os.getpid()) + ":9999", "runtime", id="own-process"),
    ],
)
def test_what_is_not_there_is_one_sentence_and_exit_code_3(cli, command, place, words):
    result = cli(command, place)
    assert result.returncode == 3
    assert result.stdout == ""
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("x",), ("-1",), ("1:x",), ("1", "--watch", "0"), ("--watch", "4711"),
        ("1", "--json", "--prometheus"), ("1", "--prometheus", "--watch"),
    ],
)  # fmt: skip
def test_wrong_usage(cli, arguments):
    result = cli("stats", *arguments)
    assert result.returncode == 2
    assert "error:" in result.stderr


def test_several_runtimes_are_named_when_one_is_needed():
    found = [RuntimeInfo(1, 1, "a", 0.0), RuntimeInfo(2, 3, "b", 0.0)]
    with pytest.raises(Failure, match="name one: 1:1, 2:3"):
        runtime_argument.only_one(found)


# --- watch ------------------------------------------------------------------------------------


def watching(environ, *arguments, **options):
    command = [sys.executable, "-m", "catzilla_jit.cli", "stats", *arguments]
    return subprocess.Popen(command, env={**environ, "TERM": "xterm-256color"}, **options)


def test_watch_in_a_pipe_prints_an_object_per_line(environ, pid):
    process = watching(
        environ, pid, "--watch", "0.05", "--json", stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    for _ in range(3):
        assert json.loads(process.stdout.readline())["pid"] == int(pid)
    process.stdout.close()
    assert process.wait(timeout=30) == 141


@pytest.fixture
def second_runtime():
    """A runtime of the tests' own process, so there are at least two."""
    with Runtime(workers=1) as runtime:
        runtime.task(lambda: None, compile_to_c=False).submit().result()
        yield


@pytest.mark.usefixtures("second_runtime")
def test_watch_in_a_pipe_prints_the_list_of_several_runtimes(environ, pid):
    process = watching(
        environ, "--watch", "0.05", "--json", stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    for _ in range(2):
        pids = [info["pid"] for info in json.loads(process.stdout.readline())["runtimes"]]
        assert {int(pid), os.getpid()} <= set(pids)
    process.stdout.close()
    assert process.wait(timeout=30) == 141


def _read_until(terminal: int, wanted: bytes, seconds: float = 30) -> bytes:
    seen = b""
    until = time.monotonic() + seconds
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0.0, until - time.monotonic()))
        assert ready, seen
        seen += os.read(terminal, 65536)
    return seen


@pytest.mark.parametrize("key", [b"q", b"\x03"])
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.usefixtures("second_runtime")
def test_watch_on_a_terminal_leaves_it_as_it_was(environ, pid, key, several):
    import termios

    own, terminal = pty.openpty()
    before = termios.tcgetattr(terminal)
    process = watching(
        environ, *([] if several else [pid]), "--watch", "0.05",
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    try:
        _read_until(own, b"\x1b[?1049h")  # the other screen
        _read_until(own, b"tasks/s")
        os.write(own, key)
        _read_until(own, b"\x1b[?1049l")
        assert process.wait(timeout=30) == 0
        assert termios.tcgetattr(terminal) == before
    finally:
        process.kill()
        process.wait()
        os.close(own)
        os.close(terminal)
