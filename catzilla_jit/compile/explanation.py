"""What a person is told about one function: compiled or not, as what, and why not."""

from __future__ import annotations

import dataclasses
import html
import itertools
import os
import textwrap
from typing import Any

from catzilla_jit.compile.compiled_task import CompiledTask
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.evaluation import Evaluation
from catzilla_jit.compile.diagnostics.reason import CompileRefused, Reason

#: The width of what is said of arrays.
COLUMNS = 80


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """The outcome of a compilation; `str()` of it is for people."""

    name: str
    compiled: bool
    reasons: tuple[Reason, ...]  # why not; empty when compiled
    signature: str | None
    compile_seconds: float | None
    from_cache: bool
    interruptible: bool
    pure: bool
    waits: bool = False  # it is compiled later, for the arguments of its first submission
    file: str = dataclasses.field(default="", repr=False)  # of the lines of the reasons
    in_place: bool = False  # it changes a list or dict that it is given
    repeatable: bool = False  # Python runs it again where compiled code has no answer
    #: Where loops run in parallel, and the names of their sums.
    loops: tuple[tuple[int, tuple[str, ...]], ...] = ()
    #: How the array expressions of a compiled function run, in the order of their lines.
    evaluations: tuple[Evaluation, ...] = ()

    @classmethod
    def of(
        cls, outcome: CompiledTask | CompileRefused, file: str = "", *, waits: bool = False
    ) -> Explanation:
        """Return the explanation of what `compile_task` returned or raised.

        file: the source that the reasons' lines are of.
        """
        if isinstance(outcome, CompileRefused):
            return cls(
                outcome.name, False, outcome.reasons, None, None, False, False, False, waits, file
            )
        return cls(
            outcome.name,
            True,
            (),
            outcome.signature,
            outcome.compile_seconds,
            outcome.from_cache,
            outcome.interruptible,
            outcome.pure,
            repeatable=outcome.repeatable,
            loops=outcome.loops,
            file=file,
            evaluations=outcome.evaluations,
        )

    @classmethod
    def of_in_place(cls, form: CompiledTask) -> Explanation:
        """Return the explanation of code that returns copies of its arguments behind its result."""
        found = cls.of(form)
        signature = _without_copies(form.signature)
        return dataclasses.replace(found, signature=signature, interruptible=False, in_place=True)

    def __str__(self) -> str:
        if not self.compiled:
            lines = [f"{self.name} {'is not compiled yet' if self.waits else 'runs as Python'}:"]
            for reason in self.reasons:
                lines.append(f"  {reason}")
                source = reason.source(self.file)
                lines += [f"    {source}"] if source else []
            lines.append(f"  {rules.PAGE} explains the codes")
            return "\n".join(lines)
        seconds = self.compile_seconds or 0.0
        source = "loaded from the cache" if self.from_cache else "compiled"
        lines = [f"{self.name}{self.signature}", f"  {source} in {seconds * 1000:.0f} ms"]
        if self.interruptible:
            lines.append("  can be cancelled and timed out while it runs")
        elif self.in_place:
            lines.append("  cannot be interrupted while it runs: it changes what it is given")
        else:
            lines.append("  cannot be interrupted while it runs: it calls back into Python")
        lines += [f"  {each}" for each in self.parallel]
        if not self.repeatable:
            lines.append("  has side effects: an overflow raises OverflowError")
        return "\n".join(lines + self._arrays())

    def _arrays(self) -> list[str]:
        """Return the lines that tell how arrays are computed, each of at most 80 columns."""
        if not self.evaluations:
            return []
        lines = []
        for (file, line), group in itertools.groupby(self.evaluations, _place):
            found = list(group)
            where = f"  line {line}" + (f" of {os.path.basename(file)}" if file else "")
            lines.append(textwrap.shorten(f"{where}: {found[0].source(self.file)}", COLUMNS - 2))
            for each in found:
                lines += textwrap.wrap(
                    each.how, COLUMNS, initial_indent="    ", subsequent_indent="      "
                )
        lines = [f"  {line}" if line.startswith("line") else line for line in lines]
        return [*lines, f"  {self.warns}"] if self.warns else lines

    @property
    def warns(self) -> str:
        """What comes of NumPy's warnings, where its loops are called; else empty."""
        if not any("NumPy's loop" in each.how for each in self.evaluations):
            return ""
        if self.repeatable:
            return "where NumPy's loops would warn or raise, the call runs again as Python"
        return "warnings of NumPy's loops are not given: the task cannot run again"

    @property
    def parallel(self) -> list[str]:
        """What is said of each loop that runs in parallel."""
        return [
            f"line {line}: a parallel loop"
            + (f", which adds up {', '.join(sums)} in blocks" if sums else "")
            for line, sums in self.loops
        ]

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(str(self))  # IPython, on a terminal

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _place(evaluation: Evaluation) -> tuple[str, int]:
    return evaluation.file, evaluation.line


def _without_copies(signature: str) -> str:
    """Return a signature with the first part of the tuple that it returns as the result."""
    arguments, _, result = signature.rpartition(") -> ")
    depth = 0
    parts = result.removeprefix("tuple[")
    for place, letter in enumerate(parts):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            return f"{arguments}) -> {parts[:place]}"
    return signature
