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
