"""Retries: when, how often, and what the result says meanwhile."""

from __future__ import annotations

import gc
import logging
import statistics

import pytest

from catzilla_jit import Runtime, TaskStatus
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from catzilla_jit.pools import retry
from catzilla_jit.pools.retry import RetryPolicy
from support.gates import BYTES
from support.kernels import PATIENCE, add, root
from support.unruly import Failures, bracketed, endless, flaky, stoppable, until

HOUR_MS = 3_600_000


@pytest.fixture
def failures():
    failures = Failures()
    yield failures
    failures.close()


@pytest.fixture
def delays(monkeypatch):
    """What the policies answered, in milliseconds."""
    delays = []
    answer = RetryPolicy.next_delay_ns

    def record(policy, error, retries):
        delay = answer(policy, error, retries)
        delays.append(None if delay is None else delay * 1e-6)
        return delay

    monkeypatch.setattr(RetryPolicy, "next_delay_ns", record)
    return delays


# --- the policy -----------------------------------------------------------------------------------


def policy(**changes):
    options = {"max_retries": 5, "delay_ms": 100, "backoff": 2.0, "jitter": 0.0,
               "retry_on": (Exception,)}  # fmt: skip
    return RetryPolicy(**{**options, **changes})


def test_delays_grow_by_the_backoff():
    waits = [policy().next_delay_ns(ValueError(), n) for n in range(6)]
    assert waits == [100e6, 200e6, 400e6, 800e6, 1600e6, None]


@pytest.mark.parametrize(("drawn", "wait"), [(-1.0, 75e6), (0.0, 100e6), (1.0, 125e6)])
def test_jitter_is_a_fraction_of_the_delay(monkeypatch, drawn, wait):
    monkeypatch.setattr(retry.random, "uniform", lambda low, high: drawn)
    assert policy(jitter=0.25).next_delay_ns(ValueError(), 0) == wait


def test_jitter_differs_from_try_to_try():
    waits = [policy(jitter=0.5).next_delay_ns(ValueError(), 0) for _ in range(200)]
    assert 50e6 <= min(waits) < 75e6 < 125e6 < max(waits) <= 150e6
    assert 85e6 < statistics.mean(waits) < 115e6


def test_delay_is_an_hour_at_most():
    assert policy(max_retries=5000, backoff=1e300).next_delay_ns(ValueError(), 4000) == 3600e9
    assert policy(max_retries=99).next_delay_ns(ValueError(), 60) == 3600e9


def test_delay_of_nothing_is_still_one_that_the_clock_takes():
    assert policy(delay_ms=0).next_delay_ns(ValueError(), 0) == 1


# --- the runtime ----------------------------------------------------------------------------------


def test_failing_task_is_tried_again_until_it_succeeds(make, failures, delays):
    failures.set(3)
    task = make(flaky, max_retries=5, retry_delay_ms=2, retry_jitter=0.0)
    result = task.submit(*failures.arguments())
    assert result.result(PATIENCE) == 7
    assert result.status() is TaskStatus.COMPLETED
    assert result.retries == 3
    assert delays == pytest.approx([2.0, 4.0, 8.0])


def test_wait_during_the_retries_waits_for_the_final_outcome(make, failures):
    failures.set(4)
    task = make(flaky, max_retries=4, retry_delay_ms=5)
    result = task.submit(*failures.arguments())
    assert result.exception(PATIENCE) is None
    assert result.wait() == 7


def test_last_failure_is_the_outcome(make, failures, delays):
    failures.set(9)
    result = make(flaky, max_retries=2, retry_delay_ms=1).submit(*failures.arguments())
    with pytest.raises(ValueError, match="flaky"):
        result.result(PATIENCE)
    assert result.status() is TaskStatus.FAILED
    assert result.retries == 2
    assert delays[2] is None
    assert len(delays) == 3


def test_task_without_failures_has_no_retries(make, failures, delays):
    result = make(flaky, max_retries=5).submit(*failures.arguments(3))
    assert result.result(PATIENCE) == 3
    assert result.retries == 0
    assert delays == []


def test_a_try_begins_after_the_one_before_has_ended(runtime, make, failures, notes):
    failures.set(30)
    task = make(bracketed, max_retries=30, retry_delay_ms=0)
    pipe, begin = notes.arguments(1)
    fd, room, _ = failures.arguments()
    results = [task.submit(fd, room, pipe, begin, BYTES + 2)]
    assert results[0].result(PATIENCE) == 7
    assert notes.take(62) == [1, 2] * 31


@pytest.mark.parametrize(
    ("kinds", "tries"), [(ValueError, 3), ((KeyError, ValueError), 3), (KeyError, 1), ((), 1)]
)
def test_only_what_retry_on_names_is_tried_again(make, failures, kinds, tries):
    failures.set(10)
    task = make(flaky, max_retries=2, retry_delay_ms=1, retry_on=kinds)
    result = task.submit(*failures.arguments())
    assert isinstance(result.exception(PATIENCE), ValueError)
    assert result.retries == tries - 1


def test_arguments_are_the_same_in_each_try(runtime):
    seen = []

    def remember(a, *, b):
        seen.append((a, b))
        raise ValueError

    task = runtime.task(remember, compile_to_c=False, max_retries=2, retry_delay_ms=1)
    assert isinstance(task.submit([1], b={2}).exception(PATIENCE), ValueError)
    assert seen == [([1], {2})] * 3


def test_status_is_retrying_between_the_tries(make, failures):
    failures.set(1)
    task = make(flaky, max_retries=1, retry_delay_ms=HOUR_MS)
    result = task.submit(*failures.arguments())
    until(lambda: result.status() is TaskStatus.RETRYING)
    assert not result.done()
    assert not result.running()
    assert not result.cancelled()
    assert result.retries == 1
    with pytest.raises(TimeoutError):
        result.result(0.01)
    assert result.cancel()


def test_cancel_while_it_waits_for_its_next_try(make, failures):
    failures.set(1)
    task = make(flaky, max_retries=3, retry_delay_ms=HOUR_MS)
    result = task.submit(*failures.arguments())
    until(lambda: result.status() is TaskStatus.RETRYING)
    assert result.cancel()
    assert result.status() is TaskStatus.CANCELLED
    assert result.cancel()
    with pytest.raises(TaskCancelled):
        result.result()


def test_cancel_before_a_try_leaves_the_worker_alone(make_on, single, failures):
    failures.set(1)
    task = make_on(single, flaky, max_retries=3, retry_delay_ms=HOUR_MS)
    results = [task.submit(*failures.arguments())]
    until(lambda: results[0].status() is TaskStatus.RETRYING)
    assert make_on(single, add).submit(1.0).result(PATIENCE) == 1.5
    results[0].cancel()
    single.shutdown(timeout=PATIENCE)


def test_cancel_races_with_retries(make, failures):
    task = make(flaky, max_retries=65_535, retry_delay_ms=0)
    for _ in range(50):
        failures.set(200)
        result = task.submit(*failures.arguments())
        result.cancel()
        try:
            assert result.result(PATIENCE) == 7
            assert result.status() is TaskStatus.COMPLETED
        except TaskCancelled:
            assert result.status() is TaskStatus.CANCELLED


def test_timeout_counts_as_a_failure_that_may_be_tried_again(make, kind):
    if not stoppable(kind):
        pytest.skip("compiled code cannot be stopped here")
    task = make(endless, timeout_ms=10, max_retries=2, retry_delay_ms=1)
    result = task.submit(0.5)
    with pytest.raises(TaskTimeout):
        result.result(PATIENCE)
    assert result.retries == 2


def test_timeout_is_not_tried_again_if_retry_on_says_so(make, kind):
    if not stoppable(kind):
        pytest.skip("compiled code cannot be stopped here")
    task = make(endless, timeout_ms=10, max_retries=2, retry_on=ValueError)
    result = task.submit(0.5)
    assert isinstance(result.exception(PATIENCE), TaskTimeout)
    assert result.retries == 0


def test_policy_that_raises_ends_the_task_and_is_logged(make, failures, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("broken policy")

    monkeypatch.setattr(RetryPolicy, "next_delay_ns", broken)
    failures.set(1)
    with caplog.at_level(logging.ERROR, "catzilla_jit"):
        result = make(flaky, max_retries=3).submit(*failures.arguments())
        assert isinstance(result.exception(PATIENCE), ValueError)
    assert "broken policy" in caplog.text
    assert result.retries == 0


def test_retries_in_a_single_call_by_options(make):
    task = make(root)
    again = task.options(max_retries=2, retry_delay_ms=1)
    assert again.submit(-1.0).exception(PATIENCE).args == ("no root", -1.0)
    assert task.submit(4.0).result() == 2.0


def test_add_task_takes_max_retries(runtime):
    tries = []

    def fail():
        tries.append(1)
        raise ValueError

    task = runtime.task(fail, compile_to_c=False, retry_delay_ms=1)
    assert isinstance(runtime.add_task(task, max_retries=3).exception(PATIENCE), ValueError)
    assert len(tries) == 4


def test_many_retried_tasks_at_once(make, failures):
    failures.set(300)
    task = make(flaky, max_retries=1000, retry_delay_ms=1, retry_backoff=1.0)
    results = [task.submit(*failures.arguments(i)) for i in range(500)]
    assert [result.result(PATIENCE) for result in results] == list(range(500))
    assert sum(result.retries for result in results) == 300


def test_exceptions_of_the_tries_do_not_keep_their_frames(runtime):
    class Big:
        alive = 0

        def __init__(self):
            Big.alive += 1

        def __del__(self):
            Big.alive -= 1

    def fail():
        big = Big()
        raise ValueError(id(big))

    task = runtime.task(fail, compile_to_c=False, max_retries=5, retry_delay_ms=1)
    result = task.submit()
    until(result.done)
    del result
    until(lambda: gc.collect() >= 0 and Big.alive == 0)


def test_retries_still_happen_after_shutdown_began(make_on, failures):
    failures.set(3)
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    result = make_on(runtime, flaky, max_retries=3, retry_delay_ms=1).submit(*failures.arguments())
    runtime.shutdown(timeout=PATIENCE)
    assert result.result(0) == 7
    assert result.retries == 3
