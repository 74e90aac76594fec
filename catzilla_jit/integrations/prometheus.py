"""Statistics in the text exposition format of Prometheus.

For prometheus_client's registry a `Collector`; for the textfile collector of a node exporter, or a
web program of the user's, `text(get_task_stats())` with CONTENT_TYPE, the format's version 0.0.4.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import NoRuntime
from ..stats import reader
from ..stats.snapshot import CallStats, Histogram, TaskStats
from .extras import library

if TYPE_CHECKING:
    from ..runtime.engine import Engine

MB = 1024 * 1024
#: What a web program that returns `text(...)` says it is.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Upper bounds of the histograms' buckets, in seconds: three per power of ten.
BOUNDS = tuple(float(f"{digits}e{power}") for power in range(-7, 2) for digits in ("1", "2.5", "5"))

Labels = Mapping[str, str]
_OUTCOMES = ("completed", "failed", "cancelled", "timed_out")


def text(*several: TaskStats) -> str:
    """Return the exposition of one runtime's statistics, or of several of one process.

    Of several, each sample has the label `runtime`, the runtime's number in its process.
    """
    return "\n".join(_lines([(_place(stats, several), stats) for stats in several])) + "\n"


def _place(stats: TaskStats, several: tuple[TaskStats, ...]) -> dict[str, str]:
    return {"runtime": str(stats.runtime)} if len(several) > 1 else {}


class Collector:
    """What prometheus_client's registry asks for the runtimes of this process.

        from prometheus_client import REGISTRY
        from catzilla_jit.integrations.prometheus import Collector

        REGISTRY.register(Collector())

    runtimes: which; by default all that are open at each scrape. Each sample has the label
    `runtime`. processes: "own", or "server" for the sum over this process and those with the same
    parent, as the workers of a web server are, which the user may read.
    """

    def __init__(self, *runtimes: Engine, processes: str = "own") -> None:
        if processes not in ("own", "server"):
            raise ValueError(f"Collector: processes must be 'own' or 'server', not {processes!r}")
        if runtimes and processes == "server":
            raise ValueError("Collector: runtimes are named, or summed over a server's processes")
        self._runtimes = runtimes
        self._processes = processes
        self._parser = library("prometheus_client.parser", "prometheus")

    def describe(self) -> list[Any]:
        """Return nothing: the registry need not collect to learn names."""
        return []

    def collect(self) -> Iterator[Any]:
        """Yield the metric families as they are now."""
        if self._processes == "server":
            lines = _lines([({}, TaskStats.merged(*_of_server()))])
        else:
            found = [runtime.stats() for runtime in self._runtimes or _with_statistics()]
            lines = _lines([({"runtime": str(stats.runtime)}, stats) for stats in found])
        yield from self._parser.text_string_to_metric_families("\n".join(lines) + "\n")


def _with_statistics() -> list[Engine]:
    from ..runtime import process  # not for the command line, which only writes the text

    found = [engine for engine in process.engines() if engine.settings.profiling]
    return [engine for engine in found if engine._backend is not None and not engine.closed]


def _of_server() -> list[TaskStats]:
    parent = os.getppid()
    found = []
    for info in reader.running():
        # Each of the server's processes is one that this one's parent has started.
        if info.pid == os.getpid() or _parent_of(info.pid) == parent:
            with contextlib.suppress(NoRuntime):  # it has ended meanwhile
                found.append(reader.read(info.pid, info.runtime))
    return found


def _parent_of(pid: int) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("PPid:"):
                return int(line.split()[1])
    return None


def _lines(places: Sequence[tuple[dict[str, str], TaskStats]]) -> Iterator[str]:
    lanes = [
        ({**place, "task": named.name, "lane": lane}, calls)
        for place, stats in places
        for named in stats.tasks.values()
        for lane, calls in named.lanes.items()
    ]
    yield from _tasks(lanes)
    yield from _histograms("run", "run", [(labels, calls.execution) for labels, calls in lanes])
    yield from _histograms("wait", "wait", [(labels, calls.wait) for labels, calls in lanes])
    yield from _head("queue_depth", "gauge", "Calls that wait in the queues, by priority.")
    for place, stats in places:
        for level in stats.levels:
            yield _sample("queue_depth", {**place, "level": level.name}, level.queued)
    yield from _head("workers", "gauge", "Worker threads, by what they do.")
    for place, stats in places:
        yield _sample("workers", {**place, "state": "active"}, stats.active_workers)
        yield _sample("workers", {**place, "state": "idle"}, stats.idle_workers)
    for name, field, unit, help_ in _GAUGES:
        yield from _head(name, "gauge", help_)
        for place, stats in places:
            yield _sample(name, place, getattr(stats, field) * unit)


#: Name, field of TaskStats, its unit, what it is.
_GAUGES: tuple[tuple[str, str, float, str], ...] = (
    ("queue_pressure_ratio", "queue_pressure", 1, "How full the fullest queue is."),
    (
        "worker_utilization_ratio", "avg_worker_utilization", 1,
        "The part of the last seconds that workers were inside tasks.",
    ),
    ("memory_resident_bytes", "memory_usage_mb", MB, "Resident memory of the process."),
    (
        "memory_record_bytes", "record_memory_mb", MB,
        "Memory held for records of compiled tasks.",
    ),
    (
        "memory_efficiency_ratio", "memory_efficiency", 1,
        "The part of the records' memory that is in use.",
    ),
    ("start_time_seconds", "started_at", 1, "When the runtime was started, since the epoch."),
)  # fmt: skip


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
