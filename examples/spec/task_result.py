"""What a TaskResult tells: waiting, status, times, cancelling."""

from __future__ import annotations

import time

from catzilla_jit import TaskStatus, add_task, task


def slow_square(x: int) -> int:
    time.sleep(0.05)
    return x * x


@task(compile_to_c="require")
def endless(limit: float) -> float:
    x = 0.5
    while x < limit:
        x = x * 0.999 + 0.0001
    return x


def main() -> None:
    result = add_task(slow_square, 12)
    print("task id:", result.task_id)
    try:
        print("completed:", result.wait(timeout=10.0))
    except TimeoutError:
        print("not done yet")
    if result.done():
        print("status:", result.status(), "result:", result.result())
    assert result.execution_time_ms is not None
    print("ran for at least 50 ms:", result.execution_time_ms >= 50)

    running = endless.submit(10.0)
    while running.status() is TaskStatus.PENDING:
        time.sleep(0.001)
    print("cancelled while it ran:", running.cancel())


if __name__ == "__main__":
    main()
