"""Tasks that wait for too long, while every worker is busy, get another worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catzilla_jit import Runtime
from support.gates import Gate, hold
from support.kernels import PATIENCE, add


@pytest.fixture
def busy() -> Iterator[Runtime]:
    """A runtime with one worker of each kind, besides those that may come for relief."""
    runtime = Runtime(workers=1, max_workers=1)
    yield runtime
    runtime.shutdown(timeout=PATIENCE)


@pytest.mark.parametrize("priority", ["critical", "high", "normal", "low"])
def test_task_of_each_level_starts_while_every_worker_is_inside_another(
    busy: Runtime, make_on: Callable[..., Any], gate: Gate, priority: str
) -> None:
    held = gate.hold(make_on(busy, hold))
    result = make_on(busy, add, priority=priority).submit(1.0)
    assert result.result(PATIENCE) == 1.5
    assert not held.done()
    gate.open()


def test_short_tasks_that_wait_together_are_run_together(
    busy: Runtime, make_on: Callable[..., Any], gate: Gate
) -> None:
    held = gate.hold(make_on(busy, hold))
    task = make_on(busy, add, priority="high")
    results = [task.submit(float(i)) for i in range(200)]
    assert [result.result(PATIENCE) for result in results] == [i + 0.5 for i in range(200)]
    assert not held.done()
    gate.open()


def test_map_starts_while_every_worker_is_inside_a_task(
    busy: Runtime, make_on: Callable[..., Any], gate: Gate
) -> None:
    held = gate.hold(make_on(busy, hold))
    batch = make_on(busy, add, priority="high").submit_map([1.0, 2.0, 3.0], chunk_size=1)
    assert list(batch.wait(PATIENCE)) == [1.5, 2.5, 3.5]
    assert not held.done()
    gate.open()


def test_without_auto_scaling_the_workers_are_those_that_were_asked_for(
    single: Runtime, make_on: Callable[..., Any], gate: Gate
) -> None:
    before = {thread.name for thread in threading.enumerate()}
    held = gate.hold(make_on(single, hold))
    waiting = make_on(single, add, priority="high").submit(1.0)
    with pytest.raises(TimeoutError):
        waiting.result(timeout=0.05)
    started = {thread.name for thread in threading.enumerate()} - before
    assert not any("relief" in name for name in started)
    gate.open()
    assert (held.result(PATIENCE) is not None, waiting.result(PATIENCE)) == (True, 1.5)


def test_shutdown_ends_relief_workers(make_on: Callable[..., Any], gate: Gate) -> None:
    with Runtime(workers=1, max_workers=1) as runtime:
        gate.hold(make_on(runtime, hold))
        make_on(runtime, add, priority="critical").submit(1.0).result(PATIENCE)
        make_on(runtime, add, priority="high").submit(1.0).result(PATIENCE)
        gate.open()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("cz-relief")]
