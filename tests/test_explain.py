"""Task.explain(): what became of compiling a task, as data and as text."""

from __future__ import annotations

import warnings

from catzilla_jit import task


def test_a_compiled_task_tells_its_signature_and_time():
    @task
    def area(width: float, height: float) -> float:
        return width * height

    explanation = area.explain()
    assert explanation.compiled
    assert explanation.signature == "(width: float64, height: float64) -> float64"
    assert explanation.compile_seconds > 0.0
    assert explanation.reasons == ()
    assert "area(width: float64" in str(explanation)


def test_a_task_that_stays_python_tells_why_and_what_to_change():
    @task
    async def send(user: int) -> None: ...

    explanation = send.explain()
    assert not explanation.compiled
    (reason,) = explanation.reasons
    assert "coroutine" in reason.message
    assert reason.line == send._program.function.__code__.co_firstlineno
    assert "coroutine" in str(explanation)


def test_a_task_that_insists_explains_instead_of_raising():
    @task(compile_to_c="require")
    def insists(*values: float) -> float:
        return values[0]

    explanation = insists.explain()
    assert not explanation.compiled
    assert explanation.reasons


def test_a_task_that_is_never_compiled_says_which_option_did_that():
    @task(compile_to_c=False)
    def never(x: int) -> int:
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "compile_to_c=False" in str(never.explain())
