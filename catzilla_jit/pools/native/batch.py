"""A batch of the C library: the handle of whoever waits, and what its workers use."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

from .. import record
from ..interrupt import check_interrupt
from ..protocol import BatchCall
from . import library


class _Working:
    """What the workers of one cz_batch use: the handle, empty before it is queued, and the arrays.

    The pool holds it until they have let go of it, so that the arrays do not depend on a finalizer,
    which may not run (an interrupt can hit it).
    """

    __slots__ = ("_process", "call", "handle", "lib", "owner", "spans")

    def __init__(self, loaded: library.Native, call: BatchCall) -> None:
        self.lib = loaded.lib
        self.handle = ctypes.c_void_p()
        self.owner: Any = None  # frees it (native/binding/batch.c)
        self.spans = (record.Span * len(call.spans))(
            *(record.Span(array.ctypes.data, outer, inner) for array, outer, inner in call.spans)
        )
        self.call = call
        self._process = os.getpid()

    def released(self, getpid: Callable[[], int] = os.getpid) -> bool:
        # At exit the names of this module may be gone before its last batch. And a locked lock of
        # a parent process may stay locked here: let that be.
        return (
            getpid() == self._process
            and bool(self.handle)
            and bool(self.lib.cz_batch_released(self.handle))
            and not self.left_waits()
        )

    def left_waits(self) -> bool:
        """Tell whether it has ended with items for Python that nobody has begun with."""
        left = self.call.left
        return (
            left is not None
            and bool(self.handle)
            and not left.begun.is_set()
            and bool(self.lib.cz_batch_left(self.handle))
        )

    def failures(self) -> list[tuple[int, int, int]]:
        index, status, error = ctypes.c_int64(), ctypes.c_int32(), ctypes.c_void_p()
        found: list[tuple[int, int, int]] = []
        out = (ctypes.byref(index), ctypes.byref(status), ctypes.byref(error))
        while len(found) < self.lib.cz_batch_failure(self.handle, len(found), *out):
            found.append((index.value, status.value, error.value or 0))
        return found


class NativeBatch:
    """The handle on one batch."""

    __slots__ = ("_all_working", "_bridge", "_handle", "_lib", "_working")

    def __init__(self, working: _Working, all_working: set[_Working], bridge: Any) -> None:
        self._bridge = bridge
        self._working = working
        self._all_working = all_working
        self._lib = working.lib
        self._handle = working.handle.value

    def __del__(self) -> None:
        # Else its arrays would stay until the pool looks, at the next batch.
        if self._working.released():
            self._all_working.discard(self._working)

    def wait(self, seconds: float) -> bool:
        if self._lib.cz_batch_wait(self._handle, int(seconds * 1e9)) == 0:
            return True
        check_interrupt()
        return False

    def phase(self) -> int:
        return int(self._lib.cz_batch_phase(self._handle))

    def done_items(self) -> int:
        return int(self._lib.cz_batch_done(self._handle))

    def handed_out(self) -> int:
        return int(self._lib.cz_batch_handed_out(self._handle))

    def cancel(self) -> bool:
        return bool(self._lib.cz_batch_cancel(self._handle))

    def watch(self, ended: Callable[[], object]) -> bool:
        return bool(self._bridge.watch_batch(self._handle, ended))

    def help(self) -> bool:
        return False

    def failures(self) -> list[tuple[int, int, int]]:
        return self._working.failures()

    def times(self) -> tuple[float | None, float | None, float | None]:
        ticks = [ctypes.c_uint64() for _ in range(3)]
        self._lib.cz_batch_times(self._handle, *map(ctypes.byref, ticks))
        queued, started, finished = (
            self._lib.cz_ticks_ns(tick.value) * 1e-9 if tick.value else None for tick in ticks
        )
        return queued, started, finished
