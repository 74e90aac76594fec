"""Statistics: what a runtime has done and is doing, computed from its segment.

The same functions serve the runtime's own process and any other (reader.py), so both
see the same numbers. Times and counts are since the runtime's start, rates and
utilisations over the last `WINDOW_SECONDS`: the pool's clock thread takes a sample eight
times a second while anything happens, and between two samples a straight line is assumed.

No NumPy here, nor anything that imports it: the command line starts with this module.
"""

from __future__ import annotations

import bisect
import itertools
import mmap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..posix import peak_resident_bytes
from .segment import (
    CANCELLED,
    COMPLETED,
    CRITICAL,
    FAILED,
    NATIVE,
    PYTHON,
    RELIEF,
    RERUN,
    RETRIED,
    SHARED,
    TIMED_OUT,
    Counts,
    Ledger,
    Meter,
    Segment,
    add,
    bucket_low,
    merge,
)
from .snapshot import (
    LANES,
    LEVELS,
    MB,
    WINDOW_SECONDS,
    CallStats,
    Histogram,
    LevelStats,
    NamedStats,
    TaskStats,
    WorkerStats,
)
from .thread_usage import thread_times

_KINDS = {NATIVE: "native", CRITICAL: "critical", PYTHON: "python", RELIEF: "relief"}


def resident_bytes(pid: int | str = "self") -> int:
    """Return the resident memory of a process; where there is no /proc, this one's peak."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return peak_resident_bytes() if pid == "self" else 0
    return pages * mmap.PAGESIZE


def cpu_seconds(pid: int, thread: int) -> float | None:
    """Return the processor time of a thread, in steps of 10 ms; None where it cannot be read."""
    times = thread_times(pid, thread)
    return None if times is None else times.cpu_seconds


# --- from a segment ----------------------------------------------------------------------------


def _histogram(counts: Counts, sum_ticks: int | None, rate: int) -> Histogram:
    """Return the counts in seconds; without a sum, that of the buckets' middles."""
    buckets = tuple(
        (bucket_low(i) / rate, (bucket_low(i + 1) - 1) / rate, count)
        for i, count in sorted(counts.items())
    )
    if sum_ticks is None:
        seconds = sum((low + high) / 2 * count for low, high, count in buckets)
    else:
        seconds = sum_ticks / rate
    return Histogram(buckets, sum(counts.values()), seconds)


def _calls(ledger: Ledger, segment: Segment) -> CallStats:
    counts, rate = ledger.counts, segment.ticks_per_second
    # What failed and was then run again as Python gave its caller a value.
    return CallStats(
        completed=counts[COMPLETED] + counts[RERUN],
        failed=counts[FAILED] - counts[RERUN],
        cancelled=counts[CANCELLED],
        timed_out=counts[TIMED_OUT],
        retried=counts[RETRIED],
        execution=_histogram(ledger.run, ledger.run_ticks, rate),
        wait=_histogram(ledger.wait, ledger.wait_ticks, rate),
        allocated_bytes=ledger.allocated if segment.counts_memory else None,
    )


def _named(segment: Segment) -> dict[str, NamedStats]:
    by_name: dict[str, dict[str, list[Ledger]]] = {}
    for account, ledger in segment.ledgers.items():
        name, lane = segment.accounts[account].name, LANES[segment.accounts[account].lane]
        # Two names may be the same once they are cut to what is kept of them.
        by_name.setdefault(name, {}).setdefault(lane, []).append(ledger)
    named = {}
    for name, lanes in sorted(by_name.items()):
        ledgers = {lane: Ledger.sum(parts) for lane, parts in sorted(lanes.items())}
        if any(any(ledger.counts) or ledger.run_ticks for ledger in ledgers.values()):
            calls = {lane: _calls(ledger, segment) for lane, ledger in ledgers.items()}
            total = _calls(Ledger.sum(list(ledgers.values())), segment) if len(calls) > 1 else None
            named[name] = NamedStats(name, total or next(iter(calls.values())), calls)
    return named


class _Window:
    """What a growing number was when the window began, by its samples."""

    def __init__(self, segment: Segment, now: int) -> None:
        self._now = now
        length = int(WINDOW_SECONDS * segment.ticks_per_second)
        self._start = max(segment.started_ticks, now - length)
        self.seconds = (now - self._start) / segment.ticks_per_second
        # Before the first sample nothing had happened.
        self._times = [segment.started_ticks, *segment.sampled_at]
        self._forgotten = len(segment.sampled_at) >= 60  # the first sample is not the first
        self._at = bisect.bisect_right(self._times, self._start)

    def gain(self, then: Sequence[int], current: int) -> float:
        """Return by how much it has grown since: `then` are its values at the samples."""
        values = [then[0] if self._forgotten and then else 0, *then, current]
        times = [*self._times, self._now]
        at = min(self._at, len(times) - 1)
        t0, t1 = times[at - 1], times[at]
        v0, v1 = values[at - 1], values[at]
        part = (self._start - t0) / (t1 - t0) if t1 > t0 else 1.0
        return max(0.0, current - (v0 + (v1 - v0) * min(1.0, max(0.0, part))))


def _busy_ticks(meter: Meter, now: int) -> int:
    return meter.busy + (max(0, now - meter.started) if meter.started else 0)


def worker_name(meter: Meter) -> str:
    """Return what a worker is called."""
    if meter.kind == RELIEF:
        lane, level = divmod(meter.number, len(LEVELS))
        return f"{LANES[lane % len(LANES)]}-relief-{LEVELS[level]}"
    return "critical" if meter.kind == CRITICAL else f"{_KINDS[meter.kind]}-{meter.number}"


def _worker(segment: Segment, meter: Meter, window: _Window, now: int) -> WorkerStats:
    rate = segment.ticks_per_second
    gain = window.gain(meter.busy_then, _busy_ticks(meter, now)) / rate
    known = meter.started and meter.account < len(segment.accounts)
    return WorkerStats(
        worker_id=meter.index,
        name=worker_name(meter),
        kind=_KINDS[meter.kind],
        state="running" if meter.started else "idle",
        task=segment.accounts[meter.account].name if known else None,
        running_seconds=max(0, now - meter.started) / rate if meter.started else 0.0,
        tasks=meter.done,
        busy_seconds=_busy_ticks(meter, now) / rate,
        utilization=min(1.0, gain / window.seconds) if window.seconds else 0.0,
        thread_id=meter.thread,
        cpu_seconds=cpu_seconds(segment.pid, meter.thread),
        allocated_bytes=meter.allocated if segment.counts_memory else None,
    )


def _levels(segment: Segment) -> tuple[LevelStats, ...]:
    queued = add(*segment.depth)
    waits = [merge(*(meter.wait[i] for meter in segment.meters)) for i in range(len(LEVELS))]
    return tuple(
        LevelStats(name, queued[i], _histogram(waits[i], None, segment.ticks_per_second))
        for i, name in enumerate(LEVELS)
    )


def workers(segment: Segment, monotonic_ns: int | None = None) -> tuple[WorkerStats, ...]:
    """Return what the workers do; for this the segment need not have been read with its calls."""
    now = segment.ticks_at(time.monotonic_ns() if monotonic_ns is None else monotonic_ns)
    return _workers(segment, _Window(segment, now), now)


def _workers(segment: Segment, window: _Window, now: int) -> tuple[WorkerStats, ...]:
    return tuple(
        _worker(segment, meter, window, now)
        for meter in segment.meters
        if meter.kind != SHARED and meter.here
    )


def compute(segment: Segment, resident: int, monotonic_ns: int | None = None) -> TaskStats:
    """Return the statistics of a runtime; resident: bytes of its process."""
    rate = segment.ticks_per_second
    now = segment.ticks_at(time.monotonic_ns() if monotonic_ns is None else monotonic_ns)
    window = _Window(segment, now)
    lanes = [
        [item for number, item in segment.ledgers.items() if segment.accounts[number].lane == lane]
        for lane in range(len(LANES))
    ]
    sums = [Ledger.sum(items) for items in lanes]
    per_lane = [_calls(ledger, segment) for ledger in sums]
    total = _calls(Ledger.sum(sums), segment)
    levels = _levels(segment)
    here = _workers(segment, window, now)
    ordinary = [worker for worker in here if worker.kind in ("native", "python")]
    active = sum(worker.state == "running" for worker in ordinary)
    done = sum(window.gain(meter.done_then, meter.done) for meter in segment.meters)
    fullest = max(itertools.chain(*segment.depth))
    return TaskStats(
        pid=segment.pid,
        runtime=segment.number,
        started_at=segment.started_unix_ns * 1e-9,
        tasks_per_second=done / window.seconds if window.seconds else 0.0,
        **_milliseconds("execution", total.execution),
        **_milliseconds("wait", total.wait),
        critical_queue_size=levels[0].queued,
        high_queue_size=levels[1].queued,
        normal_queue_size=levels[2].queued,
        low_queue_size=levels[3].queued,
        total_queued=sum(level.queued for level in levels),
        queue_size=segment.queue_size,
        queue_pressure=min(1.0, fullest / segment.queue_size) if segment.queue_size else 0.0,
        active_workers=active,
        idle_workers=len(ordinary) - active,
        total_workers=len(ordinary),
        avg_worker_utilization=_mean([worker.utilization for worker in ordinary]),
        memory_usage_mb=resident / MB,
        memory_efficiency=_part(segment.memory_used, segment.memory_bytes),
        record_memory_mb=segment.memory_bytes / MB,
        total_tasks_processed=total.processed,
        failed_tasks=total.failed,
        cancelled_tasks=total.cancelled,
        retry_count=total.retried,
        timeout_count=total.timed_out,
        error_rate=total.error_rate,
        uptime_seconds=(now - segment.started_ticks) / rate,
        compiled_tasks=per_lane[0].processed,
        python_tasks=per_lane[1].processed,
        tasks=_named(segment),
        levels=levels,
        workers=here,
    )


def _milliseconds(what: str, times: Histogram) -> dict[str, Any]:
    found = {f"avg_{what}_time_ms": times.mean_seconds * 1e3}
    for percent in (50, 95, 99):
        found[f"p{percent}_{what}_time_ms"] = times.percentile(percent) * 1e3
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _part(used: int, held: int) -> float:
    return min(1.0, used / held) if held else 1.0


def unstarted(pid: int, queue_size: int) -> TaskStats:
    """Return the statistics of a runtime that has had nothing to do yet."""
    now = time.time_ns()
    empty = Segment(
        pid, 0, now, 0, 0, 1_000_000_000, queue_size, [], [], {}, ([0] * 4, [0] * 4), 0, 0, 0, []
    )
    return compute(empty, resident_bytes(), 0)


# --- of the default runtime -----------------------------------------------------------------------
