"""Every option of a task and of a submission."""

from __future__ import annotations

import time

from catzilla_jit import TaskPriority, add_task, configure, task

tries: list[float] = []


@task(
    priority=TaskPriority.HIGH,
    compile_to_c=False,  # None decides by itself, True warns, "require" raises
    max_retries=3,  # after the first try
    retry_delay_ms=5,
    timeout_ms=30_000,  # of each try
    delay_ms=0,
)
def flaky(value: int) -> int:
    tries.append(time.monotonic())
    if len(tries) < 3:
        raise ConnectionError("not yet")
    return value


def my_function(a: int, b: int) -> int:
    return a * b


def main() -> None:
    configure(workers=2, queue_size=10_000, enable_c_compilation=True, enable_profiling=True)
    result = flaky.submit(42)
    print(result.wait(timeout=10.0), "after", result.retries, "retries")

    began = time.monotonic()
    delayed = add_task(
        my_function,
        6,
        7,
        priority=TaskPriority.HIGH,
        delay_ms=50,
        max_retries=5,
        timeout_ms=60_000,
        compile_to_c="require",
    )
    print(delayed.wait(timeout=10.0), "after 50 ms:", time.monotonic() - began >= 0.05)


if __name__ == "__main__":
    main()
