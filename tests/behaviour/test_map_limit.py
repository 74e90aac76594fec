"""timeout_ms on a map: it limits the whole map, and what was done stays."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from catzilla_jit import TaskStatus
from catzilla_jit.errors import TaskTimeout
from catzilla_jit.pools.native import library
from support.unruly import until


def spin_from_1000(i: int) -> int:
    while i >= 1000:
        i = i | 1
    return i + 1


def test_map_that_runs_into_its_limit_keeps_what_it_has(make, kind):
    if kind == "compiled" and library.unavailable() is not None:
        pytest.skip("compiled code cannot be stopped on this pool")
    out = np.full(5000, -1, np.int64)
    task = make(spin_from_1000).options(timeout_ms=300)
    batch = task.submit_map(np.arange(5000), out=out, chunk_size=100)
    with pytest.raises(TaskTimeout, match="time limit of 300 ms"):
        batch.wait(60)
    assert batch.status() is TaskStatus.FAILED
    begin, end = batch.completed_range
    assert (begin, end) <= (0, 1000)
    assert out[:end].tolist() == list(range(1, end + 1))


def test_map_within_its_limit_is_not_touched(make):
    task = make(spin_from_1000).options(timeout_ms=60_000)
    assert task.map(np.arange(1000)).tolist() == list(range(1, 1001))


def test_limits_of_maps_take_one_thread(single, make_on):
    # On one worker, without relief: the machine may be too busy for it.
    task = make_on(single, spin_from_1000).options(timeout_ms=3_600_000)
    task.map(np.arange(10))
    before = {*threading.enumerate()}
    for _ in range(20):
        task.map(np.arange(10))
    assert {*threading.enumerate()} <= before


def test_limit_of_a_map_that_has_ended_holds_nothing(make, runtime):
    task = make(spin_from_1000).options(timeout_ms=3_600_000)
    batch = task.submit_map(np.arange(10))
    alarm = batch._limit._alarm
    ended = threading.Event()
    batch.add_done_callback(lambda _: ended.set())
    del batch
    assert ended.wait(60)
    until(lambda: alarm.function is None)


def test_limit_holds_for_a_map_that_was_dropped(make, kind, runtime):
    if kind == "compiled" and library.unavailable() is not None:
        pytest.skip("compiled code cannot be stopped on this pool")
    task = make(spin_from_1000).options(timeout_ms=100)
    task.submit_map(np.arange(990, 1010))
    runtime.shutdown(timeout=60)
