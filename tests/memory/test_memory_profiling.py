"""memory_profiling: what the tasks of each name have allocated, by jemalloc's counters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

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
#: Prints what single submissions have allocated.
SINGLE = """
import json
import numpy as np
from catzilla_jit import Runtime
from numba import prange

def ramp(n: int) -> np.ndarray:
    return np.arange(n) * 2.0
def text(n):
    return len(bytearray(n))
def outer(n):
    before = bytearray(n)
    return inner.submit(10 * n).result() + len(before)
def second(n):
    if not tries:
        tries.append(len(bytearray(10 * n)))
        raise ValueError
    return len(bytearray(n))
def bad(n):
    raise ValueError(len(bytearray(n)))
def whole(n: int) -> int:
    return len(np.zeros(n)) * 2**62
def shared(n: int) -> float:
    total = 0.0
    for i in prange(200):
        total += np.ones(n).sum()
    return total
tries = []
found = {}
with Runtime(workers=2, memory_profiling=True, enable_auto_scaling=False) as runtime:
    inner = runtime.task(text, name="inner", compile_to_c=False)
    tasks = {
        "ramp": runtime.task(ramp, compile_to_c="require"),
        "whole": runtime.task(whole, compile_to_c="require"),
        "text": runtime.task(text, compile_to_c=False),
        "outer": runtime.task(outer, compile_to_c=False),
        "second": runtime.task(second, compile_to_c=False, max_retries=1, retry_delay_ms=1),
        "bad": runtime.task(bad, compile_to_c=False),
        "shared": runtime.task(shared, compile_to_c="require", parallel=True),
    }
    results = {name: task.submit(100_000) for name, task in tasks.items()}
    for name, result in results.items():
        result.exception()
        found[name] = result.allocated_bytes
    found["each"] = [
        each.allocated_bytes for each in tasks["ramp"].submit_each([50_000, 100_000])
        if each.result() is not None
    ]
print(json.dumps(found))
"""


needs_jemalloc = pytest.mark.skipif(
    jemalloc.find_library() is None, reason="jemalloc is not installed"
)


def on_jemalloc(program: str, folder: Path) -> str:
    """Return what a program prints."""
    path = folder / "program.py"  # the compiler asks for the source of a parallel loop
    path.write_text(program)
    library = jemalloc.find_library()
    assert library is not None
    environ = jemalloc.environment(library, os.environ)
    done = subprocess.run([sys.executable, path], stdout=subprocess.PIPE, text=True, env=environ)
    assert done.returncode == 0
    return done.stdout


@needs_jemalloc
def test_allocations_are_counted_for_the_task_that_made_them(tmp_path: Path) -> None:
    lines = map(str.split, on_jemalloc(PROGRAM, tmp_path).splitlines())
    found = {name: int(number) for name, number in lines}
    # An array of 800 kB and its product; 1 MB of bytes; ten times 100 kB within, and 100 kB around.
    assert 8_000_000 <= found["ramp"] < 20_000_000
    assert 10_000_000 <= found["text"] < 14_000_000
    assert 10_000_000 <= found["inner"] < 14_000_000
    assert 1_000_000 <= found["outer"] < 3_000_000
    assert found["dict"] >= found["text"]
    assert found["workers"] >= 20_000_000


@needs_jemalloc
def test_what_a_single_run_has_allocated_is_told_by_its_result(tmp_path: Path) -> None:
    found = json.loads(on_jemalloc(SINGLE, tmp_path))
    # An array of 800 kB and its product; 100 kB of bytes, ten times of which are another task's.
    assert 800_000 <= found["ramp"] < 2_000_000
    assert 100_000 <= found["text"] < 150_000
    assert 100_000 <= found["outer"] < 150_000
    assert 100_000 <= found["bad"] < 150_000
    # Of the last try: the first has allocated ten times as much.
    assert 100_000 <= found["second"] < 150_000
    assert [each // 400_000 for each in found["each"]] in ([1, 2], [2, 4])
    # What was run once more by Python, and what other workers may have had a part in.
    assert found["whole"] is None
    assert found["shared"] is None or found["shared"] >= 160_000_000


def test_without_profiling_nothing_is_told() -> None:
    with Runtime(workers=1) as runtime:
        result = runtime.task(float, name="convert", compile_to_c=False).submit(1)
        result.result()
        stats = runtime.stats()
    assert result.allocated_bytes is None
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
