"""Statistics of the pure-Python pool, kept in the same layout as the native one's.

So stats/segment.py and everything above it serve both, and other processes find this one too. A
tick is a nanosecond of time.monotonic(). A worker thread writes its own meter; what other
threads count goes to the shared meter, under the lock. The GIL makes each store whole.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from ...posix import at_fork
from ...stats import events, memfd, segment
from ...stats.events import Event
from ...stats.segment import (
    ACCOUNTS,
    ACCOUNTS_AT,
    BUCKET_BITS,
    BUCKETS,
    DEPTH_AT,
    HEADER,
    HEADER_BYTES,
    LEDGERS_AT,
    LEVELS,
    MAGIC,
    METER_BYTES,
    RUNNING_AT,
    SAMPLED_AT,
    SAMPLER_AT,
    SAMPLES,
    SUMS_AT,
    VERSION,
    WAIT_AT,
    bucket_of,
)
from ..living import Living
from ..protocol import Items
from .trace import PureTrace

_LEDGERS = 512  # besides the two that every meter has for sure
_PERIOD_NS = 125_000_000

_numbers = itertools.count(1)
_recorders: Living[Recorder] = Living()


def _publish_control(size: int) -> mmap.mmap:
    return memfd.share("catzilla_jit_trace", size, writable=True)


class _Meter:
    """Where one thread writes, and what it is inside of."""

    def __init__(self, index: int, at: int) -> None:
        self.index = index
        self.words = at // 8
        self.depth = 0  # tasks inside of each other


@dataclasses.dataclass(frozen=True, slots=True)
class Happened:
    """What an event has beyond what is counted: events.Event has the meanings.

    ended: on time.monotonic's clock, in seconds.
    """

    kind: int
    id: int
    outcome: str
    ended: float
    queued: bool = True
    first: int = 0
    failed: int = 0


class Recorder:
    """Counts for one pool. depths: entries queued per level, of each lane."""

    def __init__(
        self, workers: int, guests: int, queue_size: int, depths: Callable[[], Sequence[int]],
        relief: bool,
    ) -> None:  # fmt: skip
        # constant
        self._depths = depths
        self._meters_most = workers + guests + 2 * LEVELS * relief + 1
        self._meters_at = HEADER_BYTES + ACCOUNTS * segment.ACCOUNT_BYTES
        self._ledgers_at = self._meters_at + self._meters_most * METER_BYTES
        ledgers = 2 * self._meters_most + _LEDGERS
        rings_at = self._ledgers_at + ledgers * segment.LEDGER_BYTES
        size = rings_at + self._meters_most * segment.RING_BYTES
        number = next(_numbers)
        self._trace = PureTrace(rings_at, number, _publish_control)
        self._memory = memfd.share("catzilla_jit", size)
        self._lock = threading.RLock()
        self._here = threading.local()
        # guarded by the lock
        self._bytes = memoryview(self._memory)
        self._words = self._bytes.cast("Q")
        self._small = self._bytes.cast("I")
        self._accounts: dict[tuple[str, int], int] = {}
        self._used_ledgers = 0
        self._free: dict[tuple[int, int | None], list[_Meter]] = {}
        self._taken: list[_Meter] = []
        self._of_kind = {segment.NATIVE: 0, segment.PYTHON: 0}
        self._next_sample = 0
        self._write_header(size, number, rings_at, (workers, guests), queue_size)
        for lane in (0, 1):
            self._accounts["(other)", lane] = self._add_account(b"(other)", lane)
        self._shared = self._new_meter(self._meters_most - 1, segment.SHARED, 0)
        _recorders.add(self)

    def _write_header(
        self, size: int, number: int, rings_at: int, workers: tuple[int, int], queue_size: int
    ) -> None:
        HEADER.pack_into(
            self._bytes, 0, MAGIC, VERSION, 0x01020304, size, os.getpid(), number,
            time.time_ns(), time.monotonic_ns(), time.monotonic_ns(), *workers,
            self._meters_most, ACCOUNTS, LEVELS, BUCKET_BITS, BUCKETS, SAMPLES, queue_size,
            HEADER_BYTES, segment.ACCOUNT_BYTES, self._meters_at, METER_BYTES,
            self._ledgers_at, segment.LEDGER_BYTES, rings_at, segment.RING_BYTES, segment.EVENTS,
        )  # fmt: skip
        self._words[SAMPLER_AT // 8] = 1_000_000_000

    # --- accounts, meters, ledgers --------------------------------------------------------------

    def _add_account(self, name: bytes, lane: int) -> int:
        number: int = self._small[ACCOUNTS_AT // 4]
        at = HEADER_BYTES + number * segment.ACCOUNT_BYTES
        kept = name[: segment.ACCOUNT_NAME - 1].decode("utf-8", "ignore").encode()
        self._bytes[at : at + len(kept)] = kept
        self._small[(at + segment.ACCOUNT_NAME) // 4] = lane
        self._small[ACCOUNTS_AT // 4] = number + 1
        return number

    def _account(self, name: str, lane: int) -> int:
        found = self._accounts.get((name, lane))
        if found is not None:
            return found
        with self._lock:
            if (name, lane) not in self._accounts:
                full = self._small[ACCOUNTS_AT // 4] == ACCOUNTS
                raw = name.encode("utf-8", "replace")
                self._accounts[name, lane] = lane if full else self._add_account(raw, lane)
            return self._accounts[name, lane]

    def _new_meter(self, index: int, kind: int, number: int) -> _Meter:
        at = self._meters_at + index * METER_BYTES
        struct.pack_into("=IIII", self._bytes, at, kind, number, 0, 0)
        return _Meter(index, at)

    @contextlib.contextmanager
    def serving(self, kind: int, number: int | None = None) -> Iterator[None]:
        """Give the calling thread, a worker, a meter of its own. number: of one for relief."""
        self._enter(kind, number)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, kind: int, number: int | None) -> None:
        with self._lock:
            free = self._free.setdefault((kind, number), [])
            if free:
                meter = free.pop()
            elif len(self._taken) < self._meters_most - 1:
                if number is None:
                    number = self._of_kind[kind]
                    self._of_kind[kind] += 1
                meter = self._new_meter(len(self._taken), kind, number)
                self._taken.append(meter)
            else:
                return
            at = self._meters_at + meter.index * METER_BYTES
            struct.pack_into("=II", self._bytes, at + 8, 1, threading.get_native_id())
            self._here.meter = meter
            self._here.free = free

    def _leave(self) -> None:
        meter = getattr(self._here, "meter", None)
        if meter is not None:
            with self._lock:
                struct.pack_into("=I", self._bytes, 8 * meter.words + 8, 0)
                self._here.free.append(meter)
                self._here.meter = None

    def _ledger(self, meter: _Meter, account: int) -> int:
        """Return the word that the ledger begins with."""
        place = (self._meters_at + meter.index * METER_BYTES + LEDGERS_AT) // 4 + account
        line: int = self._small[place]
        if line == 0:
            with self._lock:
                number = 2 * meter.index + account
                if account > 1:
                    lane = self._small[
                        (HEADER_BYTES + account * segment.ACCOUNT_BYTES + segment.ACCOUNT_NAME) // 4
                    ]
                    number = 2 * meter.index + lane
                    if self._used_ledgers < _LEDGERS:
                        number = 2 * self._meters_most + self._used_ledgers
                        self._used_ledgers += 1
                line = (self._ledgers_at + number * segment.LEDGER_BYTES) // 64
                self._small[place] = line
        return line * 8

    # --- counting -----------------------------------------------------------------------------

    def begins(self, lane: int, name: str, now: float) -> None:
        """Note that the calling thread begins to run a task."""
        meter = getattr(self._here, "meter", None)
        if meter is not None:
            meter.depth += 1
            if meter.depth == 1:
                at = meter.words + RUNNING_AT // 8
                self._small[2 * at + 6] = self._account(name, lane)
                self._words[at] = int(now * 1e9)
        self._maybe_sample()

    def ran(
        self, lane: int, name: str, level: int, waited: float, seconds: float,
        calls: int = 1, failed: int | None = None, *, event: Happened | None = None,
    ) -> None:  # fmt: skip
        """Count a run by the calling thread, of so many calls, that has begun and has ended.

        failed: how many of the calls failed, the others completed; None: their ends are
        counted by `count`. event: what to tell who traces the pool.
        """
        total = max(0, round(seconds * 1e9))
        wait_ns = max(0, round(waited * 1e9))
        if event is not None:
            self._write_event(event, self._account(name, lane), level, (wait_ns, total), calls)
        self._add_here(lane, name, level, (wait_ns, total), calls, failed)
        self.leaves(seconds)

    def items(self, lane: int, name: str, level: int, items: Items) -> None:
        """Count items of a map that the calling thread ran inside of what it is inside of."""
        times = (
            max(0, round((items.started - items.queued) * 1e9)),
            max(0, round((items.ended - items.started) * 1e9)),
        )
        if self.is_traced():
            event = Happened(
                events.CHUNK, items.map, "completed", items.ended, True, items.first, items.failed
            )
            self._write_event(event, self._account(name, lane), level, times, items.count)
        self._add_here(lane, name, level, times, items.count, items.failed)

    def _add_here(
        self, lane: int, name: str, level: int, times: tuple[int, int], calls: int,
        failed: int | None,
    ) -> None:  # fmt: skip
        account = self._account(name, lane)
        meter = getattr(self._here, "meter", None)
        if meter is not None:
            self._add(meter, account, level, *times, calls, failed)
        else:
            with self._lock:
                self._add(self._shared, account, level, *times, calls, failed)

    def leaves(self, seconds: float) -> None:
        """Note that the calling thread has run a task that it began, for so long."""
        meter = getattr(self._here, "meter", None)
        if meter is not None:
            meter.depth -= 1
            if meter.depth == 0:
                at = meter.words + RUNNING_AT // 8
                self._words[at] = 0
                self._words[at + 1] += max(0, round(seconds * 1e9))
        self._maybe_sample()

    def _write_event(
        self, event: Happened, account: int, level: int, times: tuple[int, int], calls: int
    ) -> None:
        waited, ran = times
        ended = round(event.ended * 1e9)
        started = ended - ran
        meter = getattr(self._here, "meter", None) or self._shared
        self._trace.write(
            self._bytes,
            Event(
                meter.index, event.kind, event.id,
                queued=started - waited if event.queued else 0, started=started, ended=ended,
                items=calls, first=event.first, failed=event.failed, account=account, level=level,
                outcome=event.outcome, thread=threading.get_native_id(),
            ),
        )  # fmt: skip

    def is_traced(self) -> bool:
        """Whether somebody wants events."""
        return self._trace.wanted(time.monotonic_ns())

    def compiled(self, name: str, began: int, ended: int, refused: bool, from_cache: bool) -> None:
        """Tell who traces the pool of a compilation, from one monotonic_ns() to another."""
        if self.is_traced():
            event = Event(
                self._shared.index, events.COMPILATION, 0, 0, began, ended, int(from_cache), 0, 0,
                self._account(name, 0), 0, "failed" if refused else "completed", 0,
            )  # fmt: skip
            self._trace.write(self._bytes, event)

    def _add(
        self, meter: _Meter, account: int, level: int, wait: int, total: int, calls: int,
        failed: int | None,
    ) -> None:  # fmt: skip
        words = self._words
        ledger = self._ledger(meter, account)
        waited = bucket_of(wait)
        words[meter.words + RUNNING_AT // 8 + 2] += calls
        words[meter.words + WAIT_AT // 8 + level * BUCKETS + waited] += calls
        words[ledger + 8 + bucket_of(round(total / calls))] += calls
        words[ledger + 8 + BUCKETS + waited] += calls
        words[ledger + 6] += total
        words[ledger + 7] += wait * calls
        if failed is not None:
            words[ledger + segment.COMPLETED] += calls - failed
            words[ledger + segment.FAILED] += failed

    def count(self, lane: int, name: str, what: int, calls: int = 1) -> None:
        """Add to a counter (segment.COMPLETED ...); any thread."""
        account = self._account(name, lane)
        meter = getattr(self._here, "meter", None)
        if meter is not None:
            self._words[self._ledger(meter, account) + what] += calls
        else:
            with self._lock:
                self._words[self._ledger(self._shared, account) + what] += calls

    # --- sampling -----------------------------------------------------------------------------

    def _maybe_sample(self) -> None:
        now = time.monotonic_ns()
        if now >= self._next_sample:
            with self._lock:
                if now >= self._next_sample:
                    self._next_sample = now + _PERIOD_NS
                    self._sample(now)

    def _sample(self, now: int) -> None:
        words = self._words
        taken = words[SAMPLER_AT // 8 + 4]
        slot = taken % SAMPLES
        words[SAMPLED_AT // 8 + slot] = now
        for meter in (*self._taken, self._shared):
            at = meter.words + RUNNING_AT // 8
            started, busy, done = words[at], words[at + 1], words[at + 2]
            then = meter.words + SUMS_AT // 8 + 2 * slot
            words[then] = busy + (max(0, now - started) if started else 0)
            words[then + 1] = done
        words[SAMPLER_AT // 8 + 4] = taken + 1
        self._refresh()

    def _refresh(self) -> None:
        for i, depth in enumerate(self._depths()):
            self._words[DEPTH_AT // 8 + i] = depth

    def view(self) -> memoryview:
        """Return the segment, up to date."""
        with self._lock:
            self._refresh()
            return self._bytes.toreadonly()

    def close(self) -> None:
        """Go on in private memory: other processes no longer find the segment."""
        with self._lock:
            old, used = (
                self._memory,
                self._ledgers_at
                + segment.LEDGER_BYTES * (2 * self._meters_most + self._used_ledgers),
            )
            private = mmap.mmap(-1, len(old))
            private[:used] = old[:used]
            self._memory = private
            self._trace.close()
            # The old map and its descriptor go with the last view of it.
            self._bytes = memoryview(private)
            self._words, self._small = self._bytes.cast("Q"), self._bytes.cast("I")

    def after_fork_in_child(self) -> None:
        """Count nowhere that the parent could see."""
        self._lock = threading.RLock()
        self._trace.after_fork_in_child()
        self.close()


def _after_fork_in_child() -> None:
    for recorder in _recorders.all():
        recorder.after_fork_in_child()


at_fork(after_in_child=_after_fork_in_child)
