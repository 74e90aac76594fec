"""Globals, helpers and closed-over variables that change after a task was compiled."""

from __future__ import annotations

import builtins
import importlib
import math
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from catzilla_jit import Runtime

rate = 2.0
settings: Any = None  # a module in some tests


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
    generation = task._jit_function.generation
    monkeypatch.setitem(globals(), "rate", rate)
    task.submit(1.0).result()
    assert task._jit_function.generation == generation


def make_settings(monkeypatch: Any) -> types.ModuleType:
    """Return a module with a number and a helper, which this module names `settings`."""
    settings = types.ModuleType("settings")
    source = "RATE = 2.0\ndef half(x, by=2.0):\n    return x / by\n"
    exec(source, settings.__dict__)
    monkeypatch.setitem(globals(), "settings", settings)
    return settings


def priced(x: float) -> float:
    return settings.half(x) * settings.RATE + math.sqrt(x) + abs(x)


@pytest.fixture
def price(runtime: Runtime, monkeypatch: Any) -> Any:
    make_settings(monkeypatch)
    task = runtime.task(priced, compile_to_c="require")
    assert task.submit(4.0).result() == 10.0
    return task


def test_changed_attribute_of_a_module_is_seen(price: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(settings, "RATE", 5.0)
    assert (price.submit(4.0).result(), price(4.0), price.map([4.0])[0]) == (16.0, 16.0, 16.0)
    assert price.compiled


def test_replaced_function_of_the_library_is_seen(price: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(math, "sqrt", lambda x: x * 100.0)
        assert (price.submit(4.0).result(), price(4.0)) == (408.0, 408.0)
    assert price.submit(4.0).result() == 10.0


def test_double_of_a_library_function_is_not_taken_for_it(
    runtime: Runtime, monkeypatch: Any
) -> None:
    make_settings(monkeypatch)
    task = runtime.task(priced)
    assert task.submit(4.0).result() == 10.0
    with mock.patch("math.sqrt", return_value=1.0) as double:
        assert task.submit(4.0).result() == 9.0
    double.assert_called_once_with(4.0)


def test_global_that_hides_a_builtin_is_seen(price: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(globals(), "abs", lambda x: 100.0)
        assert price.submit(4.0).result() == 106.0
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "abs", lambda x: 50.0)
        assert price.submit(4.0).result() == 56.0


def test_helper_with_other_code_or_defaults_is_seen(price: Any, monkeypatch: Any) -> None:
    def other(x, by=0.0):  # type: ignore[no-untyped-def]
        return x + 1000.0 + by

    settings.half.__defaults__ = (0.5,)
    assert price.submit(4.0).result() == 22.0
    settings.half.__code__ = other.__code__  # as %autoreload does it
    assert price.submit(4.0).result() == 2015.0
    assert price.compiled


def test_function_of_a_task_with_other_defaults_uses_them(runtime: Runtime) -> None:
    def scale(x: int, by: int = 2) -> int:
        return x * by

    task = runtime.task(scale, compile_to_c="require")
    assert task.submit(3).result() == 6
    scale.__defaults__ = (5,)
    assert task.submit(3).result() == 15


def test_reloaded_module_is_seen(runtime: Runtime, tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "reloadable_settings.py"
    file.write_text("RATE = 2.0\ndef twice(x):\n    return x * 2.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("reloadable_settings")
    monkeypatch.setitem(globals(), "settings", module)

    def scaled_twice(x: float) -> float:
        return settings.twice(x) * settings.RATE

    task = runtime.task(scaled_twice, compile_to_c="require")
    assert task.submit(1.0).result() == 4.0
    file.write_text("RATE = 30.0\ndef twice(x):\n    return x * 20.0\n")
    importlib.reload(module)
    assert task.submit(1.0).result() == 600.0


LIMITS = [3, 10, -2]
CODES = {"a": 1, "b": 2}
GRID = [[1, 2], [3, 4]]


def looked_up(name: str, i: int) -> int:
    return CODES.get(name, 0) + LIMITS[i] + GRID[1][0]


def test_contents_of_lists_and_dicts_of_the_module_are_guarded(runtime: Runtime) -> None:
    task = runtime.task(looked_up)
    assert task.submit("b", 1).result() == 15
    assert task.compiled
    with mock.patch.dict(CODES, {"b": 7}):
        assert (task.submit("b", 1).result(), task("b", 1)) == (20, 20)
    GRID[1][0] = 4
    try:
        assert (task.submit("b", 1).result(), task("b", 1)) == (16, 16)
        assert task.compiled
    finally:
        GRID[1][0] = 3


def test_list_that_changes_again_and_again_is_no_constant(runtime: Runtime) -> None:
    seen = [0]
    task = runtime.task(lambda i: seen[i])
    for number in range(6):
        seen[0] = number
        assert task.submit(0).result() == number
    assert not task.compiled
    assert task.explain().reasons[0].code == "CZ803"
