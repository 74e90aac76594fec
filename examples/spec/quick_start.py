"""Basic usage: two tasks, one submission each.

`send_notification` prints, so it is machine code only if one insists: what it has printed it
cannot take back, should the call have to be run again as Python. `damage` compiles anyway.
"""

from __future__ import annotations

import time
from typing import Any

from catzilla_jit import TaskPriority, add_task, task


@task(priority=TaskPriority.HIGH, compile_to_c=True)
def send_notification(user_id: int, message: str) -> dict[str, Any]:
    print(f"to user {user_id}: {message}")
    return {"status": "sent", "user_id": user_id, "timestamp": time.time()}


@task(priority=TaskPriority.NORMAL)
def process_user_data(data: dict[str, Any]) -> dict[str, Any]:
    result = {"processed_at": time.time(), "user_count": len(data.get("friends", []))}
    return {"processed": True, "result": result}


@task(compile_to_c="require")
def damage(hits: int, strength: float) -> float:
    total = 0.0
    for hit in range(hits):
        total += strength / (1.0 + hit)
    return total


def main() -> None:
    sent = add_task(send_notification, 7, "hello", priority=TaskPriority.HIGH)
    print(sent.task_id, sent.wait(timeout=5.0)["status"])

    processed = add_task(
        process_user_data,
        {"name": "Ada", "friends": ["Grace", "Edsger"]},
        priority=TaskPriority.NORMAL,
        max_retries=3,
        timeout_ms=10_000,
    )
    print(processed.wait(timeout=5.0)["result"]["user_count"], "friends")
    print(f"{damage.submit(10, 2.0).wait():.3f} damage")


if __name__ == "__main__":
    main()
