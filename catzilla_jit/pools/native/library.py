"""The native library and the binding: found, checked, loaded once.

`load()` either returns the library or raises NativeUnavailable with a sentence that says
what is missing and what to do. The prototypes of everything that is called through
ctypes stand at the foot; what runs once per task goes through the binding instead.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import threading
import types
from pathlib import Path
from typing import Any

import numpy as np

from ... import environment, errors
from .. import safepoint, takeback
from ..blocked_loop import warn_if_in_loop
from ..epoch import OFFSET_NS
from ..exception_copy import copy_exception
from ..record import Span

ABI_VERSION = 5
LIBRARY = Path(__file__).parents[2] / "libcatzilla_jit.so"

# catzilla_jit.h: enum cz_error, the phases, the lanes.
EFULL, ECLOSED, ETIMEDOUT, EINTR = -2, -3, -4, -5
UNCOUNTED = 2**32 - 1  # as an account: counted nowhere
NO_ARENA = 2**32 - 1
LEFT = 2  # the status of a call that compiled code has no answer to
LANE_NATIVE, LANE_PYTHON = 0, 1
ENOMEM = -1


class PoolOptions(ctypes.Structure):
    """struct cz_pool_options."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("workers", ctypes.c_uint32),
        ("guests", ctypes.c_uint32),
        ("queue_size", ctypes.c_uint64),
        ("memory_limit", ctypes.c_uint64),
        ("stack_bytes", ctypes.c_uint64),
        ("without_stats", ctypes.c_uint32),
        ("count_memory", ctypes.c_uint32),
        ("relief", ctypes.c_uint32),
        ("allocate", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
    )


class ItemsRan(ctypes.Structure):
    """struct cz_items."""

    _fields_ = (
        ("queued_ns", ctypes.c_int64),
        ("started_ns", ctypes.c_int64),
        ("ended_ns", ctypes.c_int64),
        ("map", ctypes.c_uint64),
        ("first", ctypes.c_uint64),
        ("items", ctypes.c_uint64),
        ("failed", ctypes.c_uint64),
        ("cancelled", ctypes.c_uint64),
        ("level", ctypes.c_uint32),
    )


def _open() -> tuple[ctypes.CDLL, types.ModuleType]:
    if environment.flag("CATZILLA_JIT_DISABLE_NATIVE", False):
        raise errors.NativeUnavailable(
            "the native library is switched off by CATZILLA_JIT_DISABLE_NATIVE; "
            "unset it to run compiled tasks on native threads"
        )
    if not LIBRARY.exists():
        raise errors.NativeUnavailable(
            f"{LIBRARY.name} is not installed beside the package (an installation without a C "
            "compiler, or an unsupported platform); tasks run on the Python pool. Reinstall "
            "catzilla_jit where a C compiler is available"
        )
    try:
        library = ctypes.CDLL(str(LIBRARY))
        binding = importlib.import_module("catzilla_jit._binding")
    except (OSError, ImportError) as error:
        raise errors.NativeUnavailable(
            f"the native library cannot be loaded: {error}; tasks run on the Python pool. "
            "Reinstall catzilla_jit for this Python and platform"
        ) from error
    return library, binding


def _check(library: ctypes.CDLL) -> None:
    version = library.cz_abi_version()
    if version != ABI_VERSION:
        raise errors.NativeUnavailable(
            f"{LIBRARY.name} has interface version {version}, this package needs {ABI_VERSION}; "
            "reinstall catzilla_jit"
        )


class Native:
    """The loaded library (`lib`, with prototypes) and the binding module (`binding`)."""

    def __init__(self) -> None:
        self.lib, self.binding = _open()
        _check(self.lib)
        _declare(self.lib)
        self.binding.attach(self.lib.cz_api_table(), errors, copy_exception)
        self.binding.set_numpy_float(np.float64)
        self.binding.set_standing(
            safepoint.LOCKS, safepoint.IMPORT_SYSTEM, safepoint.DEEPEST, safepoint.WAITING
        )
        own = importlib.import_module("_signal")  # without signal's conversions
        main = threading.main_thread().ident
        self.binding.set_signals(own.signal, own.getsignal, main)
        self.binding.set_blocks(warn_if_in_loop)
        self.binding.set_epoch(OFFSET_NS)
        self.binding.set_takeback(takeback.look, takeback.TakenBack)
        os.register_at_fork(after_in_child=self.binding.own_signals)

    def check(self, code: int, what: str) -> None:
        """Raise the exception for a negative code; `what` says what failed."""
        if code >= 0:
            return
        text = self.lib.cz_error_text(code).decode()
        if code == ENOMEM:
            raise MemoryError(f"{what}: {text}")
        if code == ECLOSED:
            raise errors.RuntimeClosed(f"{what}: the runtime has been shut down")
        if code == EFULL:
            raise errors.QueueFull(f"{what}: {text}")
        raise RuntimeError(f"{what}: {text}")


_loaded: Native | str | None = None  # str: why it cannot be loaded


def load() -> Native:
    """Return the native part, loading it on the first call; raise NativeUnavailable."""
    global _loaded
    if _loaded is None:
        try:
            _loaded = Native()
        except errors.NativeUnavailable as error:
            _loaded = str(error)
    if isinstance(_loaded, Native):
        return _loaded
    # A new one each time: what is raised keeps the frames that it passes.
    raise errors.NativeUnavailable(_loaded)


def let_go() -> None:
    """Have pools that have ended refer to no function any more."""
    if isinstance(_loaded, Native):
        _loaded.binding.let_go()


def unavailable() -> str | None:
    """Return why the native part is not used, or None when it is."""
    try:
        load()
    except errors.NativeUnavailable as error:
        return str(error)
    return None


#: What machine code calls for an open loop.
OPEN_LOOPS = (
    "cz_open_loop_run", "cz_open_loop_threads", "cz_open_loop_set_threads", "cz_open_loop_slot",
    "cz_open_loop_chunk", "cz_open_loop_set_chunk", "cz_open_loop_divisions",
)  # fmt: skip

_pointer = ctypes.c_void_p
_out = ctypes.POINTER
PROTOTYPES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "cz_abi_version": (ctypes.c_uint32, ()),
    "cz_error_text": (ctypes.c_char_p, (ctypes.c_int,)),
    "cz_api_table": (_pointer, ()),
    "cz_pool_create": (ctypes.c_int, (_out(PoolOptions), _out(_pointer))),
    "cz_pool_lane": (_pointer, (_pointer, ctypes.c_int)),
    "cz_pool_close": (None, (_pointer,)),
    "cz_pool_join": (ctypes.c_int, (_pointer, ctypes.c_int64)),
    "cz_pool_cancel_pending": (ctypes.c_uint64, (_pointer,)),
    "cz_pool_stop_running": (ctypes.c_uint32, (_pointer,)),
    "cz_pool_delayed": (
        ctypes.c_uint64,
        (_pointer, _out(_pointer), ctypes.c_uint64, _out(ctypes.c_uint64)),
    ),
    "cz_pool_memory": (None, (_pointer, _out(ctypes.c_uint64), _out(ctypes.c_uint64))),
    "cz_type_create": (_pointer, (_pointer, _pointer, ctypes.c_uint64, _pointer)),
    "cz_type_account": (None, (_pointer, ctypes.c_uint32)),
    "cz_type_set_carrier": (None, (_pointer,)),
    "cz_type_ran": (None, (_pointer, _out(ItemsRan))),
    "cz_pool_compiled": (
        None,
        (_pointer, ctypes.c_char_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int, ctypes.c_int),
    ),
    "cz_record_here": (_pointer, ()),
    "cz_array_spare": (ctypes.c_uint64, ()),
    "cz_pool_left": (ctypes.c_uint64, (_pointer,)),
    "cz_pool_arena": (_pointer, (_pointer, ctypes.c_char_p)),
    "cz_arena_number": (ctypes.c_uint32, (_pointer, _pointer)),
    "cz_type_arena": (None, (_pointer, _pointer)),
    "cz_pool_account": (ctypes.c_uint32, (_pointer, ctypes.c_int, ctypes.c_char_p)),
    "cz_open_loops_home": (None, (_pointer, ctypes.c_int64, _pointer)),
    "cz_pool_stats": (ctypes.c_int, (_pointer, _out(_pointer), _out(ctypes.c_uint64))),
    "cz_cache_create": (_pointer, (_pointer,)),
    "cz_type_set_interruptible": (None, (_pointer,)),
    "cz_type_set_rerun": (None, (_pointer, ctypes.c_int32)),
    "cz_lane_promise_kept": (None, (_pointer,)),
    "cz_lane_scale": (None, (_pointer, ctypes.c_int)),
    "cz_lane_depth": (ctypes.c_uint64, (_pointer, ctypes.c_uint32)),
    "cz_lane_wait_space": (ctypes.c_int, (_pointer, ctypes.c_uint32, ctypes.c_int64)),
    "cz_ticks_ns": (ctypes.c_int64, (ctypes.c_uint64,)),
    "cz_batch_submit": (
        ctypes.c_int,
        (
            _pointer,
            _pointer,
            _out(Span),
            ctypes.c_uint32,
            ctypes.c_int64,
            ctypes.c_int64,
            ctypes.c_int64,
            ctypes.c_uint32,
            ctypes.c_int,
            ctypes.c_uint32,
            _pointer,
            _out(_pointer),
        ),
    ),
    "cz_batch_wait": (ctypes.c_int, (_pointer, ctypes.c_int64)),
    "cz_batch_phase": (ctypes.c_uint32, (_pointer,)),
    "cz_batch_done": (ctypes.c_int64, (_pointer,)),
    "cz_batch_handed_out": (ctypes.c_int64, (_pointer,)),
    "cz_batch_cancel": (ctypes.c_int, (_pointer,)),
    "cz_batch_failure": (
        ctypes.c_uint64,
        (
            _pointer,
            ctypes.c_uint64,
            _out(ctypes.c_int64),
            _out(ctypes.c_int32),
            _out(_pointer),
        ),
    ),
    "cz_batch_left": (ctypes.c_int, (_pointer,)),
    "cz_batch_count": (None, (_pointer, ctypes.c_uint32, ctypes.c_uint64)),
    "cz_batch_released": (ctypes.c_int, (_pointer,)),
    "cz_batch_times": (
        None,
        (_pointer, _out(ctypes.c_uint64), _out(ctypes.c_uint64), _out(ctypes.c_uint64)),
    ),
}


def _declare(library: ctypes.CDLL) -> None:
    for name, (result, arguments) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
