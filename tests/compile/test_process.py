"""Threads, forks and other users of Numba in the same process."""

from __future__ import annotations

import pathlib
import threading
from typing import Any

import numba
import numpy
import pytest

import catzilla_jit.compile
from catzilla_jit.compile import (
    CompiledTask,
    CompileRefused,
    argument_types_for,
    compile_task,
    needs_values,
)
from support.compile_harness import compiled, run

ROOT = str(pathlib.Path(catzilla_jit.compile.__file__).parents[2])


@numba.njit(parallel=True)  # type: ignore[untyped-decorator, unused-ignore]
def with_threads(x: Any) -> Any:
    total = 0.0
    for i in numba.prange(len(x)):
        total += x[i]
    return total


@numba.njit  # type: ignore[untyped-decorator, unused-ignore]
def wrapping(x: int) -> int:
    return x * x


def made(number: int) -> Any:
    namespace: dict[str, Any] = {}
    exec(f"def task(x: int, s: str): return x + {number} + len(s.strip())", namespace)
    return namespace["task"]


def test_four_threads_compile_at_once() -> None:
    tasks: list[CompiledTask] = []
    threads = [
        threading.Thread(target=lambda n=n: tasks.append(compiled(made(n % 6)))) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(run(task, 1, " a ") for task in tasks) == sorted(2 + n % 6 for n in range(12))


def test_function_with_threads_of_its_own_is_refused() -> None:
    def task(n: int) -> float:
        return with_threads(numpy.ones(n))  # type: ignore[no-any-return]

    with pytest.raises(CompileRefused, match="with_threads, which is compiled with parallel"):
        compiled(task)


def test_jitted_function_keeps_its_own_arithmetic() -> None:
    def task(n: int) -> int:
        return wrapping(n)  # type: ignore[no-any-return]

    assert run(compiled(task), 2**32) == wrapping(2**32) == 0


def test_child_of_a_fork_can_compile_while_the_parent_does(script: Any) -> None:
    source = """
    import os, sys, threading
    from catzilla_jit.compile import compile_task

    def made(n):
        namespace = {}
        exec(f"def task(x: int): return x * {n} + {n}", namespace)
        return namespace["task"]

    def work():
        for n in range(1000):
            if stop.is_set():
                break
            compile_task(made(n), name="task")

    stop = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    answers = []
    for round in range(5):
        pid = os.fork()
        if pid == 0:
            compile_task(made(5000 + round), name="task")
            os._exit(7)
        answers.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    stop.set()
    thread.join()
    print(answers)
    """
    assert script(source, PYTHONWARNINGS="ignore").stdout.strip() == "[7, 7, 7, 7, 7]"


def test_hints_that_tell_every_type_need_no_values() -> None:
    def hinted(x: int, y: str) -> int:
        return x

    def unhinted(x, y: int):  # type: ignore[no-untyped-def]
        return x

    assert not needs_values(hinted)
    assert needs_values(unhinted)


def test_values_give_the_types_that_hints_do_not() -> None:
    def task(x, y: float):  # type: ignore[no-untyped-def]
        return x[0] * y

    values = (numpy.arange(3.0), 2)
    types = argument_types_for(task, values, name="task")
    # An int in the place of a float stays one, as in Python.
    assert str(types) == "(Array(float64, 1, 'C', False, aligned=True), int64)"
    assert run(compile_task(task, name="task", argument_types=types), *values) == 0.0


@pytest.mark.parametrize("value", [[], {}, object(), 2**64, numpy.array(["a"]), (1, [])])
def test_value_without_a_type_is_refused(value: Any) -> None:
    def task(x):  # type: ignore[no-untyped-def]
        return x

    with pytest.raises(CompileRefused, match="argument 'x' is a"):
        argument_types_for(task, (value,), name="task")
