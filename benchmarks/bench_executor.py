"""How many calls a second does Executor get through, where ThreadPoolExecutor stood?

One `submit` per call of a function `(float, float) -> float`, every Future's result read, as many
threads as this process has cores. Baseline: ThreadPoolExecutor. Asked for a Python function and,
behind the same `submit`, for a compiled task.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import measure

from catzilla_jit import Executor, task


def add(a: float, b: float) -> float:
    return a + b


compiled = task(compile_to_c="require", name="compiled_add")(add)


def main() -> None:
    options = measure.Options.parse(__doc__)
    report = measure.Report("bench_executor", options)
    many = [float(i) for i in range(options.size(20_000, 500))]
    compiled.warm_up()
    with ThreadPoolExecutor(measure.cores()) as theirs, Executor(measure.cores()) as ours:
        subjects = {
            "Executor": lambda: measure.rate(lambda a, b: ours.submit(add, a, b), many),
            "compiled task": lambda: measure.rate(lambda a, b: ours.submit(compiled, a, b), many),
            "ThreadPoolExecutor": lambda: measure.rate(lambda a, b: theirs.submit(add, a, b), many),
        }
        measure.in_turn(1, subjects)  # threads and heaps come to their size
        figures = measure.in_turn(options.rounds, subjects)
    unit = "calls/s"
    for subject in ("Executor", "compiled task"):
        name = f"{subject} / ThreadPoolExecutor"
        report.ratio(name, figures, subject, "ThreadPoolExecutor", unit, 4)
    report.finish()


if __name__ == "__main__":
    main()
