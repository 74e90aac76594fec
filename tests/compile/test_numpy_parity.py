"""Hypothesis looks for arrays whose answer is not NumPy's: value, type, shape, exception.

Each function is compiled in automatic mode and called with arrays of special and of random
numbers, empty ones too, in order of memory and with gaps or backwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from catzilla_jit import Task, task
from support.automatic import outcome, submitted

FLOATS = st.one_of(
    st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan, 1e308, -1e308, 5e-324, 0.5, 1.0, 2.5]),
    st.just(-np.nan),
    st.floats(-1e3, 1e3),
    st.floats(allow_nan=False),
)
INTEGERS = st.one_of(
    st.sampled_from([0, 1, -1, 2**62, -(2**63), 2**63 - 1, 3037000500]), st.integers(-20, 20)
)
ELEMENTS = {"f": (np.float64, FLOATS), "i": (np.int64, INTEGERS), "b": (np.bool_, st.booleans())}
STEPS = st.sampled_from([slice(None), slice(None, None, -1), slice(1, None, 2)])


@st.composite
def lines(draw: st.DrawFn, kind: str) -> Any:
    """Draw an array of one dimension."""
    dtype, elements = ELEMENTS[kind]
    made = draw(arrays.arrays(dtype, st.integers(0, 20), elements=elements))
    return made[draw(STEPS)]


@st.composite
def tables(draw: st.DrawFn, kind: str) -> Any:
    """Draw an array of two dimensions, in either order; of floats without gaps."""
    dtype, elements = ELEMENTS[kind]
    shape = st.tuples(st.integers(0, 12), st.integers(0, 12))
    made = draw(arrays.arrays(dtype, shape, elements=elements))
    if kind != "f" and draw(st.booleans()):
        made = made[::2, ::-1]
    return made.T if draw(st.booleans()) else made


def squares(v: Any) -> Any:
    return v**2, (v + v) ** 2


def divided(v: Any) -> Any:
    return v // 1, v // 3, v // 2**40, v % 1, v % 3, v % 2**62


def raised(v: Any) -> Any:
    return v**0, v**1, v**2, v**3, v**7


def divided_in_place(v: Any) -> Any:
    w = v.copy()
    w //= 3
    w %= 5
    return w


def masked(v: Any) -> Any:
    return v[v > 0], v[(v > 0) & (v < 3)], v[v == v], v[~(v < 1)]


def masked_by_bools(v: Any) -> Any:
    return v[v], v[~v]


def masked_and_reduced(v: Any) -> Any:
    return v[v > 0].sum(), v[v <= 0].argmin()


def masked_by_another_length(v: Any) -> Any:
    return v[v[1:] > 0]


def set_by_mask(v: Any) -> Any:
    w = v.copy()
    w[w < 0] = 0
    w[w > 3] = 7
    return w


def sums(v: Any) -> Any:
    return v.sum(axis=0), v.sum(axis=1), v.sum(-1), np.sum(v, axis=-2), np.sum(v, 1)


def means(v: Any) -> Any:
    return v.mean(axis=0), np.mean(v, axis=1)


def deviations(v: Any) -> Any:
    return v.var(axis=0), v.var(axis=1), v.std(0), np.std(v, axis=1)


def extremes(v: Any) -> Any:
    return v.max(axis=0), v.max(axis=1), v.min(0), np.min(v, axis=1)


def places_along_rows(v: Any) -> Any:
    return v.argmax(axis=1), v.argmin(axis=1)


def places_along_columns(v: Any) -> Any:
    return np.argmax(v, axis=0), np.argmin(v, axis=0)


def truths(v: Any) -> Any:
    return v.any(axis=0), v.all(axis=1), np.any(v, axis=1), np.all(v, axis=0)


def reduced_along_the_only_axis(v: Any) -> Any:
    return v.sum(axis=0), v.sum(-1), v.argmax(axis=0), v.max(0), np.mean(v, axis=0), v.any(axis=0)


def extremes_with_numbers(v: Any) -> Any:
    return np.maximum(v, 1.5), np.minimum(v, 2), np.maximum(0.5, v), np.minimum(np.inf, v)


def extremes_with_zero(v: Any) -> Any:
    return np.maximum(v, 0), np.minimum(v, 0.0)


def extremes_of_lines(v: Any) -> Any:
    return np.maximum(v, v[::-1]), np.minimum(v[1:], v[:-1])


def extremes_of_other_lengths(v: Any) -> Any:
    return np.maximum(v, v[:1])


def clipped(v: Any) -> Any:
    return np.clip(v, -1, 2.5), v.clip(-7, 3), np.clip(v, 0.5, -0.5)


def rounded(v: Any) -> Any:
    return np.round(v, 2), v.round(1), np.round(v), v.round(), np.around(v, 8)


def to_floats(v: Any) -> Any:
    return v.astype(float), v.astype(np.float64)


def to_integers(v: Any) -> Any:
    return v.astype(int), v.astype(np.int64)


def extremes_with_zero_of_tables(v: Any) -> Any:
    v = v + 0.5
    return np.maximum(v.copy(), 0), np.clip(v.copy(), 0.0, 1.0)


def clipped_or_rounded_tables(v: Any) -> Any:
    return v.round(2), v.astype(float), v[:1].copy().astype(int)


LINES = [
    (squares, "fi"), (divided, "i"), (raised, "i"), (divided_in_place, "i"), (masked, "fi"),
    (masked_by_bools, "b"), (masked_and_reduced, "fi"), (masked_by_another_length, "fi"),
    (set_by_mask, "fi"), (reduced_along_the_only_axis, "fi"),
    (extremes_with_numbers, "f"), (extremes_with_zero, "f"), (extremes_of_lines, "f"),
    (extremes_of_other_lengths, "f"), (clipped, "f"), (rounded, "f"), (to_floats, "fib"),
    (to_integers, "fib"),
]  # fmt: skip
TABLES = [
    (sums, "fib"), (means, "fib"), (deviations, "f"), (extremes, "fi"),
    (extremes_with_zero_of_tables, "f"), (clipped_or_rounded_tables, "f"),
    (places_along_rows, "fi"), (places_along_columns, "fi"), (truths, "fib"),
]  # fmt: skip


def compare(function: Callable[..., Any], values: st.SearchStrategy[Any]) -> None:
    made: Task[..., Any] = task(function)

    @settings(max_examples=60, deadline=None)
    @given(values)
    def agree(given_array: Any) -> None:
        assert submitted(made, given_array) == outcome(function, given_array)
        assert made.explain().compiled, str(made.explain())

    agree()


@pytest.mark.parametrize(
    ("function", "kind"), [(function, kind) for function, kinds in LINES for kind in kinds]
)
def test_answer_for_a_line_is_numpys(function: Callable[..., Any], kind: str) -> None:
    compare(function, lines(kind))


@pytest.mark.parametrize(
    ("function", "kind"), [(function, kind) for function, kinds in TABLES for kind in kinds]
)
def test_answer_for_a_table_is_numpys(function: Callable[..., Any], kind: str) -> None:
    compare(function, tables(kind))


@pytest.mark.parametrize("shape", [(3, 300), (300, 3), (130, 1), (1, 130), (20, 9001), (9001, 20)])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("function", [sums, means, deviations])
def test_sums_of_large_tables_are_numpys(
    function: Callable[..., Any], order: Any, shape: tuple[int, int]
) -> None:
    numbers = np.random.default_rng(5)
    values = numbers.standard_normal(shape) * 10.0 ** numbers.integers(-9, 9, shape)
    values = np.asarray(values, order=order)
    made: Task[..., Any] = task(function)
    assert submitted(made, values) == outcome(function, values)
    assert made.explain().compiled


def test_sums_along_an_axis_of_more_dimensions_with_gaps_run_as_python() -> None:
    made: Task[..., Any] = task(sums)
    values = np.ones((6, 6, 2))[:, ::2]
    assert submitted(made, values) == outcome(sums, values)
    (reason,) = made.explain().reasons
    assert "along an axis" in reason.message
    assert "gaps" in reason.message


def test_an_axis_that_is_no_constant_is_named_as_the_reason() -> None:
    @task
    def summed(v: Any, place: int) -> Any:
        return v.sum(axis=place)

    assert submitted(summed, np.ones((2, 3)), 1) == outcome(summed.__wrapped__, np.ones((2, 3)), 1)
    (reason,) = summed.explain().reasons
    assert reason.message == "the axis of numpy.sum is not a constant"


def test_insisting_takes_numbas_sum_along_an_axis() -> None:
    @task(compile_to_c="require")
    def summed(v: np.ndarray) -> Any:
        return v.sum(axis=0)

    assert summed.submit(np.ones((4, 6))[:, ::2]).result(60).tolist() == [4.0, 4.0, 4.0]


def test_a_task_that_writes_leaves_to_numpy_what_is_its_own_to_choose() -> None:
    def truncated(v: Any) -> Any:
        v[:] = v.astype(int)
        return v

    made: Task[..., Any] = task(truncated)
    mine, theirs = np.array([-0.5, 1.5]), np.array([-0.5, 1.5])
    assert submitted(made, mine) == outcome(truncated, theirs)
    (reason,) = made.explain().reasons
    assert reason.source(made.explain().file) == "v[:] = v.astype(int)"


def test_insisting_takes_numbas_own() -> None:
    @task(compile_to_c="require")
    def rectified(v: np.ndarray) -> None:
        v[:] = np.maximum(v, 0.0)

    values = np.array([-0.0, -1.0, 1.0])
    rectified.submit(values).result(60)
    assert values.tolist() == [0.0, 0.0, 1.0]


def negative_power(v: Any) -> Any:
    return v**-1


def power_in_place(v: Any) -> Any:
    v **= 2
    return v


def by_zero(v: Any) -> Any:
    return v // 0


def by_minus_one(v: Any) -> Any:
    return v // -1


def by_a_variable(v: Any) -> Any:
    return v % len(v)


def masked_in_two_dimensions(v: Any) -> Any:
    return v.reshape(-1, 1)[v.reshape(-1, 1) > 0]


@pytest.mark.parametrize(
    ("function", "values"),
    [
        (function, np.arange(-3, 3))
        for function in (
            negative_power, power_in_place, by_zero, by_minus_one, by_a_variable,
        )
    ],
)  # fmt: skip
def test_what_is_not_known_to_be_alike_runs_as_python(
    function: Callable[..., Any], values: Any
) -> None:
    made: Task[..., Any] = task(function)
    assert submitted(made, values.copy()) == outcome(function, values.copy())
    assert not made.explain().compiled


def test_items_of_a_reshaped_line_are_masked_as_those_of_a_table() -> None:
    made: Task[..., Any] = task(masked_in_two_dimensions)
    for values in (np.arange(-3, 3), np.zeros(0), np.array([np.nan, 1.0])):
        assert submitted(made, values) == outcome(masked_in_two_dimensions, values)
    assert made.explain().compiled


def test_a_mask_of_another_length_writes_nothing_foreign() -> None:
    @task(compile_to_c="require")
    def clear(values: np.ndarray, mask: np.ndarray) -> None:
        values[mask] = 0.0

    values = np.ones(2)
    assert isinstance(clear.submit(values, np.ones(9, bool)).exception(60), IndexError)
    assert values.tolist() == [1.0, 1.0]


def quotient(x: float, y: float) -> Any:
    return x / y, x + 1


def test_numpy_numbers_that_are_passed_stay_numpys() -> None:
    made = task(quotient)
    one, zero = np.float64(1.0), np.float64(0.0)
    for values in (
        (1.0, 4.0),
        (one, 4.0),
        (1.0, 0.0),
        (one, 0.0),
        (1.0, zero),
        (np.int64(3), 2.0),
        (np.int64(3), 0),
    ):
        assert submitted(made, *values) == outcome(quotient, *values)
        assert outcome(made, *values) == outcome(quotient, *values)
    assert made.explain().compiled


def pair(p: Any) -> Any:
    return p[0] * p[1], p


@numba.vectorize(["complex128(float64)"], nopython=True)
def turn(angle: Any) -> Any:
    return math.cos(angle) + 1j * math.sin(angle)


def test_what_vectorize_makes_gives_numpys_numbers() -> None:
    def turned(angle: Any) -> Any:
        return turn(angle)

    made = task(turned)
    for angle in (2, 0.5, np.arange(3.0)):
        assert submitted(made, angle) == outcome(turned, angle)
    assert made.explain().compiled


def test_tuples_hold_numpys_numbers_beside_pythons() -> None:
    made = task(pair)
    for values in (
        (1.5, 2.0),
        (np.float64(1.5), 2.0),
        (np.float64(1.5), np.int64(2)),
        (2**40, 2**40),
    ):
        assert submitted(made, values) == outcome(pair, values)
    assert "tuple" in str(made.explain().signature)
