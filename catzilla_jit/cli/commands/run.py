"""`catzilla-jit run`: start a program with jemalloc preloaded and SIGTERM understood.

The process becomes the program (exec): same process id, its own exit code.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping

from ... import jemalloc

NAME = "run"
SUMMARY = "start a Python program with jemalloc as its allocator"
EPILOG = """\
examples:
  catzilla-jit run prices.py --year 2024
  catzilla-jit run -m http.server 8000
  catzilla-jit run --no-jemalloc prices.py

The program sees the arguments, sys.path and __main__ that `python SCRIPT` or
`python -m MODULE` gives it. An LD_PRELOAD that exists is kept; where it names
an allocator already, that one stays. Without jemalloc the program runs all
the same, and one line on stderr says so.

SIGTERM: the script is left by SystemExit, what it has submitted to its
runtimes is finished, then the process leaves with 143. A second SIGTERM
leaves at once. Otherwise the exit code is the program's own.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "catzilla-jit run [-h] [--no-jemalloc] SCRIPT|-m MODULE [ARGS...]"
    parser.add_argument(
        "--no-jemalloc", action="store_true", help="leave the allocator as it is, and say nothing"
    )
    parser.add_argument(
        "-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE",
        help="run a module as python -m does; the rest of the line is its own",
    )  # fmt: skip
    parser.add_argument(
        "script", nargs=argparse.REMAINDER, metavar="SCRIPT",
        help="file to run; the rest of the line is its own",
    )  # fmt: skip
    parser.set_defaults(usage_error=parser.error)


def execute(arguments: argparse.Namespace) -> int:
    program = ["-m", *arguments.module] if arguments.module else arguments.script
    if program[:1] == ["--"]:
        program = program[1:]
    if not program or arguments.module == []:
        arguments.usage_error("name a script, or a module with -m")
    environ = dict(os.environ)
    if not arguments.no_jemalloc:
        environ = with_jemalloc(environ)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "catzilla_jit.cli.launch", *program], environ)


def with_jemalloc(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with jemalloc preloaded; say so on stderr where there is none."""
    if jemalloc.names_allocator(environ.get("LD_PRELOAD", "")):
        return dict(environ)
    library = jemalloc.find_library()
    if library is None:
        print(
            f"catzilla-jit: jemalloc is not installed ({jemalloc.INSTALL_HINT}); "
            "the program runs with malloc",
            file=sys.stderr,
        )
        return dict(environ)
    return jemalloc.environment(library, environ)
