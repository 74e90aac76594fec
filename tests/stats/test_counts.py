"""What TaskStats says of tasks that this process has run."""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from catzilla_jit import Runtime, get_memory_stats, has_jemalloc
from catzilla_jit.errors import StatsDisabled
from catzilla_jit.stats import segment, snapshot
from catzilla_jit.stats.snapshot import TaskStats
from support.gates import Gate, hold


def spin(rounds: int) -> float:
    x = 0.5
    for _ in range(rounds):
        x = x * 1.0000001 + 1e-9
    return x


def divide(a: int, b: int) -> int:
    return a // b


def percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]


@pytest.mark.parametrize("mode", ["require", False])
def test_every_result_is_counted_once_it_is_there(runtime: Runtime, mode: str | bool) -> None:
    task = runtime.task(divide, compile_to_c=mode)
    for n in range(1, 101):
        assert task.submit(n, 1).result() == n
        assert runtime.stats().total_tasks_processed == n
    for _ in range(10):
        assert isinstance(task.submit(1, 0).exception(), ZeroDivisionError)
    found = runtime.stats()
    assert (found.failed_tasks, found.total_tasks_processed) == (10, 110)
    assert found.error_rate == pytest.approx(10 / 110)
    lane = "compiled" if mode else "python"
    assert (found.compiled_tasks, found.python_tasks) == ((110, 0) if mode else (0, 110))
    calls = found.tasks["divide"]
    assert list(calls.lanes) == [lane]
    assert calls.lanes[lane] == calls.total
    assert (calls.total.completed, calls.total.failed) == (100, 10)
    assert calls.total.execution.count == calls.total.wait.count == 110


@pytest.mark.parametrize("mode", ["require", False])
def test_percentiles_agree_with_the_raw_times(runtime: Runtime, mode: str | bool) -> None:
    task = runtime.task(spin, compile_to_c=mode)
    rng = random.Random(4)
    # From some microseconds to some milliseconds: the clock's nanosecond does not matter.
    scale = 20_000 if mode else 1_000
    results = [task.submit(int(scale * 10 ** rng.uniform(0, 1.5))) for _ in range(600)]
    for result in results:
        result.result()
    found = runtime.stats()
    times = [result.execution_time_ms for result in results]
    waits = [(result.started_at - result.queued_at) * 1e3 for result in results]
    assert found.avg_execution_time_ms == pytest.approx(sum(times) / len(times), rel=1e-3)
    assert found.avg_wait_time_ms == pytest.approx(sum(waits) / len(waits), rel=1e-3)
    for percent in (50, 95, 99):
        for name, raw in (("execution", times), ("wait", waits)):
            shown = getattr(found, f"p{percent}_{name}_time_ms")
            assert shown == pytest.approx(percentile(raw, percent), rel=0.03), (percent, name)


@pytest.mark.parametrize("mode", ["require", False])
def test_items_of_a_map_are_tasks(runtime: Runtime, mode: str | bool) -> None:
    task = runtime.task(divide, compile_to_c=mode)
    task.map(np.arange(10_000), 3)
    batch = task.submit_map(np.arange(100), np.arange(100), errors="collect")
    batch.wait()
    found = runtime.stats()
    calls = found.tasks["divide"].total
    assert (calls.completed, calls.failed) == (10_099, 1)
    assert calls.execution.count == calls.wait.count == 10_100
    assert found.total_tasks_processed == sum(worker.tasks for worker in found.workers) == 10_100
    assert list(found.tasks) == ["divide"]


def test_an_item_of_a_python_map_ran_for_the_mean_of_its_turn(runtime: Runtime) -> None:
    def doze(seconds: float) -> None:
        time.sleep(seconds)

    runtime.task(doze, compile_to_c=False).map([0.02] * 10)
    calls = runtime.stats().tasks["doze"].total
    assert calls.completed == 10
    assert calls.execution.percentile(1) >= 0.0195
    assert calls.execution.sum_seconds >= 0.2


@pytest.mark.parametrize("mode", ["require", False])
def test_items_that_a_cancel_keeps_from_running_are_cancelled(mode: str | bool) -> None:
    with Runtime(workers=1) as runtime:
        task = runtime.task(spin, compile_to_c=mode)
        batch = task.submit_map(np.full(10_000, 20_000 if mode else 500))
        while not batch.progress:
            time.sleep(0)
        assert batch.cancel()
        while not batch.done():
            time.sleep(0)
        assert batch.status().value == "cancelled"
        runtime.shutdown()
        calls = runtime.stats().tasks["spin"].total
        assert calls.cancelled > 0
        assert calls.completed + calls.cancelled == 10_000


def test_a_call_that_python_had_to_repeat_is_a_success(runtime: Runtime) -> None:
    def power(a: int, b: int) -> int:
        return a**b

    task = runtime.task(power)
    if not task.compiled:
        pytest.skip("power does not compile")
    assert task.submit(10, 30).result() == 10**30
    calls = runtime.stats().tasks["power"].total
    assert (calls.completed, calls.failed) == (1, 0)


def running(stats: TaskStats) -> int:
    """Return how many workers run a task, those for relief included."""
    return sum(worker.state == "running" for worker in stats.workers)


@pytest.mark.parametrize("priority", ["critical", "high", "normal", "low"])
def test_queued_tasks_show_at_their_level(priority: str) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        leave.wait(30)

    with Runtime(workers=1, queue_size=100) as runtime:
        task = runtime.task(hold, compile_to_c=False)
        first = task.submit()
        assert entered.wait(30)
        others = [task.options(priority=priority).submit() for _ in range(25)]
        # A pool may add workers for tasks that block; each of them takes one.
        until = time.monotonic() + 30
        found = runtime.stats()
        while found.total_queued + running(found) != 26 and time.monotonic() < until:
            found = runtime.stats()
        assert found.total_queued + running(found) == 26
        assert found.total_queued == getattr(found, f"{priority}_queue_size") > 0
        assert found.queue_pressure == pytest.approx(found.total_queued / 100)
        busy = [worker.task for worker in found.workers if worker.state == "running"]
        assert busy == ["hold"] * running(found)
        assert found.active_workers + found.idle_workers == found.total_workers
        assert others.pop().cancel()
        assert runtime.stats().cancelled_tasks == 1
        leave.set()
        for result in (first, *others):
            result.result(30)
        # What was cancelled has the last place of the queue until a worker comes by.
        while (found := runtime.stats()).total_queued and time.monotonic() < until:
            pass
        assert (found.total_tasks_processed, found.cancelled_tasks) == (25, 1)
        assert found.queue_pressure == 0.0
        level = next(level for level in found.levels if level.name == priority)
        assert level.wait.count == 24 + (priority == "normal")


def test_a_worker_inside_a_task_is_utilized() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        leave.wait(30)

    with Runtime(workers=2, enable_auto_scaling=False) as runtime:  # else one for relief may run it
        result = runtime.task(hold, compile_to_c=False).submit()
        assert entered.wait(30)
        began = time.monotonic()
        while time.monotonic() - began < 0.2:
            pass
        (worker,) = (worker for worker in runtime.stats().workers if worker.state == "running")
        assert runtime.worker_stats(worker.worker_id).kind == "python"
        assert worker.running_seconds >= 0.19
        assert worker.utilization > 0.1
        leave.set()
        result.result(30)


@pytest.mark.parametrize("mode", ["require", False])
def test_a_worker_for_relief_shows_what_it_runs(mode: str | bool, gate: Gate) -> None:
    with Runtime(workers=1, max_workers=1) as runtime:
        task = runtime.task(hold, compile_to_c=mode)
        gate.hold(task)
        gate.hold(task.options(priority="high"))
        busy = [worker for worker in runtime.stats().workers if worker.state == "running"]
        gate.open()
    assert [worker.task for worker in busy] == ["hold", "hold"]
    # There is one ordinary worker; it runs one of the two, if it came in time.
    relief = [worker.name for worker in busy if worker.kind == "relief"]
    lane = "compiled" if mode else "python"
    assert relief
    assert {*relief} <= {f"{lane}-relief-high", f"{lane}-relief-normal"}


def test_tasks_per_second_is_of_the_last_seconds(runtime: Runtime) -> None:
    task = runtime.task(divide, compile_to_c="require")
    for _ in range(1000):
        task.submit(1, 1).result()
    found = runtime.stats()
    assert found.tasks_per_second == pytest.approx(1000 / found.uptime_seconds, rel=0.05)


def test_numbers_stay_after_the_shutdown(runtime: Runtime) -> None:
    runtime.task(divide, compile_to_c="require").submit(6, 2).result()
    runtime.shutdown()
    assert runtime.stats().total_tasks_processed == 1


def test_a_runtime_that_has_not_started_has_done_nothing() -> None:
    found = Runtime(workers=2).stats()
    assert (found.total_tasks_processed, found.total_workers, found.runtime) == (0, 0, 0)
    assert found.memory_usage_mb > 1


def test_without_profiling_there_is_nothing_to_ask() -> None:
    with Runtime(workers=1, enable_profiling=False) as runtime:
        runtime.task(divide, compile_to_c="require").submit(6, 2).result()
        with pytest.raises(StatsDisabled, match="enable_profiling=False"):
            runtime.stats()
        assert "records_mb" not in runtime.memory_stats()


def test_an_unknown_worker_is_a_lookup_error(runtime: Runtime) -> None:
    with pytest.raises(LookupError, match="no worker 77"):
        runtime.worker_stats(77)


def test_memory_stats_have_the_keys_of_the_guide() -> None:
    found = get_memory_stats()
    assert found["allocator"] == ("jemalloc" if has_jemalloc else "malloc")
    assert found["resident_mb"] > 1
    if "fragmentation_percent" in found:
        assert 0 <= found["fragmentation_percent"] <= 100
        assert 0 < found["allocated_mb"] <= found["active_mb"]
    json.dumps(found)


def test_a_histogram_s_middles_are_within_3_percent() -> None:
    for ticks in (*range(1, 2000), *(int(1.07**n) for n in range(1, 480))):
        bucket = segment.bucket_of(ticks)
        low, high = segment.bucket_low(bucket), segment.bucket_low(bucket + 1)
        assert low <= ticks < high
        assert abs((low + high - 1) / 2 - ticks) <= 0.03 * ticks


def test_percentiles_of_few_calls_are_nearest_ranks() -> None:
    buckets = ((1.0, 1.0, 1), (2.0, 2.0, 2), (9.0, 9.0, 1))
    histogram = snapshot.Histogram(buckets, 4, 14.0)
    assert [histogram.percentile(p) for p in (0, 25, 26, 75, 76, 100)] == [1, 1, 2, 2, 9, 9]
    assert histogram.mean_seconds == 3.5
    assert snapshot.Histogram((), 0, 0.0).percentile(99) == 0.0
