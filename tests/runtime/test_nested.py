"""Waiting inside Python tasks: a worker runs what it waits for, and nothing else."""

from __future__ import annotations

import time

import pytest

from catzilla_jit import as_completed, chain, gather, group, wait
from catzilla_jit.errors import TaskCancelled
from catzilla_jit.pools.native import library
from support.kernels import PATIENCE, count


@pytest.fixture
def plain(single):
    """Return plain(function): a Python task on the one worker."""
    return lambda function, **options: single.task(function, compile_to_c=False, **options)


def test_gather_to_a_depth_of_hundreds(plain):
    def nest(depth):
        return 0 if depth == 0 else gather(task.submit(depth - 1))[0] + 1

    task = plain(nest)
    # The pure-Python pool needs more frames for each.
    depth = 200 if library.unavailable() is None else 60
    assert task.submit(depth).result(PATIENCE) == depth


@pytest.mark.parametrize("condition", ["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"])
def test_wait_with_one_worker(plain, condition):
    def nest(depth):
        if depth:
            results = [task.submit(depth - 1), leaf.submit(depth)]
            done, _ = wait(results, return_when=condition)
            assert len(done) >= (1 if condition == "FIRST_COMPLETED" else 2)
        return depth

    task, leaf = plain(nest), plain(count)
    assert task.submit(50).result(PATIENCE) == 50


def test_first_completed_runs_one_task_and_leaves_the_others(plain):
    ran = []

    def parent():
        results = [child.submit(i) for i in range(5)]
        done, not_done = wait(results, return_when="FIRST_COMPLETED")
        return len(done), len(not_done), list(ran)

    child = plain(ran.append)
    assert plain(parent).submit().result(PATIENCE) == (1, 4, [0])


def test_as_completed_with_one_worker(plain):
    def parent():
        return [result.result() for result in as_completed([child.submit(i) for i in range(100)])]

    child = plain(count)
    assert plain(parent).submit().result(PATIENCE) == list(range(1, 101))


def test_chains_and_groups_with_one_worker(plain):
    def nest(depth):
        if depth == 0:
            return 0
        first, _ = group(chain(step, task), leaf).submit(depth).result()
        return first + 1

    task, step, leaf = plain(nest), plain(lambda depth: depth - 1), plain(count)
    assert task.submit(30).result(PATIENCE) == 30


def test_then_with_one_worker(plain):
    def parent():
        return gather(child.submit(1).then(child).then(child), child.submit(child.submit(5)))

    child = plain(count)
    assert plain(parent).submit().result(PATIENCE) == [4, 7]


def test_results_of_compiled_tasks_in_a_python_task(single, plain):
    compiled = single.task(count, compile_to_c="require")

    def parent():
        results = [compiled.submit(i) for i in range(10)]
        return gather(*results, chain(compiled, compiled).submit(1))

    assert plain(parent).submit().result(PATIENCE) == [*range(1, 11), 3]


def test_delayed_task_waits_for_its_time_also_when_a_worker_waits_for_it(plain):
    def parent():
        began = time.time()
        first = child.submit(1)
        gather(first, first.then(child))
        return first.started_at - began

    child = plain(count, delay_ms=80)
    assert plain(parent).submit().result(PATIENCE) >= 0.079


def test_retried_task_with_one_worker(plain):
    tries = []

    def flaky():
        tries.append(1)
        if len(tries) < 3:
            raise OSError("not yet")
        return len(tries)

    task = plain(flaky, max_retries=5, retry_delay_ms=1)

    def parent():
        return gather(task.submit()), task.submit().result()

    assert plain(parent).submit().result(PATIENCE) == ([3], 4)


def test_a_worker_that_waits_runs_nothing_else(plain):
    ran = []

    def parent(stranger):
        gather(child.submit(1))
        wait([child.submit(1)], return_when="FIRST_EXCEPTION")
        return list(ran)

    child = plain(count)
    task, other = plain(parent), plain(lambda: ran.append("stranger"))

    def first():
        other_result = other.submit()
        return task.submit(None).result(), other_result

    seen, other_result = plain(first).submit().result(PATIENCE)
    assert seen == []
    other_result.result(PATIENCE)
    assert ran == ["stranger"]


def test_task_that_waits_can_be_cancelled(plain, gate, single):
    from support.gates import hold

    held = gate.submit(single.task(hold, compile_to_c="require"))
    started = []

    def parent():
        started.append(1)
        gather(held)

    gate.entered()
    result = plain(parent).submit()
    while not started:
        pass
    assert result.cancel()
    with pytest.raises(TaskCancelled):
        result.result(PATIENCE)
    # The worker is free although what it waited for goes on.
    assert plain(count).submit(1).result(PATIENCE) == 2
    assert not held.done()
