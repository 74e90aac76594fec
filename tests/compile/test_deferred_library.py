"""The libraries of helpers: machine code is made where somebody asks for an address, only there."""

from __future__ import annotations

import importlib.util
import pathlib
from typing import Any

import numba
import pytest
from numba.core.codegen import JITCodeLibrary

from support.compile_harness import compiled, run


def test_numbas_functions_get_no_machine_code_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    finish = JITCodeLibrary._finalize_specific

    def noted(library: Any) -> None:
        made.append(library.name)
        finish(library)

    def text_in_the_middle(s: str, n: int) -> str:
        return s.rjust(n).ljust(n + 3)

    monkeypatch.setattr(JITCodeLibrary, "_finalize_specific", noted)
    task = compiled(text_in_the_middle)
    assert [name for name in made if "just" in name] == []
    assert run(task, "ab", 4) == "  ab   "


def test_numbas_function_that_a_task_uses_serves_njit_as_well() -> None:
    def swapped(s: str) -> str:
        return s.swapcase()

    task = compiled(swapped)
    assert numba.njit(swapped)("aBß") == run(task, "aBß") == "AbSS"


def test_two_tasks_share_a_function_of_numbas() -> None:
    def partition(s: str) -> str:
        return s.rpartition("-")[0]

    def partition_twice(s: str) -> str:
        return s.rpartition("-")[0].rpartition("-")[0]

    first, second = compiled(partition), compiled(partition_twice)
    assert (run(first, "a-b-c"), run(second, "a-b-c")) == ("a-b", "a")


def test_a_users_njit_function_that_numba_caches_is_a_helper(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "cz_cached_helper.py"
    path.write_text(
        "import numba\n\n@numba.njit(cache=True)\ndef tripled(x):\n    return 3 * x\n\n"
        "def fresh(x: int) -> int:\n    return tripled(x)\n\n"
        "def cached(x: int) -> int:\n    return tripled(x) + 1\n"
    )
    assert run(compiled(loaded(path).fresh), 5) == 15
    assert list(tmp_path.glob("__pycache__/*.nbc"))
    again = loaded(path)
    assert run(compiled(again.cached), 5) == 16
    assert again.tripled(2) == 6


def loaded(path: pathlib.Path) -> Any:
    """Import a file anew."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
