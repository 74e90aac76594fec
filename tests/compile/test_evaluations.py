"""`explain` tells how each array expression runs."""

from __future__ import annotations

import numpy as np

from catzilla_jit import task


@task
def decay(values: np.ndarray, rate: float, out: np.ndarray):  # type: ignore[no-untyped-def, type-arg]
    scaled = values * 2.0 + 1.0
    damped = np.exp(-rate * values) + scaled
    out[:] = damped
    return damped.mean(), scaled @ damped


def test_each_line_with_an_array_expression_is_told() -> None:
    values = np.linspace(0.0, 1.0, 5)
    decay.submit(values, 0.5, np.zeros(5)).result()
    explanation = decay.explain()
    first = decay._jit_function.function.__code__.co_firstlineno
    told = [(each.line - first, each.how) for each in explanation.evaluations]
    assert told == [
        (2, "one loop of machine code: * +"),
        (3, "one pass, in blocks of 512 items: NumPy's loops of exp, and * +"),
        (4, "items are written by a loop of machine code"),
        (5, "machine code, in NumPy's order: mean"),
        (5, "NumPy's loop of matmul"),
    ]
    text = str(explanation)
    assert f"  line {first + 2}: scaled = values * 2.0 + 1.0\n    one loop of" in text
    assert text.endswith("where NumPy's loops would warn or raise, the call runs again as Python")
    assert max(map(len, text.splitlines()[2:])) <= 80


def test_what_the_cache_has_is_told_too() -> None:
    def twin(values):  # type: ignore[no-untyped-def]
        return np.sin(values)

    told = []
    for each in (task(twin), task(twin, name="again")):
        each.submit(np.ones(3)).result()
        told.append([evaluation.how for evaluation in each.explain().evaluations])
    assert told == [["NumPy's loop of sin"]] * 2
