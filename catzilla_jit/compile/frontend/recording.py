"""What compiling one helper has told of its task, so that it can be told again of another.

The passes and the lowering note in `Findings` what they find, in whatever function. Code that is
kept for other tasks (`cache/library_code.py`) comes with what was found in it and in what it calls.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sized
from typing import Any

from catzilla_jit.compile.frontend.findings import Findings
from catzilla_jit.compile.target.context import TaskContext

EMPTY: Mapping[str, Any] = {}
#: What adds up, or is told once. The rest belongs to the task, or to functions by their identity.
TOLD = (
    "makes_exceptions", "bails_at_handlers", "says", "wants_mixes", "collects", "numpy_choice",
    "evaluations", "effects", "overwritten", "tries", "recursive", "doubts_result",
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Recorded:
    """What was found in one helper, and in what it calls."""

    findings: dict[str, Any]  # those of `TOLD` that are not as at the beginning
    objects: dict[str, Any]  # the Python objects that the code uses, by its variables for them
    is_whole: bool  # nothing else was found, which could not be told again


def take(findings: Findings) -> dict[str, Any]:
    """Return what was found so far, and begin anew."""
    fresh = Findings()
    taken = {}
    for name in TOLD:
        taken[name] = getattr(findings, name)
        setattr(findings, name, getattr(fresh, name))
    return taken


def told(findings: Findings) -> dict[str, Any]:
    """Return a copy of what was found since it was taken last."""
    found = {name: getattr(findings, name) for name in TOLD}
    return {name: _copied(value) for name, value in found.items() if value}


def add(findings: Findings, found: dict[str, Any]) -> None:
    """Find it again, behind what is known."""
    for name, value in found.items():
        known = getattr(findings, name)
        if isinstance(value, set):
            known.update(value)
        elif isinstance(value, list):
            known.extend(each for each in value if each not in known)
        elif not known:
            setattr(findings, name, value)


class Recordings:
    """What was found in the helpers of one unit, each with what it calls."""

    def __init__(self, findings: Findings, constants: Sized) -> None:
        """constants: those that the unit has numbered."""
        self._findings = findings
        self._constants = constants
        self._known: dict[tuple[Any, tuple[Any, ...]], Recorded] = {}  # by helper and types
        self._under_way: list[tuple[int, ...]] = []  # how much was untold where each began
        self.environments: dict[str, Any] = {}  # of code that was kept, by their symbols

    @contextlib.contextmanager
    def recording(self, helper: Any, types_: Any) -> Iterator[None]:
        """Record what is found while a helper is compiled for types; before, if it was."""
        key = helper, tuple(types_)
        if key in self._known:
            self.replay(self._known[key])
            yield
            return
        outer, objects = take(self._findings), TaskContext.objects
        TaskContext.objects = {}
        self._under_way.append(self._untold())
        try:
            yield
            self._known[key] = self.recorded()
        finally:
            found = self.recorded()
            take(self._findings)
            TaskContext.objects = objects
            self._under_way.pop()
            add(self._findings, outer)
            self.replay(found)

    def recorded(self) -> Recorded:
        """Return what was found so far in the helper that is being compiled."""
        found = self._findings
        is_whole = self._under_way[-1] == self._untold()
        is_whole = is_whole and not (found.recursive or found.overwritten)
        return Recorded(told(found), dict(TaskContext.objects), is_whole)

    def _untold(self) -> tuple[int, ...]:
        """Return how much was found of what cannot be told again."""
        found = self._findings
        kinds = (found.reasons, found.expected, found.loops, self._constants)
        return tuple(map(len, kinds))

    def replay(self, recorded: Recorded, environments: Mapping[str, Any] = EMPTY) -> None:
        """Find again what was found in a helper; environments: of the code that was kept of it."""
        add(self._findings, recorded.findings)
        TaskContext.objects.update(recorded.objects)
        self.environments.update(environments)
        if not recorded.is_whole and self._under_way:
            self._under_way[-1] = ()


def _copied(value: Any) -> Any:
    return type(value)(value) if isinstance(value, set | list) else value
