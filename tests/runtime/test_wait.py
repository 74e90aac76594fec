"""wait(): the sets that concurrent.futures.wait returns."""

from __future__ import annotations

import pytest

from catzilla_jit import wait
from support.gates import hold
from support.kernels import PATIENCE, count, refuse


def test_waiting_for_all_leaves_nothing(make):
    results = [make(count).submit(i) for i in range(100)]
    done, not_done = wait(results, PATIENCE)
    assert done == set(results)
    assert not_done == set()


def test_nothing_to_wait_for_is_done_at_once():
    for condition in ("ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"):
        assert wait([], return_when=condition) == (set(), set())


def test_first_completed_returns_with_one_while_the_others_run(make, gate):
    held = gate.hold(make(hold), 1)
    quick = make(count).submit(1)
    outcome = wait([held, quick], PATIENCE, return_when="FIRST_COMPLETED")
    assert outcome.done == {quick}
    assert outcome.not_done == {held}


def test_first_completed_takes_what_has_ended_before(make, gate):
    held, ended = gate.hold(make(hold)), make(count).submit(1)
    ended.result()
    assert wait([held, ended], return_when="FIRST_COMPLETED").done == {ended}


def test_first_exception_returns_with_the_failed_one(make, gate):
    held = gate.hold(make(hold))
    good, bad = make(count).submit(1), make(refuse).submit(-1)
    done, not_done = wait([held, good, bad], PATIENCE, return_when="FIRST_EXCEPTION")
    assert bad in done
    assert held in not_done


def test_first_exception_without_one_waits_for_all(make):
    results = [make(count).submit(i) for i in range(10)]
    assert wait(results, PATIENCE, return_when="FIRST_EXCEPTION").done == set(results)


def test_cancelled_is_done_but_no_exception(make, gate):
    held = [gate.hold(make(hold)) for _ in range(2)]
    queued = make(count).submit(1)
    queued.cancel()
    done, not_done = wait([*held, queued], 0.05, return_when="FIRST_EXCEPTION")
    assert done == {queued}
    assert not_done == set(held)


def test_timeout_returns_the_state_of_things(make, gate):
    held, quick = gate.hold(make(hold)), make(count).submit(1)
    quick.result()
    for condition in ("ALL_COMPLETED", "FIRST_EXCEPTION"):
        assert wait([held, quick], 0.01, condition) == ({quick}, {held})
    assert wait([held], 0, "FIRST_COMPLETED") == (set(), {held})


def test_abandoned_waits_leave_no_callbacks_behind(make, gate, runtime):
    held = gate.hold(make(hold))
    for _ in range(10):
        wait([held], 0, "FIRST_COMPLETED")
    assert runtime.start().dispatcher._watched.get(held, []) == []


def test_duplicates_count_once(make):
    result = make(count).submit(1)
    assert wait([result, result]).done == {result}


def test_a_batch_is_waited_for_with_the_others(make):
    batch, result = make(count).submit_map([1, 2, 3]), make(count).submit(1)
    assert wait([batch, result], PATIENCE).done == {batch, result}


def test_what_is_no_result_is_refused(make):
    with pytest.raises(TypeError, match="TaskResult"):
        wait([1])
    with pytest.raises(TypeError, match="several"):
        wait(make(count).submit(1))
    with pytest.raises(ValueError, match="return_when"):
        wait([], return_when="SOME")


def test_ten_thousand_at_once(make):
    task = make(count)
    results = [task.submit(i) for i in range(10_000)]
    assert len(wait(results, PATIENCE, return_when="FIRST_EXCEPTION").done) == 10_000
