"""The spec's own benchmark: how many submissions a second, at a chosen priority.

It counts submissions that were taken; what is measured properly is in benchmarks/.
"""

from __future__ import annotations

import time
from typing import Any

from catzilla_jit import TaskPriority, gather, task


@task
def send_notification(user_id: int, size: int) -> int:
    return user_id + size


def run_task_benchmark(iterations: int = 1000, priority: str = "normal") -> dict[str, Any]:
    submit = send_notification.options(priority=TaskPriority(priority)).warm_up().submit
    began = time.perf_counter()
    results = [submit(i, 100) for i in range(iterations)]
    submitted = time.perf_counter() - began
    values = gather(*results, timeout=30.0)
    total = time.perf_counter() - began
    return {
        "iterations": iterations,
        "successful_tasks": len(values),
        "submit_ms": round(submitted * 1e3, 3),
        "total_ms": round(total * 1e3, 3),
        "tasks_per_second": round(len(values) / total),
        "priority": priority,
    }


if __name__ == "__main__":
    print(run_task_benchmark(priority="high"))
