"""From time.monotonic's clock to seconds since the epoch: the same step for all times.

It is taken once, when the process begins to use the library: so times that are told as seconds
since the epoch keep their order and their distances whatever becomes of the wall clock.
"""

from __future__ import annotations

import time
from typing import overload

OFFSET_NS = time.time_ns() - time.monotonic_ns()


@overload
def epoch(monotonic: float) -> float: ...


@overload
def epoch(monotonic: None) -> None: ...


def epoch(monotonic: float | None) -> float | None:
    """Return a time of time.monotonic's clock, in seconds, as seconds since the epoch."""
    return None if monotonic is None else monotonic + OFFSET_NS * 1e-9
