"""What the routes tell about one submission."""

from __future__ import annotations

import dataclasses
import traceback
from typing import Any

from ..errors import TaskCancelled
from ..stats.snapshot import MB
from ..types import TaskStatus
from .json_value import NoJson, json_value, sendable

_MOST_CHARACTERS = 2_000  # of an exception's message
_MOST_TRACEBACK = 8_000


def summary(task_id: str, result: Any) -> dict[str, Any]:
    """Return where a submission stands; it says nothing of what the task returned or raised."""
    return {
        "task_id": sendable(task_id),
        "name": sendable(result.task_name),
        "status": result.status().value,
        "created_at": result.queued_at,
        "started_at": result.started_at,
        "completed_at": result.finished_at,
        "execution_time_ms": result.execution_time_ms,
        "retries": getattr(result, "retries", 0),
        "progress": getattr(result, "progress", None),
    }


def status(task_id: str, result: Any, *, with_result: bool, with_logs: bool) -> dict[str, Any]:
    """Return all that is told about a submission: its result, error and logs where asked for."""
    found = summary(task_id, result)
    allocated = getattr(result, "allocated_bytes", None)
    found["memory_usage_mb"] = None if allocated is None else allocated / MB
    found |= {"result": None, "error": None}
    if result.status() is TaskStatus.COMPLETED:
        found |= _value(result) if with_result else {}
    elif result.done():
        found["error"] = error_of(result, message=with_result)
    found["logs"] = _logs(result) if with_logs else None
    details = getattr(result, "details", None)
    return found | (details() if details is not None else {})


def _value(result: Any) -> dict[str, Any]:
    try:
        return {"result": json_value(result.result(timeout=0))}
    except NoJson as error:
        return {"result": None, "result_omitted": str(error)}


def error_of(result: Any, *, message: bool) -> dict[str, Any] | None:
    """Return the exception that a submission ended with: its type, and its message if wanted."""
    error = exception_of(result)
    if error is None:
        return None
    return {"type": type(error).__name__, "message": text_of(error) if message else None}


def exception_of(result: Any) -> BaseException | None:
    """Return the exception that an ended submission ended with, also if it was cancelled."""
    try:
        found: BaseException | None = result.exception(timeout=0)
    except TaskCancelled as error:
        return error
    return found


def text_of(error: BaseException) -> str:
    """Return the message of an exception, cut if it is long; it never raises."""
    try:
        return sendable(_cut(str(error), _MOST_CHARACTERS))
    except Exception as bad:
        return f"its message cannot be had: {type(bad).__name__}"


def failure(task_id: str, result: Any) -> dict[str, Any] | None:
    """Return what the page shows of a failed submission."""
    error = exception_of(result)
    if error is None:
        return None
    lines = "".join(traceback.format_exception(error))
    return {
        "task_id": task_id,
        "name": result.task_name,
        "at": result.finished_at,
        "type": type(error).__name__,
        "message": text_of(error),
        "traceback": lines if len(lines) <= _MOST_TRACEBACK else "..." + lines[-_MOST_TRACEBACK:],
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _logs(result: Any) -> list[Any] | None:
    """Return what the task logged and printed, as far as it captures that; None for groups."""
    logs = getattr(result, "logs", None)
    if logs is None:
        return None
    return [{**dataclasses.asdict(line), "text": sendable(line.text)} for line in logs()]
