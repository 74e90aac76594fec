"""The pure-Python pool's rings of events and its control, as native/src/trace.h has them.

The segment is the recorder's (recorder.py), which calls this with the time of each run. A tick is
a nanosecond. Threads take turns under one lock: nobody comes here but while somebody traces.
"""

from __future__ import annotations

import mmap
import os
import struct
import threading
from collections.abc import Callable

from ...stats import events, segment
from ...stats.events import Event

_UNTIL = events.CONTROL_UNTIL_AT // 8


class PureTrace:
    """Writes events. rings_at: where the rings begin in `memory`; publish: makes the control."""

    def __init__(self, rings_at: int, number: int, publish: Callable[[int], mmap.mmap]) -> None:
        self._rings_at = rings_at
        self._lock = threading.RLock()
        self._control = publish(events.CONTROL_BYTES)
        events.CONTROL.pack_into(
            self._control, 0, events.CONTROL_MAGIC, segment.VERSION, 0, os.getpid(), number
        )
        self._words = memoryview(self._control).cast("Q")

    def wanted(self, now: int) -> bool:
        """Whether somebody wants events at this time."""
        return 0 <= self._words[_UNTIL] - now < events.MOST_TICKS_AHEAD

    def write(self, memory: memoryview, event: Event) -> None:
        """Write an event into the ring of its meter."""
        at = self._rings_at + event.meter * segment.RING_BYTES
        with self._lock:
            (head,) = struct.unpack_from("=Q", memory, at)
            place = at + segment.RING_WORDS_AT + head % segment.EVENTS * segment.EVENT_BYTES
            memory[place : place + segment.EVENT_BYTES] = events.pack(event)
            struct.pack_into("=Q", memory, at, head + 1)

    def close(self) -> None:
        """Nobody can ask for events any more."""
        # The old map and its descriptor go with the last view of it.
        self._control = mmap.mmap(-1, events.CONTROL_BYTES)
        self._words = memoryview(self._control).cast("Q")

    def after_fork_in_child(self) -> None:
        """Forget the parent's lock and control."""
        self._lock = threading.RLock()
        self.close()
