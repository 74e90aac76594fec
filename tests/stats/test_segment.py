"""A segment from another process may hold anything: it is refused, or read without harm."""

from __future__ import annotations

import random
import struct

import pytest

from catzilla_jit import Runtime
from catzilla_jit.stats import compute, segment, snapshot

ACCOUNTS_AT, METERS_AT = 896, 896 + 1024 * 128
METER_BYTES, LEDGER_BYTES = 50_304, 22_656
RINGS_AT_AT = 152


def add(a: float, b: float) -> float:
    return a + b


@pytest.fixture
def copy(runtime: Runtime) -> bytearray:
    """A sound segment with two tasks in it, cut to what is in use."""
    for name in ("one", "two"):
        runtime.task(add, compile_to_c="require", name=name).submit(1.0, 2.0).result()
    backend = runtime.start()
    memory = backend.stats_segment()
    assert memory is not None
    used = segment.read(memory)
    meters = used.queue_size and struct.unpack_from("=I", memory, 72)[0]
    length = METERS_AT + meters * METER_BYTES + (2 * meters + 8) * LEDGER_BYTES
    # No ledgers further on, and rings that are empty.
    found = bytearray(memory[:length]) + bytes(meters * segment.RING_BYTES)
    struct.pack_into("=Q", found, 16, len(found))
    struct.pack_into("=Q", found, RINGS_AT_AT, length)
    return found


def read(memory: bytearray) -> snapshot.TaskStats:
    return compute.compute(segment.read(memoryview(memory)), 0)


def account_of(memory: bytearray, name: str) -> int:
    compiled = segment.Account(name, 0)
    return list(segment.read(memoryview(memory)).accounts).index(compiled)


def test_the_sound_one_is_read(copy: bytearray) -> None:
    assert sorted(read(copy).tasks) == ["one", "two"]


@pytest.mark.parametrize("length", [0, 7, 151, 895, 896, 4096, 200_000])
def test_a_truncated_one_is_refused(copy: bytearray, length: int) -> None:
    cut = copy[:length]
    with pytest.raises(segment.Damaged):
        read(cut)
    if length >= 24:
        struct.pack_into("=Q", cut, 16, length)
        with pytest.raises(segment.Damaged):
            read(cut)


@pytest.mark.parametrize(
    ("offset", "form", "value"),
    [
        (0, "=Q", 0),  # magic
        (8, "=I", 1),  # version
        (12, "=I", 0x04030201),  # byte order
        (16, "=Q", 1 << 40),  # size
        (72, "=I", 2**32 - 1),  # meters
        (76, "=I", 2**32 - 1),  # accounts
        (80, "=I", 9),  # levels
        (88, "=I", 2**31),  # buckets
        (104, "=Q", 2**64 - 64),  # accounts_at
        (104, "=Q", 64),  # ... inside the header
        (112, "=Q", 0),  # account_bytes
        (120, "=Q", 2**63),  # meters_at
        (120, "=Q", METERS_AT + 1),  # ... misaligned
        (136, "=Q", 2**64 - 64),  # ledgers_at
        (144, "=Q", 1),  # ledger_bytes
        (192, "=I", 2**32 - 1),  # accounts in use
        (192, "=I", 0),
        (256, "=Q", 0),  # ticks per second
        (ACCOUNTS_AT + 112, "=I", 7),  # lane
        (METERS_AT, "=I", 9),  # kind of a meter
        (METERS_AT + 1152, "=I", 2**32 - 1),  # where a ledger lies
        (METERS_AT + 1152, "=I", 15),  # ... before the ledgers
    ],
)
def test_absurd_counts_and_offsets_are_refused(
    copy: bytearray, offset: int, form: str, value: int
) -> None:
    struct.pack_into(form, copy, offset, value)
    with pytest.raises(segment.Damaged):
        read(copy)


def test_two_meters_cannot_use_one_ledger(copy: bytearray) -> None:
    meters = [meter.index for meter in segment.read(memoryview(copy)).meters]
    at = METERS_AT + 1152 + 4 * account_of(copy, "one")
    line = max(struct.unpack_from("=I", copy, at + i * METER_BYTES)[0] for i in meters)
    assert line
    for i in meters[:2]:
        struct.pack_into("=I", copy, at + i * METER_BYTES, line)
    with pytest.raises(segment.Damaged, match="two meters"):
        read(copy)


def test_ledger_is_read_once_however_many_accounts_share_it(
    copy: bytearray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of 2,050 meters may say so of 1,024 accounts."""
    read_at: list[int] = []
    words = segment._Reader.words
    monkeypatch.setattr(
        segment._Reader, "words", lambda self, at, n: read_at.append(at) or words(self, at, n)
    )
    (meters,) = struct.unpack_from("=I", copy, 72)
    struct.pack_into("=I", copy, 192, segment.ACCOUNTS)
    (ledgers_at,) = struct.unpack_from("=Q", copy, 136)
    for i in range(meters):
        lines = [(ledgers_at + (2 * i + lane) * LEDGER_BYTES) // 64 for lane in (0, 1)]
        at = METERS_AT + i * METER_BYTES
        struct.pack_into("=I", copy, at, segment.NATIVE)
        struct.pack_into(f"={segment.ACCOUNTS}I", copy, at + 1152, *lines * (segment.ACCOUNTS // 2))
    read(copy)
    assert len(read_at) == len(set(read_at))


def test_there_are_no_more_ledgers_than_a_runtime_makes(copy: bytearray) -> None:
    (meters,) = struct.unpack_from("=I", copy, 72)
    (ledgers_at,) = struct.unpack_from("=Q", copy, 136)
    behind = ledgers_at + (2 * meters + segment.LEDGERS) * LEDGER_BYTES
    copy += bytes(max(0, behind + LEDGER_BYTES - len(copy)))
    struct.pack_into("=Q", copy, 16, len(copy))
    at = METERS_AT + 1152 + 4 * account_of(copy, "one")
    struct.pack_into("=I", copy, at, behind // 64)
    with pytest.raises(segment.Damaged, match="behind the last"):
        read(copy)


def test_names_are_cleaned(copy: bytearray) -> None:
    name = b"\x1b[31mred\r\n\x07\x00rest".ljust(112, b"\0")
    at = ACCOUNTS_AT + account_of(copy, "one") * 128
    copy[at : at + 112] = name
    names = list(read(copy).tasks)
    assert any(name.endswith("[31mred\ufffd\ufffd\ufffd") for name in names), names
    assert all(name.isprintable() for name in names)


@pytest.mark.parametrize("raw", [b"\xff\xfe", "a\u202eb".encode(), b"\xed\xa0\x80", b"x" * 112])
def test_a_clean_name_is_printable(raw: bytes) -> None:
    assert segment.clean(raw).isprintable()


def test_random_bytes_do_no_harm(copy: bytearray) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    for _ in range(60):
        mutant = bytearray(copy)
        for _ in range(rng.choice((1, 3, 30))):
            place = rng.choice((rng.randrange(896), rng.randrange(METERS_AT, METERS_AT + 6000)))
            mutant[place] = rng.randrange(256)
        try:
            found = read(mutant)
        except segment.Damaged:
            continue
        assert 0.0 <= found.queue_pressure <= 1.0
        assert 0.0 <= found.avg_worker_utilization <= 1.0


def test_histograms_are_read_from_the_first_bucket_to_the_last(copy: bytearray) -> None:
    sound = segment.read(memoryview(copy))
    lines_at = METERS_AT + sound.meters[0].index * METER_BYTES + segment.WAIT_AT
    buckets = [0, 31, 32, 351, 352, 704, 1056, 1407]
    written = {bucket: 2**64 - 1 - bucket for bucket in buckets}
    copy[lines_at : lines_at + 8 * segment.BUCKETS] = bytes(8 * segment.BUCKETS)
    for bucket, count in written.items():
        struct.pack_into("=Q", copy, lines_at + 8 * bucket, count)
    assert segment.read(memoryview(copy)).meters[0].wait[0] == written


def test_who_asks_for_workers_reads_no_ledgers(copy: bytearray) -> None:
    for place in range(METERS_AT, METERS_AT + 2 * METER_BYTES, METER_BYTES):
        struct.pack_into(
            "=I", copy, place + segment.LEDGERS_AT + 8, 1
        )  # a ledger that lies nowhere
    with pytest.raises(segment.Damaged):
        segment.read(memoryview(copy))
    assert compute.workers(segment.read(memoryview(copy), calls=False))
