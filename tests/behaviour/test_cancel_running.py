"""Cancelling what runs: compiled loops, Python code, maps; and Ctrl-C."""

from __future__ import annotations

import contextlib
import statistics
import sys
import threading
import time

import numpy as np
import pytest

from catzilla_jit import Runtime, TaskStatus
from catzilla_jit.errors import TaskCancelled
from support.gates import hold
from support.kernels import PATIENCE, add, count
from support.unruly import chatty, endless, endless_above, stoppable, talkative, until

needs_stopping = "compiled code cannot be stopped on this pool"


@pytest.fixture
def running(kind):
    """running(task, *arguments): a result that runs."""
    if not stoppable(kind):
        pytest.skip(needs_stopping)

    def running(task, *arguments):
        result = task.submit(*arguments)
        until(lambda: result.status() is TaskStatus.RUNNING)
        return result

    return running


def test_endless_loop_is_cancelled(make, running):
    late = []
    for _ in range(7):
        result = running(make(endless), 0.5)
        start = time.monotonic()
        assert result.cancel()
        with pytest.raises(TaskCancelled):
            result.result(PATIENCE)
        late.append(time.monotonic() - start)
        assert result.status() is TaskStatus.CANCELLED
        assert result.cancelled()
        assert result.cancel()
    assert statistics.median(late) < 0.05  # 10 ms on a machine with nothing else to do


def test_worker_lives_on_after_cancels(make_on, single, running):
    unruly, tame = make_on(single, endless), make_on(single, add)
    for i in range(30):
        result = running(unruly, 0.5)
        assert result.cancel()
        assert tame.submit(float(i), 1.0).result(PATIENCE) == i + 1.0


def test_all_workers_live_on_after_cancels(make, running, gate):
    results = [make(endless).submit(0.5) for _ in range(10)]
    for result in results:
        assert result.cancel()
    for result in results:
        with pytest.raises(TaskCancelled):
            result.result(PATIENCE)
    held = [gate.submit(make(hold), i) for i in range(2)]
    gate.entered()
    gate.entered()
    gate.open()
    assert [result.result(PATIENCE) for result in held] == [0, 1]


def test_task_that_cannot_be_stopped_keeps_its_worker_busy(runtime):
    task = runtime.task(talkative, compile_to_c="require")
    result = task.submit(0.5)
    until(result.running)
    assert result.cancel()
    with pytest.raises(TaskCancelled):
        result.result(PATIENCE)
    stats = runtime.stats()
    assert (stats.active_workers, stats.cancelled_tasks) == (1, 1)
    until(lambda: runtime.stats().active_workers == 0)
    assert runtime.stats().total_tasks_processed == stats.total_tasks_processed


def test_task_that_cannot_be_stopped_is_cancelled_and_dropped(runtime):
    task = runtime.task(chatty, compile_to_c="require")
    for _ in range(100):
        result = task.submit(0.5)
        until(lambda result=result: result.status() is not TaskStatus.PENDING)
        result.cancel()
        del result
    assert task.submit(0.5).result(PATIENCE) < 10.0


def test_ended_task_is_not_cancelled(make):
    result = make(add).submit(1.0)
    assert result.result(PATIENCE) == 1.5
    assert not result.cancel()
    assert not result.cancelled()
    assert result.result() == 1.5


def test_cancel_of_a_python_task_that_blocks_is_told_at_once(single, gate):
    result = gate.hold(single.task(hold, compile_to_c=False), 4)
    assert result.cancel()
    with pytest.raises(TaskCancelled):
        result.result(PATIENCE)
    after = single.task(add, compile_to_c=False).submit(1.0)
    assert after.status() is TaskStatus.PENDING  # its only worker is busy
    gate.open()
    assert after.result(PATIENCE) == 1.5


def test_cancel_of_a_blocking_task_with_retries_is_told_at_once(single, gate):
    result = gate.hold(single.task(hold, compile_to_c=False, max_retries=3), 4)
    assert result.cancel()
    with pytest.raises(TaskCancelled):
        result.result(PATIENCE)
    gate.open()
    assert single.task(add, compile_to_c=False).submit(1.0).result(PATIENCE) == 1.5


def test_python_task_may_refuse_to_end(single, gate):
    def stubborn():
        try:
            endless(0.5)
        except TaskCancelled:
            return "still here"

    result = single.task(stubborn, compile_to_c=False).submit()
    until(result.running)
    result.cancel()
    with pytest.raises(TaskCancelled):
        result.result(PATIENCE)
    assert single.task(add, compile_to_c=False).submit(1.0).result(PATIENCE) == 1.5


def test_cancels_race_with_ends(make):
    task = make(count)
    outcomes = set()
    for i in range(2000):
        result = task.submit(i)
        if i % 3:
            result.cancel()
        try:
            assert result.result(PATIENCE) == i + 1
            assert result.status() is TaskStatus.COMPLETED
        except TaskCancelled:
            assert result.status() is TaskStatus.CANCELLED
        outcomes.add(result.status())
    assert outcomes <= {TaskStatus.COMPLETED, TaskStatus.CANCELLED}


# An interrupt that hits a weak reference's callback is reported and lost.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_cancel_of_a_parent_leaves_its_children_alone(runtime, monkeypatch):
    # pytest's own hook, which runs in the interrupted thread, may be hit by the next interrupt.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    child = runtime.task(count, compile_to_c=False)

    def parent(children, over):
        while not over.is_set():  # until it is cancelled, or the interrupt was lost
            children.append(child.submit(len(children)))

    task = runtime.task(parent, compile_to_c=False)
    families = [[] for _ in range(20)]
    for children in families:
        over = threading.Event()
        result = task.submit(children, over)
        until(lambda children=children: len(children) > 10)
        assert result.cancel()
        with pytest.raises(TaskCancelled):
            result.result(PATIENCE)
        over.set()
    runtime.shutdown(timeout=PATIENCE)
    for children in families:
        assert [each.result(0) for each in children] == list(range(1, len(children) + 1))


# --- maps -----------------------------------------------------------------------------------------


def test_cancelled_map_keeps_what_it_has(make):
    out = np.full(200_000, -1, np.int64)
    batch = make(count).submit_map(np.arange(200_000), out=out, chunk_size=1000)
    batch.cancel()
    with contextlib.suppress(TaskCancelled):
        batch.wait(PATIENCE)
    begin, end = batch.completed_range
    assert begin == 0
    assert out[:end].tolist() == list(range(1, end + 1))


def test_map_with_an_endless_item_can_be_cancelled(make_on, single, kind):
    if not stoppable(kind) or kind == "python":
        pytest.skip(needs_stopping)
    values = np.full(1000, -1.0)
    values[700] = 0.5
    out = np.zeros(1000)
    task = make_on(single, endless_above)
    batch = task.submit_map(values, out=out, chunk_size=10)
    until(lambda: batch.completed_range == (0, 710))  # the worker has the endless item
    assert batch.cancel()
    with pytest.raises(TaskCancelled):
        batch.wait(PATIENCE)
    assert batch.status() is TaskStatus.CANCELLED
    begin, end = batch.completed_range
    assert (begin, 690 <= end <= 700) == (0, True)
    assert out[:end].tolist() == [-1.0] * end
    assert task.submit(-2.0).result(PATIENCE) == -2.0


def test_python_map_that_blocks_can_be_cancelled(runtime, gate):
    entered = threading.Event()

    def item(i):
        if i == 5:
            entered.set()
            return endless(0.5)
        return i

    out = np.full(8, -1.0)
    batch = runtime.task(item, compile_to_c=False).submit_map(range(8), out=out)
    assert entered.wait(PATIENCE)
    assert batch.cancel()
    with pytest.raises(TaskCancelled):
        batch.wait(PATIENCE)
    assert batch.completed_range == (0, 5)
    assert out.tolist() == [0, 1, 2, 3, 4, -1, -1, -1]
    runtime.shutdown(timeout=PATIENCE)


# --- Ctrl-C ---------------------------------------------------------------------------------------

INTERRUPTED = """
    import math, os, signal, sys, threading, time
    import numpy as np
    import catzilla_jit
    from catzilla_jit import Runtime

    def endless(x: float) -> float:
        while x < 10.0:
            x = math.sin(x)
        return x

    runtime = Runtime(workers=2)
    task = runtime.task(endless, compile_to_c="require")
    task.warm_up()

    def interrupt():
        time.sleep(0.2)
        global at
        at = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

    for wait in (
        lambda: task.submit(0.5).result(),
        lambda: task.submit(0.5).exception(20),
        lambda: task.map(np.full(100, 0.5)),
    ):
        thread = threading.Thread(target=interrupt)
        try:
            thread.start()
            wait()
            print("not interrupted")
        except KeyboardInterrupt:
            late = time.monotonic() - at
            print("late" if late > 1 else "soon")
        thread.join()
    # The workers are free again.
    add = runtime.task(lambda: 5, compile_to_c=False)
    runtime.shutdown(timeout=20)
    print("ended")
"""


def test_interrupt_stops_the_compiled_work_that_is_waited_for(script):
    if not stoppable("compiled"):
        pytest.skip(needs_stopping)
    assert script(INTERRUPTED).stdout.split() == ["soon"] * 3 + ["ended"]


def test_runtime_with_cancelled_work_ends(make_on, running):
    runtime = Runtime(workers=1)
    result = running(make_on(runtime, endless), 0.5)
    result.cancel()
    runtime.shutdown(timeout=PATIENCE)
    assert result.cancelled()
