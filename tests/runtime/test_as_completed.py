"""as_completed(): results in the order in which they end."""

from __future__ import annotations

import pytest

from catzilla_jit import as_completed
from support.gates import Gate, hold
from support.kernels import PATIENCE, count, refuse


def test_order_is_that_of_the_ends(make):
    gates = Gate(), Gate()
    try:
        first, second = (gate.hold(make(hold), i) for i, gate in enumerate(gates))
        arrivals = as_completed([first, second], PATIENCE)
        gates[1].open()
        assert next(arrivals) is second
        gates[0].open()
        assert next(arrivals) is first
        assert next(arrivals, None) is None
    finally:
        for gate in gates:
            gate.close()


def test_those_that_have_ended_come_first_and_in_their_order(make, gate):
    held = gate.hold(make(hold))
    early = [make(count).submit(i) for i in range(3)]
    for result in early:
        result.result()
    arrivals = as_completed([held, *reversed(early)], PATIENCE)
    came = [next(arrivals) for _ in early]
    assert came == sorted(early, key=lambda result: result._ended_ns)
    gate.open()
    assert list(arrivals) == [held]


def test_failed_and_cancelled_ones_come_too(make, gate):
    held = [gate.hold(make(hold)) for _ in range(2)]
    queued = make(count).submit(1)
    arrivals = as_completed([queued, *held], PATIENCE)
    queued.cancel()
    assert next(arrivals) is queued
    gate.open()
    assert set(arrivals) == set(held)
    bad = make(refuse).submit(-1)
    (failed,) = as_completed([bad])
    assert isinstance(failed.exception(), ValueError)


def test_each_comes_once(make):
    result = make(count).submit(1)
    assert list(as_completed([result, result])) == [result]
    assert list(as_completed([])) == []


def test_timeout_counts_from_the_call_and_says_how_many_are_left(make, gate):
    held, quick = gate.hold(make(hold)), make(count).submit(1)
    quick.result(PATIENCE)
    arrivals = as_completed([held, quick], 0.02)
    assert next(arrivals) is quick
    with pytest.raises(TimeoutError, match="1 of 2 tasks"):
        next(arrivals)


def test_an_iterator_that_is_dropped_leaves_no_callbacks_behind(make, gate, runtime):
    held, quick = gate.hold(make(hold)), make(count).submit(1)
    arrivals = as_completed([held, quick], PATIENCE)
    next(arrivals)
    arrivals.close()
    assert runtime.start().dispatcher._watched.get(held, []) == []


def test_ten_thousand_at_once(make):
    task = make(count)
    results = [task.submit(i) for i in range(10_000)]
    assert {result.result() for result in as_completed(results, PATIENCE)} == set(range(1, 10_001))


def test_no_end_is_lost_that_comes_while_the_wait_begins(make):
    """Tasks with retries have their end dispatched anyway; here the waiter comes late."""
    task = make(count, max_retries=1)
    for _ in range(300):
        results = [task.submit(i) for i in range(10)]
        assert len(list(as_completed(results, PATIENCE))) == 10
