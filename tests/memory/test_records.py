"""Record memory of compiled calls goes back, whatever became of the call."""

from __future__ import annotations

import gc

import pytest

from catzilla_jit import Runtime
from catzilla_jit.pools.native import library

pytestmark = pytest.mark.skipif(
    library.unavailable() is not None, reason="the pure-Python pool has no record memory"
)

CALLS = 2000
#: Blocks that the caches of submitters and workers may hold.
CACHED_MB = 0.25


def repeat(text: str, n: int) -> str:
    return text * n


def held(runtime: Runtime) -> float:
    gc.collect()
    return runtime.memory_stats()["records_used_mb"]


def result_as_argument(task) -> None:
    assert task.submit(task.submit("ab", 1), 2).result() == "abab"


def refused_argument(task) -> None:
    with pytest.raises(TypeError):
        task.submit(1.5, [])


def argument_by_keyword(task) -> None:
    assert task.submit("a", n=2).result() == "aa"


def cancelled_at_once(task) -> None:
    task.submit("a", 2).cancel()


def dropped_at_once(task) -> None:
    task.submit("a", 2)


@pytest.mark.parametrize(
    "call",
    [
        result_as_argument,
        refused_argument,
        argument_by_keyword,
        cancelled_at_once,
        dropped_at_once,
    ],
)
def test_records_of_strings_are_freed(call):
    with Runtime(workers=1) as runtime:
        task = runtime.task(repeat, compile_to_c="require")
        for _ in range(10):
            call(task)
        before = held(runtime)
        for _ in range(CALLS):
            call(task)
        runtime.shutdown()
        assert held(runtime) - before < CACHED_MB
