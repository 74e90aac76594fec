"""Recordings of what workers run: they agree with the counters, and survive whatever happens."""

from __future__ import annotations

import collections
import itertools
import os
import subprocess
import sys
import textwrap
import threading
import time
import unittest.mock
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import catzilla_jit
from catzilla_jit import Runtime
from catzilla_jit.errors import NoRuntime
from catzilla_jit.pools.native import library
from catzilla_jit.stats import events, segment, snapshot
from catzilla_jit.stats import recording as tracereader
from catzilla_jit.stats.recording import Recording

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="runtimes are found through /proc"
)

Counts = dict[tuple[str, str], int]


def add(a: float, b: float) -> float:
    return a + b


def divide(a: int, b: int) -> int:
    return a // b


def record(runtime: Runtime, work: Callable[[], None]) -> Recording:
    """Return the recording of what `work` made this process's runtime run.

    `work` keeps the recorder from asking again; so it asks for long, within what counts.
    """
    number = runtime.stats().runtime
    with unittest.mock.patch.object(tracereader, "_AHEAD_NS", 12 * 10**9):
        return tracereader.record(os.getpid(), number, 0.02, work)


def counted(runtime: Runtime) -> Counts:
    return {
        (name, lane): calls.execution.count
        for name, named in runtime.stats().tasks.items()
        for lane, calls in named.lanes.items()
    }


def recorded(recording: Recording) -> Counts:
    found: Counts = collections.Counter()
    for event in recording.events:
        if event.kind != events.COMPILATION:
            account = recording.segment.accounts[event.account]
            found[account.name, snapshot.LANES[account.lane]] += event.items
    return dict(found)


@pytest.mark.parametrize("mode", ["require", False])
def test_a_recording_agrees_with_the_counters(runtime: Runtime, mode: str | bool) -> None:
    task, other = (runtime.task(f, compile_to_c=mode) for f in (add, divide))
    for _ in range(5):
        task.submit(1.0, 2.0).result()
    before = counted(runtime)

    def work() -> None:
        results = [task.submit(float(i), 1.0) for i in range(300)]
        results += [other.submit(i, i % 3) for i in range(300)]
        other.map(np.arange(2000), 3)
        for result in results:
            result.exception()

    recording = record(runtime, work)
    after = counted(runtime)
    gained = {key: after[key] - before.get(key, 0) for key in after}
    assert recorded(recording) == gained
    assert sum(gained.values()) == 2600
    assert (recording.lost, recording.unsound, recording.cut_short) == (0, 0, None)
    outcomes = collections.Counter(e.outcome for e in recording.events if e.kind == events.RUN)
    assert outcomes == {"completed": 500, "failed": 100}


def test_events_have_the_numbers_and_times_of_the_results(runtime: Runtime) -> None:
    tasks = [runtime.task(add, compile_to_c=mode, name=str(mode)) for mode in ("require", False)]
    for task in tasks:
        task.submit(1.0, 2.0).result()
    results = []

    def work() -> None:
        results.extend(task.submit(float(i), 1.0) for i in range(20) for task in tasks)
        for result in results:
            result.result()

    recording = record(runtime, work)
    names = [account.name for account in recording.segment.accounts]
    found = {f"{names[event.account]}-{event.id}": event for event in recording.events}
    assert set(found) == {f"{result.task_name}-{result._number}" for result in results}
    rate = recording.segment.ticks_per_second
    for result in results:
        event = found[f"{result.task_name}-{result._number}"]
        seconds = (event.ended - event.started) / rate
        assert seconds * 1e3 == pytest.approx(result.execution_time_ms, abs=1e-3)
        waited = (event.started - event.queued) / rate
        assert waited == pytest.approx(result.started_at - result.queued_at, abs=1e-5)


def test_what_one_worker_ran_does_not_overlap(runtime: Runtime) -> None:
    task = runtime.task(add, compile_to_c="require")
    task.submit(1.0, 2.0).result()

    def work() -> None:
        for result in [task.submit(float(i), 1.0) for i in range(2000)]:
            result.result()

    recording = record(runtime, work)
    by_meter = collections.defaultdict(list)
    for event in recording.events:
        assert event.queued <= event.started <= event.ended
        assert recording.began - 10**9 < event.started <= event.ended <= recording.ended
        by_meter[event.meter].append(event)
    shared = {meter.index for meter in recording.segment.meters if meter.kind == segment.SHARED}
    for index, ran in by_meter.items():
        if index not in shared:
            ran.sort(key=lambda event: event.started)
            for one, next_ in itertools.pairwise(ran):
                assert one.ended <= next_.started


def test_a_try_that_fails_and_a_timeout_are_told(runtime: Runtime) -> None:
    tries: list[int] = []

    def shaky() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError(len(tries))

    def endless() -> None:
        while True:
            time.sleep(0.001)

    def work() -> None:
        retried = runtime.task(shaky, max_retries=3, retry_delay_ms=1, compile_to_c=False)
        retried.submit().result(30)
        stuck = runtime.task(endless, compile_to_c=False, timeout_ms=20).submit()
        assert isinstance(stuck.exception(30), TimeoutError)
        while runtime.stats().active_workers:
            time.sleep(0)  # its run goes on until the next bytecode

    runtime.task(add, compile_to_c=False).submit(1.0, 2.0).result()
    recording = record(runtime, work)
    names = [account.name for account in recording.segment.accounts]
    told = [(names[event.account], event.outcome) for event in recording.events
            if event.kind == events.RUN]  # fmt: skip
    assert told.count(("shaky", "failed try")) == 2
    assert told.count(("shaky", "completed")) == 1
    assert told.count(("endless", "timed out")) == 1


def test_compilations_are_events(runtime: Runtime) -> None:
    runtime.task(add).submit(1.0, 2.0).result()

    def work() -> None:
        def fresh(x: float) -> float:
            return x * 1.25

        def refused(x: float) -> float:
            return float(eval("x"))

        for function in (fresh, refused):
            runtime.task(function, name=function.__name__).submit(2.0).exception()

    recording = record(runtime, work)
    names = [account.name for account in recording.segment.accounts]
    found = {
        names[event.account]: event
        for event in recording.events
        if event.kind == events.COMPILATION
    }
    assert {name: event.outcome for name, event in found.items()} == {
        "fresh": "completed",
        "refused": "failed",
    }
    assert all(event.started < event.ended for event in found.values())


@pytest.mark.skipif(library.unavailable() is not None, reason="needs more tasks than it can run")
def test_what_was_overwritten_is_counted_as_lost(runtime: Runtime) -> None:
    task = runtime.task(add, compile_to_c="require")
    task.submit(1.0, 2.0).result()

    def work() -> None:  # nothing is copied meanwhile
        for _ in range(5):
            for result in [task.submit(float(i), 1.0) for i in range(10_000)]:
                result.result()

    before = counted(runtime)["add", "compiled"]
    recording = record(runtime, work)
    after = counted(runtime)["add", "compiled"]
    assert recording.lost > 0
    assert len(recording.events) + recording.lost == after - before == 50_000


def test_nothing_is_written_before_and_after(runtime: Runtime) -> None:
    task = runtime.task(add, compile_to_c="require")
    task.submit(1.0, 2.0).result()
    first = record(runtime, lambda: None)
    assert first.events == []


def test_a_task_that_goes_on_is_in_the_snapshot(runtime: Runtime) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        leave.wait(30)

    result = runtime.task(hold, compile_to_c=False).submit()
    assert entered.wait(30)
    recording = record(runtime, lambda: None)
    running = [meter for meter in recording.segment.meters if meter.started]
    assert [recording.segment.accounts[meter.account].name for meter in running] == ["hold"]
    leave.set()
    result.result(30)


def test_the_most_events_end_a_recording(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracereader, "MOST_EVENTS", 50)
    task = runtime.task(add, compile_to_c=False)
    task.submit(1.0, 2.0).result()

    def work() -> None:
        for result in [task.submit(float(i), 1.0) for i in range(60)]:
            result.result()

    recording = tracereader.record(os.getpid(), runtime.stats().runtime, 600.0, work)
    assert recording.cut_short == "it has 50 events, which is the most"
    assert len(recording.events) == 60


# --- others ---------------------------------------------------------------------------------


PROGRAM = """
    import os, sys
    from catzilla_jit import shutdown, task

    @task(compile_to_c="require")
    def add(a: float, b: float) -> float:
        return a + b

    add.submit(1.0, 1.0).result()
    print("ready", flush=True)
    for line in sys.stdin:
        for _ in range(100):
            add.submit(1.0, 1.0).result()
        if line == "die\\n":
            os._exit(7)
        if line == "shutdown\\n":
            shutdown()
            print("done", flush=True)
"""


@pytest.fixture
def program() -> object:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)],
        env={**os.environ, "PYTHONPATH": str(Path(catzilla_jit.__file__).parent.parent)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


def test_a_process_that_dies_leaves_what_it_had_run(program: subprocess.Popen[str]) -> None:
    def kill() -> None:
        assert program.stdin is not None
        program.stdin.write("die\n")
        program.wait(30)

    recording = tracereader.record(program.pid, None, 30.0, kill)
    assert recording.cut_short is not None
    assert "has ended" in recording.cut_short
    assert len(recording.events) == 100


def test_a_shutdown_ends_the_recording(program: subprocess.Popen[str]) -> None:
    def shut_down() -> None:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("shutdown\n")
        assert program.stdout.readline() == "done\n"

    recording = tracereader.record(program.pid, None, 30.0, shut_down)
    assert recording.cut_short is not None
    assert len(recording.events) == 100


def test_the_child_of_a_fork_has_nothing_published(script: Callable[..., object]) -> None:
    script("""
        import os, sys, warnings
        from catzilla_jit import task

        warnings.simplefilter("ignore", DeprecationWarning)

        def published():
            links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
            names = [os.readlink(link) for link in links if os.path.exists(link) or
                     os.path.islink(link)]
            return sorted(name.split(" ")[0] for name in names if "catzilla_jit" in name)

        @task(compile_to_c=False)
        def double(x):
            return 2 * x

        every = [f"/memfd:catzilla_jit{what}" for what in ("", "_tasks", "_trace")]
        assert double.submit(2).result() == 4
        assert published() == every, published()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert published() == [], published()
                assert double.submit(2).result() == 4
                assert published() == every, published()
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
    """)


def test_another_process_cannot_write_into_the_segment(program: subprocess.Popen[str]) -> None:
    path, _ = catzilla_jit.stats.reader.choose(program.pid)
    with pytest.raises(PermissionError):
        catzilla_jit.stats.reader.map_segment(path, writable=True)


def test_a_process_without_a_runtime_is_one_sentence() -> None:
    with pytest.raises(NoRuntime, match="there is no process"):
        tracereader.record(4_194_304, None, 1.0)
    with pytest.raises(NoRuntime, match=r"has no runtime 9999|runs no catzilla_jit runtime"):
        tracereader.record(os.getpid(), 9999, 1.0)
