"""submit_each: as submit in a loop, for compiled and for Python tasks."""

from __future__ import annotations

import numpy as np
import pytest

from catzilla_jit import Runtime, gather
from catzilla_jit.errors import QueueFull, TaskCancelled, TaskTimeout
from support.gates import hold
from support.kernels import PATIENCE, add, base_task, count, refuse, spin
from support.unruly import stoppable


def test_results_come_in_the_order_of_the_elements(make):
    results = make(count).submit_each(range(3000))
    assert gather(results, timeout=PATIENCE) == list(range(1, 3001))


@pytest.mark.parametrize("column", [list, tuple, iter, np.array])
def test_columns_are_any_iterables(make, column):
    assert gather(make(add).submit_each(column([1.0, 2.0]), b=[3, 4.0]), timeout=PATIENCE) == [
        4.0,
        6.0,
    ]


def test_no_elements_are_no_calls(make):
    assert make(add).submit_each([], []) == []


def test_what_is_left_out_has_its_default(make):
    assert gather(make(add).submit_each([1.0, 2.0]), timeout=PATIENCE) == [1.5, 2.5]


def test_elements_may_be_results(make):
    task = make(count)
    chained = task.submit_each([1, task.submit(1), *task.submit_each([2])])
    assert gather(chained, timeout=PATIENCE) == [2, 3, 4]


def test_each_fails_and_is_cancelled_by_itself(make, gate):
    held = [gate.hold(make(hold)) for _ in range(2)]
    results = make(refuse).submit_each([1, -1, 2])
    assert results[2].cancel()
    gate.open()
    values = gather(results, timeout=PATIENCE, return_exceptions=True)
    assert isinstance(values[1], ValueError)
    assert isinstance(values[2], TaskCancelled)
    assert results[0].exception(timeout=PATIENCE) is None
    gather(held)


@pytest.fixture
def stopping(kind):
    if not stoppable(kind):
        pytest.skip("compiled code cannot be stopped on this pool")


def test_limits_apply_to_each(make, stopping):
    values = gather(
        make(spin, timeout_ms=50).submit_each([10**9, 1]),
        timeout=PATIENCE,
        return_exceptions=True,
    )
    assert isinstance(values[0], TaskTimeout)
    assert values[1] == spin(1)


def test_stopping_one_lets_those_behind_it_run(make, stopping):
    task = make(spin)
    gather(task.submit_each([1] * 200), timeout=PATIENCE)  # from here on they are taken together
    results = task.submit_each([1, 1, 10**9, *[1] * 300])
    results[1].result(timeout=PATIENCE)
    assert results[2].cancel()
    values = gather(results, timeout=PATIENCE, return_exceptions=True)
    assert isinstance(values.pop(2), TaskCancelled)
    assert values == [spin(1)] * 302


def test_statistics_count_each(make, runtime):
    gather(make(count, name="counted").submit_each(range(100)), timeout=PATIENCE)
    assert runtime.stats().total_tasks_processed == 100


@pytest.mark.parametrize(
    ("error", "match", "columns"),
    [
        (TypeError, "add: missing", ()),
        (TypeError, "add: argument 'b' must be an iterable .* not 1.0", ([1.0], 1.0)),
        (TypeError, "add: argument 'a' must be an iterable .* not 'ab'", ("ab", [1.0, 2.0])),
        (ValueError, "add: argument 'b' has 1 elements, 'a' has 2", ([1.0, 2.0], [1.0])),
    ],
)
def test_columns_that_are_none_are_refused(make, error, match, columns):
    with pytest.raises(error, match=match):
        make(add).submit_each(*columns)


@pytest.mark.parametrize("options", [{}, {"max_retries": 1}])
def test_unfit_element_is_named_and_nothing_is_queued(single, gate, options):
    held = gate.hold(single.task(base_task(hold, "compiled")))
    task = single.task(base_task(add, "compiled"), **options)
    with pytest.raises(TypeError, match="task add: element 1: argument 'b' must be float"):
        task.submit_each([1.0, 2.0, 3.0], [1.0, "2.0", None])
    assert sum(single.start().depths()) == 0
    gate.open()
    held.result()


def test_full_queue_tells_what_was_queued(make_on, gate):
    with Runtime(workers=1, queue_size=4, when_full="raise", enable_auto_scaling=False) as runtime:
        held = gate.hold(make_on(runtime, hold))
        task = make_on(runtime, count)
        for i in range(4):
            task.submit(i)
        with pytest.raises(QueueFull) as raised:
            task.submit_each(range(10))
        assert not hasattr(raised.value, "submitted")
        gate.open()
        held.result(timeout=PATIENCE)


def test_full_queue_tells_what_of_python_tasks_was_queued(gate):
    with Runtime(workers=1, queue_size=4, when_full="raise", enable_auto_scaling=False) as runtime:
        held = gate.hold(runtime.task(base_task(hold, "python")))
        with pytest.raises(QueueFull) as raised:
            runtime.task(base_task(count, "python")).submit_each(range(10))
        gate.open()
        assert gather(raised.value.submitted, timeout=PATIENCE) == [1, 2, 3, 4]
        held.result(timeout=PATIENCE)


def test_full_queue_is_waited_for(make_on, gate):
    with Runtime(workers=1, queue_size=1, enable_auto_scaling=False) as runtime:
        assert gather(make_on(runtime, count).submit_each(range(50)), timeout=PATIENCE)[-1] == 50
