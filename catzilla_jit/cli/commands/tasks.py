"""`catzilla-jit tasks`: what a runtime has run, and which tasks are registered with it."""

from __future__ import annotations

import argparse

from ...display import terminal
from .. import exit_codes, runtime_argument

NAME = "tasks"
SUMMARY = "list the tasks of a runtime: compiled or Python and why, counts and times"
EPILOG = """\
examples:
  catzilla-jit tasks
  catzilla-jit tasks 4711 --json

First the tasks that were called, with counts and times. One that is compiled
and got arguments that do not fit its types runs as Python for those calls,
and is listed in both lanes. Then every registered task, called or not:
compiled and its signature, or why it runs as Python. What to change, and the
source line: catzilla-jit explain FILE

Exit code: 3 if there is no such runtime or it may not be read.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    runtime_argument.add_place(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(arguments: argparse.Namespace) -> int:
    from ...stats import reader

    place = arguments.place or runtime_argument.only_one(runtime_argument.listed())
    stats = runtime_argument.read(place)
    roster = reader.registered(stats.pid, stats.runtime)
    if arguments.json:
        from ...stats.views.json_document import of_roster, of_tasks

        named = {
            "pid": stats.pid,
            "runtime": stats.runtime,
            "tasks": of_tasks(stats),
            "registered": of_roster(roster),
        }
        terminal.print_json(named)
        return exit_codes.OK
    from ...stats.views.dashboard import roster_table, task_table

    console = terminal.stdout()
    terminal.show(console, task_table(stats) if stats.tasks else "no task has been run yet")
    if roster is not None:
        terminal.show(console, "")
        terminal.show(console, roster_table(roster))
    return exit_codes.OK
