"""How fast are array functions as people write them, beside NumPy and Numba?

Ten functions, none written for a compiler: `@task` without options, called directly in this thread,
against the same function run by NumPy, and against `numba.njit` where that compiles it. Then eight
submissions of each at once, over all workers, against eight calls of NumPy. Each function is first
compared with NumPy, bit for bit; one that is not compiled is reported as such, and not measured.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import measure
import numba
import numpy as np

from catzilla_jit import Task, task

Function = Callable[..., Any]
SUBMISSIONS = 8


def black_scholes(spot: Any, strike: Any, years: Any, rate: float, volatility: float) -> Any:
    root = volatility * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / root
    d2 = d1 - root
    n1 = 1.0 / (1.0 + np.exp(-1.5976 * d1 - 0.070565992 * d1**3))
    n2 = 1.0 / (1.0 + np.exp(-1.5976 * d2 - 0.070565992 * d2**3))
    return spot * n1 - strike * np.exp(-rate * years) * n2


def softmax(scores: Any) -> Any:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def kalman_step(x: Any, p: Any, z: Any, f: Any, h: Any, q: Any, r: Any) -> Any:
    x = f @ x
    p = f @ p @ f.T + q
    gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + r)
    return x + gain @ (z - h @ x), p - gain @ h @ p


def stencil(u: Any) -> Any:
    return 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])


def n_body(places: Any, masses: Any) -> Any:
    pull = np.zeros_like(places)
    for i in range(len(places)):
        away = places - places[i]
        squared = (away * away).sum(axis=1) + 1e-3
        pull[i] = (masses / (squared * np.sqrt(squared))) @ away
    return pull


def moving_mean(values: Any, width: int) -> Any:
    sums = np.cumsum(values)
    return (sums[width:] - sums[:-width]) / width


def least_squares(table: Any, values: Any) -> Any:
    return np.linalg.solve(table.T @ table, table.T @ values)


def low_pass(signal: Any, keep: int) -> Any:
    spectrum = np.fft.rfft(signal)
    spectrum[keep:] = 0.0
    return np.fft.irfft(spectrum)


def haversine(lat1: Any, lon1: Any, lat2: Any, lon2: Any) -> Any:
    north, east = np.radians(lat2 - lat1) / 2, np.radians(lon2 - lon1) / 2
    straight = np.cos(np.radians(lat1)) * np.cos(np.radians(lat2))
    return 12742.0 * np.arcsin(np.sqrt(np.sin(north) ** 2 + straight * np.sin(east) ** 2))


def nearest(points: Any, centres: Any) -> Any:
    away = points[:, None, :] - centres[None, :, :]
    return (away * away).sum(axis=2).argmin(axis=1)


def cases(options: measure.Options) -> list[tuple[Function, tuple[Any, ...]]]:
    """Return each function with its arguments."""
    random = np.random.default_rng(1)
    many, side = options.size(100_000, 500), options.size(300, 20)

    def line(low: float = 0.5) -> Any:
        return random.random(many) + low

    return [
        (black_scholes, (line(), line(), line(), 0.03, 0.2)),
        (softmax, (random.random((side, side)),)),
        (
            kalman_step,
            (random.random(4), np.eye(4), random.random(2), random.random((4, 4)),
             random.random((2, 4)), np.eye(4), np.eye(2)),
        ),
        (stencil, (random.random((side, side)),)),
        (n_body, (random.random((side // 3, 3)), random.random(side // 3))),
        (moving_mean, (line(), 50)),
        (least_squares, (random.random((side * 5, 6)), random.random(side * 5))),
        (low_pass, (random.random(options.size(4096, 64)), 20)),
        (haversine, (line(), line(), line(), line())),
        (nearest, (random.random((side * 5, 2)), random.random((5, 2)))),
    ]  # fmt: skip


def of_numba(function: Function, arguments: tuple[Any, ...]) -> Function | None:
    """Return the function compiled by Numba, None where that cannot be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made: Function = numba.njit(function)
            made(*arguments)
        except Exception:  # whatever Numba says of what it does not know
            return None
    return made


def per_second(call: Callable[[], Any], calls: int) -> float:
    """Return calls a second: of the best of some, since what disturbs them only adds time."""
    best = float("inf")
    for _ in range(calls):
        began = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - began)
    return 1.0 / best


def ask(
    report: measure.Report,
    options: measure.Options,
    function: Function,
    arguments: tuple[Any, ...],
) -> None:
    name = function.__name__
    compiled: Task[..., Any] = task(function)
    np.testing.assert_equal(compiled.submit(*arguments).result(), function(*arguments))
    if not compiled.explain().compiled:
        print(f"{name} runs as Python: {compiled.explain()}")
        return
    jitted = of_numba(function, arguments)
    calls = options.size(20, 1)

    def all_at_once() -> None:
        for result in [compiled.submit(*arguments) for _ in range(SUBMISSIONS)]:
            result.result()

    def one_by_one() -> None:
        for _ in range(SUBMISSIONS):
            function(*arguments)

    subjects: dict[str, Callable[[], float]] = {
        "task": lambda: per_second(lambda: compiled(*arguments), calls),
        "numpy": lambda: per_second(lambda: function(*arguments), calls),
        "tasks": lambda: per_second(all_at_once, calls),
        "numpys": lambda: per_second(one_by_one, calls),
    }
    if jitted is not None:
        subjects["njit"] = lambda: per_second(lambda: jitted(*arguments), calls)
    measure.in_turn(1, subjects)
    figures = measure.in_turn(options.rounds, subjects)
    report.ratio(f"{name}: task / NumPy", figures, "task", "numpy", "calls/s", 0.8)
    report.ratio(
        f"{name}: {SUBMISSIONS} tasks / NumPy", figures, "tasks", "numpys", "rounds/s", None
    )
    if jitted is not None:
        report.ratio(f"{name}: task / njit", figures, "task", "njit", "calls/s", 1.0)


def main() -> None:
    options = measure.Options.parse(__doc__, rounds=3)
    report = measure.Report("bench_arrays", options)
    for function, arguments in cases(options):
        ask(report, options, function, arguments)
    report.finish()


if __name__ == "__main__":
    main()
