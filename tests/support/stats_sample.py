"""Makes statistics of a runtime that never was, for tests of how they are shown."""

from __future__ import annotations

import dataclasses
from typing import Any

from catzilla_jit.stats import compute, snapshot


def histogram(*counted: tuple[float, int]) -> snapshot.Histogram:
    """Return a histogram with so many calls around each time (seconds, ascending)."""
    buckets = tuple((time * 0.99, time * 1.01, count) for time, count in counted)
    total = sum(count for _, count in counted)
    return snapshot.Histogram(buckets, total, sum(time * count for time, count in counted))


def calls(**counts: Any) -> snapshot.CallStats:
    defaults = {
        "completed": 0, "failed": 0, "cancelled": 0, "timed_out": 0, "retried": 0,
        "execution": histogram(), "wait": histogram(),
    }  # fmt: skip
    return snapshot.CallStats(**{**defaults, **counts})


def named(name: str, **lanes: snapshot.CallStats) -> snapshot.NamedStats:
    """Return the statistics of a task; its total is that of the first lane."""
    return snapshot.NamedStats(name, next(iter(lanes.values())), lanes)


def worker(number: int, **fields: Any) -> snapshot.WorkerStats:
    defaults = {
        "worker_id": number, "name": f"native-{number}", "kind": "native", "state": "idle",
        "task": None, "running_seconds": 0.0, "tasks": 0, "busy_seconds": 0.0,
        "utilization": 0.0, "thread_id": 1000 + number, "cpu_seconds": 0.5,
    }  # fmt: skip
    return snapshot.WorkerStats(**{**defaults, **fields})


def runtime(**fields: Any) -> snapshot.TaskStats:
    """Return the statistics of a runtime that did nothing, with some fields replaced."""
    if "tasks" in fields:
        fields["tasks"] = {each.name: each for each in fields["tasks"]}
    return dataclasses.replace(compute.unstarted(4711, 10_000), **fields)
