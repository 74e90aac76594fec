"""Arrays of every kind, and the comparison of an expression as a task with NumPy itself."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from catzilla_jit.compile import STATUS_OVERFLOW
from support.automatic import described
from support.compile_harness import compiled, status_of
from support.numpy_calls import kinds_of, named

RANDOM = np.random.default_rng(3)
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e308, -1e308, 5e-324, 1.5]
#: Lines whose items are of different kinds: any, equal ones, what is special among others.
LINES = [
    *(RANDOM.standard_normal(n) * 10.0 ** RANDOM.integers(-5, 5, n) for n in (1, 2, 8, 9, 130)),
    RANDOM.integers(-3, 4, 40).astype(float),
    np.where(RANDOM.random(40) < 0.2, RANDOM.choice(SPECIAL, 40), RANDOM.standard_normal(40)),
    RANDOM.choice([0.0, -0.0, 1.0], 17),
    np.zeros(0),
]
TABLES = [
    RANDOM.standard_normal(shape) * 10.0 ** RANDOM.integers(-5, 5, shape)
    for shape in ((4, 5), (5, 4), (1, 6), (6, 1), (20, 130), (130, 20), (0, 3), (3, 0))
]
TABLES.append(RANDOM.choice([*SPECIAL, 2.0, 3.0], (6, 7)))


def laid_out(value: Any) -> Any:
    """Return what a result is, with the order in memory of arrays that have one."""
    if isinstance(value, tuple):
        return tuple(map(laid_out, value))
    orders = ()
    if isinstance(value, np.ndarray) and value.size:
        orders = (value.flags.c_contiguous, value.flags.f_contiguous)
    return described(value), orders


def check(source: str, calls: list[tuple[Any, ...]]) -> None:
    """Compare with NumPy; where NumPy warns or raises the code has to be left."""
    body = source if source.startswith("\n") else f" return {source}"
    function = named(f"def function({', '.join('abcd'[: len(calls[0])])}):{body}")
    made = compiled(function, argument_types=kinds_of(*calls[0]), exact=True)
    answered = 0
    for arguments in calls:
        status, _, result = status_of(made, *arguments)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                expected = function(*arguments)
            except (TypeError, ValueError, IndexError, ZeroDivisionError, np.linalg.LinAlgError):
                assert status == STATUS_OVERFLOW, arguments
                continue
        if status == 0:
            answered += 1
            assert not caught, (arguments, str(caught[0].message))
            assert laid_out(result) == laid_out(_plain(expected)), arguments
        else:
            assert status == STATUS_OVERFLOW
    assert answered


def _plain(value: Any) -> Any:
    """Return numbers as the harness has them, which does not know of NumPy's."""
    return value.item() if isinstance(value, np.generic) else value


def turned(tables: list[Any], layout: str) -> list[tuple[Any]]:
    """Return the tables in an order, or with gaps."""
    if layout == "A":
        return [(np.repeat(np.repeat(each, 2, 0), 2, 1)[::2, ::2],) for each in tables[:6]] + [
            (np.repeat(np.repeat(each, 2, 0), 2, 1)[::2, ::2].T,) for each in tables[:6]
        ]
    kept = [each for each in tables if min(each.shape) > 1]
    return [(np.asarray(each, order=layout),) for each in kept]  # type: ignore[call-overload]
