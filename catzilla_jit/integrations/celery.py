"""The names of Celery over a runtime: for programs whose workers may be threads of the process.

    from catzilla_jit.integrations.celery import Celery, chain, chord, group

    app = Celery("prices")

    @app.task(max_retries=3, autoretry_for=(OSError,))
    def fetch(url): ...

    fetch.delay(url).get(timeout=10)

No broker and no worker program: results live in the process, and end with it. What has no meaning
here is refused rather than ignored.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import TaskCancelled, shown
from ..runtime.combine import gather
from ..tasks import default
from ..types import TaskStatus

STATES = {
    TaskStatus.PENDING: "PENDING",
    TaskStatus.RUNNING: "STARTED",
    TaskStatus.COMPLETED: "SUCCESS",
    TaskStatus.FAILED: "FAILURE",
    TaskStatus.CANCELLED: "REVOKED",
    TaskStatus.RETRYING: "RETRY",
}


class Celery:
    """An app: where tasks are made. Broker and backend may be named, and are not used."""

    def __init__(
        self, main: str | None = None, broker: str | None = None, backend: str | None = None
    ) -> None:
        self.main = main

    def task(self, function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Make a task, as `@app.task` or `@app.task(...)`.

        name, max_retries, default_retry_delay (seconds), autoretry_for, retry_backoff (bool or
        seconds), time_limit (seconds). Retries happen for the exceptions of autoretry_for.
        """
        if function is None:
            return lambda function: self.task(function, **options)
        return Task(function, _options(function, options))

    def AsyncResult(self, id: str) -> AsyncResult:
        """Return the result of this id, while somebody holds it; LookupError if nobody does."""
        return AsyncResult(id)


def shared_task(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a task without an app."""
    return Celery().task(function, **options)


def _options(function: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    given = dict(given)
    found: dict[str, Any] = {"name": given.pop("name", getattr(function, "__name__", "task"))}
    kinds = tuple(given.pop("autoretry_for", ()))
    most = given.pop("max_retries", 3)
    delay = given.pop("default_retry_delay", 180)
    backoff = given.pop("retry_backoff", False)
    seconds = (1 if backoff is True else backoff) if backoff else delay
    if kinds:
        found |= {
            "retry_on": kinds, "max_retries": most, "retry_jitter": 0.0,
            "retry_delay_ms": seconds * 1e3, "retry_backoff": 2.0 if backoff else 1.0,
        }  # fmt: skip
    limit = given.pop("time_limit", None)
    if limit is not None:
        found["timeout_ms"] = limit * 1e3
    if given:
        raise TypeError(f"task {found['name']}: {sorted(given)} have no counterpart here")
    return found


class Task:
    """What `@app.task` makes; a call runs it here and now."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self.task = default.task(function, **options)
        self.name: str = options["name"]

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.task(*args, **kwargs)

    def delay(self, /, *args: Any, **kwargs: Any) -> AsyncResult:
        """Submit a call."""
        return AsyncResult(self.task.submit(*args, **kwargs))

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
        *,
        countdown: float | None = None,
        retry: bool = True,
    ) -> AsyncResult:
        """Submit a call; countdown: seconds before it is queued.

        retry is about sending to a broker again: here a submission arrives, or raises.
        """
        task = self.task if countdown is None else self.task.options(delay_ms=countdown * 1e3)
        return AsyncResult(task.submit(*args, **(kwargs or {})))

    def s(self, /, *args: Any, **kwargs: Any) -> Signature:
        """Return a call for chains and groups, which put the result before its arguments."""
        return Signature(self, args, kwargs)

    def si(self, /, *args: Any, **kwargs: Any) -> Signature:
        """Return a call that takes no result of another."""
        return Signature(self, args, kwargs, immutable=True)


@dataclasses.dataclass(frozen=True)
class Signature:
    """A task with arguments."""

    task: Task
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    immutable: bool = False

    def delay(self, /, *args: Any) -> AsyncResult:
        """Submit it, with further arguments before its own."""
        return AsyncResult(self.start(*args))

    apply_async = delay

    def start(self, /, *before: Any) -> Any:
        """Submit it after the results in `before`; return the TaskResult."""
        if self.immutable and before:
            call = default.get_runtime().submit
            return call(_ignoring, len(before), self.task.task, *before, *self.args, **self.kwargs)
        return self.task.task.submit(*before, *self.args, **self.kwargs)


def _ignoring(count: int, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return function(*args[count:], **kwargs)


def _listed(*values: Any) -> list[Any]:
    return list(values)


class chain:
    """Signatures one after the other: each gets the result of the one before."""

    def __init__(self, *signatures: Any) -> None:
        if not signatures:
            raise ValueError("chain: needs at least one signature")
        self.signatures = signatures

    def __call__(self, /, *args: Any) -> AsyncResult:
        return AsyncResult(self.start(*args))

    delay = apply_async = __call__

    def start(self, /, *before: Any) -> Any:
        """Submit all; return the TaskResult of the last."""
        result = self.signatures[0].start(*before)
        for signature in self.signatures[1:]:
            result = signature.start(result)
        return result


class group:
    """Signatures side by side."""

    def __init__(self, *signatures: Any) -> None:
        one = signatures[0] if len(signatures) == 1 else None
        self.signatures = tuple(signatures if hasattr(one, "start") or one is None else one)

    def __call__(self, /, *args: Any) -> GroupResult:
        return GroupResult([AsyncResult(each.start(*args)) for each in self.signatures])

    delay = apply_async = __call__

    def start(self, /, *before: Any) -> Any:
        """Submit all; return a TaskResult of the list of their values."""
        results = [each.start(*before) for each in self.signatures]
        return default.get_runtime().submit(_listed, *results)


class chord:
    """A group, and a signature that gets the list of its values."""

    def __init__(self, header: Any, body: Signature | None = None) -> None:
        self.header = header if isinstance(header, group) else group(header)
        self.body = body

    def __call__(self, body: Signature | None = None) -> AsyncResult:
        body = body if body is not None else self.body
        if body is None:
            raise TypeError("chord: needs a signature for the list of values")
        return AsyncResult(body.start(self.header.start()))

    delay = apply_async = __call__


class AsyncResult:
    """The handle on one submission, by Celery's names."""

    def __init__(self, result: Any) -> None:
        if isinstance(result, str):
            found = default.get_runtime().get(result)
            if found is None:
                raise LookupError(f"AsyncResult: no result of the id {shown(result)} is held here")
            result = found
        self.followed = result

    @property
    def id(self) -> str:
        """The id; `AsyncResult(id)` finds the result while somebody holds it."""
        return str(self.followed.task_id)

    task_id = id

    def get(self, timeout: float | None = None, propagate: bool = True) -> Any:
        """Wait (seconds) and return the result, or raise the exception, or return that."""
        if propagate:
            return self.followed.result(timeout)
        error = self.followed.exception(timeout)
        return self.followed.result() if error is None else error

    @property
    def result(self) -> Any:
        """The value or the exception, None before the end."""
        try:
            return self.get(propagate=False) if self.ready() else None
        except TaskCancelled as error:
            return error

    def ready(self) -> bool:
        """Return whether it has ended."""
        return bool(self.followed.done())

    def successful(self) -> bool:
        """Return whether it has completed."""
        return self.state == "SUCCESS"

    def failed(self) -> bool:
        """Return whether it has raised."""
        return self.state == "FAILURE"

    @property
    def state(self) -> str:
        """PENDING, STARTED, RETRY, SUCCESS, FAILURE or REVOKED."""
        return STATES[self.followed.status()]

    status = state

    def revoke(self, terminate: bool = False) -> None:
        """Cancel it if it has not begun; terminate: stop it as well."""
        _ = self.followed.cancel() if terminate else self.followed._cancel_pending()


class GroupResult:
    """The results of a group, in its order."""

    def __init__(self, results: list[AsyncResult]) -> None:
        self.results = results

    def get(self, timeout: float | None = None) -> list[Any]:
        """Wait (seconds) and return the values, or raise the first exception."""
        return list(gather([each.followed for each in self.results], timeout=timeout))

    def ready(self) -> bool:
        """Return whether all have ended."""
        return all(each.ready() for each in self.results)

    def successful(self) -> bool:
        """Return whether all have completed."""
        return all(each.successful() for each in self.results)

    def failed(self) -> bool:
        """Return whether one has raised."""
        return any(each.failed() for each in self.results)

    def revoke(self, terminate: bool = False) -> None:
        """Revoke each."""
        for each in self.results:
            each.revoke(terminate)
