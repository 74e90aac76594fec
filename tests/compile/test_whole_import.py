"""Numba is imported whole: nobody meets it, or another package, half made by another thread."""

from __future__ import annotations

import ast
import importlib
import pathlib
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

import pytest

from catzilla_jit import importing


def test_module_of_a_package_that_is_being_imported_waits_for_the_whole(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "half_made_package"
    package.mkdir()
    (package / "__init__.py").write_text("import sys\nsys.half_way()\nWHOLE = True\n")
    (package / "part.py").write_text("from half_made_package import WHOLE\n")
    waiting: dict[int, Any] = importlib._bootstrap._blocking_on  # type: ignore[attr-defined]
    failures = []

    def import_part() -> None:
        try:
            importlib.import_module("half_made_package.part")
        except ImportError as error:
            failures.append(error)

    thread = threading.Thread(target=import_part)

    def half_way() -> None:
        thread.start()
        while thread.is_alive() and not waiting.get(thread.ident or 0):
            time.sleep(0.001)

    sys.half_way = half_way  # type: ignore[attr-defined]
    monkeypatch.syspath_prepend(tmp_path)
    try:
        importing.import_whole("half_made_package")
        thread.join(60)
        assert not failures
    finally:
        del sys.half_way  # type: ignore[attr-defined]
        for name in ("half_made_package", "half_made_package.part"):
            sys.modules.pop(name, None)


def test_every_function_that_imports_what_imports_numba_imports_it_whole() -> None:
    stage = pathlib.Path(importing.__file__).parent / "compile"
    trees = {
        ".".join(("catzilla_jit.compile", *path.relative_to(stage).with_suffix("").parts)): (
            ast.parse(path.read_text())
        )
        for path in stage.rglob("*.py")
    }

    def imports(nodes: Iterable[ast.AST]) -> set[str]:
        froms = [n for n in nodes if isinstance(n, ast.ImportFrom)]
        inside = {f"{n.module}.{alias.name}" for n in froms for alias in n.names}
        plain = {a.name for n in nodes if isinstance(n, ast.Import) for a in n.names}
        return inside | plain | {n.module or "" for n in froms}

    at_once = {name: imports(tree.body) for name, tree in trees.items()}
    with_numba: set[str] = set()
    for _ in trees:
        with_numba |= {
            name
            for name, found in at_once.items()
            if any(each in with_numba or each.partition(".")[0] == "numba" for each in found)
        }
    assert "catzilla_jit.compile.build" in with_numba
    assert "catzilla_jit.compile.loaded" not in with_numba
    for name in trees.keys() - with_numba:
        for node in ast.walk(trees[name]):
            if isinstance(node, ast.FunctionDef) and imports(list(ast.walk(node))) & with_numba:
                assert "import_numba()" in ast.unparse(node), name
