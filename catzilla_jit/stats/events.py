"""Events of a segment's rings: the layout of native/src/trace.h in Python, and copying them out.

The writer does not wait for a reader, so a ring is copied and then its head is read again:
what may have been overwritten meanwhile is dropped and counted as lost. Like the rest of a
segment an event may be anything; `parse` gives only what can be shown.

No NumPy here, nor anything that imports it: the command line starts with this module.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterable, Iterator

from .segment import EVENT_BYTES, EVENTS, LEVELS, RING_WORDS_AT

#: enum cz__event_kind.
RUN, CHUNK, COMPILATION = 1, 2, 3
#: enum cz_count, as the outcome of what ran.
OUTCOMES = ("completed", "failed", "cancelled", "timed out", "failed try")

EVENT = struct.Struct("=8Q")
#: A control: magic, version, spare, process, number of the runtime in it.
CONTROL = struct.Struct("=8sIIQQ")
CONTROL_BYTES, CONTROL_UNTIL_AT = 4096, 64
CONTROL_MAGIC = b"cztrace\n"
#: A time further ahead counts as none.
MOST_TICKS_AHEAD = 1 << 36


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Something that a worker ran, or a compilation. Times in ticks, queued 0: it never was.

    id: of the task, or of the map whose `items` from `first` on a chunk is. Of a compilation
    items is 1 if it came from the cache.
    """

    meter: int
    kind: int
    id: int
    queued: int
    started: int
    ended: int
    items: int
    first: int
    failed: int
    account: int
    level: int
    outcome: str
    thread: int


def pack(event: Event) -> bytes:
    """Return the event as it lies in a ring."""
    packed = (
        event.account
        | event.kind << 16
        | event.level << 20
        | OUTCOMES.index(event.outcome) << 24
        | event.thread << 32
    )
    return EVENT.pack(
        event.id, event.queued, event.started, event.ended, event.items, event.first,
        event.failed, packed,
    )  # fmt: skip


class Ring:
    """One ring, copied piece by piece. memory: of the segment; at: where the ring begins."""

    def __init__(self, memory: memoryview, at: int, meter: int) -> None:
        self.meter = meter
        self.lost = 0
        self.pieces: list[bytes] = []
        self._memory = memory
        self._at = at
        self._next = self._head()

    def _head(self) -> int:
        (head,) = struct.unpack_from("=Q", self._memory, self._at)
        return int(head)

    def _slots(self, first: int, end: int) -> bytes:
        at = self._at + RING_WORDS_AT
        begin, stop = first % EVENTS * EVENT_BYTES, (end - 1) % EVENTS * EVENT_BYTES + EVENT_BYTES
        if begin < stop:
            return bytes(self._memory[at + begin : at + stop])
        whole = at + EVENTS * EVENT_BYTES
        return bytes(self._memory[at + begin : whole]) + bytes(self._memory[at : at + stop])

    def copy(self) -> int:
        """Copy what is new; return how many events."""
        head = self._head()
        if head <= self._next:
            self._next = head  # it can only be less in a ring that is none
            return 0
        first = max(self._next, head - EVENTS)
        piece = self._slots(first, head)
        # By now the event behind the head may be half written over the oldest one.
        overwritten = max(first, min(head, self._head() - EVENTS + 1)) - first
        self.lost += first - self._next + overwritten
        self.pieces.append(piece[overwritten * EVENT_BYTES :])
        self._next = head
        return head - first - overwritten


def parse(meter: int, pieces: Iterable[bytes], accounts: int) -> Iterator[Event | None]:
    """Yield the events of a ring in its order, None for what is none."""
    for piece in pieces:
        for words in EVENT.iter_unpack(piece):
            *times, items, first, failed, packed = words
            kind, level, outcome = packed >> 16 & 15, packed >> 20 & 15, packed >> 24 & 255
            account = packed & 0xFFFF
            sound = (
                RUN <= kind <= COMPILATION
                and level < LEVELS
                and outcome < len(OUTCOMES)
                and account < accounts
            )
            number, queued, started, ended = times
            yield (
                Event(
                    meter, kind, number, queued, started, ended, items, first, failed, account,
                    level, OUTCOMES[outcome], packed >> 32,
                )
                if sound
                else None
            )  # fmt: skip
