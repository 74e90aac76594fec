"""How statistics look: every figure in its place, at 80 columns, whatever the numbers."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from catzilla_jit.stats.reader import RuntimeInfo
from catzilla_jit.stats.views import dashboard
from support import stats_sample as sample


def shown(renderable, *, encoding: str = "utf-8", width: int = 80) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(file=file, width=width, highlight=False, markup=False, emoji=False)
    if callable(renderable):
        renderable = renderable(console)
    console.print(renderable)
    file.flush()
    return file.buffer.getvalue().decode(encoding)


def busy():
    times = sample.histogram((2e-6, 90), (3e-3, 10))
    return sample.runtime(
        tasks_per_second=1_234_567.0,
        total_tasks_processed=10**13,
        compiled_tasks=10**13,
        failed_tasks=10**9,
        error_rate=0.0001,
        normal_queue_size=9_876,
        active_workers=1,
        total_workers=2,
        avg_worker_utilization=0.5,
        memory_usage_mb=123_456.7,
        uptime_seconds=93_784.0,
        levels=tuple(
            sample.snapshot.LevelStats(name, 10**7, times) for name in sample.snapshot.LEVELS
        ),
        workers=tuple(
            sample.worker(i, tasks=10**12, task="t" * 90, state="running", running_seconds=1234.0)
            for i in range(64)
        ),
        tasks=[
            sample.named("n" * 111, compiled=sample.calls(completed=10**13, execution=times)),
            sample.named("\x1b[31mred", python=sample.calls(failed=3, wait=times)),
            *(sample.named(f"t{i}", python=sample.calls(completed=1)) for i in range(30)),
        ],
    )


@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_is_longer_than_the_terminal(width):
    text = shown(lambda console: dashboard.dashboard(busy(), console), width=width)
    assert max(map(len, text.splitlines())) <= width


def test_figures_are_readable_at_80_columns():
    text = shown(lambda console: dashboard.dashboard(busy(), console, command="/x/python a.py"))
    for figure in (
        "pid 4711, runtime 0 python a.py", "up 1 d 2:03:04", "1,234,567 tasks/s",
        "10,000,000,000,000 done: 10.0 T compiled", "1.0 G failed", "errors 0.01 %",
        "10,000,000   2.00 us   3.00 ms", "1 of 2 workers active, 50 % busy", "and 48 more",
        "memory 123,456.7 MB resident", "compiled  10.0 T       0   2.00 us   3.00 ms",
        "and 12 more",
    ):  # fmt: skip
        assert " ".join(figure.split()) in " ".join(text.split())


def test_what_could_steer_a_terminal_is_made_visible():
    text = shown(lambda console: dashboard.dashboard(busy(), console, command="\x1b]0;x\x07"))
    assert "\x1b" not in text
    assert "\\x1b[31mred" in text


def test_without_unicode_bars_are_ascii():
    text = shown(lambda console: dashboard.dashboard(busy(), console), encoding="ascii")
    assert "critical  ########################" in text


@pytest.mark.parametrize("height", [24, 34, 50])
def test_a_live_view_fits_its_screen(height):
    text = shown(lambda console: dashboard.dashboard(busy(), console, height=height))
    assert len(text.splitlines()) <= height


def test_a_runtime_that_did_nothing_can_be_shown():
    text = shown(lambda console: dashboard.dashboard(sample.runtime(), console))
    assert "0 tasks/s" in text


def test_list_of_runtimes_shortens_the_command_only():
    info = RuntimeInfo(4_194_304, 12, "/usr/bin/python " + "x" * 200, 0.0)
    text = shown(dashboard.runtime_table([(info, busy())]))
    _head, row = text.splitlines()
    assert len(row) <= 80
    assert row.split()[:3] == ["4194304:12", "1", "d"]
    assert "1.2 M" in row
    assert "123,457" in row
    assert "python" in row


def test_any_part_at_all_shows_in_a_bar():
    assert dashboard.bar(0.0001, unicode=False, width=10).plain == "#---------"
    assert dashboard.bar(0.0, unicode=False, width=10).plain == "----------"
    assert dashboard.bar(7.0, unicode=False, width=10).plain == "##########"
