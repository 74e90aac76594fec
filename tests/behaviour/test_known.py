"""Runtime.get: results by their id."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from catzilla_jit import Runtime
from catzilla_jit.runtime import known


def double(x: float) -> float:
    return 2.0 * x


def test_result_is_found_by_the_id_that_was_read(
    runtime: Runtime, make: Callable[..., Any]
) -> None:
    task_id = make(double).submit(4.0).task_id
    gc.collect()
    found = runtime.get(task_id)
    assert found is not None
    assert found.result() == 8.0
    assert found.task_id == task_id


def test_unknown_id_gives_none(runtime: Runtime) -> None:
    assert runtime.get("nothing-1") is None
    runtime.task(double).submit(1.0).result()
    assert runtime.get("nothing-1") is None


def test_only_the_last_ids_are_kept(runtime: Runtime, monkeypatch: Any) -> None:
    monkeypatch.setattr(known, "MOST", 3)
    task = runtime.task(double)
    ids = [task.submit(float(i)).task_id for i in range(5)]
    assert [runtime.get(task_id) is not None for task_id in ids] == [False, False, True, True, True]


def test_ids_are_forgotten_when_the_runtime_has_ended() -> None:
    with Runtime(workers=1) as runtime:
        task_id = runtime.task(double).submit(1.0).task_id
    assert runtime.get(task_id) is None
