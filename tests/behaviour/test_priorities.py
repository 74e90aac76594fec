"""Which task runs first. One worker, held at a gate while the queue fills."""

from __future__ import annotations

import itertools

import pytest

import catzilla_jit
from catzilla_jit import TaskPriority
from support.gates import hold, note
from support.kernels import add


@pytest.fixture
def held(make_on, single, gate):
    """The task `note` on a runtime whose only worker is at the gate."""
    result = gate.hold(make_on(single, hold))
    yield make_on(single, note)
    result.result()


def test_more_urgent_levels_run_first(held, gate, notes):
    for number, level in enumerate(["low", "normal", "high", "critical"]):
        notes.submit(held.options(priority=level), number)
    gate.open()
    order = notes.take(4)
    if held.compiled:
        order.remove(3)  # it may have a worker of its own, and ends when that one likes
        assert order == [2, 1, 0]
    else:
        assert order == [3, 2, 1, 0]


def test_level_is_first_in_first_out(held, gate, notes):
    for number in range(200):
        notes.submit(held, number)
    gate.open()
    assert notes.take(200) == list(range(200))


@pytest.mark.parametrize("low", ["normal", "low"])
def test_lower_level_gets_one_of_64_picks(held, gate, notes, low):
    notes.submit(held.options(priority=low), 255)
    notes.submit(held.options(priority=low), 255)
    for _ in range(300):
        notes.submit(held.options(priority="high"), 1)
    gate.open()
    order = notes.take(302)
    first = order.index(255)
    second = order.index(255, first + 1)
    assert 32 <= first < 64  # urgent ones do come first
    assert second - first <= 64


def test_no_level_starves_when_all_have_work(held, gate, notes):
    for level, number in (("low", 3), ("normal", 2), ("high", 1)):
        for _ in range(150):
            notes.submit(held.options(priority=level), number)
    gate.open()
    order = notes.take(450)
    busy = order[: order.index(1) + 150]  # HIGH has work in all of these
    for number in (2, 3):
        places = [-1] + [place for place, noted in enumerate(busy) if noted == number]
        assert max(b - a for a, b in itertools.pairwise(places)) <= 64


def test_critical_task_starts_although_the_worker_is_busy(single, gate, notes, make_on, kind):
    if kind == "python" or not _reserves(single):
        pytest.skip("the reserved worker serves compiled tasks on the native pool")
    held = gate.hold(make_on(single, hold))
    notes.submit(make_on(single, note, priority="critical"), 1)
    assert notes.take(1) == [1]
    gate.open()
    held.result()


def _reserves(runtime):
    return type(runtime.start()).__name__ == "NativePool"


@pytest.mark.parametrize("priority", [*TaskPriority, "high", "HIGH", "Low"])
def test_priority_is_a_member_or_its_name(make, priority):
    task = make(add, priority=priority)
    assert task.priority in TaskPriority
    assert task.submit(1.0).result() == 1.5
    assert make(add).options(priority=priority).submit(1.0).result() == 1.5


@pytest.mark.parametrize("priority", [0, 1, 2.0, True, None])
def test_priority_that_is_no_name_is_a_type_error(make, runtime, priority):
    with pytest.raises(TypeError, match="add: priority must be"):
        make(add, priority=priority)
    with pytest.raises(TypeError, match="priority"):
        catzilla_jit.task(priority=priority)(add)
    if priority is not None:
        with pytest.raises(TypeError, match="priority"):
            runtime.add_task(add, 1.0, priority=priority)
        with pytest.raises(TypeError, match="priority"):
            make(add).submit_map([1.0], 2.0, priority=priority)


def test_unknown_priority_is_a_value_error(make, runtime):
    for refused in (
        lambda: make(add, priority="urgent"),
        lambda: make(add).options(priority=""),
        lambda: runtime.add_task(add, 1.0, priority="urgent"),
        lambda: make(add).map([1.0], 2.0, priority="urgent"),
    ):
        with pytest.raises(ValueError, match=r"add.*priority must be .*'critical'"):
            refused()
    assert sum(runtime.start().depths()) == 0
