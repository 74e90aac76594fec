"""os.fork: the child has a pool of its own, the parent's results are refused there."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

SOURCE = """
    import gc, os, sys, threading, time, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads, from 3.12
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
            raise ValueError("bad", n)
        return n
    def in_child(function, limit=120):
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                function()
                code = 0
            except BaseException:
                import traceback
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        until = time.monotonic() + limit
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                assert status == 0, status
                return
            if time.monotonic() > until:
                os.kill(pid, 9)
                raise AssertionError("the child hangs")
            time.sleep(0.005)
    def refused(function):
        try:
            function()
        except errors.RuntimeClosed as error:
            assert "forked" in str(error), error
        else:
            raise AssertionError("not refused")
"""


@pytest.fixture
def run(script, kind):
    return lambda source: script(SOURCE + source, kind)


def test_child_submits_to_a_fresh_default_runtime(run):
    run("""
    assert work.submit(3).result() == 2.5
    def child():
        assert work.submit(3).result(20) == 2.5
        assert work.map([3, 3]).tolist() == [2.5, 2.5]
        try:
            bad.submit(-1).result(20)
        except ValueError:
            pass
        catzilla_jit.shutdown()
    in_child(child)
    assert work.submit(3).result(20) == 2.5
    """)


def test_child_submits_to_an_explicit_runtime(run):
    run("""
    with Runtime(workers=2) as runtime:
        local = runtime.task(work)
        assert local.submit(3).result() == 2.5
        def child():
            assert local.submit(3).result(20) == 2.5
            assert local.options(priority="high").submit(3).result(20) == 2.5
            runtime.shutdown()
        in_child(child)
        assert local.submit(3).result(20) == 2.5
    """)


def test_child_that_is_the_first_to_submit(run):
    run("""
    in_child(lambda: work.submit(3).result(20))
    assert work.submit(3).result(20) == 2.5
    """)


def test_parents_results_are_refused_in_the_child(run):
    run("""
    done, failed, batch = work.submit(3), bad.submit(-1), work.submit_map([3] * 10)
    done.result(), failed.exception(), batch.wait()
    running = work.submit(30_000_000 if MODE else 1_000_000)
    mapping = work.submit_map([1000] * 5000)
    def child():
        for result in (done, failed, running):
            refused(result.result)
            refused(result.exception)
            refused(result.done)
            refused(result.status)
            refused(result.cancel)
            assert "parent" in repr(result)
        for handle in (batch, mapping):
            refused(handle.wait)
            refused(handle.done)
            refused(handle.cancel)
            refused(lambda: handle.progress)
            assert "parent" in repr(handle)
    in_child(child)
    assert done.result() == 2.5
    running.result(30)
    mapping.wait(30)
    """)


def test_child_may_drop_the_parents_results(run):
    run("""
    results = [work.submit(100) for _ in range(200)] + [bad.submit(-1) for _ in range(200)]
    batches = [work.submit_map([1000] * 1000) for _ in range(5)]
    def child():
        results.clear()
        batches.clear()
        gc.collect()
        assert work.submit(3).result(20) == 2.5
    in_child(child)
    for batch in batches:
        batch.wait(30)
    """)


def test_fork_while_tasks_run_and_other_threads_submit(run):
    run("""
    work.submit(3).result()
    stop = []
    def busy():
        while not stop:
            results = [work.submit(1000) for _ in range(20)]
            work.map([10] * 50)
            for result in results:
                result.result(30)
    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads: thread.start()
    def child():
        assert work.submit(3).result(20) == 2.5
        assert work.map([3]).tolist() == [2.5]
        catzilla_jit.shutdown()
    try:
        for _ in range(8):
            in_child(child)
    finally:
        stop.append(1)
        for thread in threads: thread.join()
    """)


def test_child_ends_by_itself(run):
    done = run("""
    work.submit(3).result()
    sys.stdout.flush()
    if os.fork() == 0:
        print(work.submit(3).result(20), flush=True)
        work.submit(100_000)
        sys.exit(0)
    assert os.wait()[1] == 0
    print("parent", work.submit(3).result(20))
    """)
    assert done.stdout.split() == ["2.5", "parent", "2.5"]


def test_grandchildren(run):
    run("""
    work.submit(3).result()
    def child():
        assert work.submit(3).result(20) == 2.5
        in_child(lambda: work.submit(3).result(20))
        assert work.submit(3).result(20) == 2.5
    in_child(child)
    """)


def test_multiprocessing_by_fork(run):
    run("""
    import multiprocessing
    work.submit(3).result()
    def answer(queue):
        queue.put(work.submit(3).result(20))
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=answer, args=(queue,))
    process.start()
    assert queue.get() == 2.5
    process.join(20)
    assert process.exitcode == 0
    """)


def test_child_compiles_although_a_thread_of_the_parent_was_at_it(run):
    run("""
    held, leave = threading.Event(), threading.Event()
    def hold():
        with work._jit_function._lock:  # as between the compiler and the end of `prepare`
            held.set()
            leave.wait(60)
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    def child():
        assert work.submit(3).result(20) == 2.5
    in_child(child)
    leave.set()
    thread.join()
    """)


def test_child_imports_what_a_thread_of_the_parent_was_importing(run):
    run("""
    import importlib
    entered, forking = threading.Event(), threading.Event()
    class Slow:
        def find_spec(self, name, path=None, target=None):
            if name == "catzilla_jit.compile.slots":
                entered.set()
                forking.wait(60)
    sys.meta_path.insert(0, Slow())
    thread = threading.Thread(target=importlib.import_module, args=["catzilla_jit.compile"])
    thread.start()
    assert entered.wait(60)
    # Called first of all in a fork, in place of the moment at which its other steps wait.
    os.register_at_fork(before=forking.set)
    def child():
        importlib.import_module("catzilla_jit.compile")
        assert work.submit(3).result(20) == 2.5
    in_child(child)
    thread.join()
    """)
