"""What the allocator and the kernel say about this process's memory.

The one place of the runtime that names jemalloc: it is there when it was preloaded
(`catzilla-jit run`), and then tells more than malloc can.
"""

from __future__ import annotations

import ctypes
import logging
from typing import TYPE_CHECKING, Any

from ..posix import peak_resident_bytes
from .compute import resident_bytes
from .snapshot import MB

if TYPE_CHECKING:
    pass

# The process's own symbols, a preloaded allocator's among them.
_process = ctypes.CDLL(None)

_logger = logging.getLogger("catzilla_jit")

#: Whether jemalloc serves this process.
has_jemalloc: bool = hasattr(_process, "mallctl")


class _Mallinfo2(ctypes.Structure):
    """struct mallinfo2 of glibc 2.33."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    )  # fmt: skip


def _mallctl(name: bytes) -> int:
    value = ctypes.c_size_t()
    size = ctypes.c_size_t(ctypes.sizeof(value))
    code = _process.mallctl(name, ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0))
    if code != 0:
        raise OSError(code, f"mallctl {name.decode()}")
    return value.value


def _jemalloc_counts() -> bool:
    """Tell whether this jemalloc was built to count."""
    value, size = ctypes.c_bool(), ctypes.c_size_t(1)
    code = _process.mallctl(
        b"config.stats", ctypes.byref(value), ctypes.byref(size), None, ctypes.c_size_t(0)
    )
    return code == 0 and value.value


def _refresh_jemalloc() -> None:
    # jemalloc answers from a copy that a write to "epoch" renews.
    epoch = ctypes.c_uint64(1)
    size = ctypes.sizeof(epoch)
    _process.mallctl(b"epoch", None, None, ctypes.byref(epoch), ctypes.c_size_t(size))


def _jemalloc() -> tuple[int, int] | None:
    if not _jemalloc_counts():
        return None
    _refresh_jemalloc()
    return _mallctl(b"stats.allocated"), _mallctl(b"stats.active")


def _glibc() -> tuple[int, int] | None:
    if not hasattr(_process, "mallinfo2"):
        return None
    mallinfo2 = _process.mallinfo2
    mallinfo2.restype = _Mallinfo2
    info = mallinfo2()
    # uordblks counts the main heap and the arenas, hblkhd the blocks with maps of their own.
    return info.uordblks + info.hblkhd, info.arena + info.hblkhd


def arena_stats(arena: int) -> dict[str, float] | None:
    """Return what lies in one of jemalloc's arenas, sizes in MB, as of the last allocator_stats.

    None: this jemalloc was built without statistics.

    The keys are those of `allocator_stats`; resident_mb counts pages that were used and wait to
    be used again, and some 0.1 MB of the arena itself.
    """
    if not _jemalloc_counts():
        return None
    own = b"stats.arenas.%d." % arena
    allocated = _mallctl(own + b"small.allocated") + _mallctl(own + b"large.allocated")
    active = _mallctl(own + b"pactive") * _mallctl(b"arenas.page")
    return {
        "allocated_mb": allocated / MB,
        "active_mb": active / MB,
        "resident_mb": _mallctl(own + b"resident") / MB,
        "fragmentation_percent": _fragmentation(allocated, active),
    }


def start_background_threads() -> bool:
    """Let jemalloc give unused memory back in threads of its own; return whether it does."""
    if not has_jemalloc:
        return False
    on = ctypes.c_bool(True)
    code = _process.mallctl(b"background_thread", None, None, ctypes.byref(on), ctypes.c_size_t(1))
    return bool(code == 0)


_missed = False


def miss_arena(task: str) -> None:
    """Say, once per process, that a task's memory_arena has no effect."""
    global _missed
    if _missed:
        return
    _missed = True
    why = (
        "jemalloc serves this process, but gives no arena (or the native library is missing)"
        if has_jemalloc
        else "this process does not run on jemalloc: start it with catzilla-jit run"
    )
    _logger.warning("task %s: memory_arena has no effect: %s", task, why)


def _fragmentation(allocated: int, active: int) -> float:
    return 100.0 * (active - allocated) / active if active else 0.0


def allocator_stats() -> dict[str, Any]:
    """Return what the allocator of this process knows, sizes in MB.

    allocator: "jemalloc" or "malloc". resident_mb: of the whole process, by the kernel;
    peak_resident_mb: the most that ever was. allocated_mb: what the program has asked
    for and not given back; active_mb: the pages (jemalloc) or the heap (malloc) that this
    lies in; fragmentation_percent: 100 * (1 - allocated / active). The last three are
    missing where malloc has no way to tell (it is not glibc's of 2.33 or later). Of jemalloc
    also allocator_resident_mb, its own part of resident_mb, and mapped_mb, its address
    space. jemalloc's figures are of the moment of the call, blocks in the caches of threads
    count as allocated.
    """
    stats: dict[str, Any] = {
        "allocator": "jemalloc" if has_jemalloc else "malloc",
        "resident_mb": resident_bytes() / MB,
        "peak_resident_mb": peak_resident_bytes() / MB,
    }
    heap = _jemalloc() if has_jemalloc else _glibc()
    if heap is not None:
        allocated, active = heap
        stats["allocated_mb"] = allocated / MB
        stats["active_mb"] = active / MB
        stats["fragmentation_percent"] = _fragmentation(allocated, active)
    if has_jemalloc and heap is not None:
        stats["allocator_resident_mb"] = _mallctl(b"stats.resident") / MB
        stats["mapped_mb"] = _mallctl(b"stats.mapped") / MB
    return stats
