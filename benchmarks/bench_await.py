"""What does awaiting a task cost, compared with `loop.run_in_executor`?

100,000 coroutines of one event loop, each awaiting one call of `(float, float) -> float`, run by
one asyncio.gather. Baseline: the same with run_in_executor and a ThreadPoolExecutor of
as many threads as this process has cores. Asked for compiled and for Python tasks, and for
results that are awaited one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import measure

from catzilla_jit import task


def add(a: float, b: float) -> float:
    return a + b


compiled_add = task(compile_to_c="require", name="compiled_add")(add)
python_add = task(compile_to_c=False, name="python_add")(add)

Start = Callable[[float, float], Awaitable[float]]


def rate(start: Start, count: int) -> float:
    """Return awaited calls per second, in a loop that runs already."""

    async def one(a: float) -> float:
        return await start(a, 0.5)

    async def work() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        values = await asyncio.gather(*[one(float(i)) for i in range(count)])
        took = loop.time() - began
        if sum(values) != count * (count - 1) / 2 + count / 2:
            raise AssertionError("a result is wrong")
        return took

    return count / asyncio.run(work())


def sequential_rate(start: Start, count: int) -> float:
    """Return calls per second when each is awaited before the next is started."""

    async def work() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for i in range(count):
            await start(float(i), 0.5)
        return loop.time() - began

    return count / asyncio.run(work())


def main() -> None:
    options = measure.Options.parse(__doc__)
    report = measure.Report("bench_await", options)
    many = options.size(100_000, 500)
    few = options.size(5_000, 50)
    compiled_add.warm_up()

    with ThreadPoolExecutor(measure.cores()) as pool:

        def in_executor(a: float, b: float) -> Awaitable[float]:
            return asyncio.get_running_loop().run_in_executor(pool, add, a, b)

        subjects: dict[str, Callable[[], float]] = {
            "compiled task": lambda: rate(compiled_add.submit, many),
            "Python task": lambda: rate(python_add.submit, many),
            "run_in_executor": lambda: rate(in_executor, many),
            "compiled task, one by one": lambda: sequential_rate(compiled_add.submit, few),
            "run_in_executor, one by one": lambda: sequential_rate(in_executor, few),
        }
        measure.in_turn(1, subjects)
        figures = measure.in_turn(options.rounds, subjects)

    unit, executor = "awaits/s", "run_in_executor"
    report.ratio("compiled task / run_in_executor", figures, "compiled task", executor, unit, 5)
    report.ratio("Python task / run_in_executor", figures, "Python task", executor, unit, 5)
    report.ratio(
        "one by one / run_in_executor one by one",
        figures,
        "compiled task, one by one",
        "run_in_executor, one by one",
        unit,
        None,
    )
    report.finish()


if __name__ == "__main__":
    main()
