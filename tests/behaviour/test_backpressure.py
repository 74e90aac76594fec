"""Tiny queues and what is delayed, tried again, promised, or submitted from inside."""

from __future__ import annotations

import pytest

from catzilla_jit import Runtime
from catzilla_jit.errors import QueueFull
from support.gates import hold
from support.kernels import PATIENCE, add, base_task, count
from support.unruly import Failures, flaky

POLICIES = ["wait", "raise", "caller"]


@pytest.fixture(params=POLICIES)
def tiny(request):
    """A runtime with one worker, room for one and each policy."""
    runtime = Runtime(workers=1, queue_size=1, when_full=request.param, enable_auto_scaling=False)
    yield runtime
    runtime.shutdown(timeout=PATIENCE)


def test_delayed_tasks_wait_for_room(tiny, make_on):
    task = make_on(tiny, add, delay_ms=1)
    results = [task.submit(float(i), 1.0) for i in range(100)]
    assert [result.result(PATIENCE) for result in results] == [i + 1.0 for i in range(100)]


def test_retried_tasks_wait_for_room(tiny, make_on, gate):
    failures = Failures()
    failures.set(40)
    task = make_on(tiny, flaky, max_retries=40, retry_delay_ms=1, retry_backoff=1.0, delay_ms=0.1)
    results = [task.submit(*failures.arguments(i)) for i in range(40)]
    assert [result.result(PATIENCE) for result in results] == list(range(40))
    assert sum(result.retries for result in results) == 40
    failures.close()


def test_dependants_wait_for_room(tiny, make_on, gate):
    held = gate.hold(make_on(tiny, hold), 1)
    task = make_on(tiny, add)
    results = [task.submit(held, float(i)) for i in range(50)]
    gate.open()
    assert [result.result(PATIENCE) for result in results] == [i + 1.0 for i in range(50)]


def test_governed_submission_into_a_full_queue_raises_and_leaves_nothing(make_on, gate):
    with Runtime(workers=1, queue_size=1, when_full="raise", enable_auto_scaling=False) as runtime:
        held = gate.hold(make_on(runtime, hold))
        task = make_on(runtime, count, max_retries=2, timeout_ms=60_000)
        waiting = task.submit(1)
        for _ in range(20):
            with pytest.raises(QueueFull):
                task.submit(2)
        gate.open()
        assert (held.result(PATIENCE), waiting.result(PATIENCE)) == (0, 2)
        assert task.submit(3).result(PATIENCE) == 4


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("lane", ["compiled", "python"])
def test_task_that_submits_into_a_full_queue_does_not_deadlock(policy, lane):
    with Runtime(workers=1, queue_size=1, when_full=policy, enable_auto_scaling=False) as runtime:
        child = runtime.task(base_task(count, lane))

        def parent():
            results = []
            for i in range(100):
                try:
                    results.append((i, runtime.add_task(child, i)))
                except QueueFull:
                    assert policy == "raise"
            return all(result.result() == i + 1 for i, result in results)

        assert runtime.task(parent, compile_to_c=False).submit().result(PATIENCE)


def test_dependants_of_dependants_from_inside_a_task(tiny, make_on):
    child = make_on(tiny, count, delay_ms=0.1)

    def parent():
        result = child.submit(0)
        for _ in range(20):
            result = child.submit(result)
        return result.result()

    assert tiny.task(parent, compile_to_c=False).submit().result(PATIENCE) == 21
