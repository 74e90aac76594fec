"""What does a Python task cost, compared with ThreadPoolExecutor in the same process?

One `submit` per task of `(float, float) -> float` with compile_to_c=False, every result
read, default workers. The baseline has as many threads as this process has cores. Asked for a
plain submission, for one with a callback, and for tasks that wait for a task each
(the baseline cannot do that without as many threads as tasks that wait, so it has none).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import measure

from catzilla_jit import gather, task


@task(compile_to_c=False)
def add(a: float, b: float) -> float:
    return a + b


@task(compile_to_c=False)
def add_by_another(a: float, b: float) -> float:
    return add.submit(a, b).result()


def gather_rate(arguments: list[float]) -> float:
    """Return tasks per second when `gather` reads the results."""

    def work() -> None:
        gather(*[add.submit(a, 0.5) for a in arguments])

    return len(arguments) / measure.seconds(work)


def callback_rate(submit: Callable[[float, float], Any], arguments: list[float]) -> float:
    """Return tasks per second, from the first submission to the last callback."""
    left = len(arguments)
    all_called = threading.Event()

    def called(_: Any) -> None:
        nonlocal left
        left -= 1  # every subject calls callbacks under the GIL, from few threads
        if left <= 0:
            all_called.set()

    def work() -> None:
        for a in arguments:
            submit(a, 0.5).add_done_callback(called)
        # The decrement is not atomic: a lost one would leave the count above zero.
        while not all_called.wait(0.05) and left > len(arguments) // 1000:
            pass

    return len(arguments) / measure.seconds(work)


def main() -> None:
    options = measure.Options.parse(__doc__)
    report = measure.Report("bench_python_tasks", options)
    many = [float(i) for i in range(options.size(200_000, 1_000))]
    few = [float(i) for i in range(options.size(20_000, 1_000))]

    with ThreadPoolExecutor(measure.cores()) as pool:

        def executor_add(a: float, b: float) -> Any:
            return pool.submit(add.__wrapped__, a, b)  # type: ignore[attr-defined]

        subjects: dict[str, Callable[[], float]] = {
            "Python task": lambda: measure.rate(add.submit, many),
            "Python task, gathered": lambda: gather_rate(many),
            "Python task that waits for another": lambda: measure.rate(add_by_another.submit, many),
            "ThreadPoolExecutor": lambda: measure.rate(executor_add, few),
            "Python task with a callback": lambda: callback_rate(add.submit, few),
            "ThreadPoolExecutor with a callback": lambda: callback_rate(executor_add, few),
        }
        measure.in_turn(1, subjects)  # threads and heaps come to their size
        figures = measure.in_turn(options.rounds, subjects)

    unit, executor = "tasks/s", "ThreadPoolExecutor"
    report.ratio("Python task / ThreadPoolExecutor", figures, "Python task", executor, unit, 25)
    report.ratio(
        "gather / ThreadPoolExecutor", figures, "Python task, gathered", executor, unit, None
    )
    report.ratio(
        "task that waits for another / ThreadPoolExecutor without",
        figures,
        "Python task that waits for another",
        executor,
        unit,
        None,
    )
    report.ratio(
        "with a callback / ThreadPoolExecutor with one",
        figures,
        "Python task with a callback",
        "ThreadPoolExecutor with a callback",
        unit,
        None,
    )
    report.finish()


if __name__ == "__main__":
    main()
