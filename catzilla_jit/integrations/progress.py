"""Progress bars: rich's on a terminal, an HTML one in a Jupyter kernel, none elsewhere.

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

from ..figures import seconds
from .html import of_progress

#: Tell how many have ended; may be called as often as one likes.
Show = Callable[[int], None]
SECONDS_BETWEEN = 0.1


@contextlib.contextmanager
def bar(name: str, total: int) -> Iterator[Show]:
    """Draw a bar while the block runs; what was shown last stays."""
    with _kernel_bar(name, total) if in_kernel() else _terminal_bar(name, total) as draw:
        drawn, latest = time.monotonic(), 0

        def show(done: int) -> None:
            nonlocal drawn, latest
            latest = done
            now = time.monotonic()
            if now - drawn >= SECONDS_BETWEEN:
                drawn = now
                draw(done)

        yield show
        draw(latest)


def in_kernel() -> bool:
    """Tell whether this code runs in a Jupyter kernel."""
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextlib.contextmanager
def _terminal_bar(name: str, total: int) -> Iterator[Show]:
    from rich.progress import Progress

    with Progress(transient=True) as progress:
        line = progress.add_task(name, total=total)
        yield lambda done: progress.update(line, completed=done)


@contextlib.contextmanager
def _kernel_bar(name: str, total: int) -> Iterator[Show]:
    display = importlib.import_module("IPython.display")
    begin = time.monotonic()

    def picture(done: int) -> Any:
        text = f"{name}: {done:,} of {total:,}, {seconds(time.monotonic() - begin)}"
        return display.HTML(of_progress(text, done / total if total else 1.0))

    handle = display.display(picture(0), display_id=True)
    yield lambda done: handle.update(picture(done))
