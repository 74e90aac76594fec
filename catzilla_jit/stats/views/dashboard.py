"""How the statistics of a runtime look on a terminal: one renderable, readable at 80 columns."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...display.terminal import printable
from ...display.units import seconds, short_count, uptime
from ..snapshot import CallStats, Histogram, LevelStats, TaskStats, WorkerStats

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..reader import RuntimeInfo
    from ..roster import Document

_BAR = 24
_MOST_TASKS = 20
_MOST_WORKERS = 16
_FIXED_LINES, _BLANK_LINES = 15, 6  # beside those of workers and tasks


def dashboard(
    stats: TaskStats, console: Console, *, command: str = "", height: int | None = None
) -> RenderableType:
    """Return everything about one runtime; in so many lines, workers and tasks are cut short."""
    unicode = console.encoding.startswith("utf")
    workers, tasks, dense = _room(stats, height)
    parts: list[RenderableType] = [
        _head(stats, command),
        _counts(stats),
        _times(stats),
        _queues(stats, unicode=unicode),
        _workers(stats, unicode=unicode, most=workers),
        _memory(stats),
    ]
    if stats.tasks:
        parts.append(task_table(stats, most=tasks))
    if dense:
        return Group(*parts)
    return Group(parts[0], *(line for part in parts[1:] for line in ("", part)))


def _room(stats: TaskStats, height: int | None) -> tuple[int, int, bool]:
    """Return how many workers and tasks are shown, and whether blank lines are left out."""
    if height is None:
        return _MOST_WORKERS, _MOST_TASKS, False
    # One line of each may be "and ... more".
    room = max(4, height - _FIXED_LINES - 2)
    dense = room < 3 * _BLANK_LINES
    room -= 0 if dense else _BLANK_LINES
    tasks = sum(len(named.lanes) for named in stats.tasks.values())
    workers = min(len(stats.workers), _MOST_WORKERS, max(room - tasks, room // 2))
    return workers, min(_MOST_TASKS, room - workers), dense


# --- pieces ---------------------------------------------------------------------------------------


def short_command(command: str) -> str:
    """Return a command line with the program's name alone in place of its path."""
    program, space, rest = command.partition(" ")
    return program.rpartition("/")[2] + space + rest


def bar(part: float, *, unicode: bool, width: int = _BAR, alarming: bool = True) -> Text:
    """Return a bar of which a part, 0.0 to 1.0, is filled; any part at all shows.

    alarming: it is bad if the bar is full, so it changes its colour before.
    """
    part = min(1.0, max(0.0, part))
    filled = max(round(part * width), 1 if part > 0 else 0)
    on, off = ("━", "─") if unicode else ("#", "-")
    style = "green"
    if alarming and part > 0.6:
        style = "red" if part > 0.9 else "yellow"
    return Text.assemble((on * filled, style), (off * (width - filled), "dim"))


def runtime_table(readings: Iterable[tuple[RuntimeInfo, TaskStats]]) -> RenderableType:
    """Return a row per runtime."""
    table = _table("<pid", "up", "tasks/s", "done", "queued", "busy", "MB", "~command")
    for info, stats in readings:
        table.add_row(
            f"{info.pid}:{info.runtime}",
            uptime(stats.uptime_seconds),
            short_count(round(stats.tasks_per_second)),
            short_count(stats.total_tasks_processed),
            short_count(stats.total_queued),
            f"{100 * stats.avg_worker_utilization:.0f} %",
            f"{stats.memory_usage_mb:,.0f}",
            _flexible(short_command(info.command)),
        )
    return table


# --- parts ------------------------------------------------------------------------------------


def _head(stats: TaskStats, command: str) -> RenderableType:
    head = Table.grid(expand=True, padding=(0, 1))
    head.add_column(no_wrap=True)
    head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    head.add_column(justify="right", no_wrap=True)
    name = f"pid {stats.pid}, runtime {stats.runtime}"
    head.add_row(
        Text(name, "bold"),
        Text(printable(short_command(command)), "dim"),
        f"up {uptime(stats.uptime_seconds)}",
    )
    return head


def _counts(stats: TaskStats) -> RenderableType:
    line = Text.assemble(
        (f"{stats.tasks_per_second:,.0f}", "bold"),
        f" tasks/s   {stats.total_tasks_processed:,} done: ",
        f"{short_count(stats.compiled_tasks)} compiled, {short_count(stats.python_tasks)} Python",
        "\n",
    )
    for count, word, style in (
        (stats.failed_tasks, "failed", "red"),
        (stats.timeout_count, "timed out", "red"),
        (stats.cancelled_tasks, "cancelled", "yellow"),
        (stats.retry_count, "retries", "yellow"),
    ):
        line.append(f"{short_count(count)} {word}   ", style if count else "none")
    line.append(f"errors {100 * stats.error_rate:.2g} %")
    return line


def _times(stats: TaskStats) -> RenderableType:
    table = _table("<", "mean", "p50", "p95", "p99")
    for word, what in (("run", "execution"), ("wait", "wait")):
        figures = [
            getattr(stats, f"{figure}_{what}_time_ms") for figure in ("avg", "p50", "p95", "p99")
        ]
        table.add_row(word, *(seconds(figure / 1e3) for figure in figures))
    return table


def _queues(stats: TaskStats, *, unicode: bool) -> RenderableType:
    table = _table("<queue", "<", "queued", "wait p50", "wait p99")
    for level in stats.levels:
        table.add_row(
            level.name,
            bar(_fullness(level, stats), unicode=unicode),
            f"{level.queued:,}",
            *(seconds(level.wait.percentile(percent)) for percent in (50, 99)),
        )
    return table


def _fullness(level: LevelStats, stats: TaskStats) -> float:
    # A level has two queues of that size, one per lane; the fuller one is not known.
    return level.queued / stats.queue_size if stats.queue_size else 0.0


def _workers(stats: TaskStats, *, unicode: bool, most: int) -> RenderableType:
    table = _table("<worker", "<busy", "", "tasks", "~runs")
    shown = stats.workers[:most]
    for worker in shown:
        table.add_row(
            worker.name,
            bar(worker.utilization, unicode=unicode, alarming=False),
            f"{100 * worker.utilization:.0f} %",
            short_count(worker.tasks),
            _runs(worker),
        )
    title = (
        f"{stats.active_workers} of {stats.total_workers} workers active, "
        f"{100 * stats.avg_worker_utilization:.0f} % busy"
    )
    more = len(stats.workers) - len(shown)
    return Group(title, table, *([f"and {more} more"] if more > 0 else []))


def _runs(worker: WorkerStats) -> Text:
    if worker.task is None:
        return Text("-")
    return _flexible(f"{seconds(worker.running_seconds)} {worker.task}")


def _memory(stats: TaskStats) -> RenderableType:
    return (
        f"memory {stats.memory_usage_mb:,.1f} MB resident, records "
        f"{stats.record_memory_mb:,.1f} MB, {100 * stats.memory_efficiency:.0f} % in use"
    )


def task_table(stats: TaskStats, *, most: int | None = None) -> RenderableType:
    """Return a row per task name and lane, those that ran longest first."""
    table = _table("~task", "<lane", "done", "failed", "run p50", "run p99", "wait p50", "wait p99")
    rows = [
        (named.name, lane, calls)
        for named in stats.tasks.values()
        for lane, calls in named.lanes.items()
    ]
    rows.sort(key=lambda row: -row[2].execution.sum_seconds)
    for name, lane, calls in rows[:most]:
        failed = calls.failed + calls.timed_out
        table.add_row(
            _flexible(name),
            lane,
            short_count(calls.processed),
            Text(short_count(failed), "red" if failed else "none"),
            *_percentiles(calls),
        )
    more = len(rows) - len(rows[:most])
    return Group(table, f"and {more} more") if more else table


def roster_table(document: Document) -> RenderableType:
    """Return a row per registered task: its state, and why it is not compiled, or as what."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
    table.add_column("registered", header_style="dim", max_width=30)
    table.add_column("state", header_style="dim", no_wrap=True)
    table.add_column("why, or its signature", header_style="dim", overflow="fold")
    for entry in document.tasks:
        said = entry.signature or entry.reason
        if entry.line is not None:
            said = f"{os.path.basename(entry.file)}:{entry.line}: {said}"
        table.add_row(_flexible(entry.name), entry.state, Text(printable(said)))
    return Group(table, f"and {document.more} more") if document.more else table


def _percentiles(calls: CallStats) -> Iterable[str]:
    histograms: tuple[Histogram, ...] = (calls.execution, calls.wait)
    return [seconds(each.percentile(percent)) for each in histograms for percent in (50, 99)]


def _table(*columns: str) -> Table:
    """Return a table without borders.

    Columns are right-aligned; "<title" is left-aligned, "~title" is left-aligned and gives
    way where there is little room (its cells are made by `_flexible`).
    """
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
    for column in columns:
        flexible = column.startswith("~")
        table.add_column(
            column.lstrip("<~"),
            justify="left" if column[:1] in ("<", "~") else "right",
            header_style="dim",
            # Columns that may wrap are the ones that are narrowed first.
            no_wrap=not flexible,
            min_width=8 if flexible else None,
        )
    return table


def _flexible(text: str) -> Text:
    return Text(printable(text), no_wrap=True, overflow="ellipsis")
