"""Runtime.warm_up: what the first use would do, now."""

from __future__ import annotations

import pytest

from catzilla_jit import Runtime
from catzilla_jit.errors import CompileError


def half(x: float) -> float:
    return x / 2.0


def unknown(x: float) -> float:
    return x.nothing  # type: ignore[attr-defined]


def test_registered_tasks_are_compiled_and_the_pool_is_there(runtime: Runtime) -> None:
    task, other = runtime.task(half), runtime.task(unknown)
    runtime.warm_up()
    assert not task.wants_warming
    assert not other.wants_warming
    assert task.compiled
    assert runtime.stats().runtime > 0


def test_task_that_must_be_compiled_and_cannot_be_is_told(runtime: Runtime) -> None:
    task = runtime.task(unknown, compile_to_c="require")
    with pytest.raises(CompileError, match="unknown"):
        runtime.warm_up()
    del task
