"""Why a function is not compiled, as data.

A `Reason` is written for the author of the function: the line of their source, what stands
in the way in plain words, and what to change. No text of Numba's reaches it except as
`detail`, which is shown only when asked for. Its code is one of `rules.py`. How reasons are found
is `frontend/screen.py` (before Numba) and `numba_errors.py` (from what Numba said).
"""

from __future__ import annotations

import dataclasses
import linecache
import os

from catzilla_jit.compile.diagnostics import rules

STAYS = "nothing to change: it runs as a Python task"


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stands in the way of compilation."""

    code: str  # the kind of refusal, as rules.TITLES has it
    line: int | None  # of the source file; None where there is no line to point at
    message: str  # what stands in the way
    advice: str  # what to change
    detail: str = dataclasses.field(
        default="", repr=False
    )  # what the compiler said, for people who ask for it
    file: str = ""  # where the line is, if not in the task's own file

    def source(self, file: str = "") -> str:
        """Return the text of its line, empty where there is none; file: if it names no other.

        A function's first line is its decorator's: the `def` below says more.
        """
        line = self.line
        while line is not None:
            text = linecache.getline(self.file or file, line).strip()
            if not text.startswith("@"):
                return text
            line += 1
        return ""

    @property
    def summary(self) -> str:
        """The message with the code."""
        return f"{self.message} ({self.code})"

    def __str__(self) -> str:
        place = f" of {os.path.basename(self.file)}" if self.file else ""
        where = f"line {self.line}{place}: " if self.line is not None else ""
        return f"{where}{self.summary}" + (f"; {self.advice}" if self.advice else "")


class CompileRefused(Exception):
    """The function stays Python; `reasons` is never empty."""

    def __init__(self, name: str, reasons: tuple[Reason, ...]) -> None:
        super().__init__(f"{name} cannot be compiled: " + "; ".join(map(str, reasons)))
        self.name = name
        self.reasons = reasons

    @property
    def parallel(self) -> bool:
        """Whether the function calls one that starts threads of its own; see
        target/parallel_turns.py.
        """
        return any(reason.code == rules.PARALLEL for reason in self.reasons)
