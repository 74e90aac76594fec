"""Every function of `functions.py` answers compiled as in Python: value, type and exception.

Where compiled code has no answer it says so; that is counted, because a task that always leaves its
kernel is not compiled in any useful sense.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catzilla_jit.compile import STATUS_OVERFLOW, CompileRefused
from support import functions
from support.compile_harness import compiled, status_of

LOW, HIGH = -(2**63), 2**63 - 1
INTEGERS = st.one_of(
    st.sampled_from([LOW, LOW + 1, -1, 0, 1, 2, 10, 2**31, 2**53, 2**53 + 1, HIGH - 1, HIGH]),
    st.integers(-100, 100),
    st.integers(LOW, HIGH),
)
FLOATS = st.one_of(
    st.floats(), st.floats(-20, 20), st.integers(-400, 400).map(lambda value: value / 8)
)
TEXTS = st.one_of(
    st.text(alphabet="aAbz019 .-()\n", max_size=12),
    st.text(max_size=8),
    st.integers(-1000, 1000).map(str),
    st.sampled_from(["", "a", " ", "ß", "İ", "1", "-7", "1.5", "abcba"]),
)
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "n": st.integers(-4, 25), "x": INTEGERS, "y": INTEGERS, "a": FLOATS, "b": FLOATS,
    "p": st.booleans(), "q": st.booleans(), "s": TEXTS, "t": TEXTS,
}  # fmt: skip

#: Refused, with the reason that must be given.
REFUSED = {"mapped": "map"}

FUNCTIONS = [value for value in vars(functions).values() if isinstance(value, types.FunctionType)]


def outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return repr(function(*arguments))
    except Exception as error:
        return type(error), str(error)


def test_there_are_at_least_150_functions() -> None:
    assert len(FUNCTIONS) >= 150


@pytest.mark.parametrize("function", FUNCTIONS, ids=[each.__name__ for each in FUNCTIONS])
def test_compiled_function_answers_as_python(function: Callable[..., Any]) -> None:
    if function.__name__ in REFUSED:
        with pytest.raises(CompileRefused, match=REFUSED[function.__name__]):
            compiled(function)
        return
    task = compiled(function)
    answered: list[bool] = []

    @settings(max_examples=60)
    @given(st.tuples(*(STRATEGIES[name] for name in inspect.signature(function).parameters)))
    def compare(arguments: tuple[Any, ...]) -> None:
        status, error, result = status_of(task, *arguments)
        answered.append(status != STATUS_OVERFLOW)
        if status == 0:
            assert repr(result) == outcome(function, arguments)
        elif status != STATUS_OVERFLOW:
            expected = outcome(function, arguments)
            assert outcome(lambda: task.raise_error(status, error), ()) == expected

    compare()
    assert any(answered)
