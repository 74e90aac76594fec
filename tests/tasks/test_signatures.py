"""What editors and notebooks ask a task and its `submit`."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest

from catzilla_jit import Runtime, Task
from catzilla_jit.tasks.options import Settings, TaskOptions


def price(spot: float, strike: float = 95.0) -> float:
    return max(spot - strike, 0.0)


def generic(x, *, more=1):  # type: ignore[no-untyped-def]
    return x + more


async def later(x: float) -> float:
    return x


@pytest.mark.parametrize(
    ("function", "options", "arguments", "shown"),
    [
        (price, {}, (1.0, 2.0), "(spot: 'float', strike: 'float' = 95.0) -> 'TaskResult[float]'"),
        (
            price,
            {"compile_to_c": False},
            (1.0, 2.0),
            "(spot: 'float', strike: 'float' = 95.0) -> 'TaskResult[float]'",
        ),
        (
            price,
            {"timeout_ms": 60_000},
            (1.0, 2.0),
            "(spot: 'float', strike: 'float' = 95.0) -> 'TaskResult[float]'",
        ),
        (generic, {}, (1.0,), "(x, *, more=1) -> 'TaskResult'"),
    ],
    ids=["compiled", "python", "governed", "generic"],
)
def test_submit_has_the_signature_of_the_function(
    runtime: Runtime, function: Any, options: dict[str, Any], arguments: Any, shown: str
) -> None:
    task = runtime.task(function, **options)
    for _ in range(2):  # before the first submission, and after it
        assert str(inspect.signature(task.submit)) == shown
        assert task.submit.__name__ == "submit"
        assert "Queue a call" in task.submit.__doc__
        task.submit(*arguments).result()
    assert inspect.signature(task) == inspect.signature(function)


def test_a_task_over_async_def_is_a_coroutine_function(runtime: Runtime) -> None:
    assert inspect.iscoroutinefunction(runtime.task(later))
    assert not inspect.iscoroutinefunction(runtime.task(price))


def test_submit_takes_what_a_call_takes_in_every_form(runtime: Runtime) -> None:
    task = runtime.task(price)
    for _ in range(2):
        assert task.submit(*(100.0,), **{"strike": 90.0}).result() == 10.0
        assert task.submit(*[100.0, 90.0]).result() == 10.0
        assert task.submit(spot=100.0).result() == 5.0
        with pytest.raises(TypeError, match="price: missing a required argument: 'spot'"):
            task.submit()
        with pytest.raises(TypeError, match="price: too many positional arguments"):
            task.submit(*range(20))


def test_type_checkers_know_every_option() -> None:
    assert TaskOptions.__required_keys__ == frozenset()
    assert TaskOptions.__optional_keys__ == {field.name for field in dataclasses.fields(Settings)}


def test_submit_that_was_fetched_early_looks_for_the_pool_once(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = runtime.task(price)
    submit, bind, bound = task.submit, Task.bind, []

    def counted(self: Any) -> Any:
        bound.append(self)
        return bind(self)

    monkeypatch.setattr(Task, "bind", counted)
    assert [submit(97.0 + i).result(60) for i in range(3)] == [2.0, 3.0, 4.0]
    assert bound == [task]
