"""In automatic mode what is computed from arrays is what NumPy computes: value, type, shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import made, outcome, submitted

RANDOM = np.random.default_rng(1)
FLOATS = np.concatenate(
    [
        RANDOM.standard_normal(36) * 10.0 ** RANDOM.integers(-5, 5, 36),
        [0.0, -0.0, np.inf, -np.inf, np.nan, 1e308, -1e308, 5e-324, 1.5],
    ]
)
NUMBERS = RANDOM.standard_normal(45)
INTEGERS = np.concatenate(
    [RANDOM.integers(-10, 10, 20), [0, 2**62, -(2**63), 2**63 - 1, 3037000500]]
)
BOOLS = RANDOM.random(25) > 0.5
COMPLEX = RANDOM.standard_normal(25) + 1j * RANDOM.standard_normal(25)


def check(function: Callable[..., Any], *arguments: Any, compiled: bool = True) -> None:
    made: Task[..., Any] = task(function)
    assert submitted(made, *arguments) == outcome(function, *arguments)
    assert made.explain().compiled is compiled, str(made.explain())


def float_operators(f: Any, g: Any) -> Any:
    return f + g, f - g, f * g, f / g, f / 0.0, 2 * f, f < g, f == g, -f, f + 1.5, 1 / f


def integer_operators(i: Any, b: Any) -> Any:
    return i + i, i - 3, i * i, i / 3, i + 0.5, i * 2.5, -i, i & 3, i ^ i, ~i, i < 2, i + b, ~b


def complex_operators(c: Any) -> Any:
    return c + c, c - 1.5, -c, c == c, c.real, c.imag, c[0] * c[1], c[2] + 1


def functions_of_floats(f: Any) -> Any:
    return (
        np.sqrt(f), np.abs(f), np.floor(f), np.ceil(f), np.trunc(f), np.rint(f), np.square(f),
        np.isnan(f), np.isinf(f), np.isfinite(f), np.signbit(f), np.zeros_like(f), np.copy(f),
    )  # fmt: skip


def functions_of_integers(i: Any, b: Any) -> Any:
    return (
        np.sqrt(i), np.abs(i), np.square(i), np.sort(i), np.any(i), np.all(b), b.any(),
        np.arange(len(i)), np.zeros(3), np.ones((2, 3)), i.copy(),
        np.maximum(i, 3), np.minimum(i, i[::-1]), np.sign(i), np.unique(i), np.clip(i, -1, 5),
    )  # fmt: skip


def slices(f: Any) -> Any:
    return f[2:7], f[::-1], f[::2] + f[::2], f[3:3], f.T, f.shape, f.size, len(f), f[-1]


def reductions_of_floats(f: Any) -> Any:
    return f.sum(), f.mean(), f.max(), f.min(), f.argmax(), f.argmin(), np.sum(f), np.mean(f)


def reductions_of_lines(f: Any) -> Any:
    return f.prod(), f.cumsum(), f.std(), f.var(), np.std(f), np.prod(f), np.cumsum(f)


def reductions_of_integers(i: Any, b: Any) -> Any:
    return (
        i.sum(), i.prod(), i.cumsum(), i.max(), i.min(), i.argmax(), b.sum(), b.mean(),
        b.cumsum(), (i > 0).sum(), (i > 0).mean(), sum(i), sum(b),
    )  # fmt: skip


def numbers(f: Any, i: Any) -> Any:
    return (
        f[0], f[1] / 2, 1 / f[37], f[36] + 1, i[0] * 2, i[22] + i[22], i[0] < 3, -f[3], abs(f[4]),
        int(f[0]), float(i[0]), max(f[0], f[1]), i[22] // 7, i[3] % 4, f[2] // 0.5, round(f[1]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (float_operators, (FLOATS, RANDOM.permutation(FLOATS))),
        (float_operators, (FLOATS[::-1], FLOATS[::1])),
        (integer_operators, (INTEGERS, BOOLS)),
        (complex_operators, (COMPLEX,)),
        (functions_of_floats, (FLOATS,)),
        (functions_of_integers, (INTEGERS, BOOLS)),
        (made, (FLOATS, INTEGERS, BOOLS)),
        (slices, (NUMBERS,)),
        (slices, (NUMBERS.reshape(9, 5).T,)),
        (reductions_of_floats, (NUMBERS,)),
        (reductions_of_floats, (NUMBERS.reshape(9, 5),)),
        (reductions_of_floats, (NUMBERS.reshape(9, 5).T,)),
        (reductions_of_floats, (NUMBERS[::-3],)),
        (reductions_of_floats, (FLOATS,)),
        (reductions_of_floats, (np.zeros(0),)),
        (reductions_of_lines, (NUMBERS,)),
        (reductions_of_lines, (np.zeros(0),)),
        (reductions_of_integers, (INTEGERS, BOOLS)),
        (numbers, (FLOATS, INTEGERS)),
    ],
)
def test_answers_are_numpys(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    check(function, *arguments)


def test_sums_of_every_length_are_numpys() -> None:
    @task
    def total(values: Any) -> Any:
        return values.sum(), values.mean()

    lengths = [*range(300), 511, 512, 513, 1000, 1023, 1025, 4095, 8191, 8193, 70001]
    for length in lengths:
        values = RANDOM.standard_normal(length) * 10.0 ** RANDOM.integers(-9, 9, length)
        expected = outcome(total.__wrapped__, values)
        assert submitted(total, values) == expected, length
    assert total.explain().compiled


def test_sums_with_gaps_are_numpys() -> None:
    @task
    def total(values: Any) -> Any:
        return values.sum()

    for step in (2, 3, -1, -2):
        for length in (0, 1, 7, 8, 100, 129, 300, 1025):
            values = (RANDOM.standard_normal(length * 3) * 1e5)[::step]
            assert submitted(total, values) == outcome(np.sum, values)
    assert total.explain().compiled


@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint8, np.int32, np.uint64, np.float32, np.complex64]
)
def test_arrays_of_other_types_are_computed_in_those(dtype: Any) -> None:
    def twice(values: Any) -> Any:
        return values * 2, values + values, values == 100, values[1:], values.copy()

    check(twice, np.array([100, 200, 0]).astype(dtype))


def test_numbers_of_other_types_run_as_python() -> None:
    def more(x: np.int32) -> Any:
        return x + 1

    check(more, np.int32(5), compiled=False)


def test_insisting_takes_numbas_arithmetic() -> None:
    @task(compile_to_c="require")
    def twice(values: Any) -> Any:
        return values * 2

    result = twice.submit(np.array([200], np.uint8)).result(60)
    assert (result.dtype, result.tolist()) == (np.int64, [400])


def test_what_is_not_compiled_says_why_and_what_to_do() -> None:
    @task
    def middle(values: Any) -> Any:
        return np.partition(values, 1)

    middle.submit(FLOATS[:3]).result(60)
    (reason,) = middle.explain().reasons
    expected = "compiled numpy.partition of array(float64, 1-D), int may differ from NumPy's"
    assert reason.message == expected
    assert "compile_to_c=True accepts Numba's arithmetic" in reason.advice


def neg_bools(b: Any) -> Any:
    return -b


def add_bools(b: Any) -> Any:
    return b + b


def first_bools(b: Any) -> Any:
    return b[0] + b[1]


def power(f: Any) -> Any:
    return f ** np.arange(len(f))


def raveled(f: Any) -> Any:
    return f[:: len(f) // 45].ravel()  # with this step a view


def rounded(f: Any) -> Any:
    return round(f[0], 2)


def to_small_integers(f: Any) -> Any:
    return f.astype(np.int32)


def ellipsis(f: Any) -> Any:
    return f[..., 0]


def typed(f: Any) -> Any:
    return np.full(3, f[0], np.int64)


def cast(f: Any) -> Any:
    return np.array([1.5, 2.5], dtype=np.int64)


def optional(f: Any) -> Any:
    if len(f) == 3:
        return 2.5
    return f[0] if len(f) > 3 else None


@pytest.mark.parametrize(
    ("function", "values"),
    [(each, BOOLS) for each in (neg_bools, add_bools, first_bools)]
    + [
        (each, NUMBERS)
        for each in (
            power,
            raveled,
            rounded,
            to_small_integers,
            ellipsis,
            typed,
            cast,
            optional,
        )
    ],
)
def test_what_numba_computes_otherwise_runs_as_python(function: Any, values: Any) -> None:
    check(function, values, compiled=False)


def running_total(values: Any) -> Any:
    total = 0.0
    for value in values:
        total += value
    return total


def first_above(values: Any) -> Any:
    for value in values:
        if value > 1.0:
            return value
    return 0.0


def largest(values: Any) -> Any:
    best = 0.0
    for value in values:
        best = max(best, value)
    return best


def inverse_of_total(values: Any) -> Any:
    total = 0.0
    for value in values:
        total += value
    return 1.0 / total


@pytest.mark.parametrize("function", [running_total, first_above, largest, inverse_of_total])
@pytest.mark.parametrize("values", [NUMBERS, np.zeros(0), -np.ones(2), np.array([1.0, -1.0])])
def test_number_is_numpys_where_it_is_in_python(function: Any, values: Any) -> None:
    check(function, values)


def test_number_that_is_numpys_or_pythons_is_refused_with_its_line() -> None:
    def place_of_largest(values: Any) -> Any:
        found = (-1, -1e9)
        for i, value in enumerate(values):
            if value > found[1]:
                found = (i, value)
        return found

    check(place_of_largest, NUMBERS, compiled=False)
    made: Task[..., Any] = task(place_of_largest)
    made.submit(NUMBERS).result(60)
    (reason,) = made.explain().reasons
    assert reason.code == "CZ607"
    assert "sometimes NumPy's, sometimes Python's" in reason.message


def ratio(x: Any, y: Any) -> Any:
    return x / y


def ratio_by_helper(values: Any) -> Any:
    return float(ratio(values[0], values[1]))


def ratio_returned(values: Any) -> Any:
    return ratio(values[0], values[1])


def test_helper_divides_numpys_numbers_as_numpy_does() -> None:
    check(ratio_by_helper, np.array([1.0, 0.0]))
    check(ratio_by_helper, np.array([1.0, 2.0]))


def test_number_that_a_helper_made_of_numpys_is_numpys() -> None:
    check(ratio_returned, np.array([1.0, 0.0]))
    check(ratio_returned, np.array([1.0, 2.0]))


def test_array_that_is_written_to_is_numpys() -> None:
    def fill(values: Any) -> Any:
        for i in range(len(values)):
            values[i] = i * 0.5
        values[2:] = values[:-2]
        values += 1
        return values[3]

    mine, theirs = np.zeros(9), np.zeros(9)
    made: Task[..., Any] = task(fill)
    assert submitted(made, mine) == outcome(fill, theirs)
    assert made.explain().compiled
    assert (mine == theirs).all()


def test_float_for_an_array_of_integers_runs_as_python() -> None:
    def fill(values: Any) -> Any:
        values[0] = 2.5
        return values

    check(fill, np.zeros(2, np.int64), compiled=False)
