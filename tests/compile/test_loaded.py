"""Code that comes from the cache: it runs, fails and prints without any import of Numba."""

from __future__ import annotations

import dataclasses
import pickle
import sys
from typing import Any

import numba
import numpy
import pytest

from catzilla_jit.compile import loaded
from catzilla_jit.compile.backend import loader, numba_symbols
from catzilla_jit.compile.cache import disk, saved_task
from support.compile_harness import compiled, run

#: Tasks of every kind whose hints tell the types, and what each call gives.
KINDS = """
    import sys
    import time

    from catzilla_jit import task

    class Closed:
        def find_spec(self, name, path=None, target=None):
            if name.startswith("numba."):
                raise ImportError(f"{name} is not to be imported")

    def closed():
        sys.meta_path.insert(0, Closed())

    options = {"compile_to_c": "require"}

    @task(**options)
    def says(n: int, text: str, x: float) -> int:
        print(n, text, x, "a word", 7, None, (n, x))
        print()
        return n

    @task(**options)
    def shouts(text: str) -> str:
        return f"{text.upper()}!"

    @task(**options)
    def counted(text: str) -> dict[str, int]:
        found = {}
        for each in text:
            found[each] = found.get(each, 0) + 1
        return found

    @task(**options)
    def refuses(n: int, text: str) -> int:
        if n < 0:
            raise ValueError("negative")
        if n > 2:
            raise ValueError("bad " + text, n)
        return n

    @task(**options)
    def looks_up(n: int) -> int:
        return {1: 2, 3: 4}[n]

    @task(**options)
    def reads(text: str) -> int:
        return int(text)

    @task(**options)
    def waits(n: int) -> bool:
        return time.monotonic() > n

    @task(**options)
    def halves(n: int) -> float:
        return n / 2

    TASKS = [says, shouts, counted, refuses, looks_up, reads, waits, halves]

    def outcome(result):
        try:
            return result.result(timeout=60)
        except Exception as error:
            return type(error).__name__, error.args

    def outcomes():
        calls = [
            (says, 3, "é", 0.5), (shouts, "café"), (counted, "abca"), (refuses, -1, ""),
            (refuses, 5, "five"), (refuses, 1, ""), (looks_up, 3), (looks_up, 4), (reads, "12"),
            (reads, "x"), (waits, 0), (halves, 5),
        ]
        return [outcome(task.submit(*arguments)) for task, *arguments in calls]
"""
EXPECTED = """[3, 'CAFÉ!', {'a': 2, 'b': 1, 'c': 1}, ('ValueError', ('negative',)), \
('ValueError', ('bad five', 5)), 1, 4, ('KeyError', (4,)), 12, \
('ValueError', ("invalid literal for int() with base 10: 'x'",)), True, 2.5]"""


def test_tasks_of_every_kind_run_from_the_cache_without_numba(script: Any) -> None:
    source = (
        KINDS
        + """
    if sys.argv[1:] == ["again"]:
        closed()
    print(outcomes())
    print(halves.map([1, 2]).tolist())
    print({task.explain().from_cache for task in TASKS}, "numba" in sys.modules)
    """
    )
    said = "3 é 0.5 a word 7 None (3, 0.5)\n\n" + EXPECTED + "\n[0.5, 1.0]\n"
    assert script(source, timeout=240).stdout == said + "{False} True\n"
    assert script(source, "again", timeout=240).stdout == said + "{True} False\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(disk.VARIABLE, str(tmp_path / "cache"))
    loaded.known.clear()


def looks_up(n: int) -> int:
    return {1: 2, 3: 4}[n]


def test_exception_of_a_function_of_numbas_has_its_arguments_from_the_cache() -> None:
    for from_cache in (False, True):
        loaded.known.clear()
        task = compiled(looks_up)
        assert task.from_cache == from_cache
        with pytest.raises(KeyError) as caught:
            run(task, 5)
        assert caught.value.args == (5,)


def test_array_result_is_made_without_an_import() -> None:
    def ones(n: int) -> Any:
        return numpy.ones(n)

    compiled(ones)
    loaded.known.clear()
    task = compiled(ones)
    assert task.from_cache
    kept = saved_task.read(str(task._digest))
    assert kept is not None
    assert b"numba_unpickle" not in kept.object_code
    assert run(task, 2).tolist() == [1.0, 1.0]


def says(text: str) -> None:
    print(text)


def test_code_whose_objects_are_gone_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    task = compiled(says)
    kept = saved_task.read(str(task._digest))
    assert kept is not None
    assert kept.variables() is not None
    nothing, gone = (
        pickle.dumps(({}, {})),
        pickle.dumps(({}, {})).replace(b"}", b"cgone\ngone\n", 1),
    )
    for constants in (nothing, gone):
        lacking = dataclasses.replace(kept, constants=constants)
        assert lacking.variables() is None
        monkeypatch.setattr(saved_task, "read", lambda digest, lacking=lacking: lacking)
        loaded.known.clear()
        assert not compiled(says).from_cache


def test_linear_algebra_is_loaded_with_all_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[str] = []
    monkeypatch.setattr(numba_symbols.importlib, "import_module", wanted.append)
    assert numba_symbols.is_complete({"numba_xxgemm", "malloc"})
    assert wanted == ["scipy.linalg.cython_blas", "scipy.linalg.cython_lapack"]
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert not numba_symbols.is_complete({"numba_xxgemm"})
    assert numba_symbols.is_complete({"NRT_Free"})


@numba.njit  # type: ignore[untyped-decorator]
def greets(n: int) -> int:
    print("a word", n)
    return n


def test_code_that_imports_is_left_to_numba(capsys: pytest.CaptureFixture[str]) -> None:
    def calls(n: int) -> Any:
        return greets(n)

    for from_cache in (False, True):
        loaded.known.clear()
        task = compiled(calls)
        assert task.from_cache == from_cache
        assert run(task, 3) == 3
    kept = saved_task.read(str(task._digest))
    assert kept is not None
    assert not loader.is_loadable(kept.object_code)


def test_no_module_is_waited_for_when_code_is_loaded() -> None:
    with pytest.raises(pickle.UnpicklingError, match="is not imported"):
        saved_task.unpickled(b"cno_such_module\nname\n.")
