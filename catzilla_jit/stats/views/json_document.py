"""Statistics as the object that --json prints. Its fields are an interface: docs/command-line.md.

The names are those of TaskStats; histograms are given by their mean and percentiles.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ..reader import RuntimeInfo
from ..roster import Document
from ..snapshot import CallStats, Histogram, TaskStats

_PERCENTS = (50, 95, 99)
_COUNTS = ("processed", "completed", "failed", "cancelled", "timed_out", "retried", "error_rate")
_PARTS = ("tasks", "levels", "workers")


def of_stats(stats: TaskStats) -> dict[str, Any]:
    """Return the object for one runtime."""
    scalars = {
        field.name: getattr(stats, field.name)
        for field in dataclasses.fields(stats)
        if field.name not in _PARTS
    }
    return {
        **scalars,
        "tasks": of_tasks(stats),
        "levels": [
            {"name": level.name, "queued": level.queued, **_times("wait", level.wait)}
            for level in stats.levels
        ],
        "workers": [dataclasses.asdict(worker) for worker in stats.workers],
    }


def of_tasks(stats: TaskStats) -> dict[str, Any]:
    """Return the tasks of a runtime by name."""
    return {
        named.name: {
            **_calls(named.total),
            "lanes": {lane: _calls(calls) for lane, calls in named.lanes.items()},
        }
        for named in stats.tasks.values()
    }


def of_roster(document: Document | None) -> list[dict[str, Any]] | None:
    """Return the registered tasks; None where the process publishes none."""
    return None if document is None else [dataclasses.asdict(task) for task in document.tasks]


def of_runtimes(found: list[RuntimeInfo]) -> dict[str, Any]:
    """Return the object for the list of running runtimes."""
    return {"runtimes": [dataclasses.asdict(info) for info in found]}


def _calls(calls: CallStats) -> dict[str, Any]:
    return {
        **{name: getattr(calls, name) for name in _COUNTS},
        **_times("execution", calls.execution),
        **_times("wait", calls.wait),
    }


def _times(what: str, histogram: Histogram) -> dict[str, float]:
    times = {f"avg_{what}_time_ms": histogram.mean_seconds * 1e3}
    for percent in _PERCENTS:
        times[f"p{percent}_{what}_time_ms"] = histogram.percentile(percent) * 1e3
    return times
