"""What statistics are made of: the classes that `Runtime.stats` returns, and their constants."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
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
    Times are of runs: a call that was tried three times has three.
    """

    completed: int
    failed: int
    cancelled: int
    timed_out: int
    retried: int
    execution: Histogram
    wait: Histogram

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
