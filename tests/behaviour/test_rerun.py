"""Compiled calls that are run again as Python, where integers go beyond 64 bits: by a worker.

That nobody else runs them is told by the processor time of the thread that asks.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from catzilla_jit import Runtime, TaskStatus, gather
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from catzilla_jit.pools.native import library
from support.kernels import PATIENCE

NATIVE = library.unavailable() is None
LONG = 40_000  # whose factorial takes Python about half a second


def factorial(n: int) -> int:
    """Beyond 20! no 64 bits hold it."""
    product = 1
    for i in range(2, n + 1):
        product = product * i
    return product


def refuse_large(n: int) -> int:
    product = factorial(n)
    if product > 10**18:
        raise ValueError("too large", n)
    return product


@pytest.fixture
def task(runtime):
    return runtime.task(factorial, compile_to_c="require")


@pytest.fixture
def idle():
    """Fail if this thread computed for long."""
    before = time.thread_time()
    yield
    assert time.thread_time() - before < 0.2


def test_the_value_is_pythons(task):
    assert [task.submit(n).result() for n in (5, 21, 30)] == [factorial(n) for n in (5, 21, 30)]
    r = task.submit(25)
    assert (r.result(), r.exception(), r.status()) == (factorial(25), None, TaskStatus.COMPLETED)


def test_the_exception_is_the_functions(runtime):
    task = runtime.task(refuse_large, compile_to_c="require")
    r = task.submit(40)
    with pytest.raises(ValueError, match="too large") as raised:
        r.result()
    assert raised.value.args == ("too large", 40)
    assert raised.traceback[-1].name == "refuse_large"
    assert r.status() is TaskStatus.FAILED


def test_it_is_tried_again_like_any_failure(runtime):
    options = {"max_retries": 2, "retry_delay_ms": 1}
    r = runtime.task(refuse_large, compile_to_c="require", **options).submit(40)
    assert isinstance(r.exception(), ValueError)
    assert r.retries == 2


@pytest.mark.usefixtures("idle")
def test_who_asks_does_not_run_it(task):
    r = task.submit(LONG)
    assert r.status() in (TaskStatus.PENDING, TaskStatus.RUNNING)
    with pytest.raises(TimeoutError):
        r.result(timeout=0.05)
    assert r.result().bit_length() > 10**5
    assert r.execution_time_ms > 50


@pytest.mark.usefixtures("idle")
def test_the_event_loop_does_not_run_it(task):
    async def bits():
        return (await task.submit(LONG)).bit_length()

    assert asyncio.run(bits()) > 10**5


@pytest.mark.usefixtures("idle")
def test_the_time_limit_holds_for_it(task):
    r = task.options(timeout_ms=50).submit(10 * LONG)
    with pytest.raises(TaskTimeout):
        r.result(timeout=PATIENCE)
    assert r.status() is TaskStatus.FAILED


@pytest.mark.usefixtures("idle")
def test_it_can_be_cancelled(task):
    r = task.submit(10 * LONG)
    with pytest.raises(TimeoutError):
        r.result(timeout=0.05)
    assert r.cancel()
    with pytest.raises(TaskCancelled):
        r.result(timeout=PATIENCE)


def test_a_python_worker_that_waits_runs_it(single):
    inner = single.task(factorial, compile_to_c="require")

    @single.task(compile_to_c=False)
    def outer(n):
        return inner.submit(n).result() + sum(gather(inner.submit(n), inner.submit(n + 1)))

    assert outer.submit(30).result(timeout=PATIENCE) == 2 * factorial(30) + factorial(31)


def test_a_dependent_task_gets_its_value(task, runtime):
    bits = runtime.task(int.bit_length)
    assert bits.submit(task.submit(30)).result(timeout=PATIENCE) == factorial(30).bit_length()


def test_a_close_waits_for_it():
    runtime = Runtime(workers=2)
    task = runtime.task(factorial, compile_to_c="require")
    results = [task.submit(30) for _ in range(300)]
    runtime.shutdown(timeout=PATIENCE)
    assert {r.result() for r in results} == {factorial(30)}


def test_results_that_nobody_keeps_hold_nothing_up():
    runtime = Runtime(workers=2)
    task = runtime.task(factorial, compile_to_c="require")
    for _ in range(300):
        task.submit(30)
    runtime.shutdown(timeout=PATIENCE)


@pytest.mark.skipif(not NATIVE, reason="there the lane of compiled tasks runs it")
def test_it_is_counted_as_one_completed_call(task, runtime):
    assert task.submit(30).result() == factorial(30)
    counted = runtime.stats().tasks["factorial"]
    assert (counted.total.completed, counted.total.failed) == (1, 0)
    assert list(counted.lanes) == ["compiled"]
