"""joblib's Parallel over a runtime."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from catzilla_jit import Runtime, task
from catzilla_jit.errors import RuntimeClosed

joblib = pytest.importorskip("joblib")
delayed, Parallel = joblib.delayed, joblib.Parallel


@task
def square(x: float) -> float:
    return x * x


def fail_at(x: int, bad: int) -> int:
    if x == bad:
        raise ValueError(f"{x} is bad")
    return x


@pytest.fixture(autouse=True)
def backend(runtime: Runtime) -> Iterator[None]:
    from catzilla_jit.integrations import joblib as ours

    ours.register()
    with joblib.parallel_config(backend="catzilla_jit", runtime=runtime, n_jobs=2):
        yield


def test_results_come_in_order_and_the_runtime_counts_the_calls(runtime: Runtime) -> None:
    assert Parallel()(delayed(square)(float(i)) for i in range(30)) == [i * i for i in range(30)]
    assert runtime.stats().total_tasks_processed == 30


def test_results_come_as_they_end() -> None:
    found = Parallel(return_as="generator_unordered")(delayed(abs)(-i) for i in range(20))
    assert sorted(found) == list(range(20))


def test_error_reaches_the_caller_and_leaves_no_stale_results() -> None:
    with Parallel() as parallel:
        for _ in range(5):
            with pytest.raises(ValueError, match="7 is bad"):
                parallel(delayed(fail_at)(i, 7) for i in range(50))
            assert parallel(delayed(fail_at)(i, -1) for i in range(9)) == list(range(9))


def test_no_more_than_n_jobs_run_at_a_time() -> None:
    lock, now, most = threading.Lock(), [0], [0]
    both = threading.Barrier(2)

    def count(_: int) -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        both.wait()
        with lock:
            now[0] -= 1

    Parallel()(delayed(count)(i) for i in range(10))
    assert most == [2]


def inner(i: int, depth: int) -> Any:
    if depth == 0:
        return i
    with joblib.parallel_config(backend="catzilla_jit", n_jobs=2):
        return sum(Parallel()(delayed(inner)(j, depth - 1) for j in range(i)))


def test_nested_calls_do_not_wait_for_each_other_without_auto_scaling() -> None:
    with (
        Runtime(workers=2, enable_auto_scaling=False) as runtime,
        joblib.parallel_config(backend="catzilla_jit", runtime=runtime, n_jobs=2),
    ):
        assert Parallel()(delayed(inner)(4, 2) for _ in range(6)) == [4] * 6


def test_batches_of_several_calls() -> None:
    assert Parallel(batch_size=7)(delayed(abs)(-i) for i in range(20)) == list(range(20))


def test_closed_runtime_is_an_error_of_the_call(runtime: Runtime) -> None:
    runtime.shutdown()
    with pytest.raises(RuntimeClosed):
        Parallel()(delayed(abs)(i) for i in range(3))
