"""A BatchResult is a result: callbacks, await, futures, and what waits for several of them."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import gc
import queue
import weakref

import numpy as np
import pytest

from catzilla_jit import Runtime, TaskStatus, as_completed, gather, wait
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from support.gates import ROOM, hold
from support.kernels import PATIENCE, add, refuse
from support.unruly import until


def hold_map(gate, task, items=1):
    """Submit a map whose first item runs, and waits for the gate."""
    gate._inside += items
    batch = task.submit_map(gate._start, gate._opened, ROOM, np.arange(items))
    gate.entered()
    return batch


def blocked(make_on, runtime, gate):
    """Return a map that is queued behind a task that holds the only worker."""
    gate.hold(make_on(runtime, hold))
    return make_on(runtime, add).submit_map([1.0, 2.0])


def run(coroutine):
    async def limited():
        return await asyncio.wait_for(coroutine, PATIENCE)

    return asyncio.run(limited())


async def value_of(result):
    return await result


def test_callbacks_get_the_batch_and_its_array(make, gate):
    called = queue.SimpleQueue()
    batch = hold_map(gate, make(hold))
    assert batch.add_done_callback(called.put).on_success(called.put) is batch
    batch.on_error(called.put)
    assert called.empty()
    gate.open()
    assert called.get(timeout=PATIENCE) is batch
    assert called.get(timeout=PATIENCE).tolist() == [0]
    assert batch.status() is TaskStatus.COMPLETED
    assert called.empty()


def test_callback_of_a_batch_that_has_ended_runs_too(make):
    called = queue.SimpleQueue()
    batch = make(add).submit_map([1.0])
    batch.wait(PATIENCE)
    batch.add_done_callback(called.put)
    assert called.get(timeout=PATIENCE) is batch


def test_callback_of_an_empty_batch_runs(make):
    called = queue.SimpleQueue()
    make(add).submit_map(np.array([])).on_success(called.put)
    assert called.get(timeout=PATIENCE).tolist() == []


def test_failure_reaches_on_error_and_exception(make):
    called = queue.SimpleQueue()
    batch = make(refuse).submit_map([1, -2, 3]).on_error(called.put)
    error = called.get(timeout=PATIENCE)
    assert isinstance(error, ValueError)
    assert "negative -2" in str(error)
    assert isinstance(batch.exception(PATIENCE), ValueError)
    assert make(refuse).submit_map([1, 2]).exception(PATIENCE) is None


def test_cancel_reaches_on_error(make_on, single, gate):
    called = queue.SimpleQueue()
    batch = blocked(make_on, single, gate).on_error(called.put)
    assert not batch.running()
    assert not batch.cancelled()
    assert batch.cancel()
    assert isinstance(called.get(timeout=PATIENCE), TaskCancelled)
    assert batch.cancelled()
    with pytest.raises(TaskCancelled):
        batch.exception(PATIENCE)


def test_time_limit_reaches_on_error(make_on, single, gate):
    called = queue.SimpleQueue()
    gate.hold(make_on(single, hold))
    batch = make_on(single, add, timeout_ms=20).submit_map([1.0]).on_error(called.put)
    assert isinstance(called.get(timeout=PATIENCE), TaskTimeout)
    assert isinstance(batch.exception(PATIENCE), TaskTimeout)
    assert batch.status() is TaskStatus.FAILED


def test_callback_keeps_a_dropped_batch(make, gate):
    called = queue.SimpleQueue()
    hold_map(gate, make(hold), 2).on_success(called.put)
    gc.collect()
    gate.open()
    assert called.get(timeout=PATIENCE).tolist() == [0, 1]


def test_batch_is_freed_after_its_callbacks(make):
    called = queue.SimpleQueue()
    batch = make(add).submit_map([1.0])
    batch.add_done_callback(lambda _: called.put(None))
    called.get(timeout=PATIENCE)
    batch.wait(PATIENCE)
    followed = batch.future()
    followed.result(PATIENCE)
    dropped = weakref.ref(batch)
    del batch, followed
    for _ in range(1000):
        gc.collect()
        if dropped() is None:
            break
    assert dropped() is None


def test_callbacks_run_in_the_context_of_whoever_added_them(make, gate):
    name = contextvars.ContextVar("name", default="none")
    called = queue.SimpleQueue()
    batch = hold_map(gate, make(hold))
    name.set("adder")
    batch.add_done_callback(lambda _: called.put(name.get()))
    name.set("later")
    gate.open()
    assert called.get(timeout=PATIENCE) == "adder"


def test_shutdown_waits_for_the_callbacks_of_batches(make_on, gate):
    called = []
    runtime = Runtime(workers=1)
    batch = hold_map(gate, make_on(runtime, hold)).add_done_callback(called.append)
    gate.open()
    runtime.shutdown(timeout=PATIENCE)
    assert called == [batch]


def test_cancel_pending_ends_batches_that_only_callbacks_wait_for(make_on, gate):
    called = queue.SimpleQueue()
    runtime = Runtime(workers=1, enable_auto_scaling=False)
    blocked(make_on, runtime, gate).on_error(called.put)
    runtime.shutdown(wait=False, cancel_pending=True)
    assert isinstance(called.get(timeout=PATIENCE), TaskCancelled)
    gate.open()
    runtime.shutdown(timeout=PATIENCE)


def test_await_gives_the_array(make, gate):
    async def main():
        batch = hold_map(gate, make(hold), 2)
        waiting = [asyncio.ensure_future(value_of(batch)) for _ in range(2)]
        await asyncio.sleep(0)
        assert not waiting[0].done()
        gate.open()
        first, second = await asyncio.gather(*waiting)
        assert first is second
        return first

    assert run(main()).tolist() == [0, 1]


def test_cancelling_the_coroutine_cancels_the_batch(make_on, single, gate):
    batch = blocked(make_on, single, gate)

    async def main():
        waiting = asyncio.ensure_future(value_of(batch))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(main())
    assert batch.cancelled()


def test_future_follows_the_batch(make, gate):
    batch = hold_map(gate, make(hold))
    future = batch.future()
    assert isinstance(future, concurrent.futures.Future)
    assert not future.done()
    gate.open()
    assert future.result(PATIENCE).tolist() == [0]


def test_cancelling_the_future_cancels_the_batch(make_on, single, gate):
    batch = blocked(make_on, single, gate)
    assert batch.future().cancel()
    assert batch.cancelled()


def test_batch_as_an_argument_is_waited_for(make, runtime, gate):
    total = runtime.task(lambda values, more: float(np.sum(values)) + more, compile_to_c=False)
    batch = hold_map(gate, make(hold), 3)
    direct, named = total.submit(batch, 1.0), batch.then(total, 2.0)
    keyword = total.submit(more=3.0, values=batch)
    gate.open()
    assert gather(direct, named, keyword, timeout=PATIENCE) == [4.0, 5.0, 6.0]


def test_failed_batch_fails_its_dependant(make, runtime):
    total = runtime.task(np.sum, compile_to_c=False, name="total")
    error = make(refuse).submit_map([1, -2]).then(total).exception(PATIENCE)
    assert isinstance(error, ValueError)
    assert isinstance(error.__cause__, ValueError)


def test_wait_takes_batches_with_every_condition(make, gate):
    held, result = hold_map(gate, make(hold)), make(add).submit_map([1.0])
    assert wait([held, result], PATIENCE, "FIRST_COMPLETED").done == {result}
    failed = make(refuse).submit_map([-1])
    done = wait([held, result, failed], PATIENCE, "FIRST_EXCEPTION").done
    assert failed in done
    assert held not in done
    gate.open()
    assert wait([held, result, failed], PATIENCE).not_done == set()


def test_as_completed_hands_out_batches_as_they_end(make, gate):
    held = hold_map(gate, make(hold))
    result, empty = make(add).submit(1.0), make(add).submit_map(np.array([]))
    coming = as_completed([held, result, empty, make(add).submit_map([2.0])], PATIENCE)
    first = {next(coming) for _ in range(3)}
    assert held not in first
    assert empty in first
    gate.open()
    assert list(coming) == [held]


def test_gather_raises_the_failure_of_a_batch_while_others_go_on(make, gate):
    held = hold_map(gate, make(hold))
    with pytest.raises(ValueError, match="negative"):
        gather(held, make(add).submit(1.0), make(refuse).submit_map([-1]), timeout=PATIENCE)
    assert not held.done()


def test_python_task_gathers_maps_on_the_only_worker(single):
    child = single.task(add, compile_to_c=False, name="child")

    @single.task(compile_to_c=False)
    def parent():
        maps = [child.submit_map(np.arange(50.0)) for _ in range(3)]
        assert wait(maps, PATIENCE, "FIRST_COMPLETED").done
        assert len(list(as_completed(maps, PATIENCE))) == 3
        return sum(float(array.sum()) for array in gather(*maps, timeout=PATIENCE))

    assert parent.submit().result(PATIENCE) == 3 * (np.arange(50.0) + 0.5).sum()


def test_cancelling_a_python_task_that_maps_cancels_its_map(make, single, gate):
    child, batches, left = make(hold), [], []

    def map_and_wait():
        batches.append(hold_map(gate, child, 2))
        try:
            batches[0].wait_alone()
        finally:
            left.append(True)

    parent = single.task(map_and_wait, compile_to_c=False).submit()
    until(lambda: batches)
    assert parent.cancel()
    until(lambda: left)
    gate.open()
    until(batches[0].done)  # compiled code inside of libc ends by itself
    assert batches[0].cancelled()


def test_times_are_told_at_the_end(make, gate):
    batch = hold_map(gate, make(hold))
    assert batch.queued_at is not None
    assert batch.started_at is batch.finished_at is batch.execution_time_ms is None
    gate.open()
    batch.wait(PATIENCE)
    assert batch.queued_at <= batch.started_at <= batch.finished_at
    assert batch.execution_time_ms == pytest.approx(
        (batch.finished_at - batch.started_at) * 1e3, abs=1e-3
    )


def test_runtime_finds_a_batch_by_its_id(make, runtime):
    batch = make(add).submit_map([1.0])
    assert batch.task_id.startswith("add-map-")
    assert runtime.get(batch.task_id) is batch
    assert batch.task_name == "add"


def test_a_map_can_be_asked_by_a_finalizer_of_the_same_garbage(make):
    told = []

    class Keeper:
        def __del__(self):
            told.append((self.batch.status(), self.batch.progress, self.batch.completed_range))

    batch = make(add).submit_map(np.arange(300.0), 1.0)
    batch.wait(PATIENCE)
    keeper = Keeper()  # younger than what the batch is made of: it is finalized behind that
    keeper.batch, keeper.itself = batch, keeper
    del batch, keeper
    gc.collect()
    assert told == [(TaskStatus.COMPLETED, 1.0, (0, 300))]
