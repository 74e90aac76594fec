"""What the page in a browser is sent each second: a runtime at one moment, and its last minutes.

The web app and `catzilla-jit dashboard` send the same, made from the same statistics. Points of
the curves are of the time between two looks: rates by the difference of the counts,
percentiles by the difference of the histograms.

No NumPy here, nor anything that imports it: the command line serves with this module.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter, deque
from typing import Any

from ..roster import Document
from ..snapshot import Histogram, NamedStats, TaskStats
from ..thread_usage import ThreadUsage

#: Points of the curves: five minutes of one a second.
MOST_POINTS = 300
#: Names that one document lists, those first that have run longest.
MOST_NAMES = 2000
MOST_WORKERS = 256

_Buckets = dict[tuple[float, float], int]


class LiveView:
    """Makes the documents of one runtime; one thread at a time may ask."""

    def __init__(self, usage: ThreadUsage) -> None:
        self._usage = usage
        self._before: tuple[float, TaskStats, _Buckets] | None = None
        self.points: deque[dict[str, Any]] = deque(maxlen=MOST_POINTS)

    def document(self, stats: TaskStats, roster: Document | None) -> dict[str, Any]:
        """Return the object for this moment, and note a point of the curves."""
        point = self._point(stats)
        if point is not None:
            self.points.append(point)
        return {
            "time": time.time(),
            "point": point,
            "pid": stats.pid,
            "runtime": stats.runtime,
            "uptime_seconds": stats.uptime_seconds,
            "totals": _totals(stats),
            "queues": _queues(stats),
            "queue_pressure": stats.queue_pressure,
            "workers": [self._worker(worker) for worker in stats.workers[:MOST_WORKERS]],
            "worker_counts": {
                "active": stats.active_workers,
                "total": stats.total_workers,
                "utilization": stats.avg_worker_utilization,
            },
            **_tasks(stats, roster),
        }

    def _point(self, stats: TaskStats) -> dict[str, Any] | None:
        """Return what happened since the last look, None at the first one."""
        now = time.time()
        buckets = _runs(stats)
        before, self._before = self._before, (now, stats, buckets)
        if before is None or before[1].started_at != stats.started_at or now <= before[0]:
            return None
        seconds = now - before[0]
        gained = _difference(buckets, before[2])
        failed = _failures(stats) - _failures(before[1])
        return {
            "time": now,
            "rate": (_ended(stats) - _ended(before[1])) / seconds,
            "failed": failed / seconds,
            "p50_ms": gained.percentile(50) * 1e3 if gained.count else None,
            "p99_ms": gained.percentile(99) * 1e3 if gained.count else None,
            "queued": stats.total_queued,
            "busy": stats.avg_worker_utilization,
        }

    def _worker(self, worker: Any) -> dict[str, Any]:
        return {
            "id": worker.worker_id,
            "name": worker.name,
            "kind": worker.kind,
            "task": worker.task,
            "running_seconds": worker.running_seconds,
            "utilization": worker.utilization,
            "tasks": worker.tasks,
            "cpu_percent": self._usage.percent(worker.thread_id),
        }


def _ended(stats: TaskStats) -> int:
    return stats.total_tasks_processed + stats.cancelled_tasks


def _failures(stats: TaskStats) -> int:
    return stats.failed_tasks + stats.timeout_count


def _runs(stats: TaskStats) -> _Buckets:
    """Return how many runs took how long, over all names."""
    found: Counter[tuple[float, float]] = Counter()
    for named in stats.tasks.values():
        for low, high, count in named.total.execution.buckets:
            found[low, high] += count
    return found


def _difference(now: _Buckets, before: _Buckets) -> Histogram:
    gained = tuple(
        (low, high, count - before.get((low, high), 0))
        for (low, high), count in sorted(now.items())
        if count > before.get((low, high), 0)
    )
    return Histogram(gained, sum(count for _, _, count in gained), 0.0)


def _totals(stats: TaskStats) -> dict[str, Any]:
    names = (
        "tasks_per_second", "total_tasks_processed", "failed_tasks", "timeout_count",
        "cancelled_tasks", "retry_count", "error_rate", "compiled_tasks", "python_tasks",
        "p50_execution_time_ms", "p99_execution_time_ms", "p50_wait_time_ms", "p99_wait_time_ms",
        "total_queued", "queue_size", "memory_usage_mb", "record_memory_mb",
    )  # fmt: skip
    return {name: getattr(stats, name) for name in names}


def _queues(stats: TaskStats) -> list[dict[str, Any]]:
    return [
        {
            "name": level.name,
            "queued": level.queued,
            # A level has a queue of this size per lane.
            "limit": stats.queue_size,
            "p50_wait_ms": level.wait.percentile(50) * 1e3,
            "p99_wait_ms": level.wait.percentile(99) * 1e3,
        }
        for level in stats.levels
    ]


def _tasks(stats: TaskStats, roster: Document | None) -> dict[str, Any]:
    """Return the tasks that have run or are registered, and how many there is no room for."""
    entries = {} if roster is None else {entry.name: entry for entry in roster.tasks}
    run = sorted(stats.tasks.values(), key=lambda named: -named.total.execution.sum_seconds)
    rows = [_called(named) for named in run]
    rows += [{"name": name, "processed": 0} for name in entries if name not in stats.tasks]
    shown = rows[:MOST_NAMES]
    for row in shown:
        entry = entries.get(row["name"])
        row["registered"] = None if entry is None else dataclasses.asdict(entry)
    more = len(rows) - len(shown) + (0 if roster is None else roster.more)
    return {"tasks": shown, "more_tasks": more}


def _called(named: NamedStats) -> dict[str, Any]:
    total = named.total
    return {
        "name": named.name,
        "lanes": list(named.lanes),
        "processed": total.processed,
        "failed": total.failed + total.timed_out,
        "cancelled": total.cancelled,
        "retried": total.retried,
        "p50_ms": total.execution.percentile(50) * 1e3,
        "p99_ms": total.execution.percentile(99) * 1e3,
        "p99_wait_ms": total.wait.percentile(99) * 1e3,
    }
