"""Progress bars: rich's on a terminal (stderr), an HTML one in a Jupyter kernel, none elsewhere.

Whoever waits draws the bar, from what it sees anyway; the workers know nothing of it.
rich's own bar for notebooks needs ipywidgets, this one needs nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from .html import of_progress
from .units import seconds

_Draw = Callable[[int], None]
SECONDS_BETWEEN = 0.1


@contextlib.contextmanager
def bar(name: str, total: int, count: Callable[[], int]) -> Iterator[Callable[[], None]]:
    """Draw a bar while the block runs; what was shown last stays.

    Yields what the block calls as often as it likes; `count` is asked only when the bar is drawn.
    """
    with _kernel_bar(name, total) if in_kernel() else _terminal_bar(name, total) as draw:
        drawn = time.monotonic()

        def tick() -> None:
            nonlocal drawn
            now = time.monotonic()
            if now - drawn >= SECONDS_BETWEEN:
                drawn = now
                draw(count())

        yield tick
        draw(count())


def in_kernel() -> bool:
    """Tell whether this code runs in a Jupyter kernel."""
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextlib.contextmanager
def _terminal_bar(name: str, total: int) -> Iterator[_Draw]:
    from rich import progress
    from rich.console import Console
    from rich.table import Column

    from .terminal import printable

    # On stderr, so that the program's output can go into a file.
    console = Console(stderr=True)
    title = Column(no_wrap=True, overflow="ellipsis", max_width=24)
    columns = (
        progress.TextColumn("{task.description}", markup=False, table_column=title),
        progress.BarColumn(bar_width=None),
        progress.TextColumn("{task.completed:,.0f} of {task.total:,.0f}", markup=False),
        progress.TextColumn("{task.percentage:3.0f} %", markup=False),
        progress.TimeRemainingColumn(elapsed_when_finished=True),
    )
    shown = progress.Progress(
        *columns, console=console, expand=True, disable=not console.is_terminal
    )
    with shown:
        line = shown.add_task(printable(name), total=total)
        yield lambda done: shown.update(line, completed=done)


@contextlib.contextmanager
def _kernel_bar(name: str, total: int) -> Iterator[_Draw]:
    display = importlib.import_module("IPython.display").display
    begin = time.monotonic()

    def picture(done: int) -> dict[str, str]:
        text = f"{name}: {done:,} of {total:,}, {seconds(time.monotonic() - begin)}"
        html = of_progress(text, done / total if total else 1.0)
        return {"text/plain": text, "text/html": html}

    handle = display(picture(0), display_id=True, raw=True)
    yield lambda done: handle.update(picture(done), raw=True)
