"""Draw the pictures of the documentation: what the command line shows, as SVG.

    make docs-pictures

The runtime in the picture is one of this process, at work while the picture is taken.
"""

from __future__ import annotations

import html
import io
import math
import os
import pathlib
import re
import tempfile
import threading
import time
from collections.abc import Callable

from rich.console import Console
from rich.terminal_theme import MONOKAI

from catzilla_jit import configure, task
from catzilla_jit.cli import main as cli
from catzilla_jit.display import terminal

PICTURES = pathlib.Path(__file__).parent.parent / "docs" / "pictures"
WIDTH = 80
EXAMPLE = """\
import math

from catzilla_jit import task


@task(priority="high")
def present_value(amount: float, rate: float, years: int) -> float:
    return amount / (1.0 + rate) ** years


@task
def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@task
def report(path: str) -> int:
    with open(path) as file:
        return len(file.read())


@task
async def notify(user: int) -> None: ...
"""


@task
def normal_cdf(x: float) -> float:
    """Return the normal distribution's cumulative probability."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@task(priority="low")
def mean_distance(points: int) -> float:
    """Return the mean distance of a grid's points from its corner."""
    total = 0.0
    for x in range(points):
        for y in range(points):
            total += math.sqrt(x * x + y * y)
    return total / (points * points)


@task(compile_to_c=False, priority="high")
def write_file(number: int) -> int:
    """Stand for a task that waits for a disk."""
    time.sleep(0.02)
    return number


def draw(name: str, command: list[str]) -> None:
    """Run a command of catzilla-jit and keep what it shows."""
    console = Console(
        record=True, width=WIDTH, force_terminal=True, color_system="truecolor",
        file=io.StringIO(), highlight=False, markup=False, emoji=False,
    )  # fmt: skip
    show: Callable[[], Console] = lambda: console  # noqa: E731
    terminal.stdout, usual = show, terminal.stdout
    try:
        cli.main(command)
        console.print()  # the last line's descenders want room
    finally:
        terminal.stdout = usual
    words = ["catzilla-jit", command[0], *(w for w in command[1:] if not w.isdecimal())]
    svg = console.export_svg(title=" ".join(words), theme=MONOKAI)
    # The reader's own monospaced font will do: no picture fetches anything.
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", "font-family: monospace")
    svg = _TEXT.sub(_without_blanks, svg)
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"docs/pictures/{name}.svg")


_TEXT = re.compile(r'(<text [^>]*)x="([\d.]+)"([^>]*)textLength="([\d.]+)"([^>]*)>([^<]*)</text>')


def _without_blanks(match: re.Match[str]) -> str:
    """Return a text that begins and ends with a visible character: some viewers drop blanks."""
    head, x, between, length, tail, text = match.groups()
    characters = html.unescape(text)
    shown = characters.strip()
    if not shown:
        return ""
    width = float(length) / len(characters)
    x = f"{float(x) + width * (len(characters) - len(characters.lstrip())):g}"
    inside = html.escape(shown).replace("\N{NO-BREAK SPACE}", "&#160;")
    place = f'{head}x="{x}"{between}textLength="{width * len(shown):g}"{tail}'
    return f"{place}>{inside}</text>"


def work(stop: threading.Event) -> None:
    """Keep the default runtime busy."""
    while not stop.is_set():
        results = [normal_cdf.submit(i * 1e-4) for i in range(200_000)]
        results += [mean_distance.submit(300) for _ in range(4000)]
        results += [write_file.submit(i) for i in range(60)]
        for result in results:
            result.wait()


def main() -> None:
    """Draw all pictures."""
    configure(workers=2, enable_auto_scaling=False)
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(stop,))
    worker.start()
    time.sleep(6.0)  # longer than the window of the rates
    draw("stats", ["stats", str(os.getpid())])
    stop.set()
    worker.join()
    with tempfile.TemporaryDirectory() as directory:
        before = os.getcwd()
        os.chdir(directory)
        try:
            pathlib.Path("prices.py").write_text(EXAMPLE)
            draw("explain", ["explain", "prices.py"])
        finally:
            os.chdir(before)


if __name__ == "__main__":
    main()
