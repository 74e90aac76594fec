"""What `make test-numba` does to the installed copy."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from catzilla_jit.tasks import numba_range

TOOL = Path(__file__).parents[2] / "tools" / "numba_matrix.py"


@pytest.fixture
def matrix(monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("numba_matrix", TOOL)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "numba_matrix", module)
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def test_installed_copy_takes_the_version_for_a_tested_one(matrix: Any, tmp_path: Path) -> None:
    tasks = tmp_path / "lib" / "python3.11" / "site-packages" / "catzilla_jit" / "tasks"
    tasks.mkdir(parents=True)
    copy = Path(shutil.copy(numba_range.__file__, tasks))
    matrix.admit(tmp_path / "bin" / "python", "0.64")
    found: dict[str, Any] = {
        "__name__": numba_range.__name__,
        "__package__": numba_range.__package__,
    }
    exec(compile(copy.read_text(), str(copy), "exec"), found)
    assert found["complaint"]("0.64.1") is None
    assert "newer than 0.64" in found["complaint"]("0.68.1")


def test_files_that_are_run_are_there(matrix: Any) -> None:
    assert [file for file in matrix.TESTS.split() if not (TOOL.parents[1] / file).exists()] == []
