"""`catzilla-jit stats`: what the runtimes of this user are doing, read from outside."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

from ...display import terminal
from ...display.units import read_seconds
from .. import exit_codes, runtime_argument
from ..runtime_argument import Place

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

NAME = "stats"
SUMMARY = "show the runtimes that are running, or one of them in full"
EPILOG = """\
examples:
  catzilla-jit stats
  catzilla-jit stats 4711 --watch
  catzilla-jit stats 4711 --json | python -m json.tool
  catzilla-jit stats 4711 --prometheus > prices.prom

Without PID: the only runtime, or the list if there are several, with --watch
as well. --watch on a terminal draws like top, and q or Ctrl-C leaves; in a pipe
it prints again and again, with --json one object per line. Times and counts are
since the start of the runtime, rates and utilisation over the last 5 seconds.

Exit code: 3 if there is no such runtime or it may not be read.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    runtime_argument.add_place(parser)
    parser.add_argument(
        "--watch", nargs="?", type=_seconds, const=1.0, metavar="SECONDS",
        help="show it again every so many seconds (default: 1)",
    )  # fmt: skip
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument(
        "--prometheus", action="store_true", help="print Prometheus' text exposition format"
    )
    parser.set_defaults(usage_error=parser.error)


def _seconds(text: str) -> float:
    value = read_seconds(text, 0.05)
    if value is None:
        raise argparse.ArgumentTypeError(
            "SECONDS must be from 0.05 to 3600; write the PID before --watch"
        )
    return value


def execute(arguments: argparse.Namespace) -> int:
    if arguments.prometheus and arguments.watch:
        arguments.usage_error("--prometheus is one exposition: leave out --watch")
    place: Place | None = arguments.place
    if place is None:
        found = runtime_argument.listed()
        if len(found) == 1 or arguments.prometheus:
            place = runtime_argument.only_one(found)
    view: _View = _AllRuntimes() if place is None else _OneRuntime(place)
    if arguments.prometheus:
        assert place is not None
        from ...integrations import prometheus

        sys.stdout.write(prometheus.text(runtime_argument.read(place)))
    elif arguments.watch:
        return _watch(view, arguments.watch, json=arguments.json)
    else:
        _print(view, terminal.stdout(), json=arguments.json, compact=False)
    return exit_codes.OK


class _View(Protocol):
    """What is shown, read anew each time; Failure if it is there no more."""

    def document(self) -> dict[str, Any]:
        """Return the object for --json."""

    def picture(self, console: Console, height: int | None = None) -> RenderableType:
        """Return what is drawn, in so many lines."""


class _OneRuntime:
    def __init__(self, place: Place) -> None:
        self._place = place

    def document(self) -> dict[str, Any]:
        from ...stats.views.json_document import of_stats

        return of_stats(runtime_argument.read(self._place))

    def picture(self, console: Console, height: int | None = None) -> RenderableType:
        from ...stats import reader
        from ...stats.views.dashboard import dashboard

        stats = runtime_argument.read(self._place)
        return dashboard(stats, console, command=reader.command(stats.pid), height=height)


class _AllRuntimes:
    def document(self) -> dict[str, Any]:
        from ...stats.views.json_document import of_runtimes

        return of_runtimes(runtime_argument.listed())

    def picture(self, console: Console, height: int | None = None) -> RenderableType:
        from ...stats.views.dashboard import runtime_table

        readings = []
        for info in runtime_argument.listed():
            with contextlib.suppress(exit_codes.Failure):  # it has ended meanwhile
                readings.append((info, runtime_argument.read(Place(info.pid, info.runtime))))
        return runtime_table(readings)


def _print(view: _View, console: Console, *, json: bool, compact: bool) -> None:
    if json:
        terminal.print_json(view.document(), compact=compact)
    else:
        terminal.show(console, view.picture(console))


def _watch(view: _View, seconds: float, *, json: bool) -> int:
    console = terminal.stdout()
    view.document()  # a wrong place is a failure, an end later is not
    try:
        if console.is_terminal and not json:
            from ...display.live import watch

            watch(console, lambda: view.picture(console, console.height), seconds)
        else:
            while True:
                _print(view, console, json=json, compact=True)
                sys.stdout.flush()
                time.sleep(seconds)
                if not json:
                    print()
    except exit_codes.Failure as ended:
        print(f"catzilla-jit: {ended}", file=sys.stderr)
    except KeyboardInterrupt:
        pass
    return exit_codes.OK
