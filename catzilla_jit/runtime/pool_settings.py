"""From the options of a Runtime to the settings of its pool; what does not fit is named."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..environment import flag
from ..errors import shown
from ..pools.protocol import PoolSettings
from .initializer import Initializer
from .workers import count

_POLICIES = ("wait", "raise", "caller")
_MOST_MEGABYTES = 2**40  # 2**60 bytes
_MOST_KEPT = 2**31
_LONGEST_SECONDS = 4e9  # a century


def pool_settings(
    counts: tuple[int, int, int],
    queue_size: int,
    when_full: str,
    memory_pool_mb: float | None,
    profiling: bool,
    thread_name_prefix: str,
    initializer: Initializer | None,
) -> PoolSettings:
    """Return the settings of a pool; ValueError or TypeError for an option that is none."""
    if not isinstance(when_full, str) or when_full not in _POLICIES:
        raise ValueError(f"Runtime: when_full must be one of {_POLICIES}, not {shown(when_full)}")
    if memory_pool_mb is not None:
        _check_megabytes(memory_pool_mb)
    if not isinstance(thread_name_prefix, str):
        raise TypeError(
            f"Runtime: thread_name_prefix must be a str, not {shown(thread_name_prefix)}"
        )
    native_workers, python_workers, most = counts
    return PoolSettings(
        workers=native_workers,
        python_workers=python_workers,
        python_workers_most=max(most, python_workers),
        queue_size=count("queue_size", queue_size, 2**31),
        when_full=when_full,
        memory_limit=round((memory_pool_mb or 0) * 2**20),
        profiling=profiling and flag("CATZILLA_JIT_STATS", True),
        thread_name_prefix=thread_name_prefix,
        initializer=initializer,
    )


def keeping(settings: PoolSettings, most: Any, seconds: Any) -> PoolSettings:
    """Return the settings of a runtime that keeps so many results so long."""
    most = count("keep_results", most, _MOST_KEPT, least=0)
    if seconds is not None:
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise TypeError(f"Runtime: result_ttl_s must be a number, not {shown(seconds)}")
        if not 0 < seconds <= _LONGEST_SECONDS:
            raise ValueError(
                f"Runtime: result_ttl_s must be above 0 and at most {_LONGEST_SECONDS:g} seconds, "
                f"not {shown(seconds)}"
            )
        if not most:
            raise ValueError("Runtime: result_ttl_s needs keep_results, the number of results")
    return dataclasses.replace(settings, keep_results=most, result_ttl_s=seconds)


def _check_megabytes(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"Runtime: memory_pool_mb must be a number, not {shown(value)}")
    if not 1 <= value <= _MOST_MEGABYTES:
        raise ValueError(
            f"Runtime: memory_pool_mb must be from 1 to {_MOST_MEGABYTES}, not {shown(value)}"
        )
