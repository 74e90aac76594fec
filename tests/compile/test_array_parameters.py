"""Parameters of NumPy's functions: each argument of a call is the one that NumPy takes it for."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile.library.arrays import form_table
from support.automatic import outcome, submitted
from support.numpy_calls import named

#: Their signatures do not tell what they take.
UNTOLD = (np.arange, np.meshgrid, np.gradient, np.atleast_1d, np.atleast_2d)


def test_forms_have_the_parameters_of_numpys_functions() -> None:
    for function, first in form_table._FUNCTIONS.items():
        form: Any = first
        while form is not None and not any(function is each for each in UNTOLD):
            try:
                parameters = list(inspect.signature(function).parameters.values())
            except ValueError:  # older versions tell none of a function written in C
                break
            places = [each.name for each in parameters if each.kind != each.KEYWORD_ONLY]
            names = {each.name for each in parameters if each.kind != each.POSITIONAL_ONLY}
            told = form.positional()
            assert told == tuple(places[: len(told)]), function.__name__
            more = any(each.kind == each.VAR_KEYWORD for each in parameters)
            assert more or form.named() <= names, function.__name__
            form = form.other


@pytest.mark.parametrize(
    "source",
    [
        "np.arange(a, step=2), np.arange(a, step=2.5), np.arange(start=1, stop=a)",
        "np.nanstd(np.eye(3) * a, 0), np.nanvar(np.eye(3) * a, None, None, None, 1)",
        "np.linspace(a, stop=9, num=4)",
        "np.linspace(a, num=5)",
        "np.meshgrid(np.arange(a), np.arange(a), 'ij')",
        "np.arange(start=a, step=2)",
    ],
)
def test_argument_is_what_numpy_takes_it_for(source: str) -> None:
    function = named(f"def function(a):\n    return {source}")
    made: Task[..., Any] = task(function)
    assert submitted(made, 5) == outcome(function, 5)


def test_parameter_without_a_name_is_told_by_none() -> None:
    function = named("def function(a):\n    return np.inner(a=a, b=a)")
    with pytest.raises(TypeError, match="positional-only"):
        task(function).submit(np.ones(2)).result(60)


def test_order_in_memory_is_numpys_for_tables_with_gaps() -> None:
    gaps = np.arange(24.0).reshape(4, 6)[::2, ::2]
    turned = np.asfortranarray(np.arange(24.0).reshape(2, 3, 4))
    for call in ("np.zeros_like(a)", "abs(a)", "+a", "np.copy(a)", "np.round(a)", "a.round(1)"):
        function = named(f"def function(a):\n    return {call}")
        made: Task[..., Any] = task(function)
        for given in (gaps.T, gaps, turned[0]):
            result, expected = made.submit(given).result(60), function(given)
            assert result.strides == expected.strides, call
            assert (result == expected).all()


def test_kronecker_products_are_numpys() -> None:
    made: Task[..., Any] = task(named("def function(a, b):\n    return np.kron(a, b)"))
    line, table = np.array([1.5, -0.0, np.inf]), np.arange(6.0).reshape(2, 3)
    for pair in ((line, line[:2]), (line, line[:0]), (table, np.eye(2)), (table[:0], table)):
        assert submitted(made, *pair) == outcome(np.kron, *pair)
        assert made.explain().compiled
