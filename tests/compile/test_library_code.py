"""What one process has compiled of Numba's functions and ours, others load: the same code."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Any, NamedTuple

import numba
import numpy
import pytest
from numba.core import types
from numba.core.bytecode import FunctionIdentity
from numba.core.dispatcher import _FunctionCompiler

from catzilla_jit.compile.cache import disk, library_code, library_key
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.slots import STATUS_OVERFLOW
from support.compile_harness import compiled, run, status_of

FLOATS = numba.float64[::1]
EXACT = {"exact": True, "boundscheck": True, "prints": False}


@pytest.fixture(autouse=True)
def chosen(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv(disk.VARIABLE, str(tmp_path / "chosen"))
    return tmp_path / "chosen" / disk.FOLDER


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the modules of the functions that are compiled from here on."""
    found: list[str] = []
    compile_core = _FunctionCompiler._compile_core

    def noted(self: Any, args: Any, return_type: Any) -> Any:
        found.append(self._get_implementation(args, {}).__module__ or "")
        return compile_core(self, args, return_type)

    monkeypatch.setattr(_FunctionCompiler, "_compile_core", noted)
    return found


def of_library(names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(("numba.", "catzilla_jit."))]


def test_functions_of_ours_are_compiled_for_the_first_task_alone(names: list[str]) -> None:
    def spread(a: Any) -> float:
        return float(numpy.cumsum(a - a.mean()).max())

    def spread_of_squares(a: Any) -> float:
        return float(numpy.cumsum(a * a - a.mean()).max())

    first = compiled(spread, argument_types=[FLOATS], **EXACT)
    assert of_library(names)
    names.clear()
    second = compiled(spread_of_squares, argument_types=[FLOATS], **EXACT)
    assert of_library(names) == []
    a = numpy.linspace(-1.0, 2.0, 1001) ** 3
    assert (run(first, a), run(second, a)) == (spread(a), spread_of_squares(a))


TEXT = """
    import sys
    from catzilla_jit.compile import compile_task
    from numba.core.dispatcher import _FunctionCompiler
    from support.compile_harness import run
    names = []
    compile_core = _FunctionCompiler._compile_core
    def noted(self, args, return_type):
        names.append(self._get_implementation(args, {{}}).__module__ or "")
        return compile_core(self, args, return_type)
    _FunctionCompiler._compile_core = noted
    def counted(s: str) -> dict[str, int]:
        found = {{}}
        for word in s.split():
            word = word.{method}("ab")
            found[word] = found.get(word, 0) + {step}
        return found
    task = compile_task(counted, name="counted")
    assert run(task, "ba xb aaa x") == counted("ba xb aaa x")
    print(sum(name.startswith("numba.") for name in names))
"""


def test_functions_of_numbas_are_compiled_by_the_first_process_alone(script: Any) -> None:
    environ = {disk.VARIABLE: os.environ[disk.VARIABLE]}
    first = script(TEXT.format(method="strip", step=1), **environ)
    second = script(TEXT.format(method="strip", step=2), **environ)
    assert int(first.stdout) > 20
    assert int(second.stdout) < 6  # those whose types cannot be pickled


def test_damaged_file_is_compiled_anew(chosen: pathlib.Path, names: list[str]) -> None:
    def low(a: Any) -> float:
        return float(a.mean() - a.std())

    def lower(a: Any) -> float:
        return float(a.mean() - 2.0 * a.std())

    compiled(low, argument_types=[FLOATS], **EXACT)
    files = list(chosen.glob(f"*{library_code.SUFFIX}"))
    assert files
    for file in files:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    names.clear()
    task = compiled(lower, argument_types=[FLOATS], **EXACT)
    assert of_library(names)
    a = numpy.linspace(0.0, 1.0, 77) ** 2
    assert run(task, a) == lower(a)


def test_what_is_no_library_function_is_ignored(names: list[str]) -> None:
    for data in (b"", b"text", b"\x78\x01\x00"):
        disk.write("1" * 64 + library_code.SUFFIX, data)
        assert library_code.LibraryCode().read("1" * 64) is None


def test_other_rules_are_other_code(names: list[str]) -> None:
    def total(a: Any) -> float:
        return float(a.mean())

    def twice(a: Any) -> float:
        return 2.0 * float(a.mean())

    compiled(total, argument_types=[FLOATS], **EXACT)
    names.clear()
    compiled(twice, argument_types=[FLOATS], **EXACT, fastmath=True)
    assert of_library(names)


def test_what_was_found_in_a_function_is_told_of_each_task_that_calls_it() -> None:
    def first(a: Any) -> float:
        return float(numpy.sort(numpy.exp(a))[0])

    def second(a: Any) -> float:
        return float(numpy.sort(numpy.exp(a))[1])

    tasks = [compiled(each, argument_types=[FLOATS], **EXACT) for each in (first, second)]
    told = [[each.how for each in task.evaluations] for task in tasks]
    assert told[0] == told[1] != []
    assert tasks[0].repeatable == tasks[1].repeatable
    # NumPy warns of an overflow: both ask to be run again as Python.
    assert [status_of(task, numpy.full(3, 1000.0))[0] for task in tasks] == [STATUS_OVERFLOW] * 2


def test_exceptions_of_a_function_that_was_kept_are_its_own() -> None:
    def first(s: str) -> int:
        return int(s)

    def second(s: str) -> int:
        return int(s) + 1

    answers = []
    for function in (first, second):
        task = compiled(function)
        answers.append((run(task, " -12 "), status_of(task, "x")[0]))
    assert answers[0] == (-12, answers[1][1])
    assert answers[1][0] == -11


TYPES = ([types.int64], [types.float64], [types.literal(1)], [FLOATS], [numba.float64[:]])


class _Point(NamedTuple):
    x: float


def test_key_tells_closures_types_and_rules_apart() -> None:
    def scaled(factor: Any) -> Any:
        def scale(x: Any) -> Any:
            return factor * x

        scale.__module__ = "catzilla_jit.compile.library"
        return scale

    one, other = numba.njit(scaled(1.0)), numba.njit(scaled(2.0))
    keys = {
        library_key.key_of(dispatcher, types_, rules, dispatcher.py_func)
        for dispatcher in (one, other)
        for types_ in (TYPES)
        for rules in ("", repr(Options()))
    }
    assert len(keys) == 20
    assert None not in keys
    again = numba.njit(scaled(1.0))
    assert library_key.key_of(again, [FLOATS], "", again.py_func) in keys


@pytest.mark.parametrize(
    "type_",
    [
        numba.typeof(_Point(1.0)),
        numba.typeof(numba.njit(lambda x: x)),
        types.List(numba.typeof(_Point(1.0))),
        types.Optional(types.NamedUniTuple(types.float64, 1, _Point)),
    ],
)
def test_type_that_may_be_the_users_has_no_key(type_: types.Type) -> None:
    dispatcher = numba.njit(disk.read)
    assert library_key.key_of(dispatcher, [types.int64], "", disk.read) is not None
    assert library_key.key_of(dispatcher, [type_], "", disk.read) is None


ROWS = [[1, 2], [3, 4, 5]]
OTHERS = [[1, 2], [3, 4, 6]]
LONG = list(range(50))
LONGER = list(range(1, 51))


def test_constants_of_the_module_are_those_of_each_task() -> None:
    def of_rows(i: int) -> int:
        return sum([sum(row) for row in ROWS]) + LONG[i]

    def of_others(i: int) -> int:
        return sum([sum(row) for row in OTHERS]) + LONGER[i]

    for function in (of_rows, of_others):
        assert run(compiled(function), 3) == function(3)


def test_key_tells_functions_apart_by_the_globals_of_a_namespace_of_their_own() -> None:
    def made(**names: Any) -> Any:
        space = {"__name__": "catzilla_jit.compile.library", **names}
        exec("def made():\n    return held", space)
        return space["made"]

    def inner(x: Any) -> Any:
        return made(held=x)

    held = (1, 2, "1", numpy.ones(2), numpy.zeros(2), numpy.add, inner(1), inner(2))
    keys = {
        library_key.key_of(numba.njit(function), [], "", function)
        for function in (made(held=each) for each in held)
    }
    assert len(keys) == len(held)
    assert None not in keys
    own = made(held=_of_user)
    assert library_key.key_of(numba.njit(own), [], "", own) is None


def _of_user() -> None:
    """Stand for a function of the user's."""


def test_function_of_the_users_has_no_key() -> None:
    def own(x: Any) -> Any:
        return x

    assert library_key.key_of(numba.njit(own), [types.int64], "", own) is None
    assert not library_key.is_library_function(own)


def test_each_process_numbers_its_symbols_from_another_place() -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, str(next(FunctionIdentity._unique_ids)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with open(reader) as pipe:
        forked = int(pipe.read())
    code = (
        "import catzilla_jit.compile.build; from numba.core.bytecode import FunctionIdentity as f"
    )
    command = [sys.executable, "-c", f"{code}; print(next(f._unique_ids))"]
    other = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    here = next(FunctionIdentity._unique_ids)
    assert len({here >> 20, forked >> 20, other >> 20}) == 3
