"""print in compiled code writes what Python writes; what could have to be run again is refused."""

from __future__ import annotations

import io
import sys

import pytest

from catzilla_jit import Runtime
from catzilla_jit.compile import STATUS_OVERFLOW, CompileRefused
from support.compile_harness import compiled, run, status_of


def show(s: str, n: int, x: float, p: bool) -> None:
    print(s, n, x, p, "end", 7, None)
    print()


@pytest.mark.parametrize("text", ["", "abc", "é", "日本語", "a\0b", "x" * 5000, "😀"])
def test_compiled_print_writes_what_python_writes(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    for x in (0.1, 1e22, -0.0, float("nan")):
        run(compiled(show), text, -3, x, True)
        printed = capsys.readouterr().out
        show(text, -3, x, True)
        assert printed == capsys.readouterr().out


def test_text_that_cannot_be_written_leaves_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    assert status_of(compiled(show), "\ud800", 1, 1.0, True)[0] == STATUS_OVERFLOW


def test_function_that_prints_is_refused_where_it_might_run_again() -> None:
    with pytest.raises(CompileRefused, match="the function prints") as caught:
        compiled(show, prints=False)
    assert caught.value.reasons[0].line == show.__code__.co_firstlineno + 1


def shout_square(n: int) -> int:
    print("once")
    return n * n


def test_task_prints_once_whatever_its_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    with Runtime(workers=1) as runtime:
        task = runtime.task(shout_square)
        assert not task.compiled
        assert task.submit(2**40).result() == 2**80
        assert runtime.task(shout_square, compile_to_c=True).compiled
    assert capsys.readouterr().out == "once\n"
