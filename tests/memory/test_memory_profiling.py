"""memory_profiling: what the tasks of each name have allocated, by jemalloc's counters."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from catzilla_jit import Runtime, has_jemalloc, jemalloc

PROGRAM = """
import numpy as np
from catzilla_jit import Runtime, has_jemalloc

assert has_jemalloc
def ramp(n: int) -> np.ndarray:
    return np.arange(n) * 2.0
def text(n):
    return len(bytearray(n))
def outer(n):
    before = bytearray(n)
    return inner.submit(10 * n).result() + len(before)
with Runtime(workers=1, memory_profiling=True, enable_auto_scaling=False) as runtime:
    compiled = runtime.task(ramp, compile_to_c="require")
    inner = runtime.task(text, name="inner", compile_to_c=False)
    nests = runtime.task(outer, compile_to_c=False)
    plain = runtime.task(text, compile_to_c=False)
    for task in (compiled, plain, inner, nests):
        task.submit(10).result()
    before = runtime.stats()
    for _ in range(10):
        compiled.submit(100_000).result()
        plain.submit(1_000_000).result()
        nests.submit(100_000).result()
    after = runtime.stats()
    for name in ("ramp", "text", "inner", "outer"):
        grown = after.tasks[name].total.allocated_bytes - before.tasks[name].total.allocated_bytes
        print(name, grown)
    told = after.to_dict()
    print("dict", told["tasks"]["text"]["allocated_bytes"])
    print("workers", max(worker.allocated_bytes for worker in after.workers))
"""


@pytest.mark.skipif(jemalloc.find_library() is None, reason="jemalloc is not installed")
def test_allocations_are_counted_for_the_task_that_made_them() -> None:
    library = jemalloc.find_library()
    assert library is not None
    environ = jemalloc.environment(library, os.environ)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environ
    )
    found = {name: int(number) for name, number in map(str.split, done.stdout.splitlines())}
    # An array of 800 kB and its product; 1 MB of bytes; ten times 100 kB within, and 100 kB around.
    assert 8_000_000 <= found["ramp"] < 20_000_000
    assert 10_000_000 <= found["text"] < 14_000_000
    assert 10_000_000 <= found["inner"] < 14_000_000
    assert 1_000_000 <= found["outer"] < 3_000_000
    assert found["dict"] >= found["text"]
    assert found["workers"] >= 20_000_000


def test_without_profiling_nothing_is_told() -> None:
    with Runtime(workers=1) as runtime:
        runtime.task(float, name="convert", compile_to_c=False).submit(1).result()
        stats = runtime.stats()
    assert stats.tasks["convert"].total.allocated_bytes is None
    assert {worker.allocated_bytes for worker in stats.workers} == {None}


@pytest.mark.skipif(has_jemalloc, reason="this process runs on jemalloc")
def test_without_jemalloc_nothing_is_told() -> None:
    with Runtime(workers=1, memory_profiling=True) as runtime:
        runtime.task(float, name="convert", compile_to_c=False).submit(1).result()
        assert runtime.stats().tasks["convert"].total.allocated_bytes is None


def test_what_is_no_bool_is_refused() -> None:
    with pytest.raises(TypeError, match="memory_profiling"):
        Runtime(memory_profiling=1)  # type: ignore[arg-type]
