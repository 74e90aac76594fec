"""The statistics segment of a pool, read: the layout of native/src/stats.h in Python.

It may belong to another process, so nothing in it is trusted: every count and offset is
checked against the size of the memory, names are cleaned before anybody prints them, and
what does not hold is a `Damaged`. The numbers themselves may be any.

Counters only grow, and each is one aligned word with one writer, so a read never sees half
of one. A snapshot is not one instant: a task that ends while it is taken may be in one
counter and not yet in the next. No lock could be worth more than that to a reader.

No NumPy here, nor anything that imports it: the command line starts with this module.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

VERSION = 4
LEVELS = 4
BUCKET_BITS = 5
BUCKETS = 1408
ACCOUNTS = 1024
LEDGERS = 2048  # besides the two that every meter has
SAMPLES = 64
EVENTS = 8192
MOST_METERS = 2 * 1024 + 1 + 2 * LEVELS + 1  # workers, the reserved one, relief, the shared one

#: enum cz_count.
COMPLETED, FAILED, CANCELLED, TIMED_OUT, RETRIED, RERUN = range(6)
#: enum cz__meter_kind.
FREE, NATIVE, CRITICAL, PYTHON, SHARED, RELIEF = range(6)

MAGIC = b"czstats\n"
HEADER = struct.Struct("=8sIIQQQqqQ8IQ9Q")
HEADER_BYTES = 896
ACCOUNTS_AT, SAMPLER_AT, DEPTH_AT, SAMPLED_AT = 192, 256, 320, 384
ACCOUNT_BYTES, ACCOUNT_NAME = 128, 112
RUNNING_AT, SUMS_AT, LEDGERS_AT, WAIT_AT = 64, 128, 1152, 5248
METER_BYTES = WAIT_AT + LEVELS * BUCKETS * 8
LEDGER_BYTES = 64 + 2 * BUCKETS * 8 + 64
EVENT_BYTES, RING_WORDS_AT = 64, 64
RING_BYTES = RING_WORDS_AT + EVENTS * EVENT_BYTES
_LINE = 64
# Bytes of a histogram that are looked at together: a factor of two in time, and eleven of those.
_PART, _AREA = 256, 2816
_NO_PART, _NO_AREA = bytes(_PART), bytes(_AREA)
_PART_WORDS = struct.Struct(f"={_PART // 8}Q")
assert BUCKETS * 8 % _AREA == _AREA % _PART == 0

Counts = dict[int, int]  # a histogram: by bucket, without those that are 0


class Damaged(ValueError):
    """The memory is not a statistics segment, or not a sound one; the message says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """What is counted together: the calls of one name in one lane (0 native, 1 Python)."""

    name: str
    lane: int


@dataclasses.dataclass(frozen=True, slots=True)
class Ledger:
    """Counters and histograms (ticks) of one account at one meter, or summed."""

    counts: Sequence[int]
    run_ticks: int
    wait_ticks: int
    run: Counts
    wait: Counts
    allocated: int = 0  # bytes

    @classmethod
    def sum(cls, ledgers: Sequence[Ledger]) -> Ledger:
        """Return the sum of any number, in one pass."""
        if len(ledgers) == 1:
            return ledgers[0]
        return cls(
            [sum(counts) for counts in zip(*(each.counts for each in ledgers), strict=True)]
            or [0] * 6,
            sum(each.run_ticks for each in ledgers),
            sum(each.wait_ticks for each in ledgers),
            merge(*(each.run for each in ledgers)),
            merge(*(each.wait for each in ledgers)),
            sum(each.allocated for each in ledgers),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Meter:
    """What one worker has counted."""

    index: int
    kind: int
    number: int
    here: bool
    thread: int
    started: int  # ticks, 0: it runs nothing
    busy: int  # ticks
    done: int
    account: int
    busy_then: Sequence[int]  # at each sample
    done_then: Sequence[int]
    wait: Sequence[Counts]  # per level
    allocated: int = 0  # bytes, by its thread


@dataclasses.dataclass(frozen=True, slots=True)
class Segment:
    """One snapshot."""

    pid: int
    number: int
    started_unix_ns: int
    started_ns: int
    started_ticks: int
    ticks_per_second: int
    queue_size: int
    accounts: Sequence[Account]
    meters: Sequence[Meter]
    ledgers: dict[int, Ledger]  # by account, summed over the meters
    depth: Sequence[Sequence[int]]  # per lane, per level
    memory_bytes: int
    memory_used: int
    memory_blocks: int
    sampled_at: Sequence[int]  # ticks, oldest first; places in a meter's *_then
    rings_at: int = 0  # where the rings of events lie, one of RING_BYTES per meter that can be
    rings: int = 0
    counts_memory: bool = False

    def ticks_at(self, monotonic_ns: int) -> int:
        """Return the tick count at a time of the monotonic clock."""
        since = max(0, monotonic_ns - self.started_ns)
        return self.started_ticks + since * self.ticks_per_second // 1_000_000_000


def add(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """Return the sums, element by element."""
    return list(map(operator.add, left, right))


def merge(*histograms: Counts) -> Counts:
    """Return the sums, bucket by bucket."""
    sums: Counts = {}
    for histogram in histograms:
        for bucket, count in histogram.items():
            sums[bucket] = sums.get(bucket, 0) + count
    return sums


@functools.cache
def bucket_low(bucket: int) -> int:
    """Return the smallest number of ticks that a bucket counts."""
    shift = bucket >> BUCKET_BITS
    if shift < 2:
        return bucket
    return ((bucket & 31) + 32) << (shift - 1)


def bucket_of(ticks: int) -> int:
    """Return the bucket that counts so many ticks."""
    if ticks < 64:
        return ticks
    shift = ticks.bit_length() - 1 - BUCKET_BITS
    return min((shift << BUCKET_BITS) + (ticks >> shift), BUCKETS - 1)


def number_of(memory: memoryview) -> int:
    """Return the number that a sound segment's runtime has in its process."""
    return int(HEADER.unpack_from(memory)[5])


def clean(name: bytes) -> str:
    """Return a name without anything that a terminal would take for more than text."""
    text = name.split(b"\0", 1)[0].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise Damaged(what)


class _Reader:
    """The checks, and the arrays behind the header."""

    def __init__(self, memory: memoryview) -> None:
        _demand(len(memory) >= HEADER_BYTES, "it is too short")
        self.memory = memory
        fields = HEADER.unpack_from(memory)
        magic, version, order, size = fields[:4]
        _demand(magic == MAGIC, "it does not begin like one")
        what = f"its layout is version {version}, this catzilla_jit reads version {VERSION}"
        _demand(version == VERSION, what)
        _demand(order == 0x01020304, "it has another byte order")
        _demand(size == len(memory), "its size is not what it says")
        self.pid, self.number, self.unix_ns, self.started_ns, self.started_ticks = fields[4:9]
        _workers, _guests, self.meters, accounts, *shape = fields[9:17]
        expected = [LEVELS, BUCKET_BITS, BUCKETS, SAMPLES]
        _demand(accounts == ACCOUNTS and shape == expected, "its tables have other sizes")
        self.queue_size = fields[17]
        self.accounts_at, account_bytes, self.meters_at, meter_bytes = fields[18:22]
        self.ledgers_at, ledger_bytes, self.rings_at, ring_bytes, events = fields[22:27]
        strides = (account_bytes, meter_bytes, ledger_bytes, ring_bytes, events)
        known = (ACCOUNT_BYTES, METER_BYTES, LEDGER_BYTES, RING_BYTES, EVENTS)
        _demand(strides == known, "its parts differ")
        _demand(self.meters <= MOST_METERS, "it has too many meters")
        self._read: set[int] = set()  # lines at which ledgers lie
        self._check_array("accounts", self.accounts_at, ACCOUNTS, ACCOUNT_BYTES)
        self._check_array("meters", self.meters_at, self.meters, METER_BYTES)
        self._check_array("ledgers", self.ledgers_at, 2 * self.meters, LEDGER_BYTES)
        self._check_array("rings", self.rings_at, self.meters, RING_BYTES)

    def _check_array(self, name: str, at: int, count: int, stride: int) -> None:
        _demand(at >= HEADER_BYTES and at % _LINE == 0, f"its {name} lie nowhere")
        _demand(at + count * stride <= len(self.memory), f"its {name} lie beyond its end")

    def words(self, at: int, count: int) -> list[int]:
        words: list[int] = self.memory[at : at + 8 * count].cast("Q").tolist()
        return words

    def counts(self, at: int) -> Counts:
        """Return a histogram. Most of it is zeros, which are skipped in large parts."""
        memory = bytes(self.memory[at : at + 8 * BUCKETS])
        found: Counts = {}
        for area in range(0, len(memory), _AREA):
            if memory[area : area + _AREA] == _NO_AREA:
                continue
            for begin in range(area, area + _AREA, _PART):
                part = memory[begin : begin + _PART]
                if part != _NO_PART:
                    for bucket, count in enumerate(_PART_WORDS.unpack(part), begin // 8):
                        if count:
                            found[bucket] = count
        return found

    def small(self, at: int, count: int) -> list[int]:
        words: list[int] = self.memory[at : at + 4 * count].cast("I").tolist()
        return words

    def accounts(self) -> list[Account]:
        (count,) = self.small(ACCOUNTS_AT, 1)
        _demand(2 <= count <= ACCOUNTS, "it has no sound number of accounts")
        found = []
        for i in range(count):
            at = self.accounts_at + i * ACCOUNT_BYTES
            (lane,) = self.small(at + ACCOUNT_NAME, 1)
            _demand(lane <= 1, "an account belongs to no lane")
            found.append(Account(clean(bytes(self.memory[at : at + ACCOUNT_NAME])), lane))
        return found

    def meter(self, index: int, places: list[int]) -> Meter | None:
        at = self.meters_at + index * METER_BYTES
        kind, number, here, thread = self.small(at, 4)
        _demand(kind <= RELIEF, "a meter is of no kind")
        if kind == FREE:
            return None
        started, busy, done = self.words(at + RUNNING_AT, 3)
        (account,) = self.small(at + RUNNING_AT + 24, 1)
        sums = self.words(at + SUMS_AT, 2 * SAMPLES)
        return Meter(
            index, kind, number, here != 0, thread, started, busy, done, account,
            [sums[2 * i] for i in places], [sums[2 * i + 1] for i in places],
            [self.counts(at + WAIT_AT + i * BUCKETS * 8) for i in range(LEVELS)],
            self.words(at + RUNNING_AT + 32, 1)[0],
        )  # fmt: skip

    def ledgers(self, meter: int, accounts: int) -> Iterator[tuple[int, Ledger]]:
        """Yield the account of each ledger of a meter, and the ledger; none is read twice."""
        lines = self.small(self.meters_at + meter * METER_BYTES + LEDGERS_AT, accounts)
        uses = Counter(lines)
        account_of = {
            line: number for number, line in enumerate(lines)
        }  # of the ledgers that have one
        for line in filter(None, uses):
            _demand(line not in self._read, "two meters use one ledger")
            self._read.add(line)
            number, ledger = self._ledger(line * _LINE)
            if number < 2 * self.meters:
                # The meter's two for the unnamed: accounts that got none of their own share them.
                _demand(number // 2 == meter, "a meter uses the ledger of another")
                yield number % 2, ledger
            else:
                _demand(uses[line] == 1, "two accounts use one ledger")
                yield account_of[line], ledger

    def _ledger(self, at: int) -> tuple[int, Ledger]:
        number, odd = divmod(at - self.ledgers_at, LEDGER_BYTES)
        _demand(number >= 0 and odd == 0, "a ledger lies nowhere")
        _demand(number < 2 * self.meters + LEDGERS, "a ledger lies behind the last")
        _demand(at + LEDGER_BYTES <= len(self.memory), "a ledger lies beyond its end")
        *counts, run_ticks, wait_ticks = self.words(at, 8)
        run, wait = self.counts(at + 64), self.counts(at + 64 + BUCKETS * 8)
        (allocated,) = self.words(at + 64 + 2 * BUCKETS * 8, 1)
        return number, Ledger(counts, run_ticks, wait_ticks, run, wait, allocated)

    def samples(self) -> tuple[list[int], list[int]]:
        """Return the times of the samples, oldest first, and their places."""
        (taken,) = self.words(SAMPLER_AT + 32, 1)
        # The oldest may be overwritten at this moment.
        first = max(0, taken - SAMPLES + 2)
        times = self.words(SAMPLED_AT, SAMPLES)
        places = [i % SAMPLES for i in range(first, min(taken, first + SAMPLES))]
        return [times[place] for place in places], places


def read(memory: memoryview, *, calls: bool = True) -> Segment:
    """Return a snapshot of a segment; Damaged if it is not a sound one.

    calls: with what was counted of each name, which is most of it.
    """
    reader = _Reader(memory)
    rate, held, used, blocks = reader.words(SAMPLER_AT, 4)
    _demand(0 < rate < 1 << 40, "its clock has no rate")
    accounts = reader.accounts()
    sampled_at, places = reader.samples()
    meters = []
    ledgers: defaultdict[int, list[Ledger]] = defaultdict(list)
    for index in range(reader.meters):
        meter = reader.meter(index, places)
        if meter is None:
            continue
        meters.append(meter)
        for account, ledger in reader.ledgers(index, len(accounts)) if calls else ():
            ledgers[account].append(ledger)
    summed = {account: Ledger.sum(parts) for account, parts in ledgers.items()}
    depth = reader.words(DEPTH_AT, 2 * LEVELS)
    return Segment(
        reader.pid, reader.number, reader.unix_ns, reader.started_ns, reader.started_ticks, rate,
        reader.queue_size, accounts, meters, summed, (depth[:LEVELS], depth[LEVELS:]),
        held, used, blocks, sampled_at, reader.rings_at, reader.meters,
        reader.small(ACCOUNTS_AT + 4, 1) == [1],
    )  # fmt: skip


assert HEADER.size == 176
