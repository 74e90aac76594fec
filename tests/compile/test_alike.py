"""Hypothesis looks for arrays whose answer is not NumPy's: value, type, shape, exception.

Each function is compiled in automatic mode and called with arrays of special and of random
numbers, empty ones too, in order of memory and with gaps or backwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from test_exactness import outcome, submitted

from catzilla_jit import Task, task

FLOATS = st.one_of(
    st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan, 1e308, -1e308, 5e-324, 0.5, 1.0, 2.5]),
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


LINES = [
    (squares, "fi"), (divided, "i"), (raised, "i"), (divided_in_place, "i"), (masked, "fi"),
    (masked_by_bools, "b"), (masked_and_reduced, "fi"), (masked_by_another_length, "fi"),
    (set_by_mask, "fi"),
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


def cube(v: Any) -> Any:
    return v**3


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


def set_to_an_array(v: Any) -> Any:
    v[v > 0] = v[v > 0]
    return v


def by_an_array_of_numbers(v: Any) -> Any:
    return v[np.arange(2)]


def masked_in_two_dimensions(v: Any) -> Any:
    return v.reshape(-1, 1)[v.reshape(-1, 1) > 0]


@pytest.mark.parametrize(
    ("function", "values"),
    [(cube, np.ones(3))]
    + [
        (function, np.arange(-3, 3))
        for function in (
            negative_power, power_in_place, by_zero, by_minus_one, by_a_variable,
            set_to_an_array, by_an_array_of_numbers, masked_in_two_dimensions,
        )
    ],
)  # fmt: skip
def test_what_is_not_known_to_be_alike_runs_as_python(
    function: Callable[..., Any], values: Any
) -> None:
    made: Task[..., Any] = task(function)
    assert submitted(made, values.copy()) == outcome(function, values.copy())
    assert not made.explain().compiled


def test_a_mask_of_another_length_writes_nothing_foreign() -> None:
    @task(compile_to_c="require")
    def clear(values: np.ndarray, mask: np.ndarray) -> None:
        values[mask] = 0.0

    assert isinstance(clear.submit(np.ones(2), np.ones(9, bool)).exception(60), OverflowError)
