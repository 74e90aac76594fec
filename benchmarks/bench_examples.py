"""How much faster are the examples of examples/parallel on all cores than on one worker?

Each runs as it stands there, on problems that take one worker from less than a millisecond
(quadrature) to some tenths of a second (quicksort); the median of the rounds counts.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from typing import Any

import measure
import numpy as np

from catzilla_jit import Runtime

FOLDER = measure.ROOT / "examples" / "parallel"


@functools.cache
def example(name: str) -> Any:
    """Import one of the examples."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Subjects:
    """The examples on a runtime with so many workers; each returns runs per second."""

    def __init__(self, workers: int, options: measure.Options) -> None:
        self.runtime = Runtime(workers=workers, enable_auto_scaling=False)
        self._tasks: dict[str, Any] = {}
        self._size = options.size
        draw = np.random.default_rng(1)
        self._numbers = draw.random(options.size(2_000_000, 5_000))
        self._points = draw.random((options.size(200_000, 500), 2))

    def _rate(self, task: Any, *arguments: Any) -> float:
        """Return the runs per second of one of them, with its options but on this runtime."""
        here = self._tasks.get(task.__name__)
        if here is None:
            here = self.runtime.task(task.__wrapped__, parallel=True, compile_to_c="require")
            self._tasks[task.__name__] = here
        return 1 / measure.seconds(lambda: here.submit(*arguments).result())

    def quicksort(self) -> float:
        return self._rate(
            example("quicksort").quicksort, self._numbers.copy(), 0, len(self._numbers)
        )

    def quadrature(self) -> float:
        module = example("quadrature")
        heights = module.height(0.0), module.height(1.0), module.height(2.0)
        tolerance = 1e-15 if self._size(1, 0) else 1e-6
        return self._rate(module.integral, 0.0, 2.0, *heights, tolerance)

    def queens(self) -> float:
        n = self._size(12, 6)
        return self._rate(example("queens").queens, n, 0, n * n)

    def kd_tree(self) -> float:
        return self._rate(example("kd_tree").build, self._points.copy(), 0, len(self._points), 0)

    def heat(self) -> float:
        rows = self._size(500, 20)
        plate = np.zeros((rows, rows))
        plate[0] = 1.0
        return self._rate(example("heat").settle, plate, self._size(1, 100) * 0.5)


NAMES = ("quicksort", "quadrature", "queens", "kd_tree", "heat")


def main() -> None:
    options = measure.Options.parse(__doc__)
    report = measure.Report("bench_examples", options)
    workers = {"one worker": 1, "all": measure.cores()}
    on = {name: Subjects(count, options) for name, count in workers.items()}
    subjects: dict[str, Callable[[], float]] = {
        f"{name}, {where}": functools.partial(getattr(Subjects, name), subject)
        for name in NAMES
        for where, subject in on.items()
    }
    measure.in_turn(1, subjects)
    figures = measure.in_turn(options.rounds, subjects)
    goal = 0.9 * measure.cores()
    for name in NAMES:
        of, to = f"{name}, all", f"{name}, one worker"
        report.ratio(f"{name}, all / one", figures, of, to, "runs/s", goal)
    report.finish()
    for subject in on.values():
        subject.runtime.shutdown()


if __name__ == "__main__":
    main()
