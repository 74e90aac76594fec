"""A task that forks: the child ends with the task's function, and runs nothing that is queued."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

SOURCE = """
    import os, sys, threading, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads, from 3.12
    from catzilla_jit import Runtime
    runtime = Runtime(workers=1, enable_auto_scaling=False)
    queued = threading.Event()
    def note(text):
        os.write(1, f"{text}\\n".encode())
    def fork():
        queued.wait(60)
        pid = os.fork()
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if pid else None
    def task(function):
        return runtime.task(function, compile_to_c=False)
    others = []
    def outcome(function, *arguments):
        queued.clear()
        result = task(function).submit(*arguments)
        others.extend(task(note).submit("once") for _ in range(3))
        queued.set()
        return result.result(60)
"""

END = """
    for other in others:
        other.result(60)
    runtime.shutdown(timeout=60)
"""


@pytest.fixture
def run(script):
    return lambda source, **options: script(SOURCE + source + END, **options)


def test_child_ends_when_the_function_returns(run):
    done = run("    assert outcome(fork) == 0\n")
    assert done.stdout.split() == ["once"] * 3


def test_child_that_exits_has_its_code(run):
    run("""
    def leaves():
        code = fork()
        if code is None:
            sys.exit(7)
        return code
    assert outcome(leaves) == 7
    """)


def test_child_of_a_task_that_another_waits_for_does_not_return_into_that(run):
    done = run("""
    def waits():
        code = inner.submit().result(60)
        note("returned")
        return code
    inner = task(fork)
    assert outcome(waits) == 0
    """)
    assert done.stdout.split().count("returned") == 1


def test_child_of_an_item_of_a_map_runs_no_other_item(run):
    done = run("""
    def item(number):
        note(number)
        return fork() if number == 1 else number
    def maps():
        return list(task(item).map([0, 1, 2, 3]))
    assert outcome(maps) == [0, 0, 2, 3]
    """)
    assert sorted(done.stdout.split()) == ["0", "1", "2", "3", "once", "once", "once"]


def test_failure_of_the_child_is_reported(run):
    done = run(
        """
    def fails():
        code = fork()
        if code is None:
            raise ValueError("in the child")
        return code
    assert outcome(fails) == 1
    """,
        check=False,
    )
    assert done.returncode == 0
    assert "ValueError: in the child" in done.stderr
