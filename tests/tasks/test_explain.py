"""Task.explain(): what became of compiling a task, as data and as text."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numba.core.errors import NumbaPerformanceWarning
from numpy.typing import NDArray

import catzilla_jit
from catzilla_jit import Runtime, task
from catzilla_jit.compile.target.warnings_filter import quiet
from catzilla_jit.errors import CompileError, CompileWarning
from catzilla_jit.tasks.jit_function import JitFunction


def test_a_compiled_task_tells_its_signature_and_time():
    @task
    def area(width: float, height: float) -> float:
        return width * height

    explanation = area.explain()
    assert explanation.compiled
    assert explanation.signature == "(width: float, height: float) -> float"
    assert explanation.compile_seconds > 0.0
    assert explanation.reasons == ()
    assert "area(width: float," in str(explanation)


def test_a_task_that_stays_python_tells_why_and_what_to_change():
    @task
    async def send(user: int) -> None: ...

    explanation = send.explain()
    assert not explanation.compiled
    (reason,) = explanation.reasons
    assert "coroutine" in reason.message
    assert reason.line == send._jit_function.function.__code__.co_firstlineno
    assert reason.code == "CZ101"
    assert f"line {reason.line}: {reason.message} (CZ101); {reason.advice}" in str(explanation)
    assert str(explanation).count("docs/refusals.md") == 1


def test_a_task_that_insists_explains_instead_of_raising():
    @task(compile_to_c="require")
    def insists(**values: float) -> float:
        return values[0]

    explanation = insists.explain()
    assert not explanation.compiled
    assert explanation.reasons


def test_errors_and_warnings_name_the_code():
    def starred(**values: float) -> float:
        return values["x"]

    with Runtime(workers=1) as runtime:
        with pytest.raises(CompileError, match=r"takes \*args or \*\*kwargs \(CZ104\)"):
            runtime.task(starred, compile_to_c="require").submit(x=1.0)
        with pytest.warns(CompileWarning, match=r"^task starred runs as Python: line .*\(CZ104\)"):
            runtime.task(starred, compile_to_c=True).submit(x=1.0).result()


def test_a_task_that_insists_tells_why_each_time():
    def opens(path):
        return open(path)

    with Runtime(workers=1) as runtime:
        insists = runtime.task(opens, compile_to_c="require")
        for ask in (
            lambda: insists.submit("a"),
            lambda: insists.submit("b"),
            lambda: insists.submit(path="c"),
            lambda: insists.options(priority="high").submit("d"),
            lambda: insists.submit_each(["e"]),
            lambda: insists.map([1.5]),
            lambda: insists.submit(1.5),
            lambda: insists.map([2.5]),
        ):
            with pytest.raises(CompileError, match="calls open, which only Python can run"):
                ask()


def test_a_task_that_is_never_compiled_says_which_option_did_that():
    @task(compile_to_c=False)
    def never(x: int) -> int:
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "compile_to_c=False" in str(never.explain())


class Point:
    x: float


def test_hints_that_leave_types_open_say_when_it_is_compiled_and_nothing_else():
    @task
    def mean(values: np.ndarray, weights: list) -> float:
        return values[0] * weights[0]

    explanation = mean.explain()
    (reason,) = explanation.reasons
    assert (explanation.compiled, explanation.waits) == (False, True)
    assert reason.message.startswith("the function is compiled at its first submission")
    assert "'values' is hinted ndarray, 'weights' is hinted list" in reason.message
    assert str(explanation).startswith("mean is not compiled yet:")


def test_after_its_first_submission_it_waits_no_more():
    @task
    def head(values: np.ndarray):
        return values[0]

    head.submit(np.array([1.0])).result()
    assert head.explain().signature == "(values: array(float64, 1-D)) -> float"


def test_a_class_of_the_authors_own_is_never_compiled_and_says_so():
    @task(compile_to_c=None)
    def norm(points: list[Point], start: list) -> float:
        return points[0].x

    explanation = norm.explain()
    (reason,) = explanation.reasons
    assert not explanation.waits
    assert "the function is never compiled: parameter 'points'" in reason.message


@pytest.mark.parametrize(
    "hint", [Any, object, Sequence, float | Point, list, np.floating, "np.ndarray", NDArray[Any]]
)
def test_a_hint_that_allows_a_machine_type_is_not_ruled_out(hint):
    def same(x):
        return x

    same.__annotations__["x"] = hint
    assert task(same).explain().waits


def test_text_quotes_the_source_line():
    @task
    def reads(path: str) -> str:
        return open(path).read()

    assert "return open(path).read()" in str(reads.explain())


def test_text_says_whether_it_can_be_interrupted():
    @task
    def half(x: float) -> float:
        return x / 2.0

    assert "can be cancelled and timed out while it runs" in str(half.explain())


def test_repr_holds_no_text_of_the_compiler():
    @task
    def empty(n: int):
        return []

    explanation = empty.explain()
    assert explanation.reasons[0].detail
    for shown in (repr(explanation), repr(explanation.reasons[0]), str(explanation)):
        assert "pipeline" not in shown


def test_a_deleted_item_is_refused_at_its_line():
    @task
    def shorter(n: int) -> int:
        items = [1, 2, 3]
        del items[::2]
        return len(items) + n

    (reason,) = shorter.explain().reasons
    assert reason.source(shorter.explain().file) == "del items[::2]"


COUNT = """
from catzilla_jit import task
@task
def count(text: str):
    found = {}
    for letter in text:
        found[letter] = found.get(letter, 0) + 1
    return found
assert count.submit("abca").result() == {"a": 2, "b": 1, "c": 1}
assert count.compiled
"""


def test_no_warning_of_the_compiler_reaches_the_user(tmp_path):
    script = tmp_path / "count.py"
    script.write_text(COUNT)
    root = pathlib.Path(catzilla_jit.__file__).parent.parent
    store = tmp_path / "cache"
    store.mkdir(mode=0o700)
    environ = {**os.environ, "PYTHONPATH": str(root), "CATZILLA_JIT_CACHE_DIR": str(store)}
    result = subprocess.run(
        [sys.executable, "-W", "always", str(script)],
        env=environ, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")


def test_only_warnings_of_numba_on_a_compiling_thread_are_kept_back():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with quiet():
            warnings.warn(NumbaPerformanceWarning("kept back"), stacklevel=1)
            warnings.warn(UserWarning("the user's"), stacklevel=1)
        warnings.warn(NumbaPerformanceWarning("of the user's own kernel"), stacklevel=1)
    assert [str(each.message) for each in caught] == ["the user's", "of the user's own kernel"]


def test_dict_with_values_of_several_types_is_not_compiled_for(monkeypatch):
    compiled = []
    compile_ = JitFunction._compile
    monkeypatch.setattr(
        JitFunction, "_compile", lambda self, types: compiled.append(types) or compile_(self, types)
    )

    def size(d: dict) -> int:
        return len(d)

    with Runtime(workers=1) as runtime:
        task = runtime.task(size)
        assert task.submit({"a": 1, "b": "x"}).result() == 2
        assert "items of several types" in str(task.explain())
        assert compiled == [None]  # for the hints alone
        assert task.submit({"a": 1, "b": 2}).result() == 2
        assert task.explain().compiled
