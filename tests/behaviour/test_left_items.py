"""Items of a compiled map that compiled code has no answer to: a Python worker computes them.

That nobody else does is told by the processor time of the thread that asks.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
import time

import numpy as np
import pytest

from catzilla_jit import Runtime, TaskStatus, as_completed
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from catzilla_jit.pools.native import library
from catzilla_jit.runtime.left_items import LeftItems
from support.gates import hold
from support.kernels import PATIENCE

LONG = 40_000  # whose factorial takes Python about half a second
ANSWER = 7


def digits(n: int) -> int:
    """Beyond 20! no 64 bits hold the product; what is returned is small."""
    product = 1
    for i in range(2, n + 1):
        product = product * i
    return product % 11 + 7


def refuse(n: int) -> int:
    if digits(n) and n > 20:
        raise ValueError("too large", n)
    return n


@pytest.fixture
def task(runtime):
    task = runtime.task(digits, compile_to_c="require")
    task.map([1, 2])  # compiles for that
    return task


@pytest.fixture
def idle(task):
    """Fail if this thread computed for long."""
    before = time.thread_time()
    yield
    assert time.thread_time() - before < 0.2


@pytest.mark.usefixtures("idle")
def test_who_asks_does_not_compute_them(task):
    batch = task.submit_map([3, LONG, 4])
    with pytest.raises(TimeoutError):
        batch.wait(timeout=0.05)
    assert not batch.done()
    assert batch.status() is TaskStatus.RUNNING
    assert batch.errors == {}
    assert batch.finished_at is None
    assert batch.progress < 1
    assert batch.wait(PATIENCE).tolist() == [13, ANSWER, 9]
    assert batch.status() is TaskStatus.COMPLETED
    assert (batch.progress, batch.completed_range) == (1, (0, 3))
    assert batch.execution_time_ms > 50


@pytest.mark.usefixtures("idle")
def test_the_event_loop_does_not_compute_them(task):
    async def values():
        return (await task.submit_map([3, LONG])).tolist()

    assert asyncio.run(values()) == [13, ANSWER]


@pytest.mark.usefixtures("idle")
def test_whoever_watches_is_told_when_they_are_computed(task):
    told = threading.Event()
    batch = task.submit_map([3, LONG])
    seen = []
    batch.add_done_callback(lambda b: (seen.append(b.status()), told.set()))
    assert next(iter(as_completed([batch], timeout=PATIENCE))) is batch
    assert told.wait(PATIENCE)
    assert seen == [TaskStatus.COMPLETED]
    again = threading.Event()
    batch.add_done_callback(lambda _: again.set())
    assert again.wait(PATIENCE)
    assert batch.future().result(PATIENCE).tolist() == [13, ANSWER]


@pytest.mark.usefixtures("idle")
def test_a_cancel_stops_them(task):
    batch = task.submit_map([3, 10 * LONG, 25, 4])
    with pytest.raises(TimeoutError):
        batch.wait(timeout=0.05)
    assert batch.cancel()
    assert not batch.cancel()
    assert batch.cancelled()
    with pytest.raises(TaskCancelled, match="after 1 of 4 items"):
        batch.wait(PATIENCE)
    assert batch.completed_range == (0, 1)


@pytest.mark.usefixtures("idle")
def test_the_time_limit_stops_them(task):
    batch = task.options(timeout_ms=50).submit_map([3, 10 * LONG])
    with pytest.raises(TaskTimeout):
        batch.wait(PATIENCE)
    assert batch.status() is TaskStatus.FAILED


def test_the_time_limit_is_not_for_who_asks_late(task):
    batch = task.options(timeout_ms=PATIENCE * 1000).submit_map([3, 25])
    told = threading.Event()
    batch.add_done_callback(lambda _: told.set())
    assert told.wait(PATIENCE)
    assert batch.done()
    assert batch.wait(0).tolist() == [13, digits(25)]


def test_a_python_worker_that_waits_computes_them(single):
    inner = single.task(digits, compile_to_c="require")

    @single.task(compile_to_c=False)
    def outer(n):
        batches = [inner.submit_map([3, n]) for _ in range(3)]
        ended = next(iter(as_completed(batches[1:])))
        return batches[0].wait().tolist() + ended.wait().tolist()

    assert outer.submit(30).result(timeout=PATIENCE) == [13, digits(30)] * 2


def test_the_first_error_in_order_is_raised(runtime):
    task = runtime.task(refuse, compile_to_c="require")
    batch = task.submit_map([1, 30, 2, 40])
    with pytest.raises(ValueError, match="too large") as raised:
        batch.wait(PATIENCE)
    assert raised.value.args == ("too large", 30)
    assert batch.status() is TaskStatus.FAILED
    assert list(batch.errors) == [1, 3]
    collected = task.submit_map([1, 30, 2], errors="collect")
    assert collected.wait(PATIENCE).tolist() == [1, 0, 2]
    assert collected.status() is TaskStatus.COMPLETED
    assert list(collected.errors) == [1]


def test_a_close_waits_for_them():
    runtime = Runtime(workers=2)
    task = runtime.task(digits, compile_to_c="require")
    batches = [task.submit_map([3, 25]) for _ in range(100)]
    runtime.shutdown(timeout=PATIENCE)
    assert {tuple(batch.wait(0)) for batch in batches} == {(13, digits(25))}


def test_a_close_waits_for_those_of_maps_that_nobody_keeps():
    runtime = Runtime(workers=2)
    task = runtime.task(digits, compile_to_c="require")
    out = np.zeros((100, 2), np.int64)
    for row in out:
        task.submit_map([3, 25], out=row)
    gc.collect()
    runtime.shutdown(timeout=PATIENCE)
    assert {tuple(row) for row in out.tolist()} == {(13, digits(25))}


def test_a_shutdown_that_cancels_ends_them():
    runtime = Runtime(workers=2)
    task = runtime.task(digits, compile_to_c="require")
    batches = [task.submit_map([3, 10 * LONG]) for _ in range(3)]
    with pytest.raises(TimeoutError):
        batches[0].wait(0.05)
    runtime.shutdown(cancel_pending=True, cancel_running=True, timeout=PATIENCE)
    assert all(batch.cancelled() for batch in batches)
    assert {batch.completed_range for batch in batches} == {(0, 1)}


def test_those_with_a_value_are_counted_as_completed(runtime):
    runtime.task(refuse, compile_to_c="require").submit_map([1, 30], errors="collect").wait()
    runtime.task(digits, compile_to_c="require").map([3, 25, 30, 4])
    tasks = runtime.stats().tasks
    assert (tasks["digits"].total.completed, tasks["digits"].total.failed) == (4, 0)
    assert (tasks["refuse"].total.completed, tasks["refuse"].total.failed) == (1, 1)
    assert list(tasks["digits"].lanes) == ["compiled"]


def test_other_tasks_get_their_turn_between_left_items(single, gate):
    task = single.task(digits, compile_to_c="require")
    task.map([1, 2])
    # The one Python worker is held until both stand in its queue, in this order.
    gate.hold(single.task(hold, compile_to_c=False))
    batch = task.submit_map([3, *[LONG // 10] * 60])
    until = time.monotonic() + PATIENCE
    while batch.progress == 0.0 or single.stats().total_queued == 0:
        assert time.monotonic() < until
        time.sleep(0.001)
    ended = single.task(batch.done, compile_to_c=False, name="ended").submit()
    gate.open()
    assert ended.result(PATIENCE) is False
    assert list(batch.wait(PATIENCE)) == [13, *[ANSWER] * 60]
    assert not batch.errors


def test_worker_that_waits_for_left_items_computes_them(single):
    task = single.task(digits, compile_to_c="require")
    task.map([1, 2])
    outer = single.task(lambda: list(task.map([4000] * 20)), compile_to_c=False)
    assert outer.submit().result(PATIENCE) == [ANSWER] * 20


def refused_at_first(x: int) -> int:
    try:
        raise ValueError("none is good")
    except ValueError:
        return 10 // x


def told_at_times(x: int):
    try:
        10 // x
    except ZeroDivisionError:
        return 2.5


def test_values_that_python_alone_gives_make_an_array(runtime):
    # In compiled code nothing is returned: what has a value lies behind `except ValueError`.
    assert runtime.task(refused_at_first).map([1, 5]).tolist() == [10, 2]
    assert runtime.task(told_at_times).map([1, 0]).tolist() == [None, 2.5]


class Watched:
    """Stands for a map whose items are being queued."""

    def __init__(self, items: LeftItems) -> None:
        self.items = items
        self.listening = threading.Event()

    def failures(self):
        return [(0, library.LEFT, 0)]

    def _listen(self, dispatcher):
        self.listening.set()
        return self.items.watch(lambda: dispatcher.ended(self))


def test_items_are_queued_while_another_thread_is_about_to_watch_the_map(runtime):
    backend = runtime.start()
    backend.dispatcher.start()
    watched = Watched(LeftItems("digits", digits, [np.array([25])], np.empty(1, int), False))

    def queue(work):
        # The lock of the items is held here; the watcher comes with that of the dispatcher.
        notice = functools.partial(backend.dispatcher.notice, watched, lambda _: told.set())
        threading.Thread(target=notice, daemon=True).start()
        assert watched.listening.wait(PATIENCE)
        backend.dispatcher.start()  # as a submission does that adds a worker
        return backend._stand_in("digits", 2, work)

    told = threading.Event()
    begin = threading.Thread(
        target=watched.items.begin, args=(watched, queue, lambda _: None), daemon=True
    )
    begin.start()
    assert told.wait(PATIENCE)
    assert watched.items.done() == 1
