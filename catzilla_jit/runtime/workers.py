"""How many workers a runtime gets when nobody says."""

from __future__ import annotations

import math
import os
from pathlib import Path


def usable_cpus() -> int:
    """Return how many CPUs this process may use: its affinity, and its cgroup's quota."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(cpus, math.ceil(quota)) if quota is not None else cpus)


def _cgroup_quota() -> float | None:
    """Return the CPU quota of the cgroup (v2, then v1) in CPUs, None without one."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        quota_us = int(Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").read_text())
        period_us = int(Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us").read_text())
        return quota_us / period_us if quota_us > 0 else None
    except (OSError, ValueError):
        return None


def default_workers() -> int:
    """Return CATZILLA_JIT_WORKERS, else the usable CPUs; ValueError for what is no count."""
    text = os.environ.get("CATZILLA_JIT_WORKERS", "")
    if not text:
        return usable_cpus()
    if not text.isdigit() or not 1 <= int(text) <= 1024:
        raise ValueError(f"CATZILLA_JIT_WORKERS must be a number from 1 to 1024, not {text!r}")
    return int(text)


def default_python_workers(workers: int | None) -> int:
    """Return the threads for Python tasks: as told, else enough for some that block."""
    return workers if workers is not None else min(32, usable_cpus() + 4)
