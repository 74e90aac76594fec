"""How a command ends: the one table of exit codes.

`run` is the exception: it becomes the script, and its exit code is the script's.
"""

from __future__ import annotations

OK = 0
FOUND = 1  # the command worked, and what it looked at is not in order
USAGE = 2  # the command line is wrong (argparse's own code)
UNREADABLE = 3  # what the command line names is not there or cannot be read
INTERRUPTED = 130  # Ctrl-C, as a shell reports it
BROKEN_PIPE = 141  # the reader of the output went away, as a shell reports it
TERMINATED = 143  # SIGTERM, as a shell reports it


class Failure(Exception):
    """The command cannot do its work; the text is one sentence for the terminal."""

    def __init__(self, message: str, code: int = UNREADABLE) -> None:
        super().__init__(message)
        self.code = code
