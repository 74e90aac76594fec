"""A recording of a runtime as a timeline: Chrome's trace event format, which Perfetto opens.

A JSON object: `traceEvents`, and `otherData` about the recording. Times are microseconds since
the start of the runtime. Rows: one per worker, with a complete event ("X") per task or chunk of
a map that it ran; one per other thread that ran a task itself; compilations; a counter ("C")
per level of what is queued; and for a wait in a queue a pair of asynchronous events ("b",
"e"), which viewers stack, so there are at most MOST_STACKED of a level at a time.

Invariant: on one row events follow each other or lie inside each other, whatever was read.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any, NamedTuple

from .. import events
from ..compute import worker_name
from ..events import Event
from ..recording import Recording
from ..segment import SHARED, Meter
from ..snapshot import LANES, LEVELS

MOST_STACKED = 100
_COUNTER_NS = 20_000  # a counter changes at most so often


@dataclasses.dataclass(slots=True)
class Slice:
    """One complete event, in nanoseconds since the start of the runtime."""

    name: str
    category: str
    began: int
    ended: int
    arguments: dict[str, Any]


class Wait(NamedTuple):
    """What was queued, from when to when, in nanoseconds since the start of the runtime."""

    event: Event
    began: int
    ended: int


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """What a timeline holds."""

    runs: int
    chunks: int
    items: int
    compilations: int
    workers: int


class Timeline:
    """The rows of one recording."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._segment = recording.segment
        self._meters = {meter.index: meter for meter in self._segment.meters}
        self._rows: dict[str, list[Slice]] = {}
        for meter in self._segment.meters:
            if meter.kind != SHARED:
                self._rows[worker_name(meter)] = []
        self.counted = self._place()

    # --- what happened --------------------------------------------------------------------------

    def _ns(self, ticks: int) -> int:
        return (ticks - self._segment.started_ticks) * 10**9 // self._segment.ticks_per_second

    def _place(self) -> Counted:
        ran = [event for event in self._recording.events if event.kind != events.COMPILATION]
        compiled = [event for event in self._recording.events if event.kind == events.COMPILATION]
        for event in ran:
            self._rows.setdefault(self._row_of(event), []).append(self._run(event))
        for meter in self._segment.meters:
            if meter.kind != SHARED and meter.here and meter.started:
                self._rows[worker_name(meter)].extend(self._unfinished(meter))
        for slices in self._rows.values():
            nest(slices)
        for number, slices in enumerate(side_by_side(map(self._compilation, compiled))):
            self._rows["compilation" + (f" {number + 1}" if number else "")] = slices
        chunks = [event for event in ran if event.kind == events.CHUNK]
        return Counted(
            runs=len(ran) - len(chunks),
            chunks=len(chunks),
            items=sum(event.items for event in chunks),
            compilations=len(compiled),
            workers=sum(meter.kind != SHARED for meter in self._segment.meters),
        )

    def _row_of(self, event: Event) -> str:
        meter = self._meters.get(event.meter)
        if meter is None or meter.kind == SHARED:
            return f"thread {event.thread}"
        return worker_name(meter)

    def _task(self, event: Event) -> str:
        return self._segment.accounts[event.account].name

    def _run(self, event: Event) -> Slice:
        name = self._task(event)
        arguments: dict[str, Any] = {"task": name}
        if event.kind == events.CHUNK:
            arguments |= {
                "map": event.id, "first": event.first, "items": event.items,
                "failed": event.failed,
            }  # fmt: skip
        else:
            arguments["id"] = f"{name}-{event.id}"
        arguments |= {
            "outcome": event.outcome,
            "lane": LANES[self._segment.accounts[event.account].lane],
            "priority": LEVELS[event.level],
        }
        if event.queued:
            waited = max(0, self._ns(event.started) - self._ns(event.queued))
            arguments["waited_us"] = waited / 1000
        category = "chunk" if event.kind == events.CHUNK else "run"
        began = self._ns(event.started)
        return Slice(name, category, began, max(began, self._ns(event.ended)), arguments)

    def _unfinished(self, meter: Meter) -> Iterator[Slice]:
        if meter.account < len(self._segment.accounts) and meter.started < self._recording.ended:
            account = self._segment.accounts[meter.account]
            arguments = {
                "task": account.name,
                "outcome": "running",
                "lane": LANES[account.lane],
            }
            began, ended = self._ns(meter.started), self._ns(self._recording.ended)
            yield Slice(account.name, "running", max(0, began), ended, arguments)

    def _compilation(self, event: Event) -> Slice:
        name = self._task(event)
        outcome = "compiled" if event.outcome == events.OUTCOMES[0] else "runs as Python"
        arguments = {"task": name, "outcome": outcome, "from cache": bool(event.items)}
        began = self._ns(event.started)
        return Slice(
            f"compile {name}", "compilation", began, max(began, self._ns(event.ended)), arguments
        )

    def _waits(self) -> list[Wait]:
        """Return the waits in queues, by level and beginning; a map waits for its first chunk."""
        return sorted(self._all_waits(), key=lambda wait: (wait.event.level, wait.began))

    def _all_waits(self) -> Iterator[Wait]:
        first: dict[tuple[int, int], Event] = {}
        for event in self._recording.events:
            if event.kind == events.CHUNK:
                key = (event.id, event.queued)
                if key not in first or event.started < first[key].started:
                    first[key] = event
            elif event.kind == events.RUN and event.queued:
                yield self._wait(event)
        for event in first.values():
            # A map that had begun before the recording waited before it, too.
            if event.first == 0:
                yield self._wait(event)

    def _wait(self, event: Event) -> Wait:
        began = self._ns(event.queued)
        return Wait(event, began, max(began, self._ns(event.started)))

    # --- as JSON --------------------------------------------------------------------------------

    def trace_events(self) -> Iterator[dict[str, Any]]:
        """Yield the events in the format's own terms."""
        pid = self._segment.pid
        title = f"{self._recording.command or 'python'}, runtime {self._segment.number}"
        yield _metadata("process_name", pid, 0, name=title)
        for row, (name, slices) in enumerate(self._rows.items(), start=1):
            yield _metadata("thread_name", pid, row, name=name)
            yield _metadata("thread_sort_index", pid, row, sort_index=row)
            for each in slices:
                yield {
                    "ph": "X", "pid": pid, "tid": row, "name": each.name, "cat": each.category,
                    "ts": each.began / 1000, "dur": (each.ended - each.began) / 1000,
                    "args": each.arguments,
                }  # fmt: skip
        waits = self._waits()
        yield from self._counters(waits)
        for number, wait in enumerate(stackable(waits), start=1):
            event = wait.event
            common = {
                "cat": "queue", "id": hex(number), "pid": pid, "tid": 0,
                "name": f"{LEVELS[event.level]} queue: {self._task(event)}",
            }  # fmt: skip
            what = {"map": event.id} if event.kind == events.CHUNK else {
                "id": f"{self._task(event)}-{event.id}"
            }  # fmt: skip
            yield {"ph": "b", "ts": wait.began / 1000, "args": what, **common}
            yield {"ph": "e", "ts": wait.ended / 1000, **common}

    def _counters(self, waits: Iterable[Wait]) -> Iterator[dict[str, Any]]:
        """Yield how many of what was recorded were queued at each level, as time goes on."""
        for level, group in itertools.groupby(waits, key=lambda wait: wait.event.level):
            changes = sorted(
                change for wait in group for change in ((wait.began, 1), (wait.ended, -1))
            )
            depth, shown = 0, None
            for number, (when, change) in enumerate(changes, start=1):
                depth += change
                if shown is None or when - shown >= _COUNTER_NS or number == len(changes):
                    shown = when
                    yield {
                        "ph": "C", "pid": self._segment.pid, "tid": 0, "ts": when / 1000,
                        "name": f"queued at {LEVELS[level]}", "args": {"queued": depth},
                    }  # fmt: skip

    def about(self) -> dict[str, Any]:
        """Return what `otherData` says."""
        recording = self._recording
        return {
            "pid": self._segment.pid,
            "runtime": self._segment.number,
            "command": recording.command,
            "seconds": (self._ns(recording.ended) - self._ns(recording.began)) / 1e9,
            "lost_events": recording.lost,
            "unsound_events": recording.unsound,
            "cut_short": recording.cut_short,
            **dataclasses.asdict(self.counted),
        }

    def write(self, file: IO[str]) -> None:
        """Write the JSON object, an event per line."""
        file.write('{"traceEvents": [\n')
        separator = ""
        for event in self.trace_events():
            file.write(separator + json.dumps(event))
            separator = ",\n"
        file.write('\n],\n"displayTimeUnit": "ms",\n"otherData": ')
        file.write(json.dumps(self.about()) + "}\n")


def _metadata(what: str, pid: int, row: int, **arguments: Any) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": pid, "tid": row, "args": arguments}


def nest(slices: list[Slice]) -> None:
    """Sort the slices of a row, and cut what is neither beside nor inside of what began before.

    A task that waits runs others inside of it. What overlaps otherwise can only be a hair: two
    processors' clocks.
    """
    slices.sort(key=lambda each: (each.began, -each.ended))
    around: list[Slice] = []
    for each in slices:
        while around and around[-1].ended <= each.began:
            around.pop()
        if around and each.ended > around[-1].ended:
            each.began = around[-1].ended
            each.ended = max(each.began, each.ended)
            while around and around[-1].ended <= each.began:
                around.pop()
            if around:
                each.ended = min(each.ended, around[-1].ended)
        around.append(each)


def stackable(waits: Iterable[Wait]) -> Iterator[Wait]:
    """Leave out waits (by level and beginning) where MOST_STACKED of the level go on already."""
    for _, group in itertools.groupby(waits, key=lambda wait: wait.event.level):
        ends: list[int] = []
        for wait in group:
            while ends and ends[0] <= wait.began:
                heapq.heappop(ends)
            if len(ends) < MOST_STACKED:
                heapq.heappush(ends, wait.ended)
                yield wait


def side_by_side(slices: Iterable[Slice]) -> list[list[Slice]]:
    """Return as few rows as it takes for slices not to overlap."""
    rows: list[list[Slice]] = []
    for each in sorted(slices, key=lambda each: each.began):
        for row in rows:
            if row[-1].ended <= each.began:
                row.append(each)
                break
        else:
            rows.append([each])
    return rows
