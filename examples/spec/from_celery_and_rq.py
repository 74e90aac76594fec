"""Programs written for Celery or RQ: the same shape, without a broker.

Celery:  process.delay(x).get(timeout=5)        here: process.submit(x).wait(timeout=5)
RQ:      Queue().enqueue(process, x)             here: add_task(process, x)
"""

from __future__ import annotations

import math

from catzilla_jit import add_task, task


@task
def process_data(x: float) -> float:
    return math.sqrt(x) + 1.0


def my_function(a: int, b: int) -> int:
    return a + b


def main() -> None:
    print(process_data.submit(9.0).wait(timeout=5.0))
    print(add_task(my_function, 1, 2).wait(timeout=5.0))


if __name__ == "__main__":
    main()
