"""Time limits: timeout_ms counts one run, ends it if that is possible, and its waiters always."""

from __future__ import annotations

import statistics
import time
import weakref

import pytest

from catzilla_jit import Runtime, TaskStatus
from catzilla_jit.errors import CatzillaError, TaskCancelled, TaskTimeout
from support.gates import hold
from support.kernels import PATIENCE, add, patience
from support.unruly import endless, stoppable, talkative, until

needs_stopping = "compiled code cannot be stopped on this pool"


def elapsed(result):
    return result.execution_time_ms * 1e-3


def test_endless_loop_ends_at_its_limit(make, kind):
    if not stoppable(kind):
        pytest.skip(needs_stopping)
    task = make(endless, timeout_ms=20)
    late = []
    for _ in range(7):
        start = time.monotonic()
        with pytest.raises(TaskTimeout, match="endless"):
            task.submit(0.5).result(PATIENCE)
        late.append(time.monotonic() - start - 0.02)
    assert min(late) > -0.001
    assert statistics.median(late) < 0.05  # 10 ms on a machine with nothing else to do


def test_timeout_is_a_failure_of_the_library(make, kind):
    if not stoppable(kind):
        pytest.skip(needs_stopping)
    result = make(endless, timeout_ms=5).submit(0.5)
    error = result.exception(PATIENCE)
    assert isinstance(error, TaskTimeout)
    assert isinstance(error, TimeoutError)
    assert isinstance(error, CatzillaError)
    assert result.status() is TaskStatus.FAILED
    assert not result.cancelled()
    assert not result.cancel()


def test_worker_lives_on_after_timeouts(make_on, single, kind):
    if not stoppable(kind):
        pytest.skip(needs_stopping)
    unruly, tame = make_on(single, endless, timeout_ms=2), make_on(single, add)
    for i in range(30):
        result = unruly.submit(0.5)
        assert tame.submit(float(i), 1.0).result(PATIENCE) == i + 1.0
        assert isinstance(result.exception(PATIENCE), TaskTimeout)
    assert single.workers == 1


def test_both_workers_live_on_after_timeouts(make, kind, gate):
    if not stoppable(kind):
        pytest.skip(needs_stopping)
    results = [make(endless, timeout_ms=2).submit(0.5) for _ in range(20)]
    assert all(isinstance(result.exception(PATIENCE), TaskTimeout) for result in results)
    held = [gate.submit(make(hold), i) for i in range(2)]
    gate.entered()
    gate.entered()  # at the same time
    gate.open()
    assert [result.result(PATIENCE) for result in held] == [0, 1]


def test_task_within_its_limit_is_left_alone(make):
    task = make(add, timeout_ms=60_000)
    results = [task.submit(float(i), 1.0) for i in range(200)]
    assert [result.result(PATIENCE) for result in results] == [i + 1.0 for i in range(200)]


def test_limit_counts_the_run_and_not_the_time_in_the_queue(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    waiting = make_on(single, add, timeout_ms=10_000).submit(1.0)
    hurried = make_on(single, add, timeout_ms=50).submit(1.0)
    with pytest.raises(TimeoutError):
        hurried.result(0.1)
    assert hurried.status() is TaskStatus.PENDING
    gate.open()
    held.result(PATIENCE)
    assert waiting.result(PATIENCE) == hurried.result(PATIENCE) == 1.5


def test_own_timeout_error_is_not_task_timeout(make):
    result = make(patience, timeout_ms=60_000).submit(-1)
    error = result.exception(PATIENCE)
    assert type(error) is TimeoutError
    assert error.args == ("the task's own",)


def test_waiters_timeout_is_not_task_timeout_and_the_task_goes_on(make, gate):
    result = gate.hold(make(hold, timeout_ms=60_000), 4)
    with pytest.raises(TimeoutError) as caught:
        result.result(0.01)
    assert not isinstance(caught.value, TaskTimeout)
    gate.open()
    assert result.result(PATIENCE) == 4


def test_waiter_of_a_python_task_that_blocks_gets_its_timeout_at_once(single, gate):
    # read() in hold() cannot be interrupted before it returns.
    task = single.task(hold, compile_to_c=False, timeout_ms=20)
    start = time.monotonic()
    result = gate.hold(task, 4)
    with pytest.raises(TaskTimeout):
        result.result(PATIENCE)
    assert time.monotonic() - start < 5
    after = single.task(add, compile_to_c=False).submit(1.0)
    assert after.status() is TaskStatus.PENDING  # its only worker is busy
    gate.open()
    assert after.result(PATIENCE) == 1.5
    assert isinstance(result.exception(), TaskTimeout)


def test_waiter_of_code_that_cannot_be_stopped_gets_its_timeout_at_once(make_on, single, kind):
    task = make_on(single, talkative, timeout_ms=5)
    start = time.monotonic()
    result = task.submit(0.5)
    with pytest.raises(TaskTimeout):
        result.result(PATIENCE)
    waited = time.monotonic() - start
    assert make_on(single, add).submit(1.0).result(PATIENCE) == 1.5
    assert waited < 0.2 or waited < time.monotonic() - start
    assert isinstance(result.exception(), TaskTimeout)


def test_code_that_cannot_be_stopped_says_so():
    from support.kernels import base_task

    assert not base_task(talkative, "compiled").explain().interruptible
    assert base_task(endless, "compiled").explain().interruptible


def test_python_task_can_clean_up(runtime, gate):
    cleaned = []

    def task(x):
        try:
            return endless(x)
        finally:
            cleaned.append(x)
            gate.open()

    result = runtime.task(task, compile_to_c=False, timeout_ms=10).submit(0.5)
    assert isinstance(result.exception(PATIENCE), TaskTimeout)
    runtime.shutdown(timeout=PATIENCE)
    assert cleaned == [0.5]


def test_late_interrupt_does_not_hit_the_next_task(single):
    """Tasks that end at about their limit, one behind the other on one thread."""

    def brief(seconds):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            pass
        return seconds

    limited = single.task(brief, compile_to_c=False, timeout_ms=2)
    tame = single.task(brief, compile_to_c=False)
    for _ in range(150):
        first, second = limited.submit(0.002), tame.submit(0.0001)
        try:
            assert first.result(PATIENCE) == 0.002
        except TaskTimeout:
            assert first.status() is TaskStatus.FAILED
        assert second.result(PATIENCE) == 0.0001


def test_interrupt_of_a_waiting_task_does_not_hit_the_one_that_it_helps_with(single):
    def child(n):
        total = 0
        for i in range(n):
            total += i
        return total

    child_task = single.task(child, compile_to_c=False)
    children = []

    def parent():
        while True:
            children.append(child_task.submit(20_000))
            children[-1].result()

    parent_task = single.task(parent, compile_to_c=False, timeout_ms=30)
    for _ in range(5):
        assert isinstance(parent_task.submit().exception(PATIENCE), TaskTimeout)
    # It is cancelled, as what a stopped task waits for is, or has ended by itself.
    errors = [result.exception(PATIENCE) for result in children if not result.cancelled()]
    assert errors == [None] * len(errors)
    assert len(errors) >= len(children) - 5


def test_task_that_waits_is_stopped_too(runtime, gate):
    blocked = runtime.task(hold, compile_to_c=False)
    inner = gate.hold(blocked, 3)
    parent = runtime.task(lambda: inner.result(), compile_to_c=False, timeout_ms=20)
    result = parent.submit()
    assert isinstance(result.exception(PATIENCE), TaskTimeout)
    # Its worker is free again although what it waited for still runs.
    assert runtime.task(add, compile_to_c=False).submit(1.0).result(PATIENCE) == 1.5
    gate.open()
    assert inner.result(PATIENCE) == 3


def test_limit_and_delay_together(make, kind):
    if not stoppable(kind):
        pytest.skip(needs_stopping)
    result = make(endless, timeout_ms=5, delay_ms=5).submit(0.5)
    assert isinstance(result.exception(PATIENCE), TaskTimeout)


def test_many_limits_at_once(make, kind):
    task = make(add, timeout_ms=30_000)
    results = [task.submit(float(i), 1.0) for i in range(3000)]
    assert sum(result.result(PATIENCE) for result in results) == sum(range(3000)) + 3000


def test_timeouts_and_cancels_race(make, kind):
    if not stoppable(kind):
        pytest.skip(needs_stopping)
    task = make(endless, timeout_ms=1)
    for _ in range(100):
        result = task.submit(0.5)
        result.cancel()
        with pytest.raises((TaskTimeout, TaskCancelled)):
            result.result(PATIENCE)
        assert result.status() in (TaskStatus.FAILED, TaskStatus.CANCELLED)


def test_shutdown_waits_for_a_limited_endless_task(make_on, kind):
    if not stoppable(kind):
        pytest.skip(needs_stopping)
    with Runtime(workers=1) as runtime:
        result = make_on(runtime, endless, timeout_ms=20).submit(0.5)
    assert isinstance(result.exception(0), TaskTimeout)


class Payload:
    """What a weak reference can point to."""


def test_time_limit_of_an_ended_task_keeps_nothing_alive(runtime):
    task = runtime.task(lambda: Payload(), compile_to_c=False, timeout_ms=3_600_000)
    value = weakref.ref(task.submit().result(PATIENCE))
    until(lambda: value() is None)


def test_delay_of_a_cancelled_task_keeps_nothing_alive(runtime):
    payload = Payload()
    result = runtime.task(lambda _: None, compile_to_c=False, delay_ms=3_600_000).submit(payload)
    payload = weakref.ref(payload)
    assert result.cancel()
    del result
    until(lambda: payload() is None)


@pytest.mark.parametrize("options", [{"timeout_ms": 50_000}, {"max_retries": 1, "delay_ms": 1}])
def test_what_fails_while_it_is_given_its_limit_is_not_queued(make, runtime, monkeypatch, options):
    task = make(add, timeout_ms=50_000).options(**options)
    assert task.submit(1.0, 2.0).result(PATIENCE) == 3.0
    backend = runtime.start()
    govern = backend.govern

    def fail_late(*arguments, **named):
        govern(*arguments, **named)
        raise MemoryError("for the test")

    with monkeypatch.context() as patch:
        patch.setattr(backend, "govern", fail_late)
        for _ in range(100):
            with pytest.raises(MemoryError, match="for the test"):
                task.submit(1.0, 2.0)
    assert [task.submit(float(i), 2.0).result(PATIENCE) for i in range(100)] == [
        i + 2.0 for i in range(100)
    ]
    runtime.shutdown(timeout=PATIENCE)
