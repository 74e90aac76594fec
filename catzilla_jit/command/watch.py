"""A live view on a terminal: drawn again and again until q, Ctrl-C or the end of what is shown."""

from __future__ import annotations

import contextlib
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Draw = Callable[[], "RenderableType"]


def watch(console: Console, draw: Draw, seconds: float) -> None:
    """Show what `draw` returns on a screen of its own; the terminal is as before afterwards."""
    from rich.live import Live

    with _keys() as key, Live(
        draw(), console=console, screen=True, auto_refresh=False, transient=True
    ) as live:  # fmt: skip
        while key(seconds) not in ("q", "Q", "\x03", "\x1b"):
            live.update(draw(), refresh=True)


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Yield a function that waits so many seconds for a key and returns it, or "" ."""
    if not sys.stdin.isatty():
        yield _sleep
        return
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield _read_key
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _sleep(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _read_key(seconds: float) -> str:
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    if not ready:
        return ""
    return sys.stdin.read(1) or _sleep(seconds)
