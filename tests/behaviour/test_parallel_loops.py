"""A loop over prange means the loop over range, whoever runs its iterations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import prange
from numpy.typing import NDArray

from catzilla_jit import Runtime, TaskStatus, fork, gather, join
from catzilla_jit.errors import TaskCancelled, TaskTimeout
from support.kernels import PATIENCE
from support.unruly import stoppable, until

Floats = NDArray[np.float64]


def norms(points: Floats) -> Floats:
    out = np.empty(len(points))
    for i in prange(len(points)):
        square = 0.0
        for j in range(points.shape[1]):
            square += points[i, j] ** 2
        out[i] = math.sqrt(square)
    return out


def counted(n: int, m: int) -> tuple[int, int]:
    total, most = 0, -1
    for i in prange(n):
        for j in prange(i, m):
            total += i ^ j
        most = max(most, (i * 7919) % (m + 1))
    return total, most


def harmonic(n: int) -> float:
    total = 0.0
    for i in prange(1, n + 1):
        total += 1.0 / i
    return total


def fails_from(n: int, first: int) -> int:
    total = 0
    for i in prange(n):
        if i >= first:
            raise ValueError("index", i)
        total += 1
    return total


def squared_sum(n: int) -> int:
    total = 0
    for i in prange(n):
        total += i * 2**58
    return total


def half(n: int) -> int:
    total = 0
    for i in prange(n):
        total += i
    return total


def mixed(n: int) -> int:
    total = 0
    for i in prange(n):
        left = fork(half, i)
        total += half(i) + join(left)
    return total


def endless(x: float) -> float:
    total = 0.0
    for i in prange(1000):
        y = x + i
        while y >= 0.0:
            y = math.sqrt(y) + 1.0
        total += y
    return total


@pytest.fixture
def make_parallel(runtime, kind):
    """Make a task whose loops run in parallel where it is compiled."""

    def make_parallel(function, **options):
        compile_to_c = "require" if kind == "compiled" else False
        return runtime.task(function, parallel=True, compile_to_c=compile_to_c, **options)

    return make_parallel


def test_array_is_filled_by_all_iterations(make_parallel):
    points = np.random.default_rng(7).random((3000, 5))
    task = make_parallel(norms)
    for result in [task.submit(points) for _ in range(8)]:
        assert np.array_equal(result.result(timeout=PATIENCE), norms(points))


def test_nested_loops_of_many_tasks_at_once_give_what_they_give_in_order(make_parallel):
    task = make_parallel(counted)
    cases = [(n, m) for n in (0, 1, 3, 40, 200) for m in (1, 7, 150)]
    results = [task.submit(*case) for case in cases * 3]
    assert gather(results, timeout=PATIENCE) == [counted(*case) for case in cases * 3]


def test_sum_of_floats_has_the_same_bits_whoever_adds():
    sums = set()
    for workers in (1, 2, 4):
        with Runtime(workers=workers, enable_auto_scaling=False) as runtime:
            task = runtime.task(harmonic, parallel=True, compile_to_c="require")
            results = [task.submit(500_000) for _ in range(6)]
            sums |= set(gather(results, timeout=PATIENCE))
            sums.add(task(500_000))
    assert len(sums) == 1
    assert sums.pop() == pytest.approx(harmonic(500_000))


def test_error_is_that_of_the_first_iteration_which_fails(make_parallel):
    task = make_parallel(fails_from)
    assert task.submit(100, 100).result(timeout=PATIENCE) == 100
    for n in (1000, 200_000):
        for first in (0, 1, 777):
            with pytest.raises(ValueError, match="index") as raised:
                task.submit(n, first).result(timeout=PATIENCE)
            assert raised.value.args == ("index", first)
            lines = [entry.lineno + 1 for entry in raised.traceback]
            assert fails_from.__code__.co_firstlineno + 4 in lines


def test_overflow_is_left_to_python(runtime):
    task = runtime.task(squared_sum, parallel=True)
    assert task.submit(100).result(timeout=PATIENCE) == squared_sum(100)
    assert task.compiled


def test_forks_and_loops_mix(make_parallel):
    assert make_parallel(mixed).submit(60).result(timeout=PATIENCE) == mixed(60)


def test_map_of_a_task_with_parallel_loops(make_parallel):
    assert list(make_parallel(half).map(range(50))) == [half(n) for n in range(50)]


def test_call_and_statistics_are_those_of_one_task(make_parallel, runtime):
    task = make_parallel(half)
    task.submit(300_000).result(timeout=PATIENCE)
    assert task(10) == 45
    assert runtime.stats().total_tasks_processed == 1


def test_cancel_stops_all_iterations(make_parallel, kind):
    if not stoppable(kind):
        pytest.skip("compiled code cannot be stopped on this pool")
    for _ in range(3):
        result = make_parallel(endless).submit(1.0)
        until(lambda result=result: result.status() is TaskStatus.RUNNING)
        assert result.cancel()
        with pytest.raises(TaskCancelled):
            result.result(timeout=PATIENCE)
    # All workers are free again.
    assert gather(make_parallel(half).submit_each([9] * 20), timeout=PATIENCE) == [36] * 20


def test_time_limit_holds_for_all_iterations(make_parallel, kind):
    if not stoppable(kind):
        pytest.skip("compiled code cannot be stopped on this pool")
    with pytest.raises(TaskTimeout):
        make_parallel(endless, timeout_ms=20).submit(1.0).result(timeout=PATIENCE)


def test_without_the_option_prange_is_range(runtime, kind):
    compile_to_c = "require" if kind == "compiled" else False
    task = runtime.task(harmonic, compile_to_c=compile_to_c)
    assert task.submit(1000).result(timeout=PATIENCE) == harmonic(1000)


def test_option_is_checked_at_once(runtime):
    with pytest.raises(TypeError, match="parallel must be a bool, not 2"):
        runtime.task(half, parallel=2)
