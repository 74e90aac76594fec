"""Statistics in the text exposition format of Prometheus.

For the textfile collector of a node exporter, or to be served by a web program of the
user's: `text(get_task_stats())`. The format is the one of version 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..stats.snapshot import CallStats, Histogram, TaskStats

MB = 1024 * 1024

#: Upper bounds of the histograms' buckets, in seconds: three per power of ten.
BOUNDS = tuple(float(f"{digits}e{power}") for power in range(-7, 2) for digits in ("1", "2.5", "5"))

Labels = Mapping[str, str]
_OUTCOMES = ("completed", "failed", "cancelled", "timed_out")


def text(stats: TaskStats) -> str:
    """Return the exposition of one runtime's statistics."""
    return "\n".join(_lines(stats)) + "\n"


def _lines(stats: TaskStats) -> Iterator[str]:
    lanes = [
        ({"task": named.name, "lane": lane}, calls)
        for named in stats.tasks.values()
        for lane, calls in named.lanes.items()
    ]
    yield from _tasks(lanes)
    yield from _histograms("run", "run", [(labels, calls.execution) for labels, calls in lanes])
    yield from _histograms("wait", "wait", [(labels, calls.wait) for labels, calls in lanes])
    yield from _head("queue_depth", "gauge", "Calls that wait in the queues, by priority.")
    for level in stats.levels:
        yield _sample("queue_depth", {"level": level.name}, level.queued)
    yield from _head("workers", "gauge", "Worker threads, by what they do.")
    yield _sample("workers", {"state": "active"}, stats.active_workers)
    yield _sample("workers", {"state": "idle"}, stats.idle_workers)
    for name, help_, value in (
        ("queue_pressure_ratio", "How full the fullest queue is.", stats.queue_pressure),
        (
            "worker_utilization_ratio",
            "The part of the last seconds that workers were inside tasks.",
            stats.avg_worker_utilization,
        ),
        (
            "memory_resident_bytes",
            "Resident memory of the process.",
            stats.memory_usage_mb * MB,
        ),
        (
            "memory_record_bytes",
            "Memory held for records of compiled tasks.",
            stats.record_memory_mb * MB,
        ),
        (
            "memory_efficiency_ratio",
            "The part of the records' memory that is in use.",
            stats.memory_efficiency,
        ),
        (
            "start_time_seconds",
            "When the runtime was started, since the epoch.",
            stats.started_at,
        ),
    ):
        yield from _head(name, "gauge", help_)
        yield _sample(name, {}, value)


def _tasks(lanes: list[tuple[dict[str, str], CallStats]]) -> Iterator[str]:
    yield from _head("tasks_total", "counter", "Calls that have ended, by task, lane and outcome.")
    for labels, calls in lanes:
        for outcome in _OUTCOMES:
            yield _sample("tasks_total", {**labels, "outcome": outcome}, getattr(calls, outcome))
    yield from _head("task_retries_total", "counter", "Further tries of calls that had failed.")
    for labels, calls in lanes:
        yield _sample("task_retries_total", labels, calls.retried)


def _histograms(name: str, verb: str, series: list[tuple[Labels, Histogram]]) -> Iterator[str]:
    full = f"task_{name}_seconds"
    yield from _head(full, "histogram", f"How long calls {verb}, in seconds.")
    for labels, histogram in series:
        for bound, count in _cumulated(histogram):
            yield _sample(f"{full}_bucket", {**labels, "le": f"{bound:g}"}, count)
        yield _sample(f"{full}_bucket", {**labels, "le": "+Inf"}, histogram.count)
        yield _sample(f"{full}_sum", labels, histogram.sum_seconds)
        yield _sample(f"{full}_count", labels, histogram.count)


def _cumulated(histogram: Histogram) -> Iterator[tuple[float, int]]:
    """Yield (bound, calls that took at most that): the fine buckets go by their middle."""
    fine = iter(histogram.buckets)
    bucket = next(fine, None)
    below = 0
    for bound in BOUNDS:
        while bucket is not None and (bucket[0] + bucket[1]) / 2 <= bound:
            below += bucket[2]
            bucket = next(fine, None)
        yield bound, below


def _head(name: str, kind: str, help_: str) -> Iterator[str]:
    yield f"# HELP catzilla_jit_{name} {help_}"
    yield f"# TYPE catzilla_jit_{name} {kind}"


def _sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    shown = repr(value) if isinstance(value, int) else f"{value:.9g}"
    return f"catzilla_jit_{name}{{{inside}}} {shown}" if inside else f"catzilla_jit_{name} {shown}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
