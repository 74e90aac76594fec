"""The order of locks: what is not done under Numba's compiler lock, and what a fork waits for."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import pytest
from numba.core.compiler_lock import global_compiler_lock

from catzilla_jit import forks, importing
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
        import warnings

        warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads, from 3.12

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


@pytest.mark.parametrize("name", ["catzilla_jit.sought", "email.sought", "numpy.sought"])
def test_module_that_is_looked_for_is_one_that_is_imported(name: str) -> None:
    held, go_on = threading.Event(), threading.Event()
    lock = importlib._bootstrap._get_module_lock(name)  # type: ignore[attr-defined]

    def hold() -> None:
        lock.acquire()
        held.set()
        go_on.wait(60)
        lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(60)
    assert name in importing.in_progress()
    go_on.set()
    importing.finish()
    thread.join()
    assert name not in importing.in_progress()


def test_child_imports_what_a_thread_was_about_to_import(script: Any) -> None:
    """Behind the last look of the fork: that thread has the module's lock, and nothing more."""
    script("""
        import importlib
        import os
        import threading
        import warnings

        warnings.simplefilter("ignore", DeprecationWarning)  # fork with threads, from 3.12

        from catzilla_jit import forks, importing

        look, held = importing.in_progress, threading.Event()

        def last_look():
            found = look()
            holder.start()
            assert held.wait(60)
            return found

        class Held:
            def acquire(blocking):
                importing.in_progress = last_look
                return True

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


def test_fork_waits_for_no_lock_with_another_in_its_hands() -> None:
    first, second = threading.RLock(), threading.RLock()
    held, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with second:
            held.set()
            assert go_on.wait(60)
            with first:
                pass

    class Told:
        """The first: tells when it is let go."""

        acquire = first.acquire

        def release(self) -> None:
            first.release()
            go_on.set()

    thread = threading.Thread(target=other)
    thread.start()
    assert held.wait(60)
    assert not forks._try([Told(), second])
    thread.join(60)
    assert forks._try([first, second])
    forks._release()


def test_fork_takes_the_locks_of_a_numba_that_the_program_imported(script: Any) -> None:
    script("""
        import numba
        from numba.core.compiler_lock import global_compiler_lock
        from numba.core.registry import CPUTarget
        from llvmlite.binding import ffi
        from catzilla_jit import forks

        locks = [
            vars(CPUTarget)["_toplevel_typing_context"]._lock,
            vars(CPUTarget)["_toplevel_target_context"]._lock,
            global_compiler_lock._lock,
            ffi.lib._lock._lock,
        ]
        forks._before()
        assert all(lock._is_owned() for lock in locks), locks
        forks._release()
        assert not any(lock._is_owned() for lock in locks), locks
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
