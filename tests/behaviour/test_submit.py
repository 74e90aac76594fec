"""Submitting, waiting, and what a result tells."""

from __future__ import annotations

import asyncio
import itertools
import math
import threading
import time

import numpy as np
import pytest

import catzilla_jit
from catzilla_jit import Runtime, TaskResult, TaskStatus
from support import kernels
from support.gates import hold


def test_result_is_what_the_function_returns(make):
    assert make(kernels.add).submit(1.5, 2.0).result() == 3.5


def test_wait_is_result(make):
    assert make(kernels.add).submit(1.5, 2.0).wait() == 3.5


def test_call_runs_here_and_now(make):
    task = make(kernels.add)
    assert task(1.5, 2.0) == 3.5
    task.submit(1.5, 2.0).result()
    assert task(1.5, 2.0) == 3.5
    assert task(1.5, b=2.0) == 3.5
    assert task(1.5) == 2.0


def test_call_raises_as_the_function_does(make):
    task = make(kernels.root)
    task.submit(4.0).result()
    with pytest.raises(ValueError, match="no root"):
        task(-1.0)


def test_keywords_and_defaults_are_those_of_the_function(make):
    task = make(kernels.add)
    assert task.submit(1.0).result() == 1.5
    assert task.submit(b=2.0, a=1.0).result() == 3.0
    assert task.submit(1.0, b=3.0).result() == 4.0


@pytest.mark.parametrize(
    ("function", "argument", "answer"),
    [
        (kernels.count, 41, 42),
        (kernels.count, -(2**63), -(2**63) + 1),
        (kernels.flip, True, False),
        (kernels.turn, 1 + 2j, -2 + 1j),
        (kernels.turn, 2.0, 2j),
        (kernels.nothing, 1, None),
        (kernels.root, 4, 2.0),
        (kernels.root, math.inf, math.inf),
    ],
)
def test_scalars_arrive_as_python_values(make, function, argument, answer):
    result = make(function).submit(argument).result()
    assert result == answer
    assert type(result) is type(answer)


def test_nan_arrives(make):
    assert math.isnan(make(kernels.root).submit(math.nan).result())


def test_numpy_scalars_are_taken_as_numbers(make):
    assert make(kernels.add).submit(np.float64(1.5), np.int64(2)).result() == 3.5
    assert make(kernels.count).submit(np.int16(4)).result() == 5


def test_result_can_be_asked_for_twice(make):
    result = make(kernels.add).submit(1.5, 2.0)
    assert result.result() == result.result() == 3.5


def test_exception_is_none_for_a_task_that_returned(make):
    assert make(kernels.add).submit(1.5, 2.0).exception() is None


def test_status_goes_from_pending_over_running_to_completed(make_on, single, gate):
    task = make_on(single, hold)
    running = gate.hold(task, 1)
    waiting = gate.submit(task, 2)
    assert running.status() is TaskStatus.RUNNING
    assert running.running()
    assert not running.done()
    assert waiting.status() is TaskStatus.PENDING
    assert not waiting.running()
    assert not waiting.done()
    gate.open()
    assert (running.result(), waiting.result()) == (1, 2)
    assert running.status() is waiting.status() is TaskStatus.COMPLETED
    assert running.done()
    assert not running.running()
    assert not running.cancelled()


def test_status_of_a_task_that_raised_is_failed(make):
    result = make(kernels.root).submit(-1.0)
    assert isinstance(result.exception(), ValueError)
    assert result.status() is TaskStatus.FAILED
    assert result.done()


def test_task_ids_differ_and_hold_the_name(make):
    task = make(kernels.add)
    ids = {task.submit(1.0).task_id for _ in range(100)}
    assert len(ids) == 100
    assert all(id_.startswith("add") for id_ in ids)


def test_a_task_can_be_named(make):
    task = make(kernels.add, name="plus")
    assert task.name == "plus"


def test_times_are_seconds_since_the_epoch_and_in_order(make):
    before = time.time()
    result = make(kernels.spin).submit(20_000)
    result.result()
    after = time.time()
    times = [before, result.queued_at, result.started_at, result.finished_at, after]
    assert all(later - earlier > -1e-3 for earlier, later in itertools.pairwise(times))
    ran = result.finished_at - result.started_at
    assert result.execution_time_ms == pytest.approx(ran * 1e3, rel=0.05, abs=0.01)


def test_times_of_a_task_that_has_not_ended_are_none(make, gate):
    result = gate.hold(make(hold))
    assert result.finished_at is None
    assert result.execution_time_ms is None
    gate.open()
    result.result()


def test_wait_that_runs_out_raises_the_builtin_timeout_error(make, gate):
    result = gate.hold(make(hold), 5)
    for wait in (result.result, result.wait, result.exception):
        start = time.monotonic()
        with pytest.raises(TimeoutError, match="hold"):
            wait(0.02)
        assert 0.015 < time.monotonic() - start < 5
        with pytest.raises(TimeoutError):
            wait(timeout=0)
        with pytest.raises(TimeoutError):
            wait(-1.5)
    assert not result.done()
    gate.open()
    assert result.result(1e300) == 5
    assert result.result(None) == 5


@pytest.mark.parametrize(("timeout", "error"), [("soon", TypeError), (math.nan, ValueError)])
def test_timeout_that_is_no_number_is_refused(make, timeout, error):
    result = make(kernels.add).submit(1.0)
    with pytest.raises(error):
        result.result(timeout)
    assert result.result() == 1.5


def test_own_timeout_error_is_not_the_waiters(make):
    result = make(kernels.patience).submit(-1)
    with pytest.raises(TimeoutError, match="the task's own"):
        result.result(10)
    assert result.done()
    assert result.status() is TaskStatus.FAILED


def test_options_changes_one_call_and_leaves_the_task(make):
    task = make(kernels.add)
    urgent = task.options(priority="critical")
    assert urgent.submit(1.0).result() == 1.5
    assert urgent.priority is catzilla_jit.TaskPriority.CRITICAL
    assert task.priority is catzilla_jit.TaskPriority.NORMAL


def test_unknown_option_is_a_type_error(make):
    with pytest.raises(TypeError, match="colour"):
        make(kernels.add, colour="red")


def test_add_task_takes_functions_and_tasks(runtime, make):
    assert runtime.add_task(kernels.add, 1.0, b=1.0).result() == 2.0
    assert runtime.add_task(make(kernels.add), 1.0, 2.0).result() == 3.0
    assert runtime.add_task(kernels.add, 1.0, priority="low", compile_to_c=False).result() == 1.5


def test_task_result_can_be_subscripted():
    assert TaskResult[float].__origin__ is TaskResult
    assert TaskResult[float].__args__ == (float,)


def test_results_are_task_results(make):
    result = make(kernels.add).submit(1.0)
    assert isinstance(result, TaskResult)
    assert "add" in repr(result)
    result.result()
    assert "completed" in repr(result)


def test_task_that_returns_an_exception_object_has_not_failed(runtime):
    task = runtime.task(lambda: ValueError("returned"), compile_to_c=False)
    result = task.submit()
    assert isinstance(result.result(), ValueError)
    assert result.exception() is None
    assert result.status() is TaskStatus.COMPLETED


def test_tasks_run_off_the_submitting_thread(runtime):
    assert runtime.task(threading.get_ident, compile_to_c=False).submit().result() != (
        threading.get_ident()
    )


def test_compiled_tasks_of_one_runtime_run_at_the_same_time(make, gate):
    task = make(hold)
    first, second = gate.submit(task, 1), gate.submit(task, 2)
    gate.entered()
    gate.entered()
    gate.open()
    assert (first.result(), second.result()) == (1, 2)


def test_runtimes_do_not_share_workers(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    with Runtime(enable_auto_scaling=False, workers=1) as other:
        assert make_on(other, kernels.add).submit(1.0, 1.0).result() == 2.0
    gate.open()
    held.result()


def test_result_can_be_asked_for_by_many_threads(make, gate):
    result = gate.hold(make(hold), 9)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(result.result())) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.open()
    for thread in threads:
        thread.join()
    assert answers == [9] * 8


def test_many_results_read_late(make):
    task = make(kernels.count)
    results = [task.submit(i) for i in range(5000)]
    assert [result.result() for result in results] == list(range(1, 5001))


def test_event_loop_thread_can_wait_in_an_executor(make):
    async def main():
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, make(kernels.add).submit(1.0).result)

    assert asyncio.run(main()) == 1.5
