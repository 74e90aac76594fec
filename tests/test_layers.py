"""The layers hold (docs/design.md): read off every import statement, the late ones too."""

from __future__ import annotations

import ast
import functools
import itertools
import pathlib

import pytest

import catzilla_jit
from catzilla_jit import importing
from catzilla_jit.compile import _WITH_NUMBA

PACKAGE = pathlib.Path(catzilla_jit.__file__).parent
ROOT = pathlib.Path(__file__).parents[1]

#: From the top: a layer imports from those behind it, never from those before it.
LAYERS = ("cli", "web", "integrations", "tasks", "runtime", "pools", "stats", "display")
#: What every layer may import; it imports nothing of the package but the ground.
GROUND = (
    "errors", "types", "logs", "jemalloc", "importing", "forking", "forks", "lazily",
    "environment", "posix",
    "deadline",
    "signatures",
    "guard",
)  # fmt: skip
#: The same order inside of `compile`, below the modules of that folder itself.
STAGES = (
    "passes", "lowering", "cache", "backend", "frontend", "library", "analysis", "target",
    "datamodel", "diagnostics",
)  # fmt: skip
#: Only these import `compile`, which imports nothing of the package but the ground.
COMPILERS = ("cli", "integrations", "tasks")


@functools.cache
def modules() -> dict[str, pathlib.Path]:
    """Return the source file of each module of the package."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(("catzilla_jit", *(part for part in parts if part != "__init__")))] = path
    return found


def imports(name: str) -> list[str]:
    """Return what a module imports: at its top, in functions, for types only."""
    path = modules()[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")
                base = ".".join((*above[: len(above) - node.level + 1], base)).rstrip(".")
            inside = [f"{base}.{alias.name}" for alias in node.names]
            found += [each if each in modules() else base for each in inside]
    return found


@functools.cache
def edges() -> list[tuple[str, str]]:
    """Return (importing module, imported module) inside of the package."""
    return [
        (name, imported)
        for name in sorted(modules())
        for imported in imports(name)
        if imported in modules() and imported != name
    ]


def part(name: str, depth: int = 1) -> str:
    """Return "compile", "runtime", ... of a module of this package; "" of what lies outside."""
    pieces = name.split(".")
    return pieces[depth] if pieces[0] == "catzilla_jit" and len(pieces) > depth else ""


def upward(order: tuple[str, ...], depth: int) -> list[tuple[str, str]]:
    """Return the imports that run up in this order."""
    found = []
    for name, imported in edges():
        one, other = part(name, depth), part(imported, depth)
        if one in order and other in order and order.index(one) > order.index(other):
            found.append((name, imported))
    return found


def importers(*wanted: str) -> set[str]:
    """Return the parts of the package that import one of these, at any time."""
    return {
        part(name)
        for name in modules()
        for imported in imports(name)
        if any(imported == module or imported.startswith(module + ".") for module in wanted)
    }


def test_every_module_belongs_to_a_layer():
    parts = {part(name) for name in modules()}
    assert parts <= {"", "__main__", "compile", *LAYERS, *GROUND}


def test_no_import_runs_up():
    assert upward(LAYERS, 1) == []


def test_no_import_runs_up_inside_of_compile():
    compiling = [(a, b) for a, b in upward(STAGES, 2) if part(a) == part(b) == "compile"]
    assert compiling == []


def test_stages_of_compile_import_no_module_above_them():
    # `options` and `slots` are values: they import nothing, so every stage may have them.
    found = [
        (name, imported)
        for name, imported in edges()
        if part(name) == part(imported) == "compile"
        and part(name, 2) in STAGES
        and part(imported, 2) not in STAGES
        and part(imported, 2) not in ("options", "slots")
    ]
    assert found == []


def test_ground_stands_on_nothing():
    found = [(a, b) for a, b in edges() if part(a) in GROUND and part(b) not in GROUND]
    assert found == []


def test_compile_meets_the_rest_in_the_tasks_alone():
    assert importers("catzilla_jit.compile") - {"compile"} <= set(COMPILERS)
    allowed = {"compile", *GROUND}
    assert [e for e in edges() if part(e[0]) == "compile" and part(e[1]) not in allowed] == []


def circles() -> list[set[str]]:
    """Return the sets of modules that import each other in a circle (Tarjan)."""
    targets: dict[str, list[str]] = {}
    for name, imported in edges():
        targets.setdefault(name, []).append(imported)
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found = []
    counter = itertools.count()

    def visit(name: str) -> None:
        order[name] = lowest[name] = next(counter)
        stack.append(name)
        for other in targets.get(name, ()):
            if other not in order:
                visit(other)
            if other in stack:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == order[name]:
            circle = set(stack[stack.index(name) :])
            del stack[stack.index(name) :]
            if len(circle) > 1:
                found.append(circle)

    for name in modules():
        if name not in order:
            visit(name)
    return found


def test_no_modules_import_each_other_in_a_circle():
    assert circles() == []


def test_every_folder_says_in_one_sentence_what_it_is():
    for path in [*PACKAGE.rglob("*.py")]:
        folder = path.parent
        head = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
        first = head.partition("\n")[0]
        assert first.endswith((".", ":")), folder


@pytest.mark.parametrize(
    ("folder", "pattern", "most"),
    [("catzilla_jit", "*.py", 400), ("tests", "*.py", 400), ("benchmarks", "*.py", 400),
     ("tools", "*.py", 400), ("native", "*.[ch]", 350)],
)  # fmt: skip
def test_long_files_say_in_their_head_why_they_are_long(folder, pattern, most):
    files = (PACKAGE if folder == PACKAGE.name else ROOT / folder).rglob(pattern)
    long = {file: lines for file in files if len(lines := file.read_text().splitlines()) > most}
    assert not [file for file, lines in long.items() if "length" not in "\n".join(lines[:20])]


def test_only_compile_imports_numba_and_llvmlite():
    assert importers("numba", "llvmlite") <= {"compile"}


def test_only_the_pools_import_the_binding():
    assert importers("catzilla_jit._binding") <= {"pools"}


def test_only_pools_the_allocator_and_what_reads_ufuncs_use_ctypes():
    assert importers("ctypes") <= {"pools", "stats", "compile"}


def late_imports(name: str) -> list[str]:
    """Return the modules that are not ours and that functions of a module import."""
    tree = ast.parse(modules()[name].read_text())
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = [node for function in functions for node in ast.walk(function)]
    found = [a.name for node in inside if isinstance(node, ast.Import) for a in node.names]
    return found + [n.module for n in inside if isinstance(n, ast.ImportFrom) and not n.level]


def test_functions_of_the_runtime_import_nothing_that_a_fork_does_not_wait_for():
    known = ("catzilla_jit", *importing.OURS)
    # The allocator is looked for by the command line; who awaits has imported asyncio.
    others = modules().keys() - {"catzilla_jit.jemalloc", "catzilla_jit.runtime.awaitable"}
    for name in others:
        if part(name) not in ("cli", "web", "integrations", "display"):
            late = {each for each in late_imports(name) if each.partition(".")[0] not in known}
            assert not late, f"{name} imports {late}: do it in a module that is imported late"


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


def test_importing_the_command_line_does_not_import_numba(script):
    script("""
        import sys
        import catzilla_jit.cli.main
        assert not {"numba", "llvmlite", "numpy"} & set(sys.modules)
    """)


def test_imports_are_found_in_the_sources():
    """The reader above reads: known imports are among what it finds."""
    known = set(imports("catzilla_jit.pools.native_pool"))
    assert {"ctypes", "catzilla_jit.pools.native.library", "catzilla_jit.errors"} <= known


def imported_late() -> list[str]:
    """Return the modules of the compile stage that are imported when they are needed."""
    found = {f"catzilla_jit.compile.{each}" for each in _WITH_NUMBA.values()}
    for path in (PACKAGE / "compile").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.ImportFrom):
                        found.add(str(node.module))
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
