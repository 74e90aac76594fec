"""What a pool has not finished, in numbers and names: for who waits for it in vain.

What runs is known from the statistics; of a pool without them only that others may run. What stands
in a queue is counted, not named.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable

from ..pools.protocol import Backend, Waiting
from ..stats import compute
from ..stats.segment import read

_MOST_NAMES = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Unfinished:
    """Tasks of one or more pools at one moment."""

    queued: int
    running: list[str] | None  # names, one per worker; None: nobody counts
    waiting: Waiting

    def numbers(self) -> str:
        """Return the numbers alone; those of what is rare only where there is some."""
        waiting = self.waiting
        parts = [f"{self.queued} tasks are queued"]
        parts.append(
            "others still run" if self.running is None else f"{len(self.running)} workers are busy"
        )
        delayed = len(waiting.delayed) - waiting.retrying
        parts += [f"{delayed} tasks are delayed"] * bool(delayed)
        parts += [f"{waiting.retrying} tasks wait for their next try"] * bool(waiting.retrying)
        promised = len(waiting.promised)
        parts += [f"{promised} tasks wait for others"] * bool(promised)
        return ", ".join(parts)

    def names(self) -> str:
        """Return the numbers with the names that are known."""
        waiting = self.waiting
        parts = [
            _named(self.running or (), "running"),
            f"{self.queued} queued" if self.queued else "",
            _named(waiting.delayed, "delayed or waiting for the next try"),
            _named(waiting.promised, "waiting for others"),
        ]
        return ", ".join(filter(None, parts)) or "callbacks, or tasks that nobody counts"


def _named(names: Iterable[str], what: str) -> str:
    counts = collections.Counter(names)
    if not counts:
        return ""
    told = [f"{name} {count}" for name, count in counts.most_common(_MOST_NAMES)]
    told += ["..."] * (len(counts) > _MOST_NAMES)
    return f"{counts.total()} {what} ({', '.join(told)})"


def unfinished(backends: Iterable[Backend]) -> Unfinished:
    """Return what these pools have not finished."""
    queued = retrying = 0
    delayed: list[str] = []
    promised: list[str] = []
    running: list[str] | None = []
    for backend in backends:
        queued += sum(backend.depths())
        waiting = backend.waiting()
        retrying += waiting.retrying
        delayed += waiting.delayed
        promised += waiting.promised
        more = _running(backend)
        running = None if running is None or more is None else running + more
    return Unfinished(queued, running, Waiting(delayed, retrying, promised))


def _running(backend: Backend) -> list[str] | None:
    segment = backend.stats_segment()
    if segment is None:
        return None
    workers = compute.workers(read(segment, calls=False))
    return [worker.task or "others" for worker in workers if worker.state == "running"]
