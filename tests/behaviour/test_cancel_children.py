"""A Python task that is stopped while it waits: what it has submitted itself is stopped as well."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catzilla_jit import Runtime, TaskStatus, as_completed, chain, gather, group, wait
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from catzilla_jit.pools.arrivals import Arrivals
from catzilla_jit.pools.native import library
from catzilla_jit.pools.takeback import TakenBack, look
from support.unruly import until

PATIENCE = 60.0


def endless(begun: threading.Event) -> None:
    begun.set()
    while True:
        time.sleep(0.001)


@pytest.fixture
def wide() -> Iterator[Runtime]:
    """A runtime with workers for all that a test has run at the same time."""
    runtime = Runtime(workers=4, enable_auto_scaling=False)
    yield runtime
    runtime.shutdown(timeout=PATIENCE, cancel_running=True)


WAYS: dict[str, Callable[[list[Any]], object]] = {
    "result": lambda children: children[0].result(),
    "exception": lambda children: children[0].exception(),
    "gather": lambda children: gather(*children),
    "gather_all": lambda children: gather(*children, return_exceptions=True),
    "wait": wait,
    "wait_first": lambda children: wait(children, return_when="FIRST_COMPLETED"),
    "as_completed": lambda children: list(as_completed(children)),
}


@pytest.mark.parametrize("way", WAYS)
def test_cancelling_a_task_cancels_the_children_that_its_thread_runs(
    single: Runtime, way: str
) -> None:
    child = single.task(endless, compile_to_c=False)
    children: list[Any] = []
    begun = threading.Event()

    def parent() -> None:
        children.append(child.submit(begun))
        WAYS[way](children)

    waiting = single.task(parent, compile_to_c=False).submit()
    assert begun.wait(PATIENCE)
    assert waiting.cancel()
    with pytest.raises(TaskCancelled):
        children[0].result(PATIENCE)
    single.shutdown(timeout=PATIENCE)


def sleeps_in_arrivals(thread: int) -> bool:
    frame = sys._current_frames().get(thread)
    while frame is not None and frame.f_code is not Arrivals._sleep.__code__:
        frame = frame.f_back
    return frame is not None


@pytest.mark.parametrize("way", [way for way in WAYS if way not in ("result", "exception")])
def test_cancelling_a_task_cancels_the_children_that_other_threads_run(
    wide: Runtime, way: str
) -> None:
    child = wide.task(endless, compile_to_c=False)
    children: list[Any] = []
    threads: list[int] = []
    events = [threading.Event(), threading.Event()]

    def parent() -> None:
        children.extend(child.submit(event) for event in events)
        for event in events:
            assert event.wait(PATIENCE)  # else this thread would run them
        threads.append(threading.get_ident())
        WAYS[way](children)

    waiting = wide.task(parent, compile_to_c=False).submit()
    until = time.monotonic() + PATIENCE
    while not (threads and sleeps_in_arrivals(threads[0])):
        assert time.monotonic() < until
    assert waiting.cancel()
    for result in children:
        with pytest.raises(TaskCancelled):
            result.result(PATIENCE)
    wide.shutdown(timeout=PATIENCE)


def test_time_limit_of_a_task_stops_the_child_it_waits_for(single: Runtime) -> None:
    children: list[Any] = []
    begun = threading.Event()

    def parent() -> None:
        children.append(single.task(endless, compile_to_c=False).submit(begun))
        children[0].result()

    waiting = single.task(parent, compile_to_c=False, timeout_ms=1000).submit()
    with pytest.raises(TaskTimeout):
        waiting.result(PATIENCE)
    single.shutdown(timeout=PATIENCE, cancel_pending=True)


def test_what_others_have_submitted_goes_on(wide: Runtime) -> None:
    released, begun, waits = threading.Event(), threading.Event(), threading.Event()

    def shared() -> int:
        begun.set()
        assert released.wait(PATIENCE)
        return 7

    other = wide.task(shared, compile_to_c=False).submit()
    assert begun.wait(PATIENCE)

    def parent() -> None:
        waits.set()
        gather(other)

    waiting = wide.task(parent, compile_to_c=False).submit()
    assert waits.wait(PATIENCE)
    assert waiting.cancel()
    ended = wide.task(lambda: None, compile_to_c=False).submit()
    ended.result(PATIENCE)
    assert other.status() is TaskStatus.RUNNING
    released.set()
    assert other.result(PATIENCE) == 7


@pytest.mark.parametrize("errors", ["raise", "collect"])
def test_cancelling_a_task_stops_the_item_of_its_map_that_its_thread_runs(
    single: Runtime, errors: str
) -> None:
    begun = threading.Event()
    spin = single.task(lambda _: endless(begun), compile_to_c=False)
    outer = single.task(lambda: spin.map([1, 2, 3], errors=errors), compile_to_c=False).submit()
    assert begun.wait(PATIENCE)
    assert outer.cancel()
    assert single.task(lambda: 1, compile_to_c=False).submit().result(PATIENCE) == 1
    single.shutdown(timeout=PATIENCE)


def test_cancelling_reaches_the_innermost_of_tasks_that_run_on_one_thread(single: Runtime) -> None:
    begun = threading.Event()

    def nest(depth: int) -> None:
        if depth == 0:
            endless(begun)
        single.task(nest, compile_to_c=False).submit(depth - 1).result()

    outer = single.task(nest, compile_to_c=False).submit(5)
    assert begun.wait(PATIENCE)
    assert outer.cancel()
    single.shutdown(timeout=PATIENCE)


@pytest.mark.parametrize("how", ["argument", "then", "chain", "group"])
def test_what_a_child_that_waits_for_another_becomes_is_stopped_where_its_parent_runs_it(
    single: Runtime, how: str
) -> None:
    begun, children = threading.Event(), []
    first = single.task(lambda: begun, compile_to_c=False, name="first")
    then = single.task(endless, compile_to_c=False)
    ways: dict[str, Callable[[], Any]] = {
        "argument": lambda: then.submit(first.submit()),
        "then": lambda: first.submit().then(then),
        "chain": lambda: chain(first, then).submit(),
        "group": lambda: chain(first, group(then)).submit(),
    }

    def outer() -> None:
        children.append(ways[how]())
        children[0].result()

    result = single.task(outer, compile_to_c=False).submit()
    assert begun.wait(PATIENCE)
    assert result.cancel()
    with pytest.raises(TaskCancelled):
        children[0].result(PATIENCE)


@pytest.mark.skipif(library.unavailable() is not None, reason="the other pool asks at the entry")
def test_a_child_that_is_cancelled_while_its_start_lets_go_of_the_gil(single: Runtime) -> None:
    # Its start takes back what may be pending for the task around it; here that waits for us.
    binding = library.load().binding
    room = queue.SimpleQueue[None]()
    entered = threading.Event()
    child = single.task(endless, compile_to_c=False)
    children = []

    def outer() -> None:
        children.append(child.submit(threading.Event()))
        try:
            entered.set()
            while True:
                time.sleep(0.001)
        except TaskCancelled:
            children[0].result()

    result = single.task(outer, compile_to_c=False).submit()
    assert entered.wait(PATIENCE)
    binding.set_takeback(room.get, TakenBack)
    try:
        assert result.cancel()
        until(lambda: children[0].status() is TaskStatus.RUNNING)
        assert children[0].cancel()
    finally:
        binding.set_takeback(look, TakenBack)
        for _ in range(10):
            room.put(None)
