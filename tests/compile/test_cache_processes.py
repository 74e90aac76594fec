"""What one process has compiled, another one loads: without Numba where it can."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from catzilla_jit.compile.cache import disk


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(disk.VARIABLE, str(tmp_path / "cache"))


def two_processes(script: Any, source: str) -> list[str]:
    """Return what it prints in a process that compiles, and in one that loads from the disk."""
    return [script(source).stdout.strip() for _ in range(2)]


def test_exception_made_at_run_time_works_in_another_process(script: Any) -> None:
    outputs = two_processes(
        script,
        """
        from support.compile_harness import compiled, run

        def check(x: int, text: str) -> str:
            if x > 3:
                raise ValueError("bad " + text, x)
            return text * x

        task = compiled(check)
        try:
            run(task, 4, "word")
        except ValueError as error:
            print(task.from_cache, error.args, run(task, 2, "ab"))
        """,
    )
    assert outputs == [
        "False ('bad word', 4) abab",
        "True ('bad word', 4) abab",
    ]


def test_saved_chunk_function_of_a_task_that_raises_works_in_another_process(script: Any) -> None:
    outputs = two_processes(
        script,
        """
        from support.compile_harness import compiled

        def root(x: float) -> float:
            if x < 0.0:
                raise ValueError("no root", x)
            return x**0.5

        task = compiled(root)
        print(task.from_cache, task.chunk("cc") > 0, len(task.code_ranges) > 1)
        """,
    )
    assert outputs == ["False True True", "True True True"]


def test_dicts_of_texts_work_in_another_process(script: Any) -> None:
    outputs = two_processes(
        script,
        """
        from support.compile_harness import compiled, run

        def known(counts: dict[str, list[int]], words: list[str]) -> dict:
            return {word: len(counts[word]) if word in counts else 0 for word in words}

        task = compiled(known)
        print(task.from_cache, run(task, {"a": [1, 2]}, ["a", "b"]))
        """,
    )
    assert outputs == [
        "False {'a': 2, 'b': 0}",
        "True {'a': 2, 'b': 0}",
    ]


PLAIN = """
    import sys
    from catzilla_jit import task
    @task(compile_to_c="require")
    def halves(n: int, x: float) -> float:
        for _ in range(n):
            x /= 2
        return x
    assert halves.submit(2, 12.0).result() == 3.0
    assert halves.map([1, 2], 12.0).tolist() == [6.0, 3.0]
    print("numba" in sys.modules, halves.explain().from_cache)
"""


def test_cached_task_on_plain_numbers_and_its_map_do_without_numba(script: Any) -> None:
    assert script(PLAIN).stdout.split() == ["True", "False"]
    assert script(PLAIN).stdout.split() == ["False", "True"]


def test_task_loaded_without_numba_makes_what_is_left_with_it(script: Any) -> None:
    source = """
        import sys
        import traceback
        from catzilla_jit import task
        @task(compile_to_c="require")
        def share(x: float, n: int) -> float:
            if n < 0:
                raise ValueError("negative")
            return x / n
        assert share.submit(3.0, 2).result() == 1.5
        if sys.argv[1:] == ["again"]:
            assert "numba" not in sys.modules
        assert share.map([3.0, 6.0], 3).tolist() == [1.0, 2.0] if sys.argv[1:] else True
        try:
            share.submit(3.0, -1).result()
        except ValueError as error:
            print(error, traceback.extract_tb(error.__traceback__)[-1].lineno)
    """
    assert script(source).stdout.split() == ["negative", "8"]
    assert script(source, "again").stdout.split() == ["negative", "8"]


TEXT = """
    import sys
    from catzilla_jit import task
    @task(compile_to_c="require")
    def notice(user: int, message: str) -> dict:
        seen = {message[:1]: user}
        return {"user": seen[message[:1]], "status": "sent", "text": f"{message.upper()}!"}
    found = notice.submit(7, "caf\u00e9").result()
    assert found == {"user": 7, "status": "sent", "text": "CAF\u00c9!"}
    print("numba" in sys.modules, notice.explain().from_cache)
    ours = sys.modules["catzilla_jit.compile.backend.numba_symbols"]._extension("numba._helperlib")
    import numba
    assert numba._helperlib.c_helpers == ours.c_helpers  # the same functions: one Numba
    assert numba.njit(lambda text: text + "!")("a") == "a!"
"""


def test_cached_task_on_text_does_without_numba_and_numba_works_beside_it(script: Any) -> None:
    assert script(TEXT).stdout.split() == ["True", "False"]
    assert script(TEXT).stdout.split() == ["False", "True"]


def test_numba_that_is_imported_later_frees_what_was_allocated_without_it(script: Any) -> None:
    source = """
        import ctypes
        from catzilla_jit.compile.backend import numba_symbols as clibrary
        assert clibrary.register()
        at = clibrary._extension(clibrary.RUNTIME).c_helpers
        block = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t)(at["Allocate"])(100)
        import numba.core.runtime.nrt
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(at["Free"])(block)
    """
    script(source, PYTHONMALLOC="debug")


def test_setting_of_numbas_that_changes_the_code_is_noticed(script: Any) -> None:
    assert script(PLAIN).stdout.split()[1] == "False"
    assert script(PLAIN, NUMBA_OPT="1").stdout.split()[1] == "False"
    assert script(PLAIN, NUMBA_OPT="1", NUMBA_NUM_THREADS="1").stdout.split()[1] == "True"
