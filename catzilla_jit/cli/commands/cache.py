"""`catzilla-jit cache`: where compiled code is kept, how much, and away with it."""

from __future__ import annotations

import argparse

from .. import exit_codes

NAME = "cache"
SUMMARY = "show or clear the compiled code that is kept between programs"
EPILOG = """\
examples:
  catzilla-jit cache
  catzilla-jit cache clear
  du -sh "$(catzilla-jit cache path)"

path prints the directory, size the number of files and their bytes, clear
removes them: the next start of each program compiles again. Without a word,
path and size. Programs that run keep the code that they have.

Exit code: 3 if there is no directory that is safe (catzilla-jit doctor).
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", nargs="?", choices=("path", "size", "clear"), help="what to do")


def execute(arguments: argparse.Namespace) -> int:
    from ...compile.cache import disk

    directory = disk.directory()
    if directory is None:
        raise exit_codes.Failure(
            "there is no directory that is safe for compiled code: catzilla-jit doctor says what "
            "to do",
            exit_codes.UNREADABLE,
        )
    if arguments.action == "clear":
        print(f"{disk.clear():,} files removed")
        return exit_codes.OK
    if arguments.action != "size":
        print(directory)
    if arguments.action != "path":
        files, size = disk.size()
        print(f"{files:,} files, {size:,} bytes")
    return exit_codes.OK
