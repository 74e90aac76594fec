"""What of a Python task's thread an interrupt may hit: the task's own code, and it alone."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from gates import hold
from kernels import PATIENCE, count
from unruly import until

from catzilla_jit import Runtime
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from catzilla_jit.runtime.interrupt import call_exposed, check_interrupt, shielded


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
    """With one worker the outer task runs the inner one while it waits for it."""
    told, ends = threading.Event(), []

    def inside():
        entered.set()
        until(told.is_set)
        for _ in range(100_000):
            pass
        return 7

    inner = single.task(inside, compile_to_c=False)

    def outside():
        result = inner.submit()
        try:
            result.result()
        finally:
            ends.append(result)

    outer = submit(single, outside)
    entered.wait(PATIENCE)
    outer.cancel()
    told.set()
    assert_worker_is_free(single)
    assert [result.result(PATIENCE) for result in ends] == [7]
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
