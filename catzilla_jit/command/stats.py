"""`catzilla-jit stats`: what the runtimes of this user are doing, read from outside."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..figures import read_seconds
from . import leaving, running, terminal
from .running import Place

if TYPE_CHECKING:
    from ..runtime.stats import TaskStats
    from ..runtime.statsreader import RuntimeInfo

NAME = "stats"
SUMMARY = "show the runtimes that are running, or one of them in full"
EPILOG = """\
examples:
  catzilla-jit stats
  catzilla-jit stats 4711 --watch
  catzilla-jit stats 4711 --json | python -m json.tool
  catzilla-jit stats 4711 --prometheus > prices.prom

Without PID: the only runtime, or the list if there are several. --watch on a
terminal draws like top, and q or Ctrl-C leaves; in a pipe it prints again and
again, with --json one object per line. Times and counts are since the start
of the runtime, rates and utilisation over the last 5 seconds.

Exit code: 3 if there is no such runtime or it may not be read.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    running.add_place(parser)
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
        found = running.listed()
        if len(found) > 1 and not (arguments.watch or arguments.prometheus):
            return _list(found, json=arguments.json)
        place = running.only_one(found)
    if arguments.watch:
        return _watch(place, arguments.watch, json=arguments.json)
    stats = running.read(place)
    if arguments.prometheus:
        from ..integrations import prometheus

        sys.stdout.write(prometheus.text(stats))
    else:
        _printer(json=arguments.json, compact=False)(stats)
    return leaving.OK


def _printer(*, json: bool, compact: bool) -> Callable[[TaskStats], None]:
    """Return the function that prints one snapshot."""
    if json:
        from .document import of_stats

        return lambda stats: terminal.print_json(of_stats(stats), compact=compact)
    from .dashboard import dashboard

    console = terminal.stdout()
    return lambda stats: terminal.show(console, dashboard(stats, console, command=_command(stats)))


def _command(stats: TaskStats) -> str:
    from ..runtime import statsreader

    return statsreader.command(stats.pid)


def _watch(place: Place, seconds: float, *, json: bool) -> int:
    stats = running.read(place)  # a wrong place is a failure, an end later is not
    console = terminal.stdout()
    try:
        if console.is_terminal and not json:
            from .dashboard import dashboard
            from .watch import watch

            title = _command(stats)
            watch(
                console,
                lambda: dashboard(
                    running.read(place), console, command=title, height=console.height
                ),
                seconds,
            )
        else:
            show = _printer(json=json, compact=True)
            while True:
                show(running.read(place))
                sys.stdout.flush()
                time.sleep(seconds)
                if not json:
                    print()
    except leaving.Failure as ended:
        print(f"catzilla-jit: {ended}", file=sys.stderr)
    except KeyboardInterrupt:
        pass
    return leaving.OK


def _list(found: list[RuntimeInfo], *, json: bool) -> int:
    if json:
        from .document import of_runtimes

        terminal.print_json(of_runtimes(found))
        return leaving.OK
    from .dashboard import runtime_table

    readings = []
    for info in found:
        try:
            readings.append((info, running.read(Place(info.pid, info.runtime))))
        except leaving.Failure:
            continue  # it has ended meanwhile
    terminal.show(terminal.stdout(), runtime_table(readings))
    return leaving.OK
