"""Generators that a task makes of a seed: NumPy's stream, to the last bit and the last state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from catzilla_jit.compile import STATUS_OVERFLOW
from catzilla_jit.compile.target import numpy_random
from support.automatic import described
from support.compile_harness import compiled, status_of
from support.numpy_calls import kinds_of, named

SEEDS = (0, 1, 12345, 2**31, 2**40 + 7, 2**63 - 1)


def agree(body: str, *arguments: Any) -> None:
    """Compare what is drawn for each seed, and what comes after it, with NumPy."""
    names = ", ".join(["seed", *"abc"[: len(arguments)]])
    lines = f"rng = np.random.default_rng(seed)\n    {body}"
    function = named(f"def function({names}):\n    {lines}, rng.random(), rng.integers(100)")
    made = compiled(function, argument_types=kinds_of(1, *arguments), exact=True)
    for seed in SEEDS:
        status, _, result = status_of(made, seed, *arguments)
        assert status == 0
        assert described(result) == described(function(seed, *arguments)), seed


def test_numbers_are_numpys() -> None:
    agree(
        "return rng.random(), rng.standard_normal(), rng.normal(1, scale=2.5), rng.uniform(-1, 3),"
        " rng.exponential(), rng.gamma(0.7, 2.0), rng.beta(0.5, 0.5), rng.chisquare(3),"
        " rng.poisson(3.5), rng.poisson(50.0), rng.integers(7), rng.integers(-3, 2**40),"
        " rng.integers(1, 6, endpoint=True)"
    )


def test_arrays_are_numpys() -> None:
    agree(
        "return rng.random(5), rng.standard_normal((2, 3)), rng.normal(size=a), rng.poisson(2, a),"
        " rng.integers(0, 10, size=9), rng.integers(-5, 2**33, (2, 2)), rng.lognormal(size=3),"
        " rng.permutation(a), rng.permutation(b)",
        4,
        np.linspace(0.0, 1.0, 9),
    )


def test_further_distributions_are_numpys() -> None:
    agree(
        "return rng.standard_exponential(), rng.standard_gamma(2.5), rng.standard_t(4),"
        " rng.standard_cauchy(size=3), rng.weibull(1.5, 4), rng.pareto(3.0), rng.power(2.0),"
        " rng.gumbel(size=2), rng.logistic(1, 2), rng.vonmises(0.5, 2.0), rng.wald(1.0, 3),"
        " rng.f(3, 5.0), rng.triangular(0, 1, 4), rng.geometric(0.2), rng.geometric(0.9, 5),"
        " rng.binomial(10, 0.3), rng.binomial(1000, 0.4, size=(2, 2)), rng.binomial(0, 0.5)"
    )


def test_parameters_that_are_arrays_are_drawn_for_each() -> None:
    agree(
        "return rng.normal(a, 2), rng.normal(a, b), rng.poisson(b), rng.binomial(9, b / 8),"
        " rng.binomial(c, 0.25), rng.uniform(b - 1, high=b), rng.normal(a, size=(3, 4)),"
        " rng.normal(np.outer(a, b), b), rng.exponential(b, size=4), rng.normal(c)",
        np.linspace(-1.0, 1.0, 4), np.linspace(0.5, 3.0, 4), np.arange(5, 9),
    )  # fmt: skip


def test_choices_are_numpys() -> None:
    agree(
        "return rng.choice(7), rng.choice(a), rng.choice(a, 5), rng.choice(9, size=(2, 3)),"
        " rng.choice(9, 4, replace=False), rng.choice(a, 3, False), rng.choice(9, replace=False),"
        " rng.choice(20000, 3, replace=False), rng.choice(20000, 900, replace=False),"
        " rng.choice(20000, 900, False, shuffle=False), rng.choice(50, 40, False, shuffle=False),"
        " rng.choice([1.5, 2.5]), rng.choice([3, 4, 5], size=2)",
        np.linspace(0.0, 1.0, 6),
    )
    agree(
        "return rng.choice(4, p=a), rng.choice(b, 6, p=a), rng.choice(4, 3, False, a),"
        " rng.choice(4, size=(2, 2), p=[0.1, 0.2, 0.3, 0.4]), rng.choice(c, 3), rng.choice(c)",
        np.array([0.25, 0.0, 0.5, 0.25]), np.arange(4) * 3, np.arange(8.0).reshape(4, 2),
    )  # fmt: skip


def test_a_line_that_is_shuffled_is_numpys() -> None:
    agree("x = np.arange(a) * 1.0\n    rng.shuffle(x)\n    return x", 11)


def test_generators_go_to_helpers_and_into_loops() -> None:
    source = """
def step(rng, scale):
    return rng.normal(0.0, scale)

def function(seed):
    rng = np.random.default_rng(seed)
    total = 0.0
    for i in range(50):
        other = np.random.default_rng(i)
        total += step(rng, 1.0 + i) * other.random()
    return total
"""
    function = named(source)
    made: Task[..., Any] = task(function)
    assert made.submit(5).result(60) == function(5)
    assert made.explain().compiled
    assert made.explain().pure


@pytest.mark.parametrize(
    "body",
    ["rng.normal(0.0, -1.0)", "rng.integers(5, 5)", "rng.uniform(1.0, 0.0)", "rng.beta(0.0, 1.0)",
     "rng.poisson(-1.0)", "rng.random(-1)", "np.random.default_rng(-seed)",
     "rng.binomial(3, 1.5)", "rng.geometric(0.0)", "rng.triangular(0, 5, 4)",
     "rng.normal(0.0, np.array([1.0, -1.0]))", "rng.uniform(0.0, -0.0)",
     "rng.choice(3, 4, replace=False)", "rng.choice(0)", "rng.choice(2, p=[0.5, 0.6])",
     "rng.choice(3, p=[0.5, 0.5])", "rng.choice(3, 3, False, [0.5, 0.5, 0.0])"],
)  # fmt: skip
def test_what_numpy_refuses_is_left_to_it(body: str) -> None:
    source = f"    rng = np.random.default_rng(seed)\n    other = {body}\n    return rng.random()"
    function = named(f"def function(seed):\n{source}")
    made = compiled(function, argument_types=kinds_of(1), exact=True)
    assert status_of(made, 1)[0] == STATUS_OVERFLOW
    with pytest.raises(ValueError):  # noqa: PT011 -- the words are NumPy's
        function(1)


def test_a_task_that_shuffles_its_argument_has_side_effects() -> None:
    @task
    def mix(values: Any, seed: int) -> None:
        np.random.default_rng(seed).shuffle(values)

    values, expected = np.arange(9), np.arange(9)
    mix.submit(values, 3).result(60)
    np.random.default_rng(3).shuffle(expected)
    assert values.tolist() == expected.tolist()
    assert mix.explain().compiled
    assert not mix.explain().pure


@pytest.mark.parametrize(
    "body", ["np.random.default_rng()", "np.random.default_rng(seed).choice(['a', 'b'])",
             "np.random.default_rng(seed).normal([0.0, 1.0])"],
)  # fmt: skip
def test_other_generators_stay_python(body: str) -> None:
    made: Task[..., Any] = task(named(f"def function(seed): return {body}"))
    made.submit(1).exception(60)
    assert not made.explain().compiled


def test_another_layout_of_the_state_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = dict(numpy_random._addresses())
    assert found
    assert numpy_random._is_laid_out(found)
    monkeypatch.setattr(numpy_random, "STEPS", numpy_random.STEPS[::-1])
    assert not numpy_random._is_laid_out(found)
