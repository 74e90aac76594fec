"""Several submissions under one id: how far they are together.

It answers like a TaskResult where the routes ask (status, times, cancel), and its result is the
list of all results. It holds the results of its parts.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..errors import TaskCancelled
from ..runtime.combine import wait
from ..types import TaskStatus


class Submissions:
    """A batch of submissions, with an id that nobody guesses."""

    def __init__(self, results: Iterable[Any], name: str = "batch") -> None:
        self.results = list(results)
        self.task_name = name
        self.task_id = f"{name}-{secrets.token_urlsafe(12)}"
        self.queued_at = time.time()
        self.retries = 0

    def __len__(self) -> int:
        return len(self.results)

    def done(self) -> bool:
        """Return whether all have ended, in any way."""
        return all(result.done() for result in self.results)

    @property
    def progress(self) -> float:
        """The part of them that has ended, 0.0 to 1.0."""
        if not self.results:
            return 1.0
        ended = sum(1 for result in self.results if result.done())
        return ended / len(self.results)

    def status(self) -> TaskStatus:
        """Return FAILED or CANCELLED once all have ended and one of them so, else COMPLETED."""
        found = {result.status() for result in self.results}
        if all(status.final for status in found):
            for bad in (TaskStatus.FAILED, TaskStatus.CANCELLED):
                if bad in found:
                    return bad
            return TaskStatus.COMPLETED
        waiting = {TaskStatus.PENDING, TaskStatus.RETRYING}
        return TaskStatus.PENDING if found <= waiting else TaskStatus.RUNNING

    def _moments(self, name: str) -> list[float]:
        found = (getattr(result, name) for result in self.results)
        return [moment for moment in found if moment is not None]

    @property
    def started_at(self) -> float | None:
        """When the first of them began."""
        return min(self._moments("started_at"), default=None)

    @property
    def finished_at(self) -> float | None:
        """When the last of them ended; None while one goes on."""
        if not self.results:
            return self.queued_at
        return max(self._moments("finished_at"), default=None) if self.done() else None

    @property
    def execution_time_ms(self) -> float | None:
        """The time inside of all of them together; None while one goes on."""
        return sum(self._moments("execution_time_ms")) if self.done() else None

    def result(self, timeout: float | None = None) -> list[Any]:
        """Wait for all of them (seconds); return their results, or raise the first exception."""
        self._wait(timeout)
        return [result.result() for result in self.results]

    def _wait(self, timeout: float | None) -> None:
        _, left = wait(self.results, timeout)
        if left:
            raise TimeoutError(f"{len(left)} of {len(self)} are not done within {timeout} seconds")

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for all of them (seconds); return the exception of the first that has one."""
        self._wait(timeout)
        for result in self.results:
            try:
                error: BaseException | None = result.exception()
            except TaskCancelled as cancelled:
                error = cancelled
            if error is not None:
                return error
        return None

    def cancel(self) -> bool:
        """Cancel those that have not ended; return whether there were any."""
        cancelled = [result.cancel() for result in self.results]
        return any(cancelled)

    def details(self) -> dict[str, Any]:
        """Return what the status route tells of a batch beyond what it tells of a task."""
        counts = Counter(result.status().value for result in self.results)
        return {
            "task_count": len(self),
            "counts": dict(counts),
            "tasks": [
                {"task_id": str(each.task_id), "status": each.status().value}
                for each in self.results[:1000]
            ],
        }
