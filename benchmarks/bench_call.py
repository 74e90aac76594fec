"""What does a direct call of a compiled task cost, beside a call of the plain function?

Functions of less than a microsecond, each called in this thread:
the plain function and the task over it, in turn. Each figure is the best of many short runs. The
claim is the geometric mean over the functions.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable
from typing import Any

import measure

from catzilla_jit import task


def double(x: float) -> float:
    return x * 2.0


def hypotenuse(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def clamp(x: float, low: float, high: float) -> float:
    return max(low, min(x, high))


def greatest_divisor(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def total(n: int) -> int:
    result = 0
    for i in range(n):
        result += i * i
    return result


def vowels(text: str) -> int:
    return sum(1 for letter in text if letter in "aeiou")


CALLS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (double, (3.0,)),
    (hypotenuse, (3.0, 4.0)),
    (is_leap, (1900,)),
    (clamp, (3.0, 0.0, 1.0)),
    (greatest_divisor, (1071, 462)),
    (total, (10,)),
    (vowels, ("a short sentence",)),
]
RUNS = 30


def nanoseconds(function: Callable[..., Any], arguments: tuple[Any, ...], calls: int) -> float:
    def work() -> None:
        for _ in range(calls):
            function(*arguments)

    return min(measure.seconds(work) for _ in range(RUNS)) / calls * 1e9


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=5)
    report = measure.Report("bench_call", options)
    calls = options.size(2_000, 50)
    subjects: dict[str, Callable[[], float]] = {}
    pairs = []
    for function, arguments in CALLS:
        compiled = task(function, compile_to_c="require")
        if compiled.submit(*arguments).result() != function(*arguments):
            raise AssertionError("a result is wrong")
        text = f"{function.__name__}{arguments!r}"
        pairs.append((f"{text}, function", f"{text}, task"))
        subjects[pairs[-1][0]] = functools.partial(nanoseconds, function, arguments, calls)
        subjects[pairs[-1][1]] = functools.partial(nanoseconds, compiled, arguments, calls)
    figures = measure.in_turn(options.rounds, subjects)
    for plain, compiled_name in pairs:
        report.ratio(
            f"{plain.rpartition(',')[0]}: function / task",
            figures,
            plain,
            compiled_name,
            "ns",
            None,
        )
    ratios = [
        statistics.median(figures[plain]) / statistics.median(figures[compiled_name])
        for plain, compiled_name in pairs
    ]
    mean = statistics.geometric_mean(ratios)
    report.add(measure.Finding("function / task, geometric mean", mean, " times", 1.0, "at least"))
    report.finish()


if __name__ == "__main__":
    main()
