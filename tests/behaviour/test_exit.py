"""Leaving the interpreter: what was submitted is finished, nothing is printed, nothing hangs.

Every script here runs in an interpreter of its own; `script` fails it for a word on stderr.
"""

from __future__ import annotations

import sys

import pytest

TASKS = """
    import sys, time, threading, atexit
    import catzilla_jit
    from catzilla_jit import Runtime, errors, task
    MODE = "require" if sys.argv[1] == "compiled" else False
    @task(compile_to_c=MODE)
    def work(n: int) -> float:
        x = 0.0
        for i in range(n):
            x = x * 0.5 + i
        return x
    @task(compile_to_c=MODE)
    def bad(n: int) -> int:
        if n < 0:
            raise ValueError("unread", n)
        return n
    @task(compile_to_c=False)
    def say(text):
        time.sleep(0.01)
        sys.stdout.write(f"{text}\\n")  # one write: others write as well
"""


@pytest.fixture
def run(script, kind):
    def run(source, **options):
        return script(TASKS + source, kind, **options)

    return run


def test_exit_finishes_what_was_submitted(run):
    done = run("""
    for i in range(30):
        work.submit(1000)
        say.submit(i)
    """)
    assert sorted(map(int, done.stdout.split())) == list(range(30))


def test_exit_with_running_tasks_maps_and_kept_results(run):
    run("""
    results = [work.submit(20_000) for _ in range(5)]
    batch = work.submit_map([100] * 2000)
    other = work.submit_map([10_000] * 20)
    del other
    """)


def test_exit_with_failures_that_nobody_read(run):
    run("""
    results = [bad.submit(-1) for _ in range(10)]
    bad.submit(-2)
    batch = bad.submit_map([-1] * 10, errors="collect")
    """)


def test_exit_finishes_explicit_runtimes_too(run):
    done = run("""
    def main():
        for i in range(3):
            runtime = Runtime(workers=1)
            runtime.task(say).submit(i)
            runtime.task(work).submit(100_000)
    main()
    """)
    assert sorted(map(int, done.stdout.split())) == [0, 1, 2]


def test_tasks_of_the_last_moment_may_submit_more(run):
    done = run("""
    @task(compile_to_c=False)
    def outer(n):
        time.sleep(0.02)
        try:
            inner = say.submit(n)
        except errors.RuntimeClosed:
            print("closed")
    outer.submit(1)
    """)
    assert done.stdout.split() in (["1"], ["closed"])


def test_submitting_after_the_exit_began_raises_runtime_closed(run):
    done = run("""
    work.submit(10).result()
    say.submit("ran").result()
    fresh = work.options(priority="low")
    def late():
        for submit in (lambda: work.submit(10), lambda: fresh.submit(10),
                       lambda: say.submit("no"), lambda: work.map([1, 2])):
            try:
                submit()
            except errors.RuntimeClosed:
                print("closed")
    atexit.register(late)
    """)
    assert done.stdout.split() == ["ran"] + ["closed"] * 4


def test_first_submission_after_the_exit_began_raises_runtime_closed(run):
    done = run("""
    def late():
        try:
            say.submit("no")
        except errors.RuntimeClosed:
            print("closed")
        try:
            Runtime(workers=1).task(say).submit("no")
        except errors.RuntimeClosed:
            print("closed")
    atexit.register(late)
    """)
    assert done.stdout.split() == ["closed", "closed"]


def test_exit_by_sys_exit_and_by_an_exception(run):
    done = run("""
    say.submit("done")
    work.submit(100_000)
    sys.exit(3)
    """, check=False)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (3, "done\n", "")
    done = run("""
    say.submit("done")
    raise SystemError("mine")
    """, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "done\n")
    assert done.stderr.strip().endswith("SystemError: mine")
    assert done.stderr.count("Traceback") == 1


def test_exit_after_an_orderly_shutdown(run):
    run("""
    work.submit(10).result()
    catzilla_jit.shutdown()
    """)


def test_exit_while_daemon_threads_submit(run):
    run("""
    work.submit(1).result(); say.submit("x").result()
    def forever():
        try:
            while True:
                work.submit(10)
        except errors.RuntimeClosed:
            time.sleep(60)
    for _ in range(2):
        threading.Thread(target=forever, daemon=True).start()
    time.sleep(0.1)
    """)


def test_runtimes_that_were_dropped_let_their_threads_go(run):
    run("""
    import gc, os
    gc.disable()
    def threads():
        return len(os.listdir("/proc/self/task"))
    def use():
        runtime = Runtime(workers=2)
        assert runtime.task(work).submit(10).result() >= 0.0
    use(); time.sleep(0.2)
    before = threads()
    for _ in range(5):
        use()
    until = time.monotonic() + 10
    while threads() >= before + 10 and time.monotonic() < until:
        time.sleep(0.01)
    assert threads() < before + 10, (threads(), before)  # they had 25
    """)


def test_development_mode_has_nothing_to_say(run):
    run("""
    assert work.submit(100).result() >= 0.0
    assert say.submit("x").result() is None
    bad.submit(-1)
    work.map([1, 2, 3])
    """, PYTHONDEVMODE="1", PYTHONWARNINGS="default::ResourceWarning")  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="SIGTERM semantics as on Linux")
def test_process_that_is_killed_leaves_no_hang(run):
    done = run("""
    import os, signal
    work.submit(100_000)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(30)
    """, check=False)  # fmt: skip
    assert done.returncode == -15


def test_a_batch_that_outlives_the_library_is_let_go_in_silence(run):
    # What Numba remembers of a function keeps its module's names, and so this batch, to the
    # very end, when the names of the library's own modules are gone.
    run("""
    batch = work.submit_map(list(range(100)))
    batch.wait()
    @task
    def lines(path):
        return [line for line in open(path)]
    lines.submit("/dev/null").wait()
    """)


@pytest.mark.parametrize("mode", ["'require'", "False"], ids=["compiled", "python"])
def test_objects_of_the_program_are_finalized_while_its_modules_are_whole(script, tmp_path, mode):
    source = f"""
        import json
        class Held:
            def __del__(self):
                print(json is not None, Held is not None, json.dumps([1]))
        held = Held()
        from catzilla_jit import task
        @task(compile_to_c={mode})
        def double(x: float) -> float:
            return x * 2.0
        r = double.submit(2.0)
        assert r.result() == 4.0 and double.map([2.0])[0] == 4.0
    """
    # The first run compiles; what Numba keeps of that outlives the modules.
    done = [script(source, CATZILLA_JIT_CACHE_DIR=str(tmp_path / "cache")) for _ in range(2)]
    assert done[-1].stdout == "True True [1]\n"
