"""Recording what the workers of a runtime in another process run, for some seconds.

The reader writes a time into the runtime's control (native/src/trace.h) again and again, and
copies the rings of events meanwhile; what it has copied is parsed afterwards. It never makes
the other process wait: what it is too late for is lost, and counted. If that process ends,
or shuts its runtime down, what there is until then is the recording.
"""

from __future__ import annotations

import contextlib
import dataclasses
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import NoRuntime
from . import events, reader, segment

#: Events beyond this number end a recording: what shows it has its limits as well.
MOST_EVENTS = 250_000
POLL_SECONDS = 0.01
_AHEAD_NS = 5_000_000_000  # what the control is told; after the last time it says so, it is off


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """What was run. Events are by ring, each in the order in which they ended."""

    segment: segment.Segment  # as it was at the end
    command: str
    began: int  # ticks
    ended: int
    events: list[events.Event]
    lost: int  # events that were overwritten before they were copied
    unsound: int  # events that cannot be
    cut_short: str | None  # why it ended before its time


@contextlib.contextmanager
def _control(pid: int, found: segment.Segment) -> Iterator[tuple[Path, mmap.mmap]]:
    """Yield the control of a runtime, and where it lies; NoRuntime if there is none to be had."""
    for path in reader.controls(pid):
        try:
            memory = reader.map_segment(path, writable=True)
        except (OSError, segment.Damaged):
            continue
        with memory:
            if len(memory) == events.CONTROL_BYTES and _belongs(memory, found):
                yield path, memory
                return
    raise NoRuntime(f"the runtime of process {pid} cannot be traced: it has no control to write to")


def _belongs(control: mmap.mmap, found: segment.Segment) -> bool:
    magic, version, _, pid, number = events.CONTROL.unpack_from(control)
    expected = (events.CONTROL_MAGIC, segment.VERSION, found.pid, found.number)
    return bool((magic, version, pid, number) == expected)


class _Recorder:
    """The rings of one segment while they are copied."""

    def __init__(self, path: Path, control: mmap.mmap, view: memoryview, found: segment.Segment):
        self._path = path
        self._inode = os.stat(path).st_ino
        self._control = control
        self._found = found
        self.copied = 0
        self.rings = [
            events.Ring(view, found.rings_at + i * segment.RING_BYTES, i)
            for i in range(found.rings)
        ]

    def ask(self) -> None:
        """Ask for events for some time more."""
        until = self._found.ticks_at(time.monotonic_ns() + _AHEAD_NS)
        struct.pack_into("=Q", self._control, events.CONTROL_UNTIL_AT, until)

    def copy(self) -> None:
        self.copied += sum(ring.copy() for ring in self.rings)

    def is_gone(self) -> bool:
        """Whether the process has ended, or has shut the runtime down."""
        try:
            return os.stat(self._path).st_ino != self._inode
        except OSError:
            return True

    def run(self, seconds: float, begins: Callable[[], None] | None) -> str | None:
        """Copy for so long; return why it ended before, or None."""
        try:
            self.ask()
            if begins is not None:
                begins()
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                self.ask()
                time.sleep(min(POLL_SECONDS, left))
                self.copy()
                if self.copied >= MOST_EVENTS:
                    return f"it has {MOST_EVENTS:,} events, which is the most"
                if self.is_gone():
                    return "the process has ended, or its runtime was shut down"
        except KeyboardInterrupt:
            return "it was interrupted"
        return None


def record(
    pid: int, runtime: int | None, seconds: float, begins: Callable[[], None] | None = None
) -> Recording:
    """Record for so many seconds what a runtime runs; NoRuntime as `reader.choose`.

    begins: called when the rings are being copied. Ctrl-C ends the recording, and is no
    exception.
    """
    path, found = reader.choose(pid, runtime)
    with _control(pid, found) as (where, control):
        try:
            memory = reader.map_segment(path)
        except (OSError, segment.Damaged):
            raise NoRuntime(f"the runtime of process {pid} has ended") from None
        with memory, memoryview(memory) as view:
            return _record(pid, _Recorder(where, control, view, found), view, seconds, begins)


def _record(
    pid: int,
    recorder: _Recorder,
    view: memoryview,
    seconds: float,
    begins: Callable[[], None] | None,
) -> Recording:
    command = reader.command(pid)
    began_ns = time.monotonic_ns()
    why = recorder.run(seconds, begins)
    ended_ns = time.monotonic_ns()
    recorder.copy()
    try:
        found = segment.read(view)
    except segment.Damaged as damaged:
        raise NoRuntime(f"the statistics of process {pid} are damaged: {damaged}") from None
    parsed = [
        event
        for ring in recorder.rings
        for event in events.parse(ring.meter, ring.pieces, len(found.accounts))
    ]
    began, ended = found.ticks_at(began_ns), found.ticks_at(ended_ns)
    sound = [event for event in parsed if event is not None and _is_possible(event, found, ended)]
    return Recording(
        found, command, began, ended, sound,
        lost=sum(ring.lost for ring in recorder.rings),
        unsound=len(parsed) - len(sound),
        cut_short=why,
    )  # fmt: skip


def _is_possible(event: events.Event, found: segment.Segment, ended: int) -> bool:
    """Whether the times lie within the runtime's life; two clocks are off by a little."""
    slack = found.ticks_per_second // 10
    first = found.started_ticks - slack
    if event.queued and not first <= event.queued <= event.started + slack:
        return False
    return first <= event.started <= event.ended + slack <= ended + 3 * slack
