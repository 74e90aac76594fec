"""What notebooks show of the package's objects: tables without scripts, every text escaped.

The classes' `_repr_html_` methods lead here. Nothing here waits or compiles: what is not
known yet is shown as not known.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Sequence
from html import escape

from ..errors import StatsDisabled
from ..types import TaskStatus
from .shown import Batch, Call, Counting, Statistics
from .units import seconds, short_count, uptime

_LEFT, _RIGHT = (f' style="text-align: {side}"' for side in ("left", "right"))
_MOST_ROWS = 30

# Of a value or an exception, more than reprlib would show, and less than a page.
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 200


def of_stats(stats: Statistics) -> str:
    """Return the statistics of a runtime as a title and four tables."""
    title = f"runtime {stats.runtime} of process {stats.pid}, up {uptime(stats.uptime_seconds)}"
    counts = [
        ("tasks per second", f"{stats.tasks_per_second:,.0f}"),
        ("done", f"{stats.total_tasks_processed:,}"),
        ("failed", f"{stats.failed_tasks:,}"),
        ("timed out", f"{stats.timeout_count:,}"),
        ("cancelled", f"{stats.cancelled_tasks:,}"),
        ("workers active", f"{stats.active_workers} of {stats.total_workers}"),
        ("memory", f"{stats.memory_usage_mb:,.1f} MB"),
    ]
    return "".join(
        (
            _title(title),
            _table([name for name, _ in counts], [[value for _, value in counts]]),
            _times(stats),
            _queues(stats),
            _workers(stats),
            _tasks(stats),
        )
    )


def of_runtime(runtime: Counting) -> str:
    """Return the state of a runtime, and its statistics once it has started."""
    title = _title(repr(runtime).strip("<>"))
    try:
        stats = runtime.stats()
    except StatsDisabled as error:
        return title + f"<p>{escape(str(error))}</p>"
    return title + of_stats(stats) if stats.runtime else title


def of_task(
    name: str, priority: str, signatures: Sequence[str], reasons: Sequence[object], settled: bool
) -> str:
    """Return a task's options, and what came of compiling it if that has happened."""
    rows = [("priority", priority)]
    if not signatures and not settled:
        rows.append(("runs as", "not compiled yet"))
    else:
        rows.append(("runs as", "machine code" if signatures else "Python"))
        rows += [("signature", signature) for signature in signatures]
        rows += [("why", str(reason)) for reason in reasons]
    return _title(f"task {name}") + _pairs(rows)


def of_result(result: Call) -> str:
    """Return where a submission stands, and its value or exception once it has ended."""
    try:
        status = result.status()
    except RuntimeError:
        return _title(repr(result).strip("<>"))
    rows = [("status", status.value)]
    if result.execution_time_ms is not None:
        rows.append(("ran for", seconds(result.execution_time_ms / 1e3)))
    if status is TaskStatus.COMPLETED:
        rows.append(("result", _short.repr(result.result())))
    elif status is TaskStatus.FAILED:
        rows.append(("exception", _short.repr(result.exception())))
    return _title(f"task {result.task_name}, call {result.task_id}") + _pairs(rows)


def of_batch(batch: Batch, failures: Callable[[], int]) -> str:
    """Return where a map stands: a bar, and how it ended; failures() counts its failed items."""
    try:
        status, progress = batch.status(), batch.progress
    except RuntimeError:
        return _title(repr(batch).strip("<>"))
    rows = [("status", status.value)]
    if (ran := batch.execution_time_ms) is not None:
        rows.append(("ran for", seconds(ran / 1e3)))
    if failed := failures() if status.final else 0:
        rows.append(("errors", f"{failed:,}"))
    title = f"map of {batch.task_name}, {len(batch):,} items"
    return _title(title) + f"<p>{_bar(progress)}</p>" + _pairs(rows)


def of_progress(text: str, part: float) -> str:
    """Return a bar of which a part, 0.0 to 1.0, is filled, with a text."""
    return f"<p>{_bar(part)} {escape(text)}</p>"


# --- parts of the statistics ----------------------------------------------------------------------


def _times(stats: Statistics) -> str:
    rows = []
    for word, what in (("run", "execution"), ("wait", "wait")):
        figures = (
            getattr(stats, f"{name}_{what}_time_ms") for name in ("avg", "p50", "p95", "p99")
        )
        rows.append([word, *(seconds(figure / 1e3) for figure in figures)])
    return _table(["<", "mean", "p50", "p95", "p99"], rows)


def _queues(stats: Statistics) -> str:
    rows = [
        [level.name, f"{level.queued:,}", seconds(level.wait.percentile(99))]
        for level in stats.levels
    ]
    return _table(["<queue", "queued", "wait p99"], rows)


def _workers(stats: Statistics) -> str:
    rows = [
        [
            worker.name,
            f"{100 * worker.utilization:.0f} %",
            short_count(worker.tasks),
            worker.task or "",
        ]
        for worker in stats.workers
    ]
    return _table(["<worker", "busy", "tasks", "<runs"], rows)


def _tasks(stats: Statistics) -> str:
    rows = [
        [
            named.name,
            lane,
            f"{calls.processed:,}",
            f"{calls.failed + calls.timed_out:,}",
            seconds(calls.execution.percentile(50)),
            seconds(calls.execution.percentile(99)),
        ]
        for named in stats.tasks.values()
        for lane, calls in named.lanes.items()
    ]
    return _table(["<task", "<lane", "done", "failed", "run p50", "run p99"], rows)


# --- HTML -----------------------------------------------------------------------------------------


def _title(text: str) -> str:
    return f"<p><b>{escape(text)}</b></p>"


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(
        f"<tr>{_cell('th', _LEFT, name)}{_cell('td', _LEFT, value)}</tr>" for name, value in rows
    )
    return f"<table>{body}</table>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; columns are right-aligned, "<title" is left-aligned."""
    if not rows:
        return ""
    sides = [_LEFT if column.startswith("<") else _RIGHT for column in columns]
    lines = [_row("th", sides, [column.lstrip("<") for column in columns])]
    lines += [_row("td", sides, row) for row in rows[:_MOST_ROWS]]
    more = len(rows) - _MOST_ROWS
    note = f"<p>and {more} more</p>" if more > 0 else ""
    return f"<table>{''.join(lines)}</table>{note}"


def _row(tag: str, sides: Sequence[str], cells: Sequence[str]) -> str:
    inside = (_cell(tag, side, text) for side, text in zip(sides, cells, strict=True))
    return f"<tr>{''.join(inside)}</tr>"


def _cell(tag: str, side: str, text: str) -> str:
    return f"<{tag}{side}>{escape(text)}</{tag}>"


def _bar(part: float) -> str:
    return f'<progress value="{part:.4f}" max="1"></progress> {100 * part:.0f} %'
