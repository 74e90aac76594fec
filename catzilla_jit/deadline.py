"""Deadlines: times of the monotonic clock, in seconds; None stands for no limit."""

from __future__ import annotations

import time
from typing import overload


def after(seconds: float | None) -> float | None:
    """Return the deadline of a timeout that begins now."""
    return None if seconds is None else time.monotonic() + seconds


@overload
def left(until: float) -> float: ...
@overload
def left(until: float | None) -> float | None: ...


def left(until: float | None) -> float | None:
    """Return the seconds until a deadline, at least 0.0."""
    return None if until is None else max(0.0, until - time.monotonic())
