"""`%load_ext catzilla_jit`: the line magic %catzilla_stats, in notebooks and in IPython.

%catzilla_stats                 the default runtime, once
%catzilla_stats rt              the runtime in the variable rt
%catzilla_stats --watch [2.0]   again and again, until interrupted
"""

from __future__ import annotations

import importlib
import io
import time
from typing import Any

from ..display.units import read_seconds
from ..stats.snapshot import TaskStats
from ..tasks.default import get_runtime
from ..tasks.runtime import Runtime

MAGIC = "catzilla_stats"
USAGE = "usage: %catzilla_stats [VARIABLE] [--watch [SECONDS]]"


class UsageError(ValueError):
    """The line of the magic is wrong."""


def load_ipython_extension(shell: Any) -> None:
    """Register the magic, and how statistics look in a terminal."""

    def magic(line: str) -> TaskStats | None:
        """Show the statistics of a runtime: %catzilla_stats [VARIABLE] [--watch [SECONDS]]."""
        try:
            runtime, every = parse(line, shell.user_ns)
        except UsageError as error:
            # IPython shows its own kind as one line, others with a traceback.
            raise importlib.import_module("IPython.core.error").UsageError(str(error)) from None
        if every is None:
            return runtime.stats()
        _watch(shell, runtime, every)
        return None

    shell.register_magic_function(magic, magic_kind="line", magic_name=MAGIC)
    shell.display_formatter.formatters["text/plain"].for_type(TaskStats, _print_plain)


def unload_ipython_extension(shell: Any) -> None:
    """Take back what loading did."""
    shell.magics_manager.magics["line"].pop(MAGIC, None)
    shell.display_formatter.formatters["text/plain"].pop(TaskStats, None)


def parse(line: str, namespace: dict[str, Any]) -> tuple[Runtime, float | None]:
    """Return the runtime that a line names, and every how many seconds to show it (None: once)."""
    words = line.partition("#")[0].split()
    every: float | None = None
    if "--watch" in words:
        at = words.index("--watch")
        every = 1.0
        if at + 1 < len(words) and words[at + 1] not in namespace:
            every = _seconds(words.pop(at + 1))
        words.pop(at)
    if len(words) > 1:
        raise UsageError(USAGE)
    if not words:
        return get_runtime(), every
    runtime = namespace.get(words[0])
    if not isinstance(runtime, Runtime):
        raise UsageError(f"{words[0]!r} is no variable that holds a Runtime; {USAGE}")
    return runtime, every


def _seconds(word: str) -> float:
    value = read_seconds(word, 0.05)
    if value is None:
        raise UsageError(f"SECONDS must be from 0.05 to 3600, not {word!r}; {USAGE}")
    return value


def _plain(stats: TaskStats) -> str:
    from rich.console import Console

    from ..stats.views.dashboard import dashboard

    file = io.StringIO()
    console = Console(
        file=file, width=80, highlight=False, markup=False, emoji=False,
        force_terminal=False, force_jupyter=False,
    )  # fmt: skip
    console.print(dashboard(stats, console))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _print_plain(stats: TaskStats, printer: Any, _cycle: bool) -> None:
    printer.text(_plain(stats))


def _watch(shell: Any, runtime: Runtime, every: float) -> None:
    if not hasattr(shell, "kernel"):
        _watch_terminal(runtime, every)
        return
    display = importlib.import_module("IPython.display").display
    shown = display(runtime.stats(), display_id=True)
    try:
        while True:
            time.sleep(every)
            shown.update(runtime.stats())
    except KeyboardInterrupt:
        return


def _watch_terminal(runtime: Runtime, every: float) -> None:
    from ..display import terminal
    from ..display.live import watch
    from ..stats.views.dashboard import dashboard

    console = terminal.stdout()
    try:
        watch(console, lambda: dashboard(runtime.stats(), console, height=console.height), every)
    except KeyboardInterrupt:
        return
