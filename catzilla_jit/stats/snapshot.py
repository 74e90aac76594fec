"""What statistics are made of: the classes that `Runtime.stats` returns, and their constants."""

from __future__ import annotations

import dataclasses
import functools
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

MB = 1024 * 1024


WINDOW_SECONDS = 5.0


LEVELS = ("critical", "high", "normal", "low")


LANES = ("compiled", "python")


_PERCENTS = (50, 95, 99)
_COUNTS = ("processed", "completed", "failed", "cancelled", "timed_out", "retried", "error_rate")
_PARTS = ("tasks", "levels", "workers")


@dataclasses.dataclass(frozen=True, slots=True)
class Histogram:
    """How long calls took: (from, to, calls) per bucket that has any, in seconds.

    A bucket spans at most 1/32 of its lower bound, so its middle is within 1.6 percent of
    every time that was counted in it.
    """

    buckets: tuple[tuple[float, float, int], ...]
    count: int
    sum_seconds: float

    def __repr__(self) -> str:
        # A field of what people look at; the buckets alone would be a page.
        return (
            f"<Histogram of {self.count:,} calls: mean {self.mean_seconds:.3g} s, "
            f"p50 {self.percentile(50):.3g} s, p99 {self.percentile(99):.3g} s>"
        )

    def percentile(self, percent: float) -> float:
        """Return the time in seconds that so many percent of the calls did not exceed."""
        rank = max(1, math.ceil(self.count * percent / 100))
        seen = 0
        for low, high, count in self.buckets:
            seen += count
            if seen >= rank:
                return (low + high) / 2
        return 0.0

    def __add__(self, other: Histogram) -> Histogram:
        """Return the calls of both together."""
        counts = {(low, high): count for low, high, count in self.buckets}
        for low, high, count in other.buckets:
            counts[low, high] = counts.get((low, high), 0) + count
        # Of two machines, whose clocks tick differently, the bounds interleave: in order of the
        # middles each is within 1.6 percent of its calls as before.
        merged = sorted(counts.items(), key=lambda item: item[0][0] + item[0][1])
        return Histogram(
            tuple((low, high, count) for (low, high), count in merged),
            self.count + other.count,
            self.sum_seconds + other.sum_seconds,
        )

    @property
    def mean_seconds(self) -> float:
        """The mean time, exact, in seconds; 0.0 without calls."""
        return self.sum_seconds / self.count if self.count else 0.0

    def to_dict(self, what: str) -> dict[str, float]:
        """Return mean and percentiles of these times, named `what`, in milliseconds."""
        times = {f"avg_{what}_time_ms": self.mean_seconds * 1e3}
        for percent in _PERCENTS:
            times[f"p{percent}_{what}_time_ms"] = self.percentile(percent) * 1e3
        return times


@dataclasses.dataclass(frozen=True, slots=True)
class CallStats:
    """The calls of one name in one lane, or of one name in both.

    Each call ends in one of four ways: completed, failed (it raised), cancelled (before it
    ran or while it did), timed_out. retried counts further tries. Items of a map count as
    calls: an item ran for the mean time of its chunk and waited until its chunk began.
    Times are of runs: a call that was tried three times has three. allocated_bytes: what the
    runs have asked malloc for; None without memory_profiling, or without jemalloc.
    """

    completed: int
    failed: int
    cancelled: int
    timed_out: int
    retried: int
    execution: Histogram
    wait: Histogram
    allocated_bytes: int | None = None

    def __add__(self, other: CallStats) -> CallStats:
        """Return the calls of both together."""
        known = [each.allocated_bytes for each in (self, other) if each.allocated_bytes is not None]
        sums = (
            getattr(self, field.name) + getattr(other, field.name)
            for field in dataclasses.fields(self)
            if field.name != "allocated_bytes"
        )
        both = CallStats(*sums)
        return dataclasses.replace(both, allocated_bytes=sum(known)) if known else both

    @property
    def processed(self) -> int:
        """Calls that were run to an end: completed, failed or timed out."""
        return self.completed + self.failed + self.timed_out

    @property
    def error_rate(self) -> float:
        """The part of the processed calls that failed or timed out, 0.0 to 1.0."""
        return (self.failed + self.timed_out) / self.processed if self.processed else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and times as JSON takes them."""
        return {
            **{name: getattr(self, name) for name in _COUNTS},
            "allocated_bytes": self.allocated_bytes,
            **self.execution.to_dict("execution"),
            **self.wait.to_dict("wait"),
        }


@dataclasses.dataclass(frozen=True, slots=True)
class NamedStats:
    """The calls of one task name: both lanes together, and each that it ran in."""

    name: str
    total: CallStats
    lanes: Mapping[str, CallStats]  # "compiled", "python"

    def to_dict(self) -> dict[str, Any]:
        """Return the calls as JSON takes them, without the name."""
        lanes = {lane: calls.to_dict() for lane, calls in self.lanes.items()}
        return {**self.total.to_dict(), "lanes": lanes}


@dataclasses.dataclass(frozen=True, slots=True)
class LevelStats:
    """One priority: what is queued, and how long its calls waited."""

    name: str
    queued: int
    wait: Histogram

    def to_dict(self) -> dict[str, Any]:
        """Return the level as JSON takes it."""
        return {"name": self.name, "queued": self.queued, **self.wait.to_dict("wait")}


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerStats:
    """One worker thread.

    kind: "native" (compiled tasks), "python" (the others), "critical" (the one that
    serves compiled CRITICAL tasks alone), or "relief" (for tasks that have waited too long; there
    once it was needed). state: "running" or "idle". task: what it runs,
    or None; running_seconds: since when. tasks: calls it has run. utilization: the part of
    the last seconds that it was inside tasks, 0.0 to 1.0. thread_id: the kernel's, as in
    `top -H`. cpu_seconds: processor time of the thread so far; None where it cannot be read.
    allocated_bytes: what the thread had asked malloc for when its last task ended; None without
    memory_profiling, or without jemalloc.
    """

    worker_id: int
    name: str
    kind: str
    state: str
    task: str | None
    running_seconds: float
    tasks: int
    busy_seconds: float
    utilization: float
    thread_id: int
    cpu_seconds: float | None
    allocated_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the worker as JSON takes it."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True)
class TaskStats:
    """A runtime at one moment. Times in milliseconds are 0.0 while nothing has run.

    tasks_per_second: calls that ended, over the last seconds (WINDOW_SECONDS).
    queue_pressure: how full the fullest queue is, 0.0 to 1.0: at 1.0 submissions to it
    wait, raise QueueFull or run in the caller. Each of the four levels of compiled
    and of Python tasks has a queue of `queue_size` entries.
    active_workers, idle_workers, total_workers: native and Python workers that exist, without
    those for CRITICAL and for relief. avg_worker_utilization: the part of the last seconds
    that they were inside tasks, on average.
    memory_usage_mb: resident memory of the whole process. memory_efficiency: the part of
    the memory held for records of compiled tasks that is handed out to records, 0.0 to
    1.0, and 1.0 when none is held.
    total_tasks_processed: calls that ran to an end, items of maps included; failed_tasks and
    timeout_count are among them, cancelled_tasks are not. error_rate: the part of them
    that failed or timed out. compiled_tasks and python_tasks: how many of them ran as what.
    """

    pid: int
    runtime: int  # number of the runtime in its process, from 1; 0: not started
    started_at: float  # seconds since the epoch
    tasks_per_second: float
    avg_execution_time_ms: float
    p50_execution_time_ms: float
    p95_execution_time_ms: float
    p99_execution_time_ms: float
    avg_wait_time_ms: float
    p50_wait_time_ms: float
    p95_wait_time_ms: float
    p99_wait_time_ms: float
    critical_queue_size: int
    high_queue_size: int
    normal_queue_size: int
    low_queue_size: int
    total_queued: int
    queue_size: int
    queue_pressure: float
    active_workers: int
    idle_workers: int
    total_workers: int
    avg_worker_utilization: float
    memory_usage_mb: float
    memory_efficiency: float
    record_memory_mb: float
    total_tasks_processed: int
    failed_tasks: int
    cancelled_tasks: int
    retry_count: int
    timeout_count: int
    error_rate: float
    uptime_seconds: float
    compiled_tasks: int
    python_tasks: int
    tasks: Mapping[str, NamedStats]
    levels: tuple[LevelStats, ...]
    workers: tuple[WorkerStats, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON takes it: what `catzilla-jit stats --json` prints.

        The fields by their names; times of single calls as mean and percentiles. Levels and states
        are their names.
        """
        scalars = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in _PARTS
        }
        return {
            **scalars,
            "tasks": {named.name: named.to_dict() for named in self.tasks.values()},
            "levels": [level.to_dict() for level in self.levels],
            "workers": [worker.to_dict() for worker in self.workers],
        }

    @staticmethod
    def merged(*several: TaskStats) -> TaskStats:
        """Return what several runtimes have done and are doing, as one: a server's, a cluster's.

        Counts, queues and rates add up; times come from the histograms together; parts
        (utilization, efficiency) are means over what they are parts of. The memory of one process
        counts once. `pid`, `runtime` and `queue_size` are 0 where they differ.
        """
        return _merged(several)

    def __repr__(self) -> str:
        return (
            f"<TaskStats of runtime {self.runtime} in process {self.pid}: "
            f"{self.tasks_per_second:,.0f} tasks/s, {self.total_tasks_processed:,} done, "
            f"{self.failed_tasks:,} failed, {self.total_queued:,} queued, "
            f"{self.active_workers} of {self.total_workers} workers active>"
        )

    def _repr_html_(self) -> str:
        from ..display.html import of_stats

        return of_stats(self)


# --- several runtimes as one ------------------------------------------------------------------

_EMPTY = Histogram((), 0, 0.0)
_NO_CALLS = CallStats(0, 0, 0, 0, 0, _EMPTY, _EMPTY)
#: Fields that add up.
_SUMS = (
    "tasks_per_second", "critical_queue_size", "high_queue_size", "normal_queue_size",
    "low_queue_size", "total_queued", "active_workers", "idle_workers", "total_workers",
    "record_memory_mb", "total_tasks_processed", "failed_tasks", "cancelled_tasks", "retry_count",
    "timeout_count", "compiled_tasks", "python_tasks",
)  # fmt: skip


def _merged(several: Sequence[TaskStats]) -> TaskStats:
    """Return the statistics of several runtimes as one; ValueError for none."""
    if not several:
        raise ValueError("TaskStats.merged: there are no statistics to merge")
    named = _by_name(several)
    total = _sum((each.total for each in named.values()), _NO_CALLS)
    workers = [worker for stats in several for worker in stats.workers]
    sums = {name: sum(getattr(stats, name) for stats in several) for name in _SUMS}
    resident = {stats.pid: stats.memory_usage_mb for stats in several}
    return TaskStats(
        pid=_same(stats.pid for stats in several),
        runtime=_same(stats.runtime for stats in several),
        started_at=min(stats.started_at for stats in several),
        uptime_seconds=max(stats.uptime_seconds for stats in several),
        queue_size=_same(stats.queue_size for stats in several),
        queue_pressure=max(stats.queue_pressure for stats in several),
        avg_worker_utilization=_mean(several, "avg_worker_utilization", "total_workers"),
        memory_efficiency=_mean(several, "memory_efficiency", "record_memory_mb", 1.0),
        memory_usage_mb=sum(resident.values()),
        error_rate=total.error_rate,
        **_times("execution", total.execution),
        **_times("wait", total.wait),
        **sums,
        tasks=named,
        levels=tuple(_level(several, i, name) for i, name in enumerate(LEVELS)),
        workers=tuple(
            dataclasses.replace(worker, worker_id=number) for number, worker in enumerate(workers)
        ),
    )


def _by_name(several: Sequence[TaskStats]) -> dict[str, NamedStats]:
    names = sorted({name for stats in several for name in stats.tasks})
    found = {}
    for name in names:
        parts = [stats.tasks[name] for stats in several if name in stats.tasks]
        lanes = sorted({lane for part in parts for lane in part.lanes})
        found[name] = NamedStats(
            name,
            _sum((part.total for part in parts), _NO_CALLS),
            {
                lane: _sum((part.lanes[lane] for part in parts if lane in part.lanes), _NO_CALLS)
                for lane in lanes
            },
        )
    return found


def _level(several: Sequence[TaskStats], index: int, name: str) -> LevelStats:
    parts = [stats.levels[index] for stats in several]
    return LevelStats(
        name, sum(part.queued for part in parts), _sum((part.wait for part in parts), _EMPTY)
    )


def _sum(parts: Iterable[Any], empty: Any) -> Any:
    return functools.reduce(operator.add, parts, empty)


def _same(values: Iterable[int]) -> int:
    found = set(values)
    return found.pop() if len(found) == 1 else 0


def _mean(several: Sequence[TaskStats], field: str, weight: str, empty: float = 0.0) -> float:
    get: Callable[[TaskStats, str], float] = getattr
    weights = sum(get(stats, weight) for stats in several)
    if not weights:
        return empty
    return sum(get(stats, field) * get(stats, weight) for stats in several) / weights


def _times(what: str, times: Histogram) -> dict[str, Any]:
    found = {f"avg_{what}_time_ms": times.mean_seconds * 1e3}
    for percent in (50, 95, 99):
        found[f"p{percent}_{what}_time_ms"] = times.percentile(percent) * 1e3
    return found
