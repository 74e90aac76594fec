"""A task whose types the arguments tell has a form for each, whoever comes first."""

from __future__ import annotations

from typing import Any

import pytest

from catzilla_jit import Runtime
from catzilla_jit.tasks.jit_function import JitFunction


def doubled(x):  # type: ignore[no-untyped-def]
    return x + x


@pytest.mark.parametrize("mode", [None, "require"])
def test_form_that_another_thread_has_made_meanwhile_is_taken(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, mode: Any
) -> None:
    task = runtime.task(doubled, compile_to_c=mode)
    specialise = JitFunction.specialise

    def after_another(self: JitFunction, values: Any, known: Any = ()) -> Any:
        specialise(self, values, known)  # what the other thread does, while this one waits
        return specialise(self, values, known)

    monkeypatch.setattr(JitFunction, "specialise", after_another)
    assert repr(task.submit(2.5).result(60)) == "5.0"
    assert repr(task.submit(3).result(60)) == "6"  # whatever came first
    assert [form.signature for form in task._jit_function.forms] == [
        "(x: float) -> float",
        "(x: int) -> int",
    ]
    assert task.explain().compiled


class Order:
    def __init__(self, amount: float) -> None:
        self.amount = amount


def total(order, rate: float):  # type: ignore[no-untyped-def]
    return order.amount * rate


def test_class_that_has_no_machine_type_is_tried_once(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = runtime.task(total)
    specialise, tried = JitFunction.specialise, []

    def noted(self: JitFunction, values: Any, known: Any = ()) -> Any:
        tried.append(values)
        return specialise(self, values, known)

    monkeypatch.setattr(JitFunction, "specialise", noted)
    assert [task.submit(Order(i), 0.5).result(60) for i in range(4)] == [0.0, 0.5, 1.0, 1.5]
    assert len(tried) == 1
    assert task.submit(order=Order(8), rate=0.5).result(60) == 4.0
    with pytest.raises(TypeError, match="rate"):
        task.submit(Order(1))
    assert isinstance(task.submit(task.submit(Order(2), 1.0), 2.0).exception(60), AttributeError)


def difference(x: float, y: float) -> float:
    return x - y


def test_arguments_by_name_are_those_of_the_form(runtime: Runtime) -> None:
    task = runtime.task(difference)
    assert [
        task.submit(x=5.0, y=3.0).result(60),
        task.submit(y=3.0, x=5.0).result(60),
        task.submit(5.0, y=3.0).result(60),
    ] == [2.0, 2.0, 2.0]
    assert repr(task.submit(x=5, y=3).result(60)) == "2"
    with pytest.raises(TypeError, match="x"):
        task.submit(5.0, x=3.0)
    with pytest.raises(TypeError, match="y"):
        task.submit(5.0, z=3.0)


def test_options_that_are_asked_for_again_are_the_same_task(runtime: Runtime) -> None:
    task = runtime.task(difference)
    limited = task.options(timeout_ms=1000)
    assert task.options(timeout_ms=1000) is limited
    assert task.options(timeout_ms=1000.0) is not limited  # the type is told apart
    assert task.options(timeout_ms=2000) is not limited
    assert limited.submit(5.0, 3.0).result(60) == 2.0
