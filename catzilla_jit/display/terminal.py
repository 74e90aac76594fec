"""Where commands print: plain text of at most 80 columns unless stdout is a terminal."""

from __future__ import annotations

import io
import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def stdout() -> Console:
    """Return a console for stdout; markup in what is printed has no meaning."""
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that has no such character shows something else of the same width.
        sys.stdout.reconfigure(errors="replace")
    return Console(highlight=False, markup=False, emoji=False)


def show(console: Console, renderable: RenderableType) -> None:
    """Print a renderable; in a pipe without the blanks that fill up its lines."""
    if console.is_terminal:
        console.print(renderable)
        return
    with console.capture() as capture:
        console.print(renderable)
    sys.stdout.writelines(line.rstrip() + "\n" for line in capture.get().splitlines())


def print_json(value: Any, *, compact: bool = False) -> None:
    """Print one JSON object, the same to a terminal and to a pipe; compact: on one line."""
    json.dump(value, sys.stdout, indent=None if compact else 2, allow_nan=False)
    sys.stdout.write("\n")


def labelled(label: str, text: str, indent: int, width: int) -> str:
    """Return a paragraph with its label in the first `indent` columns; lines stay lines.

    A longer label stands in a line of its own.
    """
    lines = [
        part
        for line in text.splitlines()
        for part in textwrap.wrap(printable(line), width - indent, break_on_hyphens=False) or [""]
    ]
    below = f"\n{' ' * indent}"
    return (label.ljust(indent) if len(label) < indent else label + below) + below.join(lines)


def printable(text: str) -> str:
    """Return text from outside with what could steer a terminal made visible."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
