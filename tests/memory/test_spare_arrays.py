"""Memory of large arrays is kept for the next ones: of tasks, and of nothing else."""

from __future__ import annotations

import os

import pytest

from catzilla_jit import has_jemalloc, jemalloc
from catzilla_jit.pools.native import library

LIBRARY = jemalloc.find_library()

pytestmark = pytest.mark.skipif(
    not library.LIBRARY.exists() or bool(os.environ.get("CATZILLA_JIT_DISABLE_NATIVE")),
    reason="the native library is not installed",
)

SOURCE = """
    import gc
    import numba
    import numpy as np
    from catzilla_jit import Runtime

    def raised(a):
        return a + 1.0

    with Runtime(workers=1) as runtime:
        task = runtime.task(raised, compile_to_c="require")

        def spare():
            return runtime.memory_stats()["spare_arrays_mb"]

        result = task.submit(np.ones(100_000)).result()
        assert spare() == 0
        del result
        kept = spare()
        print(kept > 0.75, task.explain().from_cache)
        if kept:
            result = task.submit(np.ones(100_000)).result()
            assert spare() == 0
            assert (result == 2.0).all()
            del result
        small = task.submit(np.ones(1000)).result()
        del small
        assert spare() in (kept, 0)  # it is kept for a second
        theirs = numba.njit(raised)(np.ones(150_000))  # code that Numba may keep on disk
        del theirs
        assert spare() in (kept, 0)
    assert runtime.memory_stats().get("spare_arrays_mb", 0) == 0
"""


@pytest.mark.skipif(has_jemalloc, reason="this process runs on jemalloc")
def test_next_array_of_a_task_gets_the_memory_of_the_last_one(script):
    assert script(SOURCE).stdout.split()[0] == "True"
    assert script(SOURCE).stdout.split() == ["True", "True"]  # code from the disk does so too


@pytest.mark.skipif(LIBRARY is None, reason="jemalloc is not installed")
def test_jemalloc_keeps_memory_itself(script):
    there = os.environ.get("LD_PRELOAD")
    wanted = f"{LIBRARY}:{there}" if there else str(LIBRARY)
    assert script(SOURCE, LD_PRELOAD=wanted).stdout.split()[0] == "False"


@pytest.mark.skipif(has_jemalloc, reason="this process runs on jemalloc")
def test_memory_that_nobody_takes_goes_back(script):
    script("""
        import time
        import numpy as np
        from catzilla_jit import Runtime

        def zeros(n: int):
            return np.zeros(n)

        with Runtime(workers=1) as runtime:
            task = runtime.task(zeros, compile_to_c="require")
            results = [task.submit(100_000).result() for _ in range(5)]
            del results
            assert runtime.memory_stats()["spare_arrays_mb"] > 3.5
            until = time.monotonic() + 60
            while runtime.memory_stats()["spare_arrays_mb"]:
                assert time.monotonic() < until
                time.sleep(0.01)
    """)


def test_without_the_library_arrays_are_numbas(script):
    script(
        """
        import numpy as np
        from catzilla_jit import Runtime

        def zeros(n: int):
            return np.zeros(n)

        with Runtime(workers=1) as runtime:
            task = runtime.task(zeros, compile_to_c="require")
            result = task.submit(100_000).result()
            assert not result.any()
            del result
            assert runtime.memory_stats()["spare_arrays_mb"] == 0
        """,
        CATZILLA_JIT_DISABLE_NATIVE="1",
    )
