"""Globals, helpers and closed-over variables that change after a task was compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catzilla_jit import Runtime

rate = 2.0


def raised(x: float) -> float:
    return x + 1.0


def scaled(x: float) -> float:
    return raised(x) * rate


def test_changed_global_is_seen_by_the_next_submission(runtime: Runtime, monkeypatch: Any) -> None:
    task = runtime.task(scaled, compile_to_c="require")
    urgent = task.options(priority="high")
    assert (task.submit(1.0).result(), urgent.submit(1.0).result()) == (4.0, 4.0)
    monkeypatch.setitem(globals(), "rate", 3.0)
    assert (task.submit(1.0).result(), urgent.submit(1.0).result()) == (6.0, 6.0)
    assert task(1.0) == 6.0
    assert task.map([1.0, 2.0]).tolist() == [6.0, 9.0]
    assert task.compiled


def test_redefined_helper_is_used_by_the_next_submission(
    runtime: Runtime, monkeypatch: Any
) -> None:
    task = runtime.task(scaled, compile_to_c="require")
    assert task.submit(1.0).result() == 4.0
    monkeypatch.setitem(globals(), "raised", lambda x: x + 10.0)
    assert task.submit(1.0).result() == 22.0


def test_direct_call_sees_a_changed_global_at_once(runtime: Runtime, monkeypatch: Any) -> None:
    task = runtime.task(scaled, compile_to_c="require")
    task.submit(1.0).result()
    monkeypatch.setitem(globals(), "rate", 5.0)
    assert task(1.0) == 10.0


def test_changed_closure_is_seen_by_the_next_submission(runtime: Runtime) -> None:
    def make(factor: int) -> tuple[Any, Callable[[int], None]]:
        def times(x: int) -> int:
            return x * factor

        def change(to: int) -> None:
            nonlocal factor
            factor = to

        return runtime.task(times, compile_to_c="require"), change

    task, change = make(3)
    assert task.submit(2).result() == 6
    change(5)
    assert task.submit(2).result() == 10
    assert task.compiled


def test_same_value_again_does_not_compile_again(runtime: Runtime, monkeypatch: Any) -> None:
    task = runtime.task(scaled, compile_to_c="require")
    task.submit(1.0).result()
    generation = task._program.generation
    monkeypatch.setitem(globals(), "rate", rate)
    task.submit(1.0).result()
    assert task._program.generation == generation
