"""The end of runtimes and programs whose tasks do not end: deadlines, Ctrl-C, cancel_running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

from catzilla_jit import TaskStatus
from catzilla_jit.pools.native import library
from support.kernels import PATIENCE, add, base_task

NATIVE = library.unavailable() is None

TASKS = """
    import sys, time
    from catzilla_jit import Runtime, task
    MODE = "require" if sys.argv[1] == "compiled" else False
    runtime = Runtime(workers=2, enable_auto_scaling=False)
    def start(result):
        while result.status().name == "PENDING":
            time.sleep(0.001)
        return result
    @runtime.task(compile_to_c=MODE)
    def endless(x: int) -> int:
        while True:
            x ^= 1
            if x == 77:
                return x
    @runtime.task(compile_to_c=False)
    def fails():
        raise ValueError("again")
    def shut(**options):
        try:
            runtime.shutdown(timeout=0.05, **options)
        except TimeoutError as error:
            print(error)
"""

# Compiled code on a Python thread cannot be stopped.
kinds = pytest.mark.parametrize("kind", ["compiled", "python"] if NATIVE else ["python"])


@kinds
def test_runtime_whose_shutdown_timed_out_does_not_hold_up_the_exit(script, kind):
    done = script(
        TASKS
        + """
    running = [start(endless.submit(2)) for _ in range(2)]
    others = [endless.submit(2), endless.options(delay_ms=3_600_000).submit(2)]
    shut()
    """,
        kind,
        timeout=30,
    )
    assert "1 tasks are queued, 2 workers are busy, 1 tasks are delayed" in done.stdout


@kinds
def test_map_of_a_runtime_that_was_given_up_does_not_hold_up_the_exit(script, kind):
    script(TASKS + "    b = start(endless.submit_map([2] * 10)); shut()", kind, timeout=30)


def test_message_of_a_missed_deadline_counts_retries_and_dependants(script):
    done = script(
        TASKS
        + """
    retried = fails.options(max_retries=1, retry_delay_ms=3_600_000).submit()
    waits = endless.submit(retried)
    while retried.status().name != "RETRYING":
        time.sleep(0.001)
    shut()
    """,
        "python",
        timeout=30,
    )
    assert "1 tasks wait for their next try, 1 tasks wait for others" in done.stdout


@pytest.mark.skipif(NATIVE, reason="the native pool stops it")
def test_compiled_code_on_a_python_thread_is_left_running_at_exit_with_a_word(script):
    source = TASKS + "    start(endless.submit(2)); shut()"
    done = script(source, "compiled", check=False, timeout=30)
    assert done.returncode == 0
    assert "not all of its tasks could be stopped: 1 running (endless 1)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(not NATIVE, reason="reads what only the native pool has")
def test_cancel_running_stops_compiled_tasks_and_maps(runtime):
    @runtime.task(compile_to_c="require")
    def endless(x: int) -> int:
        while x != 77:
            x ^= 1
        return x

    result, batch = endless.submit(2), endless.submit_map([2] * 10)
    runtime.shutdown(timeout=PATIENCE, cancel_running=True)
    assert result.status() is TaskStatus.CANCELLED
    assert batch.status() is TaskStatus.CANCELLED


def test_cancel_running_stops_python_tasks_and_what_is_pending(single, gate):
    def endless():
        os.write(gate._start, b"x")
        while True:
            pass

    running = single.task(endless, compile_to_c=False).submit()
    pending = single.task(base_task(add, "python")).submit(1.0)
    gate.entered()
    single.shutdown(timeout=PATIENCE, cancel_running=True)
    assert running.status() is TaskStatus.CANCELLED
    assert pending.status() is TaskStatus.CANCELLED


def test_cancel_running_keeps_its_deadline_where_code_takes_its_time(single, gate):
    def slow():
        try:
            os.write(gate._start, b"x")
            while True:
                pass
        finally:
            os.read(gate._opened, 1)

    slow_result = single.task(slow, compile_to_c=False).submit()
    gate.entered()
    with pytest.raises(TimeoutError, match="1 workers are busy"):
        single.shutdown(timeout=0.05, cancel_running=True)
    assert slow_result.status() is TaskStatus.CANCELLED
    gate._inside = 1
    gate.open()
    single.shutdown(timeout=PATIENCE)


def leave_by_ctrl_c(tmp_path, source, kind):
    """Run a script, interrupt it at its first line on stderr; return that and what follows."""
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(TASKS + source))
    program = subprocess.Popen(
        [sys.executable, str(path), kind],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        first = program.stderr.readline()
        program.send_signal(signal.SIGINT)
        _, rest = program.communicate(timeout=30)
    finally:
        program.kill()
        program.wait()
    return first, rest, program.returncode


@kinds
def test_long_wait_at_exit_is_told_and_ctrl_c_ends_it(tmp_path, kind):
    source = """
    start(endless.submit(2)); endless.options(delay_ms=3_600_000).submit(2)
    sys.exit(4)
    """
    first, rest, code = leave_by_ctrl_c(tmp_path, source, kind)
    assert "1 running (endless 1), 1 delayed or waiting for the next try (endless 1)" in first
    assert "Ctrl-C stops them" in first
    assert (rest, code) == ("", 4)
