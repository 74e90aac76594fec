"""A bounded queue, and the three things that a submission can do when it is full."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest

from catzilla_jit import Runtime
from catzilla_jit.errors import QueueFull, RuntimeClosed
from support.gates import hold, note
from support.kernels import PATIENCE, add, base_task


@pytest.fixture
def small(make_on, gate):
    """small(policy) -> a runtime with one worker at the gate and a full queue of two."""
    runtimes, results = [], []

    def small(policy):
        runtime = Runtime(enable_auto_scaling=False, workers=1, queue_size=2, when_full=policy)
        runtimes.append(runtime)
        results.append(gate.hold(make_on(runtime, hold)))
        results.extend(make_on(runtime, add).submit(1.0, float(i)) for i in range(2))
        return runtime

    yield small
    gate.open()
    for result in results:
        result.result(PATIENCE)
    for runtime in runtimes:
        runtime.shutdown(timeout=PATIENCE)


def test_raise_raises_queue_full(small, make_on):
    task = make_on(small("raise"), add)
    with pytest.raises(QueueFull, match="add"):
        task.submit(1.0, 1.0)
    with pytest.raises(queue.Full):
        task.submit(1.0, 1.0)


def test_levels_have_queues_of_their_own(small, make_on, notes):
    task = make_on(small("raise"), note)
    result = notes.submit(task.options(priority="high"), 1)
    with pytest.raises(QueueFull):
        notes.submit(task, 2)
    assert not result.done()


def test_caller_runs_the_task_itself(small, make_on, notes):
    result = notes.submit(make_on(small("caller"), note), 3)
    assert result.done()
    assert notes.take(1) == [3]


def test_caller_policy_keeps_exceptions_in_the_result(small):
    runtime = small("caller")
    task = runtime.task(lambda: [].pop(), compile_to_c=False)
    results = [task.submit() for _ in range(3)]
    assert isinstance(results[-1].exception(PATIENCE) if results[-1].done() else IndexError(),
                      IndexError)  # fmt: skip


def test_wait_waits_for_room(small, make_on, gate):
    runtime = small("wait")
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(make_on(runtime, add).submit(20.0, 1.0).result(PATIENCE))
    )
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    assert answers == []
    gate.open()
    thread.join(PATIENCE)
    assert answers == [21.0]


def test_shutdown_wakes_a_submission_that_waits_for_room(small, make_on, gate):
    runtime = small("wait")
    refused = []

    def submit():
        try:
            make_on(runtime, add).submit(1.0, 1.0)
        except RuntimeClosed as error:
            refused.append(error)

    thread = threading.Thread(target=submit)
    thread.start()
    thread.join(0.1)
    runtime.shutdown(wait=False)
    thread.join(PATIENCE)
    assert len(refused) == 1


def test_map_raises_when_the_queue_is_full(small, make_on):
    task = make_on(small("raise"), add)
    with pytest.raises(QueueFull):
        task.map(np.zeros(10), 1.0)


def test_map_waits_for_room(small, make_on, gate):
    task = make_on(small("wait"), add)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(task.map(np.zeros(10), 1.0)))
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    gate.open()
    thread.join(PATIENCE)
    assert answers[0].tolist() == [1.0] * 10


@pytest.mark.parametrize("policy", ["wait", "caller"])
def test_more_tasks_than_room_all_run(make_on, policy):
    with Runtime(workers=2, queue_size=3, when_full=policy) as runtime:
        task = make_on(runtime, add)
        results = [task.submit(float(i), 1.0) for i in range(2000)]
        assert [result.result(PATIENCE) for result in results] == [i + 1.0 for i in range(2000)]


@pytest.mark.parametrize("policy", ["wait", "caller"])
def test_task_that_submits_into_a_full_queue_does_not_deadlock(policy):
    with Runtime(enable_auto_scaling=False, workers=1, queue_size=1, when_full=policy) as runtime:
        child = runtime.task(base_task(add, "python"))

        def parent():
            return sum(result.result() for result in [child.submit(1.0, 1.0) for _ in range(50)])

        assert runtime.task(parent, compile_to_c=False).submit().result(PATIENCE) == 100.0
