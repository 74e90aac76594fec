"""The handle of a map: progress, waits, cancels; maps beside tasks and other maps."""

from __future__ import annotations

import gc
import math
import time

import numpy as np
import pytest

from catzilla_jit import Runtime, TaskStatus
from catzilla_jit.errors import RuntimeClosed, TaskCancelled
from support import kernels
from support.gates import ROOM, hold
from support.kernels import PATIENCE


def nap(n: int) -> int:
    """A millisecond or so."""
    x = 0.0
    for i in range(20_000):
        x = x * 0.999 + math.sin(x + i)
    return n if x < 1e9 else 0


def test_progress_and_wait_that_runs_out(make_on, single, gate):
    task = make_on(single, hold)
    started = np.full(3, gate._start)
    batch = task.submit_map(started, gate._opened, ROOM, np.arange(3), chunk_size=1)
    gate.entered()
    assert batch.status() is TaskStatus.RUNNING
    assert not batch.done()
    assert batch.progress == 0.0
    with pytest.raises(TimeoutError, match="hold"):
        batch.wait(0.02)
    gate._inside = 1
    gate.open()
    gate.entered()
    assert batch.progress == pytest.approx(1 / 3)
    gate._inside = 2
    gate.open()
    assert batch.wait(PATIENCE).tolist() == [0, 1, 2]
    assert batch.progress == 1.0
    assert len(batch) == 3


def test_cancelled_map_keeps_what_it_has(make_on, single, gate):
    task = make_on(single, hold)
    out = np.full(1000, -1)
    batch = task.submit_map(gate._start, gate._opened, ROOM, np.arange(1000), chunk_size=1, out=out)
    gate._inside = 5
    gate.open()
    for _ in range(6):
        gate.entered()  # the sixth is inside
    assert batch.cancel()
    gate._inside = 1
    gate.open()
    with pytest.raises(TaskCancelled, match="hold"):
        batch.wait(PATIENCE)
    # Compiled code in libc is not stopped, so its item is kept; a Python item is stopped.
    begin, end = batch.completed_range
    assert begin == 0
    assert end in (5, 6)
    if isinstance(batch._out, np.ndarray):
        assert out[:end].tolist() == list(range(end))
        assert (out[6:] == -1).all()
    assert batch.status() is TaskStatus.CANCELLED
    assert not batch.cancel()
    assert make_on(single, kernels.add).submit(1.0).result() == 1.5


def test_map_cancelled_before_it_starts_runs_nothing(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    batch = make_on(single, kernels.root).submit_map(-np.ones(10))
    assert batch.status() is TaskStatus.PENDING
    assert batch.cancel()
    with pytest.raises(TaskCancelled):
        batch.wait(PATIENCE)
    assert batch.completed_range == (0, 0)
    assert batch.errors == {}
    gate.open()
    held.result()


def test_ended_map_cannot_be_cancelled(make):
    batch = make(kernels.add).submit_map(np.ones(10), 1.0)
    batch.wait(PATIENCE)
    assert not batch.cancel()
    assert batch.status() is TaskStatus.COMPLETED


def test_cancels_that_race_with_maps_leave_a_valid_range(make):
    task = make(kernels.count)
    for delay in (0.0, 1e-5, 1e-4, 1e-3) * 5:
        out = np.full(20_000, -1)
        batch = task.submit_map(np.arange(20_000), out=out)
        time.sleep(delay)
        cancelled = batch.cancel()
        try:
            batch.wait(PATIENCE)
        except TaskCancelled:
            assert cancelled
            begin, end = batch.completed_range
            assert begin == 0
            if isinstance(batch._out, np.ndarray):
                assert (out[:end] == np.arange(1, end + 1)).all()
                assert (out[end:] == -1).all()
        else:
            assert (out == np.arange(1, 20_001)).all()


def test_dropped_map_finishes_and_is_safe(make):
    task = make(nap)
    for size in (1, 10, 200):
        task.submit_map(np.arange(size))
        gc.collect()
    junk = [np.zeros(size) for size in (1, 10, 200) for _ in range(50)]
    assert task.map([7]).tolist() == [7]
    assert len(junk) == 150


def test_urgent_task_runs_between_the_chunks_of_a_map(make_on, single):
    batch = make_on(single, nap).submit_map(np.arange(2000))
    while batch.progress == 0.0:
        time.sleep(0.001)
    assert make_on(single, kernels.add, priority="high").submit(1.0).result(PATIENCE) == 1.5
    assert not batch.done()
    batch.cancel()


def test_maps_and_tasks_mix(make):
    add, root = make(kernels.add), make(kernels.root)
    batches = [add.submit_map(np.arange(100.0), float(i)) for i in range(20)]
    results = [root.submit(float(i * i)) for i in range(100)]
    assert [result.result() for result in results] == list(range(100))
    for i, batch in enumerate(batches):
        assert (batch.wait(PATIENCE) == np.arange(100.0) + i).all()


def test_a_function_without_a_signature_is_mapped(single):
    # As time.sleep tells none on some Pythons, dict on all.
    assert list(single.task(dict).map(a=[1, 2])) == [{"a": 1}, {"a": 2}]


def test_map_with_a_progress_bar_gives_the_same(make, capfd):
    assert make(kernels.count).map(range(1000), progress=True).tolist() == list(range(1, 1001))


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_chunk_size_changes_nothing(make, size):
    assert (make(kernels.count).map(range(1000), chunk_size=size) == np.arange(1, 1001)).all()


def test_map_on_a_closed_runtime_is_refused(make_on):
    runtime = Runtime(enable_auto_scaling=False, workers=1)
    task = make_on(runtime, kernels.add)
    task.map([1.0], 1.0)
    runtime.shutdown()
    with pytest.raises(RuntimeClosed):
        task.map([1.0], 1.0)


def test_task_may_map_with_one_worker(make_on, single):
    inner = make_on(single, kernels.count)

    def outer():
        return inner.map(range(100)).sum()

    assert single.task(outer, compile_to_c=False).submit().result(PATIENCE) == 5050
