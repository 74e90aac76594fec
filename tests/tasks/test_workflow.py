"""chain() and group(): workflows that are submitted like a task."""

from __future__ import annotations

import threading

import pytest

from catzilla_jit import Chain, Group, chain, gather, group
from catzilla_jit.errors import RuntimeClosed, TaskCancelled
from catzilla_jit.pools.native import library
from support.gates import ROOM, hold
from support.kernels import PATIENCE, add, count, refuse


def test_each_task_gets_the_result_of_the_one_before(make):
    assert chain(make(add), make(add), make(add)).submit(1.0, 2.0).result(PATIENCE) == 4.0


def test_tasks_of_both_kinds_in_one_chain(runtime):
    compiled, python = (runtime.task(count, compile_to_c=mode) for mode in ("require", False))
    assert chain(compiled, python, compiled, python).submit(0).result(PATIENCE) == 4


def test_a_group_gives_the_list_of_results(make):
    assert group(make(add), make(add)).submit(1.0, b=3.0).result(PATIENCE) == [4.0, 4.0]
    assert group().submit(1.0).result(PATIENCE) == []


def test_chains_and_groups_stand_where_a_task_does(make):
    inc, total = make(count), make(count).options(compile_to_c=False, name="total")
    assert group(inc, chain(inc, inc)).submit(1).result(PATIENCE) == [2, 3]
    assert chain(inc, group(inc, chain(inc, inc))).submit(1).result(PATIENCE) == [3, 4]
    assert inc.submit(1).then(chain(inc, inc)).result(PATIENCE) == 4
    assert inc.submit(1).then(group(inc, inc)).result(PATIENCE) == [3, 3]
    assert chain(inc, total).submit(inc.submit(1)).result(PATIENCE) == 4
    assert total.name == "total"


def test_repr_shows_the_tasks(make):
    flow = chain(make(count), group(make(add), make(count)))
    assert repr(flow) == "chain(count, group(add, count))"
    assert isinstance(flow, Chain)
    assert isinstance(flow.steps[1], Group)


def test_what_is_no_task_is_refused():
    with pytest.raises(TypeError, match="at least one"):
        chain()
    with pytest.raises(TypeError, match="expected a task"):
        chain(count)
    with pytest.raises(TypeError, match="expected a task"):
        group(count)


def test_wrong_arguments_of_the_first_task_are_refused_at_once(runtime):
    task = runtime.task(count, compile_to_c="require")
    for flow in (chain(task, task), group(task, task)):
        with pytest.raises(TypeError):
            flow.submit("x")
    runtime.shutdown(timeout=PATIENCE)  # nothing is held
    with pytest.raises(RuntimeClosed):
        chain(task).submit(1)


def test_failure_keeps_its_type_and_has_the_original_as_cause(make):
    flow = chain(make(count), make(refuse), make(count))
    with pytest.raises(ValueError, match="negative") as caught:
        flow.submit(-5).result(PATIENCE)
    assert caught.value.args == ("negative -4", -4)
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.__cause__.__traceback__ is not None


def test_tasks_behind_a_failure_do_not_run(runtime):
    ran = []
    last = runtime.task(ran.append, compile_to_c=False, name="last")
    flow = chain(runtime.task(refuse, compile_to_c=False), last)
    assert isinstance(flow.submit(-1).exception(PATIENCE), ValueError)
    runtime.shutdown(timeout=PATIENCE)
    assert ran == []


def test_group_fails_with_the_first_failure_and_cancels_the_rest(runtime):
    started, ended = threading.Event(), threading.Event()

    def linger(n):
        started.set()
        try:
            while True:
                pass
        finally:
            ended.set()

    def fail(n):
        started.wait(PATIENCE)
        raise ValueError("negative", n)

    flow = group(runtime.task(linger, compile_to_c=False), runtime.task(fail, compile_to_c=False))
    with pytest.raises(ValueError, match="negative") as caught:
        flow.submit(-1).result(PATIENCE)
    assert isinstance(caught.value.__cause__, ValueError)
    assert ended.wait(PATIENCE)


def test_cancelling_a_chain_cancels_the_step_that_runs(runtime):
    started, ended = threading.Event(), threading.Event()

    def linger(n):
        started.set()
        try:
            while True:
                pass
        finally:
            ended.set()

    last = []
    flow = chain(
        runtime.task(count, compile_to_c="require"),
        runtime.task(linger, compile_to_c=False),
        runtime.task(last.append, compile_to_c=False, name="last"),
    )
    result = flow.submit(1)
    assert started.wait(PATIENCE)
    assert result.cancel()
    with pytest.raises(TaskCancelled):
        result.result(PATIENCE)
    assert ended.wait(PATIENCE)
    runtime.shutdown(timeout=PATIENCE)
    assert last == []


@pytest.mark.skipif(library.unavailable() is not None, reason="only native workers can be stopped")
def test_cancelling_a_group_cancels_its_tasks(runtime):
    def spin(n: int) -> float:
        x = 0.5
        while x < n:
            x = x * 0.999 + 0.0001
        return x

    task = runtime.task(spin, compile_to_c="require").warm_up()
    result = group(task, task, task).submit(10)
    assert result.cancel()
    runtime.shutdown(timeout=PATIENCE)  # which waits for all of them
    assert result.cancelled()


def test_a_chain_that_is_under_way_ends_although_the_runtime_closes(runtime, gate):
    held = runtime.task(hold, compile_to_c="require")
    python, compiled = (runtime.task(count, compile_to_c=mode) for mode in (False, "require"))
    flow = chain(held, python, chain(compiled, group(compiled, chain(python, compiled))))
    gate._inside += 1
    result = flow.submit(gate._start, gate._opened, ROOM, 5)
    gate.entered()
    runtime.shutdown(wait=False)
    gate.open()
    assert result.result(PATIENCE) == [8, 9]


def test_a_thousand_chains_at_once(make):
    flow = chain(make(count), group(make(count), make(count)))
    assert gather(*[flow.submit(i) for i in range(1000)], timeout=PATIENCE) == [
        [i + 2, i + 2] for i in range(1000)
    ]


@pytest.mark.skipif(library.unavailable() is not None, reason="only the native pool keeps them")
def test_statistics_count_the_tasks_and_not_the_promises(runtime):
    task = runtime.task(count, compile_to_c=False)
    chain(task, task).submit(1).result(PATIENCE)
    group(task, task).submit(task.submit(1)).result(PATIENCE)
    assert runtime.stats().total_tasks_processed == 5
