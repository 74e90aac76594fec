"""The names of RQ over a runtime: for programs whose workers may be threads of the process.

    from catzilla_jit.integrations.rq import Queue

    queue = Queue("mails")
    job = queue.enqueue(send, "to@example.org")
    job.get_status(), job.return_value()

No Redis and no worker program: jobs live in the process, and end with it.
"""

from __future__ import annotations

import dataclasses
import datetime
import importlib
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import shown
from ..tasks import default
from ..types import TaskStatus

STATUSES = {
    TaskStatus.PENDING: "queued",
    TaskStatus.RUNNING: "started",
    TaskStatus.COMPLETED: "finished",
    TaskStatus.FAILED: "failed",
    TaskStatus.CANCELLED: "canceled",
    TaskStatus.RETRYING: "scheduled",
}


@dataclasses.dataclass(frozen=True)
class Retry:
    """How often to try again after an exception, and after how many seconds."""

    max: int
    interval: float = 0


class Queue:
    """A name for jobs; all queues are those of the default runtime."""

    def __init__(
        self,
        name: str = "default",
        connection: object = None,
        *,
        default_timeout: float | None = None,
    ) -> None:
        self.name = name
        self._timeout = default_timeout

    def enqueue(
        self,
        f: Callable[..., Any] | str,
        /,
        *args: Any,
        job_timeout: float | None = None,
        retry: Retry | None = None,
        depends_on: Job | Sequence[Job] | None = None,
        at_front: bool = False,
        **kwargs: Any,
    ) -> Job:
        """Queue f(*args, **kwargs): a function, or its name as "module.function".

        job_timeout: seconds that it may run. depends_on: jobs that must have finished. at_front:
        before what others have queued without it.
        """
        options: dict[str, Any] = {"priority": "high"} if at_front else {}
        return self._enqueue(f, args, kwargs, job_timeout, retry, depends_on, options)

    def enqueue_in(
        self,
        time_delta: datetime.timedelta,
        f: Callable[..., Any] | str,
        /,
        *args: Any,
        job_timeout: float | None = None,
        retry: Retry | None = None,
        **kwargs: Any,
    ) -> Job:
        """Queue the same after a time."""
        options = {"delay_ms": time_delta.total_seconds() * 1e3}
        return self._enqueue(f, args, kwargs, job_timeout, retry, None, options)

    def _enqueue(
        self,
        f: Callable[..., Any] | str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        timeout: float | None,
        retry: Retry | None,
        depends_on: Job | Sequence[Job] | None,
        options: dict[str, Any],
    ) -> Job:
        function = _named(f) if isinstance(f, str) else f
        timeout = self._timeout if timeout is None else timeout
        if timeout is not None:
            options["timeout_ms"] = timeout * 1e3
        if retry is not None:
            options |= {"max_retries": retry.max, "retry_backoff": 1.0, "retry_jitter": 0.0}
            options["retry_delay_ms"] = retry.interval * 1e3
        needed = [depends_on] if isinstance(depends_on, Job) else list(depends_on or ())
        name = getattr(function, "__name__", type(function).__name__)
        task = default.get_runtime().known_task(
            ("rq", name, tuple(sorted(options.items()))),
            lambda: default.task(_run, name=name, compile_to_c=False, **options),
        )
        waited = [each.followed for each in needed]
        job = Job(task.submit(function, len(waited), *waited, *args, **kwargs), bool(waited))
        job.scheduled = "delay_ms" in options
        return job


def _run(function: Callable[..., Any], skipped: int, /, *args: Any, **kwargs: Any) -> Any:
    return function(*args[skipped:], **kwargs)


def _named(name: str) -> Callable[..., Any]:
    module, _, function = name.rpartition(".")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"enqueue: there is no function {shown(name)}") from error
    return found


class Job:
    """The handle on one submission, by RQ's names."""

    def __init__(self, result: Any, deferred: bool = False) -> None:
        self.followed = result
        self.deferred = deferred
        self.scheduled = False

    @classmethod
    def fetch(cls, id: str, connection: object = None) -> Job:
        """Return the job of this id, while somebody holds it; LookupError if nobody does."""
        found = default.get_runtime().get(id)
        if found is None:
            raise LookupError(f"Job.fetch: no job of the id {shown(id)} is held here")
        return cls(found)

    @property
    def id(self) -> str:
        """The id; `Job.fetch(id)` finds the job while somebody holds it."""
        return str(self.followed.task_id)

    def get_status(self) -> str:
        """Return queued, scheduled, deferred, started, finished, failed or canceled."""
        status = STATUSES[self.followed.status()]
        if status == "queued" and (self.deferred or self.scheduled):
            return "deferred" if self.deferred else "scheduled"
        return status

    def return_value(self) -> Any:
        """Return what it has returned; None unless it has finished."""
        return self.followed.result() if self.get_status() == "finished" else None

    @property
    def is_finished(self) -> bool:
        """Whether it has returned."""
        return self.get_status() == "finished"

    @property
    def is_failed(self) -> bool:
        """Whether it has raised."""
        return self.get_status() == "failed"

    def cancel(self) -> None:
        """Have it not run, if it has not begun."""
        self.followed._cancel_pending()
