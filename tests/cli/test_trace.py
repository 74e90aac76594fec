"""`catzilla-jit trace`: the file it writes, whatever was recorded, and how it fails."""

from __future__ import annotations

import collections
import io
import itertools
import json
import os
import random
import signal
import subprocess
import sys

import pytest

from catzilla_jit import Runtime
from catzilla_jit.stats import events, reader, segment
from catzilla_jit.stats.events import Event
from catzilla_jit.stats.recording import Recording
from catzilla_jit.stats.views import timeline
from catzilla_jit.stats.views.timeline import Slice, Timeline

PROGRAM = """\
import sys, threading
import numpy as np
from catzilla_jit import configure, task
configure(workers=2)

@task(compile_to_c="require")
def double(x: float) -> float:
    return 2.0 * x

@task(compile_to_c=False)
def halve(x):
    if x == 3:
        raise ValueError(x)
    return x / 2

def work():
    results = [double.submit(float(i)) for i in range(50)]
    results += [halve.options(priority="low").submit(i) for i in range(5)]
    double.map(np.arange(1000.0))
    for result in results:
        result.exception()

work()
print("ready", flush=True)
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), over.set())).start()
while not over.wait(0.002):
    work()
"""


def rows(trace):
    """Return the complete events of each row, by its name."""
    names = {
        event["tid"]: event["args"]["name"]
        for event in trace["traceEvents"]
        if event["name"] == "thread_name"
    }
    found = collections.defaultdict(list)
    for event in trace["traceEvents"]:
        if event["ph"] == "X":
            found[names[event["tid"]]].append(event)
    return found


def assert_sound(trace):
    """The claims that every file must keep."""
    for slices in rows(trace).values():
        around = []
        slices.sort(key=lambda each: (each["ts"], -each["dur"]))
        for each in slices:
            begin, end = each["ts"], each["ts"] + each["dur"]
            assert each["dur"] >= 0
            while around and around[-1] <= begin + 1e-3:
                around.pop()
            assert not around or end <= around[-1] + 1e-3
            around.append(end)
    open_ = {}
    for event in trace["traceEvents"]:
        if event["ph"] == "b":
            assert event["id"] not in open_
            open_[event["id"]] = event
        elif event["ph"] == "e":
            assert open_.pop(event["id"])["ts"] <= event["ts"]
    assert not open_


def test_file_is_a_timeline(cli, pid, tmp_path):
    result = cli("trace", pid, "-o", "trace.json", "--seconds", "0.3")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    trace = json.loads((tmp_path / "trace.json").read_text())
    assert_sound(trace)
    about = trace["otherData"]
    assert about["pid"] == int(pid)
    assert (about["unsound_events"], about["cut_short"]) == (0, None)
    found = rows(trace)
    assert {"native-0", "python-0"} <= set(found)
    every = [event for slices in found.values() for event in slices]
    runs = [event for event in every if event["cat"] == "run"]
    chunks = [event for event in every if event["cat"] == "chunk"]
    assert len(runs) == about["runs"] > 0
    assert sum(event["args"]["items"] for event in chunks) == about["items"] > 0
    outcomes = {(event["name"], event["args"]["outcome"]) for event in runs}
    assert {("double", "completed"), ("halve", "completed"), ("halve", "failed")} <= outcomes
    assert {event["args"]["lane"] for event in runs} == {"compiled", "python"}
    assert all(event["args"]["id"].startswith(event["name"] + "-") for event in runs)
    waits = {event["name"] for event in trace["traceEvents"] if event.get("cat") == "queue"}
    assert {"normal queue: double", "low queue: halve"} <= waits
    depths = [event["args"]["queued"] for event in trace["traceEvents"] if event["ph"] == "C"]
    assert min(depths) == 0 < max(depths)
    assert all(event["args"]["waited_us"] >= 0 for event in runs)


def test_stdout_gets_the_file_alone(cli, pid):
    result = cli("trace", pid, "-o", "-", "--seconds", "0.05")
    assert_sound(json.loads(result.stdout))
    assert "task runs" in result.stderr


def test_ctrl_c_writes_what_there_is(environ, pid, tmp_path):
    (control,) = map(reader.map_segment, reader.controls(int(pid)))
    before = bytes(control)
    process = subprocess.Popen(
        [sys.executable, "-m", "catzilla_jit.cli", "trace", pid, "-o", "-", "--seconds", "600"],
        env=environ, cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while bytes(control) == before:  # it has not asked for events yet
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert json.loads(out)["otherData"]["cut_short"] == "it was interrupted"
    assert "interrupted" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("4194304", "-o", "x"), "there is no process 4194304"),
        (("1:9", "-o", "x"), "process 1 "),
        ((str(os.getpid()) + ":9999", "-o", "x"), "runtime"),
    ],
)
def test_what_is_not_there_is_one_sentence(cli, tmp_path, arguments, words):
    (tmp_path / "x").write_text("kept")
    result = cli("trace", *arguments)
    assert result.returncode == 3
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "x").read_text() == "kept"


def test_a_file_that_cannot_be_written_is_one_sentence(cli, pid):
    result = cli("trace", pid, "-o", "no/such/directory.json", "--seconds", "600")
    assert result.returncode == 3
    assert result.stderr == (
        "catzilla-jit: cannot write no/such/directory.json: No such file or directory\n"
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_a_full_disk_is_one_sentence(cli, pid):
    result = cli("trace", pid, "-o", "/dev/full", "--seconds", "0.05")
    assert result.returncode == 3
    assert result.stderr == "catzilla-jit: cannot write /dev/full: No space left on device\n"


@pytest.mark.parametrize(
    "arguments", [("1",), ("1", "-o"), ("1", "-o", "x", "--seconds", "0"), ("x", "-o", "x")]
)
def test_wrong_usage(cli, arguments):
    assert cli("trace", *arguments).returncode == 2


# --- timelines of anything ------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_rows_nest_whatever_they_are_made_of(seed):
    rng = random.Random(seed)
    slices = []
    for _ in range(200):
        begin = rng.randrange(1000)
        slices.append(Slice("x", "run", begin, begin + rng.choice((0, 1, 5, 300)), {}))
    timeline.nest(slices)
    around: list[int] = []
    for each in slices:
        assert each.began <= each.ended
        while around and around[-1] <= each.began:
            around.pop()
        assert not around or each.ended <= around[-1]
        around.append(each.ended)


def test_slices_side_by_side_do_not_overlap():
    rng = random.Random(5)
    begins = [rng.randrange(100) for _ in range(50)]
    given = [Slice("x", "", begin, begin + rng.randrange(20), {}) for begin in begins]
    found = timeline.side_by_side(given)
    assert sum(map(len, found)) == 50
    for row in found:
        assert all(one.ended <= two.began for one, two in itertools.pairwise(row))


def test_waits_are_stacked_so_far_and_no_further():
    waits = [timeline.Wait(event(level), begin, 10_000) for level in (1, 2) for begin in range(300)]
    waits += [timeline.Wait(event(2), begin, begin + 1) for begin in range(10_000, 10_300)]
    shown = [(wait.event.level, wait.began) for wait in timeline.stackable(waits)]
    assert shown == [
        *((1, begin) for begin in range(100)),
        *((2, begin) for begin in range(100)),
        *((2, begin) for begin in range(10_000, 10_300)),
    ]


def event(level: int) -> Event:
    return Event(0, events.RUN, 1, 0, 0, 0, 1, 0, 0, 0, level, "completed", 0)


@pytest.mark.parametrize("seed", range(10))
def test_a_recording_of_anything_is_a_sound_file(seed):
    rng = random.Random(seed)

    def word() -> int:
        return rng.choice((0, 1, 2, rng.getrandbits(20), rng.getrandbits(63)))

    with Runtime(workers=2) as runtime:
        runtime.task(max, compile_to_c=False).submit(1, 2).result()
        memory = runtime.start().stats_segment()
        found = segment.read(memory)
    ran = [
        Event(
            rng.randrange(50), rng.choice((events.RUN, events.CHUNK, events.COMPILATION)), word(),
            word(), word(), word(), word(), word(), word(),
            rng.randrange(len(found.accounts)), rng.randrange(4), rng.choice(events.OUTCOMES),
            rng.getrandbits(32),
        )
        for _ in range(300)
    ]  # fmt: skip
    recording = Recording(found, "x", word(), word(), ran, word(), word(), None)
    file = io.StringIO()
    Timeline(recording).write(file)
    trace = json.loads(file.getvalue())
    assert all(each["dur"] >= 0 for slices in rows(trace).values() for each in slices)
