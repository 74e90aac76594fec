"""Auto-scaling of Python workers, and memory_pool_mb: what only the native pool does."""

from __future__ import annotations

import threading
import time

import pytest

from catzilla_jit import Runtime
from catzilla_jit.errors import QueueFull
from catzilla_jit.pools.native import library

pytestmark = pytest.mark.skipif(
    library.unavailable() is not None, reason="the native pool is not used here"
)


def add(a: float, b: float) -> float:
    return a + b


def test_workers_are_added_while_those_there_block() -> None:
    """All fifty calls run at once, though the runtime began with two workers."""
    everybody = threading.Barrier(30)
    with Runtime(workers=2, max_workers=30) as runtime:
        meet = runtime.task(lambda: everybody.wait(30), compile_to_c=False)
        results = [meet.submit() for _ in range(30)]
        assert sorted(result.result(60) for result in results) == list(range(30))


def test_fifty_naps_take_a_fraction_of_what_two_workers_need() -> None:
    def seconds(**settings: bool) -> float:
        with Runtime(workers=2, **settings) as runtime:
            nap = runtime.task(lambda: time.sleep(0.1), compile_to_c=False)
            nap.submit().result()
            began = time.monotonic()
            for result in [nap.submit() for _ in range(50)]:
                result.result()
            return time.monotonic() - began

    assert seconds() < seconds(enable_auto_scaling=False) / 2


def test_no_worker_is_added_beyond_max_workers() -> None:
    names = set()
    gate = threading.Event()

    def work() -> None:
        names.add(threading.current_thread().name)
        gate.wait(0.02)

    with Runtime(workers=1, max_workers=3) as runtime:
        task = runtime.task(work, compile_to_c=False)
        for result in [task.submit() for _ in range(60)]:
            result.result()
    assert 1 <= len(names) <= 3


def test_without_scaling_there_are_exactly_the_workers_asked_for() -> None:
    with Runtime(workers=3, enable_auto_scaling=False) as runtime:
        assert runtime.workers == 3
        names = runtime.task(lambda: threading.current_thread().name, compile_to_c=False)
        assert len({names.submit().result() for _ in range(50)}) <= 3


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({"min_workers": 3, "max_workers": 2}, "min_workers=3 is more than max_workers=2"),
        ({"workers": 3, "max_workers": 2}, "workers=3 is more than max_workers=2"),
        ({"min_workers": 3, "workers": 2}, "min_workers=3 is more than workers=2"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(counts: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Runtime(**counts)


def test_memory_pool_holds_back_submissions_until_results_are_dropped() -> None:
    with Runtime(workers=1, memory_pool_mb=1) as runtime:
        task = runtime.task(add, compile_to_c="require")
        for i in range(50_000):  # far more than fit at once
            task.submit(float(i), 1.0)
        assert runtime.start().memory()[0] <= 2**20  # type: ignore[attr-defined]


def test_memory_pool_full_of_held_results_raises_instead_of_waiting_for_ever() -> None:
    with Runtime(workers=1, memory_pool_mb=1) as runtime:
        task = runtime.task(add, compile_to_c="require")
        held = []

        def fill() -> None:
            while len(held) < 50_000:
                held.append(task.submit(float(len(held)), 1.0))

        with pytest.raises(QueueFull, match=r"task add: .*memory_pool_mb"):
            fill()
        assert held[-1].result() == len(held)
        del held[:]
        assert task.submit(1.0, 1.0).result() == 2.0
