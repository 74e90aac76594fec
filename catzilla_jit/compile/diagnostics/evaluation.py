"""How an array expression runs in compiled code, as data: what `explain` says of it."""

from __future__ import annotations

import dataclasses
import linecache


@dataclasses.dataclass(frozen=True, slots=True)
class Evaluation:
    """One way in which an expression of a line is evaluated."""

    line: int  # of the source file
    how: str  # in a few words
    file: str = ""  # where the line is, if not in the task's own file

    def source(self, file: str = "") -> str:
        """Return the text of its line, empty where there is none; file: if it names no other."""
        return linecache.getline(self.file or file, self.line).strip()
