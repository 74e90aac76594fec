"""How much processor time single threads take, as the kernel tells in /proc.

No NumPy here, nor anything that imports it: the command line reads with this module.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

#: Between two readings closer than this the kernel's 10 ms steps would be most of the answer.
_LEAST_SECONDS = 0.2


class ThreadTimes(NamedTuple):
    """Processor time of a thread so far, and its age, in seconds."""

    cpu_seconds: float
    age_seconds: float


def thread_times(pid: int, thread_id: int) -> ThreadTimes | None:
    """Return the times of a thread; None where the kernel does not tell, or it has ended."""
    try:
        text = Path(f"/proc/{pid}/task/{thread_id}/stat").read_text(errors="replace")
        # The thread's name stands in parentheses and may contain anything.
        fields = text.rpartition(")")[2].split()
        user, system, started = (int(fields[at]) for at in (11, 12, 19))
        rate = os.sysconf("SC_CLK_TCK")
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, ValueError, IndexError, AttributeError):
        return None
    return ThreadTimes((user + system) / rate, max(0.0, now - started / rate))


class ThreadUsage:
    """The part of a processor that threads take, from one look to the next.

    The first look at a thread, and one right after another, tell of its whole life so far or of
    the time between the last two looks. One thread at a time may ask.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._last: dict[int, tuple[ThreadTimes, float]] = {}  # by thread, with what was said

    def percent(self, thread_id: int) -> float | None:
        """Return the percentage of one processor; None where it cannot be known."""
        now = thread_times(self.pid, thread_id)
        if now is None:
            self._last.pop(thread_id, None)
            return None
        before, said = self._last.get(thread_id, (ThreadTimes(0.0, 0.0), 0.0))
        passed = now.age_seconds - before.age_seconds
        if passed < 0:  # another thread has got the number
            before, passed = ThreadTimes(0.0, 0.0), now.age_seconds
        if passed < _LEAST_SECONDS and thread_id in self._last:
            return said
        if passed <= 0:
            return None
        said = 100.0 * (now.cpu_seconds - before.cpu_seconds) / passed
        self._last[thread_id] = (now, said)
        return said
