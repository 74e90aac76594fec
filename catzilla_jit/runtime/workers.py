"""How many workers a runtime gets: as it is told, else as the machine has room for."""

from __future__ import annotations

import itertools
import math
import os
from pathlib import Path
from typing import Any

from ..errors import shown


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


def count(name: str, value: Any, most: int, least: int = 1) -> int:
    """Return an argument of Runtime that is a count in this range; TypeError or ValueError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"Runtime: {name} must be an int, not {shown(value)}")
    if not least <= value <= most:
        raise ValueError(f"Runtime: {name} must be from {least} to {most}, not {shown(value)}")
    return value


def _check_counts(workers: Any, least: Any, most: Any) -> None:
    given = {"min_workers": least, "workers": workers, "max_workers": most}
    counts = [
        (name, count(name, value, 1024)) for name, value in given.items() if value is not None
    ]
    for (lower, low), (upper, high) in itertools.pairwise(counts):
        if low > high:
            raise ValueError(f"Runtime: {lower}={low} is more than {upper}={high}")


def worker_counts(
    workers: int | None, least: int | None, most: int | None, scaling: bool
) -> tuple[int, int, int]:
    """Return the native workers, the Python workers at first, and the most of those."""
    _check_counts(workers, least, most)
    wanted = workers if workers is not None else max(least or 1, default_workers())
    if most is not None:
        wanted = min(wanted, most)
    python = least if least is not None else default_python_workers(workers)
    if most is not None:
        python = min(python, most)
    if not scaling:
        return wanted, max(wanted, python) if workers is None else workers, 0
    return min(wanted, usable_cpus()), python, most if most is not None else max(python, 32)
