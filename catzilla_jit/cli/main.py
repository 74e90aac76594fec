"""`catzilla-jit`: the command line. Each subcommand is a module of `catzilla_jit.cli.commands`.

Nothing heavy is imported here or by the import of a command (a test holds this): help
and errors appear at once. What a command prints goes to stdout and is plain text unless
stdout is a terminal; everything else goes to stderr.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence

from .commands import (
    Command,
    bench,
    cache,
    completion,
    dashboard,
    doctor,
    explain,
    kernel,
    run,
    stats,
    tasks,
    trace,
)  # fmt: skip
from .exit_codes import BROKEN_PIPE, INTERRUPTED, Failure

COMMANDS: tuple[Command, ...] = (
    run, stats, dashboard, tasks, trace, explain, doctor, bench, cache, completion, kernel,
)  # fmt: skip

_DESCRIPTION = "Run Python programs that use catzilla_jit, and look at them from outside."
_EPILOG = """\
example:
  catzilla-jit run prices.py &
  catzilla-jit stats --watch

Every command has its own help: catzilla-jit stats --help
Exit codes: 0 done; 1 looked, and something is not in order; 2 wrong usage;
3 what was named is not there or cannot be read; 130 Ctrl-C. `run` leaves with
the script's own code, and with 143 after SIGTERM.
"""


class _Layout(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(80, shutil.get_terminal_size().columns))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; the chosen command is left in `command`."""
    parser = argparse.ArgumentParser(
        prog="catzilla-jit", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=_Layout
    )
    parser.add_argument("--version", action="store_true", help="print the version and leave")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        own = commands.add_parser(
            command.NAME,
            help=command.SUMMARY,
            description=command.SUMMARY[0].upper() + command.SUMMARY[1:] + ".",
            epilog=command.EPILOG,
            formatter_class=_Layout,
        )
        command.add_arguments(own)
        own.set_defaults(command=command, parser=parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = make_parser()
    arguments = parser.parse_args(argv)
    try:
        if arguments.version:
            _print_version()
            return 0
        if not hasattr(arguments, "command"):
            parser.error("name a command; catzilla-jit --help lists them")
        code: int = arguments.command.execute(arguments)
        sys.stdout.flush()
        return code
    except Failure as failure:
        print(f"catzilla-jit: {failure}", file=sys.stderr)
        return failure.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes stdout once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _print_version() -> None:
    from .. import __version__

    print(f"catzilla_jit {__version__}")
