"""`memory_arena`: what lies in a task's arena on jemalloc, and what is said without."""

from __future__ import annotations

import os

import pytest

from catzilla_jit import Runtime, has_jemalloc, jemalloc, task
from catzilla_jit.pools.native import library

LIBRARY = jemalloc.find_library()
needs_jemalloc = pytest.mark.skipif(
    LIBRARY is None or library.unavailable() is not None,
    reason="jemalloc or the native library is not installed",
)

TASKS = """
import gc
import numpy as np
from catzilla_jit import Runtime

def ones(n: int) -> np.ndarray:
    return np.ones(n)

def double(text: str) -> str:
    return text + text

def mean_of_ones(x: float) -> float:
    a = np.ones(1000)
    return a.sum() * x

def block(n):
    return bytes(n)

def figures(runtime, name):
    return runtime.memory_stats()["task_arenas"][name]
"""


@pytest.fixture
def on_jemalloc(script):
    """Return run(source): a script with the tasks above, in a process that runs on jemalloc."""
    there = os.environ.get("LD_PRELOAD")
    wanted = f"{LIBRARY}:{there}" if there else str(LIBRARY)

    def run(source: str) -> None:
        script(TASKS + source, LD_PRELOAD=wanted)

    return run


@needs_jemalloc
def test_results_of_a_compiled_task_lie_in_its_arena(on_jemalloc):
    on_jemalloc("""
with Runtime(workers=2) as runtime:
    task = runtime.task(ones, memory_arena=True, compile_to_c="require")
    results = [task.submit(10_000) for _ in range(100)]
    arrays = [result.result() for result in results]
    found = figures(runtime, "ones")
    assert 7.6 < found["allocated_mb"] < 8.5, found
    assert found["allocated_mb"] <= found["active_mb"] <= found["resident_mb"], found
    del arrays, results
    gc.collect()
    assert figures(runtime, "ones")["allocated_mb"] < 1, figures(runtime, "ones")
""")


@needs_jemalloc
def test_records_of_a_task_lie_in_its_arena_and_others_in_the_runtime_s(on_jemalloc):
    on_jemalloc("""
def add(a: float, b: float) -> float:
    return a + b

with Runtime(workers=1, queue_size=100_000) as runtime:
    own = runtime.task(add, name="own", memory_arena=True)
    plain = runtime.task(add, name="plain")
    held = [plain.submit(1.0, 2.0) for _ in range(50_000)]
    assert runtime.memory_stats()["records_arena"]["allocated_mb"] > 6
    assert runtime.memory_stats()["task_arenas"] == {}
    first = own.submit(1.0, 2.0)
    assert figures(runtime, "own")["allocated_mb"] < 1
    held += [own.submit(1.0, 2.0) for _ in range(50_000)]
    assert figures(runtime, "own")["allocated_mb"] > 6
    assert {result.result() for result in held} == {3.0}
""")


@needs_jemalloc
def test_a_python_task_allocates_in_its_arena(on_jemalloc):
    on_jemalloc("""
with Runtime(workers=1) as runtime:
    task = runtime.task(block, memory_arena=True, compile_to_c=False)
    assert not task.compiled
    held = [task.submit(100_000).result() for _ in range(50)]
    outside = [block(100_000) for _ in range(500)]
    found = figures(runtime, "block")
    assert 4.7 < found["allocated_mb"] < 8, found
""")


@needs_jemalloc
def test_a_map_s_kernel_allocates_in_the_arena(on_jemalloc):
    on_jemalloc("""
from catzilla_jit.stats import allocator as memory

with Runtime(workers=1) as runtime:
    task = runtime.task(mean_of_ones, memory_arena=True, compile_to_c="require")
    assert task.map(np.ones(1000)).sum() == 1e6
    assert figures(runtime, "mean_of_ones")["allocated_mb"] < 0.5  # the kernel's arrays are gone
    number = runtime._backend.arenas()["mean_of_ones"]
    assert memory._mallctl(b"stats.arenas.%d.small.nmalloc" % number) > 0
""")


@needs_jemalloc
def test_what_a_stopped_kernel_had_allocated_stays_in_its_arena(on_jemalloc):
    on_jemalloc("""
import time
from catzilla_jit import wait

def endless(n: int) -> float:
    a = np.ones(n)
    while a[0] < 2.0:
        a[0] = a[0] * 0.999 + 0.0001
    return a[0]

with Runtime(workers=1) as runtime:
    task = runtime.task(endless, memory_arena=True, compile_to_c="require")
    for _ in range(5):
        result = task.submit(1_000_000)
        until = time.monotonic() + 30
        while figures(runtime, "endless")["allocated_mb"] < 7.6 and time.monotonic() < until:
            pass
        result.cancel()
        wait([result])
    del result
    gc.collect()
    assert figures(runtime, "endless")["allocated_mb"] > 7.6
    # The first had its array when it was stopped, the others may have; 8 MiB with rounding.
    left = runtime.memory_stats()["left_by_stopped_mb"]
    assert 7.6 < left < 5 * 8.1, left
    assert runtime.memory_stats()["allocated_mb"] > 7.6
""")


@needs_jemalloc
def test_arenas_of_ended_runtimes_are_used_again(on_jemalloc):
    on_jemalloc("""
for _ in range(30):
    with Runtime(workers=1) as runtime:
        task = runtime.task(double, memory_arena=True, compile_to_c="require")
        assert task.submit("ab").result() == "abab"
    numbers = runtime._backend.arenas()
assert max(numbers.values()) < min(numbers.values()) + 40, numbers
""")


@needs_jemalloc
def test_options_may_ask_for_the_arena(on_jemalloc):
    on_jemalloc("""
with Runtime(workers=1) as runtime:
    task = runtime.task(double, compile_to_c="require")
    assert task.submit("ab").result() == "abab"
    assert runtime.memory_stats()["task_arenas"] == {}
    assert task.options(memory_arena=True).submit("ab").result() == "abab"
    assert list(runtime.memory_stats()["task_arenas"]) == ["double"]
""")


@pytest.mark.skipif(has_jemalloc, reason="this process runs on jemalloc")
def test_without_jemalloc_there_is_no_arena_and_one_warning(script):
    source = """
        from catzilla_jit import Runtime

        def add(a: float, b: float) -> float:
            return a + b

        with Runtime(workers=1) as runtime:
            for name in ("one", "two"):
                task = runtime.task(add, name=name, memory_arena=True)
                assert task.submit(1.0, 2.0).result() == 3.0
            stats = runtime.memory_stats()
            assert stats["task_arenas"] == {"one": None, "two": None}, stats
            assert "records_arena" not in stats
            assert "left_by_stopped_mb" not in stats
        """
    done = script(source, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        "task one: memory_arena has no effect: this process does not run on jemalloc: start it "
        "with catzilla-jit run\n"
    )


@pytest.mark.parametrize("value", [1, "yes", None])
def test_anything_but_a_bool_is_refused(value):
    with pytest.raises(TypeError, match="task f: memory_arena must be a bool"):

        @task(memory_arena=value)
        def f(a: float) -> float:
            return a


def test_a_runtime_that_has_not_started_has_no_task_arenas():
    assert Runtime(workers=1).memory_stats()["task_arenas"] == {}
