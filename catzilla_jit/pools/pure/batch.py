"""Maps of compiled tasks on the pure-Python pool: the chunk function, called through ctypes.

ctypes lets go of the GIL during a call, so the workers' chunks run at the same time. The lane
takes one chunk per pick (`next_job`), so the counts below change under the batch's own lock,
which is taken inside the lane's and never the other way round.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

from ...stats import events, segment
from .. import record
from ..ended import Ended
from ..interrupt import shielded, wait_for
from ..native import library
from ..protocol import BatchCall
from .recorder import Happened, Recorder

CHUNK_SECONDS = 1e-3  # what a chunk aims at: some hundred times what Python adds to it

_numbers = itertools.count(1)  # of maps

_CHUNK = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.POINTER(record.Span),
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.c_int64,
    ctypes.POINTER(ctypes.c_int64),
    ctypes.POINTER(ctypes.c_void_p),
)


class PureBatch:
    """One map: what the lane holds, and the handle on it. It keeps the arrays alive."""

    def __init__(
        self,
        call: BatchCall,
        workers: int,
        recorder: Recorder | None,
        running: set[Any],
        after_end: Callable[[PureBatch], None],
    ) -> None:
        # constant
        self._all_running = running  # the pool's
        self._after_end = after_end  # called once, without the lock
        self._recorder = recorder
        self._number = next(_numbers)
        self.task_name = call.name
        self.call = self._call = call
        self._workers = workers
        self._chunk = _CHUNK(call.chunk)
        self._spans = (record.Span * len(call.spans))(
            *(record.Span(array.ctypes.data, outer, inner) for array, outer, inner in call.spans)
        )
        self._queued = time.monotonic()
        # guarded by the lock
        self._lock = threading.RLock()
        self._cursor = 0  # items handed out
        self._running = 0  # chunks
        self._done = 0  # items
        self._stopped = self._cancelled = False
        self._seconds_per_item = 0.0
        self._failures: list[tuple[int, int, int]] = []
        self._started: float | None = None
        self._finished: float | None = None
        self._ended = Ended()
        self._tell_end: Callable[[], object] | None = None
        if call.length == 0:
            self._started = self._queued
            self._end_if_idle()
            self._after_end(self)

    # --- the lane's side ----------------------------------------------------------------------

    def next_job(self) -> Callable[[], None] | None:
        """Return what runs the next chunk, or None."""
        with self._lock:
            if self._nothing_left():
                return None
            if self._started is None:
                self._started = time.monotonic()
            self._all_running.add(self)
            begin = self._cursor
            self._cursor += self._chunk_length()
            self._running += 1
            return functools.partial(self._run_chunk, begin, self._cursor)

    def exhausted(self) -> bool:
        """Return whether every item is handed out, or none will be any more."""
        with self._lock:
            return self._nothing_left()

    def drop(self) -> bool:
        """Hand out nothing more."""
        return self.cancel()

    def _nothing_left(self) -> bool:
        return self._stopped or self._cursor >= self._call.length

    def _chunk_length(self) -> int:
        left = self._call.length - self._cursor
        if self._call.chunk_size:
            return min(self._call.chunk_size, left)
        if self._seconds_per_item == 0.0:
            return 1  # of unknown cost: find out
        items = int(CHUNK_SECONDS / self._seconds_per_item)
        # Towards the end smaller, so that all workers end together.
        return max(1, min(items, left // (2 * self._workers)))

    def _run_chunk(self, begin: int, end: int) -> None:
        start = time.monotonic()
        if self._recorder is not None:
            self._recorder.begins(0, self._call.name, start)
        failures = self._run_items(begin, end)
        seconds = time.monotonic() - start
        cost = seconds / (end - begin)
        if self._recorder is not None:
            ran = end - begin
            if failures and self._ends(failures[-1]):
                ran = failures[-1][0] + 1 - begin
            event = None
            if self._recorder.is_traced():
                event = Happened(
                    events.CHUNK, self._number, "completed", start + seconds,
                    first=begin, failed=len(failures),
                )  # fmt: skip
            self._recorder.ran(
                0, self._call.name, self._call.level, start - self._queued, seconds, ran,
                len(failures), event=event,
            )  # fmt: skip
        with self._lock:
            self._seconds_per_item = (self._seconds_per_item + cost) / 2 or 1e-9
            self._running -= 1
            self._done += end - begin - sum(map(self._is_left, failures))
            self._failures += failures
            self._stopped |= any(map(self._ends, failures))
            ended = self._end_if_idle()
        if ended:
            self._after_end(self)

    def _run_items(self, begin: int, end: int) -> list[tuple[int, int, int]]:
        failures: list[tuple[int, int, int]] = []
        failed, error = ctypes.c_int64(), ctypes.c_void_p()
        out = (ctypes.byref(failed), ctypes.byref(error))
        while begin < end:
            error.value = None
            status = self._chunk(self._spans, self._call.inner, begin, end, *out)
            if status == 0:
                break
            failures.append((failed.value, status, error.value or 0))
            if self._ends(failures[-1]):
                break
            begin = failed.value + 1
        return failures

    def _ends(self, failure: tuple[int, int, int]) -> bool:
        """Tell whether a failure ends the map."""
        return not (self._is_left(failure) or self._call.collect)

    def _is_left(self, failure: tuple[int, int, int]) -> bool:
        return self._call.left is not None and failure[1] == library.LEFT

    def left(self) -> bool:
        """Tell whether it has ended with items for Python, and was not cancelled."""
        return not self._cancelled and any(map(self._is_left, self._failures))

    def _end_if_idle(self) -> bool:
        """End it if nothing will run any more; return whether it has just ended."""
        if self._running == 0 and self._nothing_left() and not self._ended.is_set():
            self._failures.sort()
            self._finished = time.monotonic()
            self._all_running.discard(self)
            self._ended.set()
            if self._tell_end is not None:
                self._tell_end()
            return True
        return False

    # --- the caller's side --------------------------------------------------------------------

    def wait(self, seconds: float) -> bool:
        return wait_for(self._ended, seconds)

    def phase(self) -> int:
        with self._lock:
            if not self._ended.is_set():
                return record.PENDING if self._started is None else record.RUNNING
            if any(map(self._ends, self._failures)):
                return record.FAILED
            return record.CANCELLED if self._cancelled else record.COMPLETED

    def done_items(self) -> int:
        return self._done

    def handed_out(self) -> int:
        return self._cursor

    @shielded
    def cancel(self) -> bool:
        with self._lock:
            if self._ended.is_set():
                return False
            if self._recorder is not None and not self._stopped:
                left = self._call.length - self._cursor
                self._recorder.count(0, self._call.name, segment.CANCELLED, left)
            self._stopped = self._cancelled = True
            ended = self._end_if_idle()
        if ended:
            self._after_end(self)
        return True

    def watch(self, ended: Callable[[], object]) -> bool:
        with self._lock:
            self._tell_end = ended
            return not self._ended.is_set()

    def help(self) -> bool:
        return False

    def failures(self) -> list[tuple[int, int, int]]:
        return list(self._failures)

    def times(self) -> tuple[float | None, float | None, float | None]:
        return self._queued, self._started, self._finished
