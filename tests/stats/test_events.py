"""Rings of events, copied from memory that may hold anything."""

from __future__ import annotations

import random
import struct

import pytest

from catzilla_jit.stats import events, segment
from catzilla_jit.stats.events import Event, Ring

SIZE = segment.RING_BYTES


def event(number: int) -> Event:
    return Event(3, events.RUN, number, 1, 2, 3, 1, 0, 0, 5, 2, "completed", 77)


class Writer:
    """A ring, and what its worker does to it."""

    def __init__(self) -> None:
        self.memory = bytearray(SIZE)
        self.written = 0

    def write(self, count: int = 1) -> None:
        for _ in range(count):
            place = 64 + self.written % segment.EVENTS * 64
            self.memory[place : place + 64] = events.pack(event(self.written))
            self.written += 1
            struct.pack_into("=Q", self.memory, 0, self.written)

    def set_head(self, head: int) -> None:
        struct.pack_into("=Q", self.memory, 0, head)


@pytest.fixture
def writer() -> Writer:
    return Writer()


def numbers(ring: Ring) -> list[int]:
    found = list(events.parse(ring.meter, ring.pieces, 10))
    assert all(each is not None and each == event(each.id) for each in found)
    return [each.id for each in found if each is not None]


def test_what_is_new_is_copied_once(writer: Writer) -> None:
    writer.write(10)  # before the ring was looked at
    ring = Ring(memoryview(writer.memory), 0, 3)
    for count in (0, 5, 1, 0, segment.EVENTS - 1):
        writer.write(count)
        assert ring.copy() == count
    assert numbers(ring) == list(range(10, writer.written))
    assert ring.lost == 0


def test_a_reader_that_is_late_loses_the_oldest(writer: Writer) -> None:
    ring = Ring(memoryview(writer.memory), 0, 3)
    writer.write(segment.EVENTS + 100)
    ring.copy()
    found = numbers(ring)
    assert found[-1] == writer.written - 1
    assert len(found) + ring.lost == writer.written


@pytest.mark.parametrize("meanwhile", [1, 100, segment.EVENTS, 3 * segment.EVENTS])
def test_what_is_overwritten_during_the_copy_is_dropped(writer: Writer, meanwhile: int) -> None:
    class Late(Ring):
        def _slots(self, first: int, end: int) -> bytes:
            writer.write(meanwhile // 2)
            piece = super()._slots(first, end)
            writer.write(meanwhile - meanwhile // 2)
            return piece

    writer.write(7)
    ring = Late(memoryview(writer.memory), 0, 3)
    writer.write(segment.EVENTS)
    head = writer.written
    copied = ring.copy()
    assert numbers(ring) == list(range(head - copied, head))
    assert copied + ring.lost == segment.EVENTS


def test_heads_may_be_anything(writer: Writer) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    ring = Ring(memoryview(writer.memory), 0, 3)
    writer.memory[64:] = rng.randbytes(SIZE - 64)
    for _ in range(40):
        writer.set_head(rng.choice((rng.getrandbits(64), rng.getrandbits(14), 2**64 - 1)))
        assert 0 <= ring.copy() <= segment.EVENTS
    assert ring.lost >= 0
    for found in events.parse(3, ring.pieces, 10):
        assert found is None or (found.account < 10 and found.level < 4)


def test_words_that_are_no_event_are_none() -> None:
    sound = events.pack(event(1))
    assert list(events.parse(3, [sound], 10)) == [event(1)]
    run = events.RUN << 16
    for packed in (0, 4 << 16, run | 9 << 20, run | 5 << 24, run | 10):
        # No kind, no such kind, level, outcome, account.
        piece = sound[:56] + struct.pack("=Q", packed)
        assert list(events.parse(3, [piece], 10)) == [None]
