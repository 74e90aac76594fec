"""Delays: what is submitted now and queued later."""

from __future__ import annotations

import time

import pytest

from catzilla_jit import TaskStatus
from catzilla_jit.errors import TaskCancelled
from support.gates import note
from support.kernels import PATIENCE, add

HOUR_MS = 3_600_000


def test_task_runs_after_its_delay(make):
    start = time.time()
    result = make(add, delay_ms=30).submit(1.0)
    assert result.status() is TaskStatus.PENDING
    assert result.result(PATIENCE) == 1.5
    assert result.started_at - start >= 0.0299


def test_delays_decide_the_order(make_on, single, notes):
    task = make_on(single, note)
    results = [
        notes.submit(task.options(delay_ms=delay), number)
        for number, delay in [(3, 90), (1, 30), (2, 60), (0, 0)]
    ]
    assert notes.take(4) == [0, 1, 2, 3]
    for result in results:
        result.result(PATIENCE)


def test_fractions_of_a_millisecond_are_taken(make):
    assert make(add, delay_ms=0.25).submit(1.0).result(PATIENCE) == 1.5


def test_delayed_task_can_be_cancelled(make):
    result = make(add, delay_ms=HOUR_MS).submit(1.0)
    assert result.cancel()
    assert result.status() is TaskStatus.CANCELLED
    with pytest.raises(TaskCancelled):
        result.result()


def test_waiting_for_a_delayed_task_runs_out(make):
    result = make(add, delay_ms=HOUR_MS).submit(1.0)
    with pytest.raises(TimeoutError):
        result.result(0.02)
    assert result.status() is TaskStatus.PENDING
    result.cancel()


def test_a_thousand_delayed_tasks(make):
    task = make(add)
    delayed = [task.options(delay_ms=1 + i % 20) for i in range(20)]
    results = [delayed[i % 20].submit(float(i), 1.0) for i in range(1000)]
    assert [result.result(PATIENCE) for result in results] == [i + 1.0 for i in range(1000)]


def test_thousands_that_wait_are_cancelled(make):
    task = make(add, delay_ms=HOUR_MS)
    results = [task.submit(float(i)) for i in range(3000)]
    assert all(result.cancel() for result in results[::2])
    assert all(result.cancel() for result in results[1::2])
    assert all(result.cancelled() for result in results)


def test_result_of_a_delayed_task_may_be_dropped(make, notes):
    notes.submit(make(note, delay_ms=5), 9)
    assert notes.take(1) == [9]


def test_keywords_and_defaults_of_a_delayed_task(make):
    task = make(add, delay_ms=1)
    assert task.submit(b=2.0, a=1.0).result(PATIENCE) == 3.0
    assert task.submit(1.0).result(PATIENCE) == 1.5


@pytest.mark.parametrize(
    ("option", "value"),
    [("delay_ms", -1), ("delay_ms", "1"), ("timeout_ms", 0), ("max_retries", -1),
     ("max_retries", 1.5), ("retry_jitter", 2.0), ("retry_on", "ValueError"),
     ("retry_backoff", float("nan"))],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(make, option, value):
    with pytest.raises((ValueError, TypeError), match=option):
        make(add, **{option: value})
