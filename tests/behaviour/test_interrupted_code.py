"""What of a Python task's thread an interrupt may hit: the task's own code, and it alone."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from catzilla_jit import Runtime
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from catzilla_jit.pools.interrupt import call_exposed, check_interrupt, shielded
from support.gates import hold
from support.kernels import PATIENCE, count
from support.unruly import until


def spin():
    while True:
        pass


def assert_worker_is_free(runtime):
    assert runtime.task(count, compile_to_c=False).submit(1).result(PATIENCE) == 2


def submit(runtime, function, **options):
    return runtime.task(function, compile_to_c=False, **options).submit()


@pytest.fixture
def entered():
    return threading.Event()


@pytest.fixture
def swallowed(monkeypatch):
    """What finalizers have swallowed."""
    found = []
    monkeypatch.setattr(sys, "unraisablehook", lambda event: found.append(event.exc_type))
    return found


@pytest.mark.parametrize("options", [{}, {"timeout_ms": 30}, {"timeout_ms": 30, "max_retries": 1}])
def test_interrupt_that_a_finalizer_swallows_comes_again(single, entered, swallowed, options):
    class Stubborn:
        def __del__(self):
            entered.set()
            spin()

    def task():
        Stubborn()
        spin()

    result = submit(single, task, retry_on=(ValueError,), **options)
    entered.wait(PATIENCE)
    if not options:
        result.cancel()
    with pytest.raises((TaskCancelled, TaskTimeout)):
        result.result(PATIENCE)
    assert_worker_is_free(single)
    assert len(swallowed) == 1


def test_clean_up_of_an_interrupted_task_is_not_interrupted(single, entered):
    cleaned = []

    def task():
        try:
            entered.set()
            spin()
        finally:
            end = time.monotonic() + 0.15  # longer than it takes to be interrupted again
            while time.monotonic() < end:
                pass
            cleaned.append(True)

    result = submit(single, task)
    entered.wait(PATIENCE)
    result.cancel()
    assert_worker_is_free(single)
    assert cleaned == [True]


def test_task_that_catches_its_interrupt_and_goes_on_is_hit_again(single, entered):
    def task():
        try:
            entered.set()
            spin()
        except TaskCancelled:
            pass
        spin()

    result = submit(single, task)
    entered.wait(PATIENCE)
    result.cancel()
    assert_worker_is_free(single)


def test_interrupt_waits_until_the_runtime_has_done_its_work(single, entered):
    told, steps = threading.Event(), []

    @shielded
    def work_of_the_runtime():
        entered.set()
        until(told.is_set)
        for _ in range(100_000):  # many looks for interrupts
            pass
        steps.append("done")

    def task():
        work_of_the_runtime()
        for _ in range(100_000):
            pass
        steps.append("not reached")

    result = submit(single, task)
    entered.wait(PATIENCE)
    result.cancel()
    told.set()
    assert_worker_is_free(single)
    assert steps == ["done"]


def test_own_code_that_the_runtime_calls_is_interrupted(single, entered):
    steps = []

    def own():
        entered.set()
        spin()

    @shielded
    def work_of_the_runtime():
        try:
            call_exposed(own)
        except TaskCancelled:
            for _ in range(100_000):
                pass
            steps.append("done")

    result = submit(single, work_of_the_runtime)
    entered.wait(PATIENCE)
    result.cancel()
    assert_worker_is_free(single)
    assert steps == ["done"]


def test_interrupt_that_came_before_own_code_is_called_hits_it_at_once(single, entered):
    told, steps = threading.Event(), []

    @shielded
    def work_of_the_runtime():
        entered.set()
        until(told.is_set)
        try:
            call_exposed(steps.append, "not reached")
        except TaskCancelled:
            steps.append("hit")

    result = submit(single, work_of_the_runtime)
    entered.wait(PATIENCE)
    result.cancel()
    told.set()
    assert_worker_is_free(single)
    assert steps == ["hit"]


def test_wait_of_the_runtime_notices_an_interrupt_through_its_shield(single, entered):
    @shielded
    def wait_of_the_runtime():
        entered.set()
        while True:
            check_interrupt()

    result = submit(single, wait_of_the_runtime)
    entered.wait(PATIENCE)
    result.cancel()
    assert_worker_is_free(single)


def test_interrupt_for_a_waiting_task_does_not_hit_the_one_it_runs(single, entered):
    """With one worker the outer task runs the inner one, which others submitted, while it waits."""
    told, ends = threading.Event(), []

    def inside():
        entered.set()
        until(told.is_set)
        for _ in range(100_000):
            pass
        return 7

    inner = single.task(inside, compile_to_c=False)

    def outside():
        until(lambda: ends)
        ends[0].result()

    outer = submit(single, outside)
    ends.append(inner.submit())
    entered.wait(PATIENCE)
    outer.cancel()
    told.set()
    assert_worker_is_free(single)
    assert ends[0].result(PATIENCE) == 7
    assert outer.cancelled()


@pytest.mark.parametrize("mapped", [False, True])
def test_task_that_waits_for_room_is_interrupted(gate, entered, mapped):
    runtime = Runtime(workers=1, queue_size=1, enable_auto_scaling=False)
    compiled = runtime.task(hold, compile_to_c="require")
    limited = compiled.options(timeout_ms=60_000)
    gate.hold(compiled)
    gate.submit(compiled)

    def task():
        entered.set()
        if mapped:
            compiled.map([0], 0, 0, 0)
        limited.submit(0, 0, 0, 0)

    result = submit(runtime, task)
    entered.wait(PATIENCE)
    time.sleep(0.01)  # now it waits; else it is interrupted before
    result.cancel()
    assert_worker_is_free(runtime)
    gate.open()
    runtime.shutdown(timeout=PATIENCE)


def test_plain_calls_outside_of_tasks():
    assert shielded(count)(1) == call_exposed(count, 1) == 2
    check_interrupt()


STOPPED = """
    import faulthandler, gc, sys, threading
    faulthandler.dump_traceback_later(50, exit=True)  # a hang is in C: nothing else ends it
    from catzilla_jit import Runtime, errors
    entered = threading.Event()
    def spin():
        entered.set()
        while True:
            pass
    def stop_one(runtime):
        entered.clear()
        spinning = runtime.task(spin, compile_to_c=False).submit()
        entered.wait(20)
        assert spinning.cancel()
        # Its worker is free again, so its interrupt is over.
        assert runtime.task(abs, compile_to_c=False).submit(-1).result(20) == 1
    def nothing():
        pass
    single = {"workers": 1, "enable_auto_scaling": False}
"""


@pytest.mark.parametrize("install", ["sys.setprofile(tool)", "sys.settrace(tool)"])
def test_call_under_a_trace_function_returns_after_a_task_was_stopped(script, install):
    # On Python 3.11 it looks for ever for an exception that was taken back.
    script(
        STOPPED
        + f"""
    tool = lambda *_: None
    with Runtime(**single) as runtime:
        stop_one(runtime)
        {install}
        nothing()
        sys.setprofile(None), sys.settrace(None)
    """
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there a stop may end a trace function")
def test_trace_function_of_a_worker_outlives_the_stop_of_its_task(script):
    script(
        STOPPED
        + """
    seen = []
    def traces(frame, event, argument):
        seen.append(frame.f_code.co_name)
    threading.settrace(traces)
    with Runtime(**single) as runtime:
        stop_one(runtime)
        seen.clear()
        runtime.task(nothing, compile_to_c=False).submit().result(20)
    assert "nothing" in seen, seen
    """
    )


def test_collection_while_a_task_is_stopped_frees_thread_locals(script):
    # CPython's list of threads is locked while it makes the dictionaries of all frames and
    # exceptions, and freeing a threading.local takes that lock.
    script(
        STOPPED
        + """
    import time
    ended, ready = threading.Event(), threading.Semaphore(0)
    def wait_in_handler():
        try:
            raise ValueError
        except ValueError:
            ready.release()
            ended.wait(40)
    def nap():
        entered.set()
        time.sleep(0.3)  # the interrupt is repeated meanwhile
    class Cycle:
        pass
    gc.disable()
    threads = [threading.Thread(target=wait_in_handler) for _ in range(300)]
    for thread in threads:
        thread.start()
        ready.acquire()
    with Runtime(**single) as runtime:
        napping = runtime.task(nap, compile_to_c=False).submit()
        entered.wait(20)
        for _ in range(10):
            cycle = Cycle()
            cycle.me, cycle.local = cycle, threading.local()
            cycle.local.value = 1
        del cycle
        taken = [(i, i, i) for i in range(3000)]  # what CPython keeps for further tuples
        gc.set_threshold(gc.get_count()[0] + 150)
        gc.enable()
        assert napping.cancel()
        assert runtime.task(abs, compile_to_c=False).submit(-1).result(20) == 1
        ended.set()
    assert gc.isenabled()
    """
    )
