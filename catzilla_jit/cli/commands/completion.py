"""`catzilla-jit completion`: what a shell needs to complete the command line (made by shtab)."""

from __future__ import annotations

import argparse

from .. import exit_codes

NAME = "completion"
SUMMARY = "print the completion script for a shell"
EPILOG = """\
examples:
  catzilla-jit completion bash > catzilla-jit.bash && . ./catzilla-jit.bash
  catzilla-jit completion zsh > ~/.zfunc/_catzilla-jit

Needs shtab: pip install 'catzilla_jit[completion]'

Exit code: 3 if shtab is not installed.
"""
SHELLS = ("bash", "zsh", "tcsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="which shell")


def execute(arguments: argparse.Namespace) -> int:
    from ...integrations.extras import library

    try:
        shtab = library("shtab", "completion")
    except ImportError as error:
        raise exit_codes.Failure(str(error), exit_codes.UNREADABLE) from error
    print(shtab.complete(arguments.parser, arguments.shell))
    return exit_codes.OK
