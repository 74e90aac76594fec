"""What the allocator and the kernel say about this process's memory.

The one place of the runtime that names jemalloc: it is there when it was preloaded
(`catzilla-jit run`), and then tells more than malloc can.
"""

from __future__ import annotations

import ctypes
import resource

from .stats import MB, resident_bytes

# The process's own symbols, a preloaded allocator's among them.
_process = ctypes.CDLL(None)

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


def _refresh_jemalloc() -> None:
    # jemalloc answers from a copy that a write to "epoch" renews.
    epoch = ctypes.c_uint64(1)
    size = ctypes.sizeof(epoch)
    _process.mallctl(b"epoch", None, None, ctypes.byref(epoch), ctypes.c_size_t(size))


def _jemalloc() -> tuple[int, int]:
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


def allocator_stats() -> dict[str, str | float]:
    """Return what the allocator of this process knows, sizes in MB.

    allocator: "jemalloc" or "malloc". resident_mb: of the whole process, by the kernel;
    peak_resident_mb: the most that ever was. allocated_mb: what the program has asked
    for and not given back; active_mb: the pages (jemalloc) or the heap (malloc) that this
    lies in; fragmentation_percent: the part of active_mb that is not allocated. The last
    three are missing where malloc has no way to tell (it is not glibc's of 2.33 or later).
    """
    stats: dict[str, str | float] = {
        "allocator": "jemalloc" if has_jemalloc else "malloc",
        "resident_mb": resident_bytes() / MB,
        "peak_resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    heap = _jemalloc() if has_jemalloc else _glibc()
    if heap is not None:
        allocated, active = heap
        stats["allocated_mb"] = allocated / MB
        stats["active_mb"] = active / MB
        unused = active - allocated
        stats["fragmentation_percent"] = 100.0 * unused / active if active else 0.0
    if has_jemalloc:
        stats["allocator_resident_mb"] = _mallctl(b"stats.resident") / MB
        stats["mapped_mb"] = _mallctl(b"stats.mapped") / MB
    return stats
