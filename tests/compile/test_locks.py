"""The order of locks: what is not done under Numba's compiler lock, and what a fork waits for."""

from __future__ import annotations

import ast
import importlib
import pathlib
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

from numba.core.compiler_lock import global_compiler_lock

from catzilla_jit import importing
from catzilla_jit.compile.library.ufuncs import late

#: Tells what is imported, and made once, by a thread that holds the compiler lock.
WATCH = """
    import sys

    import numba
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.utils import threadsafe_cached_property

    class Watch:
        def find_spec(self, name, path=None, target=None):
            if global_compiler_lock.is_locked():
                print("imported under the lock:", name)

    made = threadsafe_cached_property.__get__

    def get(self, *arguments):
        if global_compiler_lock.is_locked():
            print("made under the lock:", self.attrname)
        return made(self, *arguments)

    threadsafe_cached_property.__get__ = get
    sys.meta_path.insert(0, Watch())
"""
TASKS = """
    import numpy
    from catzilla_jit import task

    options = {"compile_to_c": "require"}

    @task(**options)
    def spread(a: numpy.ndarray) -> float:
        return float(numpy.sort(a)[0] + a.sum() + numpy.mean(a))

    @task(**options)
    def counted(words: list[str]) -> dict[str, int]:
        found = {}
        for each in words:
            found[each] = found.get(each, 0) + 1
        return found

    @task(**options)
    def half(x: float) -> float:
        if x < 0:
            raise ValueError("no " + str(x))
        return abs(complex(x, 0.0)) / 2

    def failed(result):
        try:
            return result.result()
        except ValueError as error:
            return str(error)

    def run():
        assert spread.submit(numpy.arange(3.0)).result() == 4.0
        assert counted.submit(["a", "b", "a"]).result() == {"a": 2, "b": 1}
        assert failed(half.submit(-1.0)) == "no -1.0"
        assert half.map([1.0, 2.0]).tolist() == [0.5, 1.0]

    run()
"""


def test_nothing_is_imported_under_the_compiler_lock(script: Any) -> None:
    source = WATCH + TASKS
    assert script(source, timeout=240).stdout == ""
    assert script(source, timeout=240).stdout == ""


#: Imports Numba in a thread that stops in the middle, at the first module that config asks for.
HALF_WAY = """
    import builtins
    import sys
    import threading

    from catzilla_jit import task

    reached, go_on = threading.Event(), threading.Event()
    importing = builtins.__import__

    def import_numba():
        import numba

    def stopping(name, globals=None, *rest):
        if name == "yaml" and globals["__name__"] == "numba.core.config":
            reached.set()
            assert go_on.wait(60)
        return importing(name, globals, *rest)

    def stopped_import():
        builtins.__import__ = stopping
        thread = threading.Thread(target=import_numba)
        thread.start()
        assert reached.wait(60)
        return thread

    def helper(x):
        return x + 1

    @task(compile_to_c="require")
    def cached(x: int) -> int:
        return helper(x)

    @task(compile_to_c="require")
    def wants_numba(xs: list[int]) -> int:
        return len(xs)
"""


def test_cached_task_runs_while_another_thread_is_importing_numba(script: Any) -> None:
    source = (
        HALF_WAY
        + """
    if sys.argv[1:]:
        thread = stopped_import()
    assert cached.submit(1).result(timeout=60) == 2
    assert cached.explain().from_cache == bool(sys.argv[1:])
    if sys.argv[1:]:
        go_on.set()
        thread.join()
    assert wants_numba.submit([1, 2]).result(timeout=60) == 2
    """
    )
    script(source)
    script(source, "again")


def test_first_submissions_of_two_threads_wait_for_one_import(script: Any) -> None:
    source = (
        HALF_WAY
        + """
    cached.submit(1).result(timeout=60)  # now it is in the cache
    """
    )
    script(source)
    source = (
        HALF_WAY
        + """
    thread = stopped_import()
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(wants_numba.submit([1, 2]).result(60))),
        threading.Thread(target=lambda: results.append(cached.submit(1).result(60))),
    ]
    for each in threads:
        each.start()
    threads[1].join()
    go_on.set()
    threads[0].join()
    thread.join()
    assert results == [2, 2], results
    """
    )
    script(source)


def test_fork_waits_for_an_import_that_needs_the_compiler_lock(script: Any) -> None:
    script("""
        import builtins
        import importlib
        import os
        import threading

        import catzilla_jit
        from catzilla_jit.compile import compile_task

        reached, go_on = threading.Event(), threading.Event()
        importing = builtins.__import__

        def stopping(name, globals=None, *rest):
            place = globals["__name__"] if globals else ""
            if name == "numba.core.registry" and place.endswith("datamodel.dict_argument"):
                reached.set()
                assert go_on.wait(60)
            return importing(name, globals, *rest)

        def half(x: float) -> float:
            return x / 2

        builtins.__import__ = stopping
        build = "catzilla_jit.compile.build"
        thread = threading.Thread(target=importlib.import_module, args=(build,))
        thread.start()
        assert reached.wait(60)
        os.register_at_fork(before=go_on.set)  # the last one is called first
        child = os.fork()
        if child == 0:
            compile_task(half, name="half")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        thread.join()
    """)


def test_module_that_is_looked_for_is_one_that_is_imported() -> None:
    held, go_on = threading.Event(), threading.Event()
    lock = importlib._bootstrap._get_module_lock("catzilla_jit.sought")  # type: ignore[attr-defined]

    def hold() -> None:
        lock.acquire()
        held.set()
        go_on.wait(60)
        lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    assert "catzilla_jit.sought" in importing.in_progress()
    go_on.set()
    importing.finish()
    thread.join()
    assert "catzilla_jit.sought" not in importing.in_progress()


def test_module_of_a_package_that_is_being_imported_waits_for_the_whole(tmp_path: Any) -> None:
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
    sys.path.insert(0, str(tmp_path))
    try:
        importing.import_whole("half_made_package")
        thread.join(60)
        assert not failures
    finally:
        sys.path.remove(str(tmp_path))
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
                assert 'import_whole("numba")' in ast.unparse(node).replace("'", '"'), name


def test_child_imports_what_a_thread_was_about_to_import(script: Any) -> None:
    """Behind the last look of the fork: that thread has the module's lock, and nothing more."""
    script("""
        import importlib
        import os
        import threading

        from catzilla_jit import forks, importing

        look, held = importing.in_progress, threading.Event()

        def last_look():
            found = look()
            holder.start()
            assert held.wait(60)
            return found

        class Held:
            def acquire():
                importing.in_progress = last_look

            def release():
                importing.in_progress = look

        lock = importlib._bootstrap._get_module_lock("numba.core")
        holder = threading.Thread(
            target=lambda: (lock.acquire(), held.set(), threading.Event().wait()), daemon=True
        )
        forks.hold(forks.IMPORTS + 1, Held)
        child = os.fork()
        if child == 0:
            importing.import_whole("numba")
            importlib.import_module("numba.core")
            thread = threading.Thread(target=importlib.import_module, args=("numba.typed",))
            thread.start()
            thread.join()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        os._exit(0)
    """)


def test_fork_lets_no_import_begin(script: Any) -> None:
    script("""
        import _imp
        import os

        held = []
        os.register_at_fork(before=lambda: held.append(_imp.lock_held()))  # the last but CPython
        from catzilla_jit import forks

        child = os.fork()
        if child == 0:
            os._exit(_imp.lock_held())
        assert os.waitpid(child, 0)[1] == 0
        assert held == [True]
        assert not _imp.lock_held()
    """)


def test_what_is_made_late_is_made_known_under_the_compiler_lock(monkeypatch: Any) -> None:
    context, held = late.cpu_target.typing_context, []
    monkeypatch.setattr(
        type(context), "refresh", lambda self: held.append(global_compiler_lock.is_locked())
    )
    late.late_intrinsic(lambda typingctx, x: None, "nothing")
    assert held == [True]


def test_fork_takes_the_lock_of_logging_after_the_imports_that_need_it(script: Any) -> None:
    """What is registered last is called first."""
    script("""
        import os
        import sys

        order = []
        register = os.register_at_fork

        def noted(**hooks):
            if "before" in hooks:
                order.append(sys._getframe(1).f_globals["__name__"])
            return register(**hooks)

        os.register_at_fork = noted
        import catzilla_jit.forks

        assert order == ["logging", "catzilla_jit.posix"], order
        """)
