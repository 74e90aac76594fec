"""Compiling once: in a process, and on disk; and noticing what makes the code another."""

from __future__ import annotations

import pathlib
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import numba
import numpy
import pytest

import catzilla_jit.compile
from catzilla_jit.compile import CompileRefused, argument_types_for, build
from catzilla_jit.compile import loaded as loaded_module
from catzilla_jit.compile.backend import loader, numba_symbols
from catzilla_jit.compile.backend.kernel import compile_kernel
from catzilla_jit.compile.cache import disk, saved_task
from catzilla_jit.compile.frontend import annotations, hints
from support.compile_harness import compiled, run

SOURCE = """
RATE = {rate}

def helper(x):
    return x + {step}

def task(x: int) -> int:
    return helper(x) * RATE
"""


def loaded(rate: int = 3, step: int = 1) -> Callable[[int], int]:
    module = types.ModuleType("loaded")
    exec(compile(SOURCE.format(rate=rate, step=step), "loaded.py", "exec"), module.__dict__)
    return module.task  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv(disk.VARIABLE, str(tmp_path / "cache"))
    loaded_module.known.clear()
    return tmp_path / "cache" / disk.FOLDER


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do as a new process does."""
    loaded_module.known.clear()


def test_same_function_again_is_not_compiled_again() -> None:
    assert compiled(loaded()) is compiled(loaded())


def test_cell_that_is_run_again_is_not_compiled_again() -> None:
    def cell(number: int) -> Any:
        namespace: dict[str, Any] = {}
        code = compile("def task(x: int): return x + 1", f"<cell {number}>", "exec")
        exec(code, namespace)
        return namespace["task"]

    assert compiled(cell(1)) is compiled(cell(2))


def test_refusal_is_remembered() -> None:
    def refused(x: int) -> Any:
        return open(str(x))

    with pytest.raises(CompileRefused):
        compiled(refused)
    assert len(loaded_module.known) == 1
    with pytest.raises(CompileRefused):
        compiled(refused)


def test_second_process_loads_from_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    first = compiled(loaded())
    forget(monkeypatch)
    second = compiled(loaded())
    assert (first.from_cache, second.from_cache) == (False, True)
    assert run(second, 4) == 15
    assert second.signature == first.signature
    assert [size for _, size in second.code_ranges] == [size for _, size in first.code_ranges]


def test_array_fits_a_task_that_was_loaded_from_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def total(values: Any) -> Any:
        return values.sum()

    kinds = (numba.types.int64[::1],)
    compiled(total, argument_types=kinds)
    forget(monkeypatch)
    second = compiled(total, argument_types=kinds)
    assert second.from_cache
    assert run(second, numpy.arange(4)) == 6


def first_number(a: Any) -> Any:
    return a[0]["n"], a[1:]


def number_of(r: Any) -> Any:
    return r["n"], r["x"]


def test_records_fit_a_task_that_was_loaded_from_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    array = numpy.array([(1, 2.0), (3, 4.0)], [("n", "i8"), ("x", "f8")])
    for function, value in ((first_number, array), (number_of, array[0])):
        kinds = argument_types_for(function, (value,), name="task")
        compiled(function, argument_types=kinds)
        forget(monkeypatch)
        second = compiled(function, argument_types=kinds)
        assert second.from_cache
        assert repr(run(second, value)) == repr(function(value))
        with pytest.raises(TypeError):
            run(second, value.astype([("m", "i8"), ("x", "f8")]))


def test_records_with_other_fields_or_rights_have_code_of_their_own() -> None:
    plain = numpy.zeros(2, [("n", "i8"), ("x", "f8")])
    spaced = numpy.zeros(2, numpy.dtype([("n", "i8"), ("x", "f8")], align=True))
    renamed = plain.astype([("n", "i8"), ("y", "f8")])
    closed = plain.copy()
    closed.flags.writeable = False
    values = [array[i] for array in (plain, spaced, renamed, closed) for i in (0, slice(None))]
    kinds = [argument_types_for(number_of, (value,), name="task") for value in values]
    shown = {tuple(map(repr, each)) for each in kinds}  # what the digest is made of
    assert len(shown) == len(values)


@pytest.mark.parametrize("change", [{"rate": 4}, {"step": 2}])
def test_edited_constant_or_helper_is_noticed(
    change: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled(loaded())
    forget(monkeypatch)
    task = compiled(loaded(**change))
    assert not task.from_cache
    assert run(task, 4) == loaded(**change)(4)


CLASSES = """
import collections, enum
class Level(enum.IntEnum):
    HIGH = {high}
class Kind(enum.Enum):
    FIRST = {first}
Pair = collections.namedtuple("Pair", {fields!r})
START = Pair(10, 20)
def of_member(n: int) -> int:
    return n + Level.HIGH
def of_value(n: int) -> int:
    return n + Kind.FIRST.value
def of_field(n: int) -> int:
    return Pair(n, -n).x
def of_constant(n: int) -> int:
    return n + START.x
"""


@pytest.mark.parametrize("name", ["of_member", "of_value", "of_field", "of_constant"])
def test_edited_enum_or_named_tuple_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for high, first, fields in ((1, 2, "x y"), (3, 4, "y x")):
        module = types.ModuleType("edited")
        monkeypatch.setitem(sys.modules, "edited", module)
        source = CLASSES.format(high=high, first=first, fields=fields)
        exec(compile(source, "edited.py", "exec"), module.__dict__)
        forget(monkeypatch)
        task = compiled(vars(module)[name])
        assert not task.from_cache
        assert run(task, 5) == vars(module)[name](5)
    forget(monkeypatch)
    assert compiled(vars(module)[name]).from_cache


def test_constant_that_is_assigned_during_the_compilation_spoils_no_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = loaded(rate=30)  # no other test's: it is spoiled for this process

    def assign_and_compile(*arguments: Any) -> Any:
        task.__globals__["RATE"] = 40
        return compile_kernel(*arguments)

    with monkeypatch.context() as during:
        during.setattr(build, "compile_kernel", assign_and_compile)
        assert run(compiled(task), 4) == 200
    for rate in (30, 40):
        task.__globals__["RATE"] = rate
        for _ in range(2):
            assert run(compiled(task), 4) == 5 * rate
            forget(monkeypatch)


def test_options_and_types_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled(loaded())
    forget(monkeypatch)
    assert not compiled(loaded(), overflow="wrap").from_cache


def test_another_installation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled(loaded())
    forget(monkeypatch)
    monkeypatch.setattr(catzilla_jit.compile.cache.fingerprint, "installation", lambda: "another")
    assert not compiled(loaded()).from_cache


def test_damaged_file_is_ignored(cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled(loaded())
    for path in cache.iterdir():
        path.write_bytes(b"damaged")
    forget(monkeypatch)
    assert not compiled(loaded()).from_cache


def test_damaged_code_is_ignored(cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled(loaded())
    (path,) = cache.iterdir()
    task = saved_task.read(path.name)
    assert task is not None
    data = bytearray(path.read_bytes())
    data[data.index(task.object_code) + len(task.object_code) // 2] ^= 1
    path.write_bytes(data)
    forget(monkeypatch)
    again = compiled(loaded())
    assert not again.from_cache
    assert run(again, 4) == 15


def test_directory_is_closed_to_others(cache: pathlib.Path) -> None:
    compiled(loaded())
    assert cache.stat().st_mode & 0o777 == 0o700
    assert cache.parent.stat().st_mode & 0o777 == 0o700


def test_directory_that_others_can_write_to_is_not_used(
    cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    cache.parent.chmod(0o700)
    for folder in (cache, cache.parent):
        folder.chmod(0o777)
        compiled(loaded())
        assert not list(cache.iterdir())
        folder.chmod(0o700)


def test_value_of_this_process_is_not_kept_on_disk(cache: pathlib.Path) -> None:
    class Local(Exception):
        pass

    def task(x: int) -> int:
        if x > 3:
            raise Local("too large")
        return x

    task_compiled = compiled(task)
    with pytest.raises(Local):
        run(task_compiled, 7)
    assert not cache.exists() or not list(cache.iterdir())


def test_chunk_function_works_after_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled(loaded())
    forget(monkeypatch)
    assert compiled(loaded()).chunk("cc")


def test_names_of_the_types_of_scalar_hints_are_those_of_numba() -> None:
    assert {hint: repr(type_) for hint, type_ in hints.SCALAR_HINTS.items()} == annotations.SCALARS


def test_modules_of_a_numba_that_is_imported_are_left_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, numba_symbols.HELPERS)  # as while another thread imports it
    found = numba_symbols._extension.__wrapped__(numba_symbols.HELPERS)
    assert sys.modules[numba_symbols.HELPERS] is found


def test_another_build_of_numba_loads_its_code_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def shout(text: str) -> str:
        return text + "!"

    compiled(shout)
    forget(monkeypatch)
    monkeypatch.setattr(numba_symbols, "register", lambda: False)
    again = compiled(shout)
    assert again.from_cache
    assert run(again, "a") == "a!"


def test_only_known_code_is_loaded(cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled(loaded())
    (path,) = cache.iterdir()
    task = saved_task.read(path.name)
    assert task is not None
    assert loader.is_plain(task.object_code)
    assert not loader.is_loadable(b"no object file")
    monkeypatch.setattr(loader, "undefined", lambda data: {"there_is_no_such_function"})
    assert not loader.is_loadable(task.object_code)


def test_processor_that_the_program_chooses_is_not_kept_on_disk(
    cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CPU_NAME", "generic")
    assert run(compiled(loaded()), 4) == 15
    assert not cache.exists()


def test_module_that_warns_of_a_name_it_had_is_not_heard() -> None:
    moved: Any = types.ModuleType("moved_names")

    def lookup(name: str) -> Any:
        if name == "speed":
            warnings.warn("speed has moved", DeprecationWarning, stacklevel=2)
            return 3
        raise AttributeError(name)

    moved.__getattr__, moved.rate = lookup, 2
    space: dict[str, Any] = {"moved": moved, "other": types.SimpleNamespace(speed=1)}
    source = "def task(x: int): return x * moved.rate if x < 9 else other.speed"
    exec(source, space)
    with pytest.raises(CompileRefused):
        compiled(space["task"], exact=True)
