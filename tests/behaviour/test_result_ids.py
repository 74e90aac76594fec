"""Runtime.get: results by their id."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

from catzilla_jit import Runtime
from catzilla_jit.pools.result_ids import KnownResults


def double(x: float) -> float:
    return 2.0 * x


def test_result_is_found_by_the_id_that_was_read(
    runtime: Runtime, make: Callable[..., Any]
) -> None:
    result = make(double).submit(4.0)
    task_id = result.task_id
    gc.collect()
    assert runtime.get(task_id) is result
    assert result.result() == 8.0
    assert runtime.get(task_id) is result


def test_reading_an_id_does_not_keep_the_result(runtime: Runtime, make: Callable[..., Any]) -> None:
    result = make(double).submit(4.0)
    task_id = result.task_id
    reference = weakref.ref(result)
    result.result()
    del result
    # A worker may be about to let go of it, and others tell nobody when they have.
    for _ in range(1000):
        if reference() is None:
            break
        make(double).submit(1.0).result()
    assert reference() is None
    assert runtime.get(task_id) is None


def test_unknown_id_gives_none(runtime: Runtime) -> None:
    assert runtime.get("nothing-1") is None
    runtime.task(double).submit(1.0).result()
    assert runtime.get("nothing-1") is None


def test_ids_of_dead_results_are_swept_and_those_of_living_ones_stay() -> None:
    class Thing:
        pass

    results = KnownResults()
    living = [Thing() for _ in range(2000)]
    for number in range(20_000):
        results.note(f"dead-{number}", Thing())
        if number < len(living):
            results.note(f"living-{number}", living[number])
    assert len(results._results) <= 4000
    assert [results.find(f"living-{number}") for number in range(2000)] == living
    assert results.find("dead-19999") is None


def test_ids_are_forgotten_when_the_runtime_has_ended() -> None:
    with Runtime(workers=1) as runtime:
        result = runtime.task(double).submit(1.0)
        task_id = result.task_id
    assert runtime.get(task_id) is None
