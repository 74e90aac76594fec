"""Results as arguments: what waits for what, and what failure and cancelling do to it."""

from __future__ import annotations

import pytest

from catzilla_jit import Runtime, TaskStatus, chain, group
from catzilla_jit.errors import TaskCancelled
from support.gates import hold, note
from support.kernels import PATIENCE, add, count, root
from support.unruly import Failures, flaky, until


def test_result_as_argument_is_replaced_by_its_value(make):
    task = make(add)
    assert task.submit(task.submit(1.0, 1.0), 1.0).result(PATIENCE) == 3.0
    assert task.submit(1.0, b=task.submit(1.0, 1.0)).result(PATIENCE) == 3.0
    first = task.submit(1.0, 1.0)
    assert task.submit(first, first).result(PATIENCE) == 4.0


def test_submission_does_not_block(make_on, single, gate):
    held = gate.hold(make_on(single, hold), 4)
    result = make_on(single, count).submit(held)
    assert not result.done()
    assert result.status() is TaskStatus.PENDING
    gate.open()
    assert result.result(PATIENCE) == 5


def test_then_chains(make):
    task = make(add)
    result = task.submit(1.0, 1.0).then(task, 2.0).then(task, 3.0)
    assert result.result(PATIENCE) == 7.0


def test_a_long_chain(make):
    task = make(count)
    result = task.submit(0)
    for _ in range(300):
        result = task.submit(result)
    assert result.result(PATIENCE) == 301


def test_failure_is_the_dependants_with_its_cause(make):
    failed = make(root).submit(-1.0)
    dependant = make(add).submit(failed, 1.0)
    error = dependant.exception(PATIENCE)
    assert isinstance(error, ValueError)
    assert error.args == ("no root", -1.0)
    assert isinstance(error.__cause__, ValueError)
    assert dependant.status() is TaskStatus.FAILED


def test_failure_comes_through_a_chain(make):
    result = make(root).submit(-1.0)
    for _ in range(5):
        result = result.then(make(add), 1.0)
    assert isinstance(result.exception(PATIENCE), ValueError)


def test_dependant_of_a_failure_never_runs(make, runtime, notes):
    failed = runtime.task(lambda: 1 // 0, compile_to_c=False).submit()
    result = runtime.task(lambda _: notes.submit(note, 1), compile_to_c=False).submit(failed)
    assert isinstance(result.exception(PATIENCE), ZeroDivisionError)


def test_cancelled_dependency_cancels_the_dependants(make_on, single, gate):
    held = gate.hold(make_on(single, hold))
    first = make_on(single, add).submit(1.0)
    dependant = make_on(single, add).submit(first, 1.0)
    next_one = dependant.then(make_on(single, add))
    first.cancel()
    for result in (dependant, next_one):
        with pytest.raises(TaskCancelled, match="add was cancelled"):
            result.result(PATIENCE)
        assert result.cancelled()
    gate.open()
    held.result(PATIENCE)


def test_dependant_of_a_task_that_raised_taskcancelled_has_failed(runtime):
    def give_up():
        raise TaskCancelled("my own")

    failed = runtime.task(give_up, compile_to_c=False).submit()
    dependant = failed.then(runtime.task(add, compile_to_c=False))
    assert isinstance(dependant.exception(PATIENCE), TaskCancelled)
    assert dependant.status() is TaskStatus.FAILED


def test_what_cancel_pending_cancels_takes_its_dependants_along(make_on, gate):
    runtime = Runtime(workers=1, enable_auto_scaling=False)
    gate.hold(make_on(runtime, hold))
    dependant = make_on(runtime, add).submit(make_on(runtime, add).submit(1.0), 1.0)
    runtime.shutdown(wait=False, cancel_pending=True)
    gate.open()
    runtime.shutdown(timeout=PATIENCE)
    assert dependant.cancelled()


def test_cancelled_step_cancels_chain_and_group(make_on, single, gate):
    gate.hold(make_on(single, hold))
    task = make_on(single, add)
    steps = []

    class Noting:
        name = "noting"

        def bind(self):
            return task.bind()

        def submit(self, *args):
            steps.append(task.submit(*args))
            return steps[-1]

    flows = [chain(Noting(), task).submit(1.0), group(Noting(), task).submit(1.0)]
    for step in steps:
        step.cancel()
    for flow in flows:
        with pytest.raises(TaskCancelled):
            flow.result(PATIENCE)
        assert flow.cancelled()


def test_cancelled_dependant_leaves_the_dependency_alone(make_on, single, gate):
    held = gate.hold(make_on(single, hold), 4)
    dependant = make_on(single, count).submit(held)
    assert dependant.cancel()
    with pytest.raises(TaskCancelled):
        dependant.result(PATIENCE)
    gate.open()
    assert held.result(PATIENCE) == 4


def test_dependency_that_is_retried(make):
    failures = Failures()
    failures.set(2)
    first = make(flaky, max_retries=2, retry_delay_ms=1).submit(*failures.arguments(6))
    assert make(count).submit(first).result(PATIENCE) == 7
    failures.close()


def test_dependant_with_options_of_its_own(make):
    first = make(count, delay_ms=5).submit(0)
    task = make(count, delay_ms=5, timeout_ms=60_000, max_retries=1)
    assert task.submit(first).result(PATIENCE) == 2


def test_dependency_of_another_runtime(make, make_on):
    with Runtime(workers=1) as other:
        assert make(count).submit(make_on(other, count).submit(1)).result(PATIENCE) == 3


def test_compiled_and_python_tasks_mix(runtime):
    from support.kernels import base_task

    compiled = runtime.task(base_task(count, "compiled"))
    python = runtime.task(count, compile_to_c=False)
    assert compiled.submit(python.submit(compiled.submit(1))).result(PATIENCE) == 4


def test_many_dependants_of_one(make, gate):
    held = gate.hold(make(hold), 1)
    results = [make(add).submit(held, float(i)) for i in range(500)]
    gate.open()
    assert [result.result(PATIENCE) for result in results] == [i + 1.0 for i in range(500)]


def test_dependants_still_run_at_shutdown(make_on, gate):
    runtime = Runtime(workers=1)
    held = gate.hold(make_on(runtime, hold), 1)
    task = make_on(runtime, count)
    last = task.options(delay_ms=5).submit(task.submit(task.submit(held)))
    runtime.shutdown(wait=False)
    gate.open()
    runtime.shutdown(timeout=PATIENCE)
    assert last.result(0) == 4


def test_task_may_wait_for_a_dependant_with_one_worker(single):
    child = single.task(count, compile_to_c=False)

    def parent():
        return child.submit(child.submit(child.submit(0))).result()

    assert single.task(parent, compile_to_c=False).submit().result(PATIENCE) == 3


def test_dropped_results_of_a_chain(make, notes):
    task = make(add)
    result = task.submit(1.0, 1.0)
    until(result.done)
    notes.submit(make(note), 3)
    assert notes.take(1) == [3]
    assert result.then(task, 1.0).then(task, 1.0).result(PATIENCE) == 4.0
