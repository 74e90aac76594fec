"""Makes statistics of a runtime that never was, for tests of how they are shown."""

from __future__ import annotations

import dataclasses
from typing import Any

from catzilla_jit.runtime import stats


def histogram(*counted: tuple[float, int]) -> stats.Histogram:
    """Return a histogram with so many calls around each time (seconds, ascending)."""
    buckets = tuple((time * 0.99, time * 1.01, count) for time, count in counted)
    total = sum(count for _, count in counted)
    return stats.Histogram(buckets, total, sum(time * count for time, count in counted))


def calls(**counts: Any) -> stats.CallStats:
    defaults = {
        "completed": 0, "failed": 0, "cancelled": 0, "timed_out": 0, "retried": 0,
        "execution": histogram(), "wait": histogram(),
    }  # fmt: skip
    return stats.CallStats(**{**defaults, **counts})


def named(name: str, **lanes: stats.CallStats) -> stats.NamedStats:
    """Return the statistics of a task; its total is that of the first lane."""
    return stats.NamedStats(name, next(iter(lanes.values())), lanes)


def worker(number: int, **fields: Any) -> stats.WorkerStats:
    defaults = {
        "worker_id": number, "name": f"native-{number}", "kind": "native", "state": "idle",
        "task": None, "running_seconds": 0.0, "tasks": 0, "busy_seconds": 0.0,
        "utilization": 0.0, "thread_id": 1000 + number,
    }  # fmt: skip
    return stats.WorkerStats(**{**defaults, **fields})


def runtime(**fields: Any) -> stats.TaskStats:
    """Return the statistics of a runtime that did nothing, with some fields replaced."""
    if "tasks" in fields:
        fields["tasks"] = {each.name: each for each in fields["tasks"]}
    return dataclasses.replace(stats.unstarted(4711, 10_000), **fields)
