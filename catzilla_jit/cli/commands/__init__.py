"""The subcommands of `catzilla-jit`: one file each, joined by `catzilla_jit.cli`.

A command is a module with the names of `Command`. Its import must cost nothing: what is
heavy (rich, Numba, a runtime) is imported by the function that uses it, so that any
`--help` answers at once.
"""

from __future__ import annotations

import argparse
from typing import Protocol


class Command(Protocol):
    """What `cli/main.py` needs of a module of this package."""

    @property
    def NAME(self) -> str: ...
    @property
    def SUMMARY(self) -> str:
        """One line for the list of commands."""

    @property
    def EPILOG(self) -> str:
        """Examples and exit codes, below the options in the command's own help."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...
    def execute(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code; `exit_codes.Failure` for what cannot be done."""
