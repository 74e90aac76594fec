"""What a person is told about one function: compiled or not, as what, and why not."""

from __future__ import annotations

import dataclasses
import html
from typing import Any

from catzilla_jit.compile.compiled_task import CompiledTask
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.diagnostics.reason import CompileRefused, Reason


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
        return "\n".join(lines)

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
