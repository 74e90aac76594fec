"""Who may import whom (docs/design.md), read off the import statements."""

from __future__ import annotations

import ast
import pathlib

import pytest

import catzilla_jit
from catzilla_jit.compile import _WITH_NUMBA

PACKAGE = pathlib.Path(catzilla_jit.__file__).parent


def modules():
    """Return the module name of every source file."""
    return {
        ".".join(("catzilla_jit", *path.relative_to(PACKAGE).with_suffix("").parts)): path
        for path in PACKAGE.rglob("*.py")
    }


def imports(name, path):
    """Return (imported module, whether for type checking only) for each import of a file."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in typing_only
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = name.split(".")[:-1]  # of "catzilla_jit.runtime.__init__", too
                package = package[: len(package) - node.level + 1]
                base = ".".join((*package, base)).rstrip(".")
            yield base, id(node) in typing_only
            for alias in node.names:
                yield f"{base}.{alias.name}", id(node) in typing_only


def part(name):
    """Return "compile", "runtime", ... of a module of this package, else None."""
    pieces = name.split(".")
    return pieces[1] if pieces[0] == "catzilla_jit" and len(pieces) > 1 else None


def importers(*wanted):
    """Return the parts of the package that import one of these, at any time."""
    return {
        part(name)
        for name, path in modules().items()
        for imported, _ in imports(name, path)
        if any(imported == module or imported.startswith(module + ".") for module in wanted)
    }


@pytest.mark.parametrize(("one", "other"), [("compile", "runtime"), ("runtime", "compile")])
def test_compile_and_runtime_never_import_each_other(one, other):
    found = [
        (name, imported)
        for name, path in modules().items()
        for imported, _ in imports(name, path)
        if part(name) == one and part(imported) == other
    ]
    assert found == []


def test_only_compile_imports_numba_and_llvmlite():
    assert importers("numba", "llvmlite") <= {"compile"}


def test_only_runtime_imports_ctypes_and_the_binding():
    assert importers("ctypes", "catzilla_jit._binding") <= {"runtime"}


def test_compile_imports_nothing_of_the_tasks():
    found = [
        (name, imported)
        for name, path in modules().items()
        for imported, typing_only in imports(name, path)
        if part(name) == "compile"
        and not typing_only
        and part(imported) in ("task", "program", "settings", "integrations", "cli")
    ]
    assert found == []


def test_importing_the_package_does_not_import_numba(script):
    script("""
        import sys
        import catzilla_jit
        assert not {"numba", "llvmlite"} & set(sys.modules)
        @catzilla_jit.task(compile_to_c=False)
        def double(x):
            return 2 * x
        assert double.submit(2).result() == 4
        assert double.map([1, 2]).tolist() == [2, 4]
        assert not {"numba", "llvmlite"} & set(sys.modules)
    """)


@pytest.mark.skipif(not (PACKAGE / "cli.py").exists(), reason="there is no command line")
def test_importing_the_command_line_does_not_import_numba(script):
    script("""
        import sys
        import catzilla_jit.cli
        assert not {"numba", "llvmlite", "numpy"} & set(sys.modules)
    """)


def test_imports_are_found_in_the_sources():
    """The reader above reads: known imports are among what it finds."""
    found = dict(modules())
    known = {imported for imported, _ in imports(
        "catzilla_jit.runtime.nativepool", found["catzilla_jit.runtime.nativepool"]
    )}  # fmt: skip
    assert {"ctypes", "catzilla_jit.runtime.native", "catzilla_jit.errors"} <= known


def imported_late():
    """Return the modules of the compile stage that are imported when they are needed."""
    found = {f"catzilla_jit.compile.{each}" for each in _WITH_NUMBA.values()}
    for path in (PACKAGE / "compile").glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.ImportFrom):
                        found.add(node.module)
                        found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return sorted(found & modules().keys())


@pytest.mark.parametrize("name", imported_late())
def test_numba_is_imported_as_a_whole_before_its_parts(name):
    of_numba = [
        each.name if isinstance(node, ast.Import) else node.module
        for node in ast.parse(modules()[name].read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for each in node.names
        if ast.unparse(node).split()[1].partition(".")[0] == "numba"
    ]
    assert of_numba[:1] in ([], ["numba"])
