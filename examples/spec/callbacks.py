"""Callbacks for success and failure; they may submit further tasks."""

from __future__ import annotations

import threading
from typing import Any

from catzilla_jit import TaskPriority, add_task, task

finished = threading.Semaphore(0)


@task(max_retries=3, retry_delay_ms=1)
def process_user_data(data: dict[str, Any]) -> int:
    return len(data["friends"])


@task(priority=TaskPriority.HIGH)
def send_notification(user_id: int, message: str) -> None:
    print(f"to user {user_id}: {message}")
    finished.release()


@task(priority=TaskPriority.CRITICAL)
def log_security_event(event: str, severity: int) -> None:
    print(f"security event of severity {severity}: {event}")
    finished.release()


def process_with_callbacks(user_id: int, data: dict[str, Any]) -> str:
    def on_success(friends: int) -> None:
        add_task(send_notification, user_id, f"processed {friends} friends")

    def on_error(error: BaseException) -> None:
        print(f"user {user_id} failed: {error!r}")
        add_task(log_security_event, "user_processing_failed", 5)

    result = add_task(process_user_data, data)
    result.on_success(on_success).on_error(on_error)
    return result.task_id


def main() -> None:
    process_with_callbacks(1, {"friends": ["Grace"]})
    assert finished.acquire(timeout=10)
    process_with_callbacks(2, {"name": "nobody"})
    assert finished.acquire(timeout=10)


if __name__ == "__main__":
    main()
