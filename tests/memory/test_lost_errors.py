"""What errors leave behind that lose against another one: nothing."""

from __future__ import annotations

import gc

import pytest
from numba import prange
from numba.core.runtime import _nrt_python, rtsys

from catzilla_jit import Runtime, fork, join

RUNS = 60


def each_fails(n: int, first: int) -> int:
    total = 0
    for i in prange(n):
        spent = 0.0
        for j in range(100):
            spent = spent * 0.5 + j
        if i >= first:
            raise ValueError("iteration " + str(i), i, spent * 0.0)
        total += 1
    return total


def raises(n: int) -> int:
    raise ValueError("call " + str(n), n)


def none_is_joined(n: int) -> int:
    fork(raises, n)
    fork(raises, n + 1)
    fork(raises, n + 2)
    return 0


def fails_beside_its_calls(n: int) -> int:
    a = fork(raises, n)
    fork(raises, n + 1)
    if n > 0:
        raise ValueError("caller " + str(n), n)
    return join(a)


CASES = [
    (each_fails, (20_000, 9_000), ("iteration 9000", 9000, 0.0)),
    (none_is_joined, (4,), ("call 4", 4)),
    (fails_beside_its_calls, (4,), ("caller 4", 4)),
]


@pytest.fixture
def counting():
    _nrt_python.memsys_enable_stats()
    yield
    _nrt_python.memsys_disable_stats()


@pytest.mark.parametrize(("function", "arguments", "args"), CASES, ids=lambda each: str(each)[:24])
def test_error_that_nobody_hears_of_leaves_no_memory(function, arguments, args, counting):
    with Runtime(workers=3, enable_auto_scaling=False) as runtime:
        task = runtime.task(function, parallel=True, compile_to_c="require")
        assert task.submit(*arguments).exception().args == args
        before = rtsys.get_allocation_stats()
        for _ in range(RUNS):
            assert task.submit(*arguments).exception().args == args
        gc.collect()
        after = rtsys.get_allocation_stats()
    assert after.alloc - before.alloc == after.free - before.free
