"""Cancelling what has not started."""

from __future__ import annotations

import concurrent.futures

import pytest

from catzilla_jit import TaskStatus
from catzilla_jit.errors import CatzillaError, TaskCancelled
from support.gates import ROOM, hold, note
from support.kernels import add


def test_cancelled_task_never_runs(make_on, single, gate, notes):
    held = gate.hold(make_on(single, hold))
    task = make_on(single, note)
    first, second = notes.submit(task, 1), notes.submit(task, 2)
    assert first.cancel()
    assert first.cancel()  # still is
    gate.open()
    second.result()
    assert notes.take(1) == [2]
    assert first.cancelled()
    assert first.done()
    assert first.status() is TaskStatus.CANCELLED
    assert (first.started_at, first.finished_at, first.execution_time_ms) == (None, None, None)
    held.result()


def test_waiting_for_a_cancelled_task_raises_task_cancelled(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    result = make_on(single, add).submit(1.0)
    result.cancel()
    for wait in (result.result, result.wait, result.exception):
        with pytest.raises(TaskCancelled, match="add"):
            wait()
        with pytest.raises(concurrent.futures.CancelledError):
            wait()
        with pytest.raises(CatzillaError):
            wait()
    gate.open()
    held.result()


def test_ended_task_is_not_cancelled(make, gate):
    result = gate.hold(make(hold), 7)
    gate.open()
    assert result.result() == 7
    assert not result.cancel()
    assert not result.cancelled()
    assert result.status() is TaskStatus.COMPLETED


def test_cancelled_task_lets_go_of_its_arguments(single, gate):
    class Argument:
        alive = 0

        def __init__(self):
            Argument.alive += 1

        def __del__(self):
            Argument.alive -= 1

    held = gate.hold(single.task(hold, compile_to_c=False))
    result = single.task(lambda argument: None, compile_to_c=False).submit(Argument())
    assert Argument.alive == 1
    result.cancel()
    gate.open()
    held.result()
    single.shutdown()
    assert Argument.alive == 0
    assert result.cancelled()


def test_every_task_ends_in_one_state_when_cancels_race_with_runs(make):
    task = make(add)
    for _ in range(20):
        results = [task.submit(float(i), 1.0) for i in range(200)]
        answers = [result.cancel() for result in results]
        for i, (result, answer) in enumerate(zip(results, answers, strict=True)):
            try:
                assert result.result() == i + 1.0  # also one that ended before it was stopped
                assert result.status() is TaskStatus.COMPLETED
            except TaskCancelled:
                assert answer
                assert result.status() is TaskStatus.CANCELLED


def test_call_that_a_waiter_runs_keeps_its_arguments_when_the_pending_are_cancelled(single, gate):
    def child(*arguments, **keywords):
        gate_result = single_hold()
        return gate_result, arguments, keywords

    def single_hold():
        return hold(gate._start, gate._opened, ROOM, 0)

    child_task = single.task(child, compile_to_c=False)

    def parent():
        return child_task.submit([1.5] * 3, "x" * 100, key=[2.5] * 3).result()

    gate._inside += 1
    result = single.task(parent, compile_to_c=False).submit()
    gate.entered()  # the worker runs the child inside the parent; its queue entry is dead
    single.shutdown(wait=False, cancel_pending=True)
    junk = [[float(i)] * 3 for i in range(1000)]
    gate.open()
    assert result.result() == (0, ([1.5] * 3, "x" * 100), {"key": [2.5] * 3})
    assert len(junk) == 1000
