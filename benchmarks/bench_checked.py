"""What do the checks of integer arithmetic cost in compiled tasks?

Each function is compiled twice, with overflow="check" and with overflow="wrap", and each version is
called in turn in this thread, without a queue. Ten integer loops, where every operation on data
may overflow, and float and array code, where only counters and indices are integers: those
should cost nothing, also where fastmath lets LLVM vectorize. A sum of small integers
is listed too, without a goal: unchecked it is vectorized, and a checked sum cannot be. The figure
of a function is the ratio of the best times of many short runs: what disturbs them only adds time.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any, Literal

import measure
import numpy as np
from numpy.typing import NDArray

from catzilla_jit import Task, task

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


# --- integer loops ------------------------------------------------------------------------


def counting(n: int) -> int:
    i = 0
    found = 0
    while i < n:
        if i % 7 == 3:
            found += 1
        i += 1
    return found


def collatz(n: int) -> int:
    longest = 0
    for start in range(1, n):
        value = start
        steps = 0
        while value != 1:
            value = value // 2 if value % 2 == 0 else 3 * value + 1
            steps += 1
        longest = max(longest, steps)
    return longest


def common_divisors(n: int) -> int:
    total = 0
    for a in range(1, n):
        for b in range(1, n):
            x = a
            y = b
            while y:
                x, y = y, x % y
            total += x
    return total


def divisor_sums(n: int) -> int:
    total = 0
    for number in range(1, n):
        for divisor in range(1, number + 1):
            if number % divisor == 0:
                total += divisor
    return total


def modular_powers(n: int, modulus: int) -> int:
    total = 0
    for start in range(n):
        base = start % modulus
        exponent = n
        power = 1
        while exponent > 0:
            if exponent & 1:
                power = power * base % modulus
            base = base * base % modulus
            exponent >>= 1
        total += power
    return total


def digit_sums(n: int) -> int:
    total = 0
    for number in range(n):
        rest = number
        while rest > 0:
            total += rest % 10
            rest //= 10
    return total


def fibonacci(n: int) -> int:
    total = 0
    for more in range(n):
        a = 0
        b = 1
        while b < 1_000_000_000_000 + more:
            a, b = b, a + b
        total ^= a
    return total


def sieve(composite: NDArray[np.bool_]) -> int:
    n = len(composite)
    composite[:] = False
    count = 0
    for number in range(2, n):
        if not composite[number]:
            count += 1
            multiple = number * number
            while multiple < n:
                composite[multiple] = True
                multiple += number
    return count


def pascal(row: Integers, repeats: int) -> int:
    n = len(row)
    for _ in range(repeats):
        row[:] = 0
        row[0] = 1
        for i in range(1, n):
            for k in range(i, 0, -1):
                row[k] += row[k - 1]
    return row[n // 2]  # type: ignore[no-any-return]


def generator(n: int) -> int:
    state = 12345
    for _ in range(n):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
    return state


# --- loops that LLVM vectorizes when unchecked --------------------------------------------


def masked_sum(n: int) -> int:
    total = 0
    for i in range(n):
        total += i & 5
    return total


# --- float and array code -----------------------------------------------------------------


def midpoint(n: int) -> float:
    total = 0.0
    for i in range(n):
        x = (i + 0.5) / n
        total += 4.0 / (1.0 + x * x)
    return total / n


def mandelbrot(size: int) -> int:
    inside = 0
    for row in range(size):
        for column in range(size):
            c = complex(-2.0 + 3.0 * column / size, -1.5 + 3.0 * row / size)
            z = 0j
            for _ in range(50):
                z = z * z + c
                if z.real * z.real + z.imag * z.imag > 4.0:
                    break
            else:
                inside += 1
    return inside


def dot(a: Floats, b: Floats) -> float:
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def product(a: NDArray[Any], b: NDArray[Any], c: NDArray[Any]) -> float:
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += a[i, k] * b[k, j]
            c[i, j] = total
    return c[n - 1, n - 1]  # type: ignore[no-any-return]


def stencil(a: NDArray[Any], b: NDArray[Any]) -> float:
    rows, columns = a.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            b[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
    return b[rows // 2, columns // 2]  # type: ignore[no-any-return]


def moving_average(values: Floats, out: Floats, width: int) -> float:
    for i in range(width, len(values)):
        total = 0.0
        for k in range(width):
            total += values[i - k]
        out[i] = total / width
    return out[len(out) - 1]  # type: ignore[no-any-return]


Case = tuple[Callable[..., Any], tuple[Any, ...], bool]  # function, arguments, fastmath


def integer_cases(options: measure.Options) -> list[Case]:
    size = options.size
    return [
        (counting, (size(1_000_000, 100),), False),
        (collatz, (size(5_000, 100),), False),
        (common_divisors, (size(150, 10),), False),
        (divisor_sums, (size(600, 50),), False),
        (modular_powers, (size(20_000, 100), 1_000_003), False),
        (digit_sums, (size(100_000, 100),), False),
        (fibonacci, (size(20_000, 10),), False),
        (sieve, (np.zeros(size(200_000, 100), np.bool_),), False),
        (pascal, (np.zeros(60, np.int64), size(1_000, 10)), False),
        (generator, (size(500_000, 100),), False),
    ]


def vector_cases(options: measure.Options) -> list[Case]:
    return [(masked_sum, (options.size(1_000_000, 100),), False)]


def float_cases(options: measure.Options) -> list[Case]:
    size = options.size
    side, long = size(128, 16), size(200_000, 100)
    square = np.linspace(0.0, 1.0, side * side).reshape(side, side)
    grid = np.linspace(0.0, 1.0, size(512, 16) ** 2).reshape(size(512, 16), size(512, 16))
    line = np.linspace(0.0, 1.0, long)
    found: list[Case] = [
        (midpoint, (long,), False),
        (mandelbrot, (size(64, 8),), False),
    ]
    for fastmath in (False, True):
        found += [
            (dot, (line, line.copy()), fastmath),
            (product, (square, square.copy(), np.zeros_like(square)), fastmath),
            (stencil, (grid, np.zeros_like(grid)), fastmath),
            (moving_average, (line, np.zeros_like(line), 8), fastmath),
        ]
    return found


def compiled(case: Case, overflow: Literal["check", "wrap"]) -> Task[..., Any]:
    """Return the compiled task; its calls run here and now."""
    function, arguments, fastmath = case
    made = task(compile_to_c="require", overflow=overflow, fastmath=fastmath)(function)
    made.submit(*arguments).result()
    return made


def price(case: Case, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each run of both versions, in turn."""
    function, arguments, _ = case
    checked, wrapping = (compiled(case, overflow) for overflow in ("check", "wrap"))
    if not math.isclose(checked(*arguments), wrapping(*arguments)):  # fastmath may differ
        raise AssertionError(f"{function.__name__}: the results differ")

    def run(made: Task[..., Any]) -> float:
        began = time.perf_counter()
        made(*arguments)
        return (time.perf_counter() - began) * 1000

    subjects = {"check": lambda: run(checked), "wrap": lambda: run(wrapping)}
    return measure.in_turn(rounds, subjects)


def ask(
    report: measure.Report, options: measure.Options, cases: list[Case], goal: float | None
) -> list[float]:
    """Report the price of each case; return the prices."""
    prices = []
    for case in cases:
        figures = price(case, options.rounds)
        ratio = min(figures["check"]) / min(figures["wrap"])
        name = case[0].__name__ + (", fastmath" if case[2] else "")
        report.add(measure.Finding(name, ratio, " times", goal, "at most", figures, "ms"))
        prices.append(ratio)
    return prices


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=150)
    report = measure.Report("bench_checked", options)
    loops = ask(report, options, integer_cases(options), 1.8)
    claim = "median of the ten integer loops"
    report.add(measure.Finding(claim, statistics.median(loops), " times", 1.3, "at most"))
    ask(report, options, vector_cases(options), None)
    others = ask(report, options, float_cases(options), 1.05)
    claim = "geometric mean of float and array code"
    mean = math.exp(statistics.fmean(map(math.log, others)))
    report.add(measure.Finding(claim, mean, " times", 1.05, "at most"))
    report.finish()


if __name__ == "__main__":
    main()
