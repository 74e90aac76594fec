"""When a failed task is tried again, and after how long."""

from __future__ import annotations

import dataclasses
import random

LONGEST_MS = 3_600_000.0


@dataclasses.dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter.

    The wait before try number n (n = 1 is the first retry) is
    `delay_ms * backoff ** (n - 1)`, times a random factor between 1 - jitter and
    1 + jitter, at most an hour. Only exceptions of the types in `retry_on` are retried.
    """

    max_retries: int
    delay_ms: float
    backoff: float
    jitter: float
    retry_on: tuple[type[BaseException], ...]

    def next_delay_ns(self, error: BaseException, retries: int) -> int | None:
        """Return the wait in nanoseconds after `retries` retries, or None to give up."""
        if retries >= self.max_retries or not isinstance(error, self.retry_on):
            return None
        try:
            delay_ms = min(self.delay_ms * self.backoff**retries, LONGEST_MS)
        except OverflowError:
            delay_ms = LONGEST_MS
        spread = 1.0 + self.jitter * random.uniform(-1.0, 1.0)
        return max(1, round(delay_ms * spread * 1e6))
