"""A live view on a terminal: drawn again and again until q, Ctrl-C or the end of what is shown."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_LEAVE = ("q", "Q")

Draw = Callable[[], "RenderableType"]


def watch(console: Console, draw: Draw, seconds: float) -> None:
    """Show what `draw` returns on a screen of its own; the terminal is as before afterwards."""
    from rich.live import Live

    live = Live(console=console, screen=True, auto_refresh=False, transient=True)
    with _keys() as key:
        try:
            # Not `with live`: a Ctrl-C inside of its __enter__ would leave the other screen on.
            live.start()
            while True:
                live.update(draw(), refresh=True)
                if key(seconds) in _LEAVE:
                    break
        finally:
            live.stop()


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
    # Past Python's buffer, which select does not see.
    terminal = sys.stdin.fileno()
    ready, _, _ = select.select([terminal], [], [], seconds)
    if not ready:
        return ""
    return os.read(terminal, 1).decode(errors="replace") or _sleep(seconds)
