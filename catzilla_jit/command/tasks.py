"""`catzilla-jit tasks`: the tasks that a runtime has run, and as what."""

from __future__ import annotations

import argparse

from . import leaving, running, terminal

NAME = "tasks"
SUMMARY = "list the tasks of a runtime: compiled or Python, counts and times"
EPILOG = """\
examples:
  catzilla-jit tasks
  catzilla-jit tasks 4711 --json

A task is listed from its first call on. One that is compiled and got
arguments that do not fit its types runs as Python for those calls, and is
listed in both lanes. Why a task is not compiled: catzilla-jit explain FILE

Exit code: 3 if there is no such runtime or it may not be read.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    running.add_place(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(arguments: argparse.Namespace) -> int:
    place = arguments.place or running.only_one(running.listed())
    stats = running.read(place)
    if arguments.json:
        from .document import of_tasks

        named = {"pid": stats.pid, "runtime": stats.runtime, "tasks": of_tasks(stats)}
        terminal.print_json(named)
        return leaving.OK
    from .dashboard import task_table

    console = terminal.stdout()
    terminal.show(console, task_table(stats) if stats.tasks else "no task has been run yet")
    return leaving.OK
