"""What `Runtime.memory_stats` tells."""

from __future__ import annotations

from typing import Any

from ..pools.protocol import Backend
from ..stats.allocator import allocator_stats, arena_stats
from ..stats.segment import read as read_segment
from ..stats.snapshot import MB


def runtime_stats(backend: Backend | None) -> dict[str, Any]:
    """Return what `Runtime.memory_stats` tells; backend: its pool, None before its start."""
    found = allocator_stats()
    found["task_arenas"] = {}
    if backend is None:
        return found
    arenas = {
        name: None if arena is None else arena_stats(arena)
        for name, arena in backend.arenas().items()
    }
    own = arenas.pop("")
    if own is not None:
        found["records_arena"] = own
    found["task_arenas"] = arenas
    found["spare_arrays_mb"] = backend.spare_arrays() / MB
    left = backend.left_by_stopped()
    if left is not None:
        found["left_by_stopped_mb"] = left / MB
    segment = backend.stats_segment()
    if segment is not None:
        snapshot = read_segment(segment, calls=False)
        found["records_mb"] = snapshot.memory_bytes / MB
        found["records_used_mb"] = snapshot.memory_used / MB
    return found
