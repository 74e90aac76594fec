"""How many tasks a second, when the arguments and results are strings, dicts, arrays and lists?

One submission and one result each, from one thread, default workers, for a task of scalars, for
`(int, str) -> dict`, for `str -> str`, and for tasks that take an array or a list of 16 floats
and return a number or as many. Baseline: ThreadPoolExecutor with as many threads as this process
has cores, running the same function as Python (for arrays: NumPy) in the same process, in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import measure
import numpy as np
from numpy.typing import NDArray

from catzilla_jit import Task, task

Floats = NDArray[np.float64]


def scale(count: int, factor: float) -> float:
    return count * factor


def notification(user_id: int, message: str) -> dict[str, Any]:
    return {"user_id": user_id, "message": message, "length": len(message), "sent": True}


def greeting(name: str) -> str:
    return "Dear " + name


def total(values: Floats) -> float:
    return values.sum()  # type: ignore[no-any-return]


def doubled(values: Floats) -> Floats:
    return values * 2.0


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def halves(values: list[float]) -> list[float]:
    return [value / 2.0 for value in values]


Rows = Sequence[tuple[Any, ...]]


def cases(count: int) -> list[tuple[str, Callable[..., Any], Rows, float | None]]:
    """Return each case: its name, the function, one tuple of arguments per task, the goal."""
    arrays = [np.arange(16.0) + i for i in range(count)]
    return [
        ("(int, float) -> float", scale, [(i, 0.5) for i in range(count)], None),
        ("(int, str) -> dict", notification, [(i, f"message {i}") for i in range(count)], 12),
        ("str -> str", greeting, [(f"customer {i}",) for i in range(count)], 12),
        ("array -> float", total, [(array,) for array in arrays], 12),
        ("array -> array", doubled, [(array,) for array in arrays], 12),
        ("list[float] -> float", mean, [(array.tolist(),) for array in arrays], None),
        ("list[float] -> list", halves, [(array.tolist(),) for array in arrays], None),
    ]


def rate(submit: Callable[..., Any], rows: Rows) -> float:
    """Return tasks per second, from the first submission to the last result."""

    def work() -> None:
        for result in [submit(*row) for row in rows]:
            result.result()

    return len(rows) / measure.seconds(work)


def compare(subject: Task[..., Any], function: Callable[..., Any], rows: Rows) -> None:
    """Raise where the task's answers are not the function's."""
    for row in rows[:100]:
        np.testing.assert_equal(subject.submit(*row).result(), function(*row))


def ask(
    report: measure.Report,
    options: measure.Options,
    pool: Executor,
    case: tuple[str, Callable[..., Any], Rows, float | None],
) -> None:
    name, function, rows, goal = case
    compiled = task(compile_to_c="require")(function)
    compare(compiled, function, rows)
    few = rows[: max(1, len(rows) // 5)]
    subjects: dict[str, Callable[[], float]] = {
        "task": lambda: rate(compiled.submit, rows),
        "executor": lambda: rate(lambda *row: pool.submit(function, *row), few),
    }
    measure.in_turn(1, subjects)  # threads and heaps come to their size
    figures = measure.in_turn(options.rounds, subjects)
    claim = f"{name}: task / ThreadPoolExecutor"
    report.ratio(claim, figures, "task", "executor", "tasks/s", goal)


def main() -> None:
    options = measure.Options.parse(__doc__)
    report = measure.Report("bench_types", options)
    with ThreadPoolExecutor(measure.cores()) as pool:
        for case in cases(options.size(100_000, 500)):
            ask(report, options, pool, case)
    report.finish()


if __name__ == "__main__":
    main()
