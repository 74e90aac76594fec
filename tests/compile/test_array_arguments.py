"""What functions make of their arrays first: `asarray`, `array`, `astype`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from catzilla_jit import task
from catzilla_jit.compile import STATUS_OVERFLOW
from support.compile_harness import compiled, run
from support.numpy_calls import answers, kinds_of, named

RANDOM = np.random.default_rng(7)


def test_arrays_are_converted_as_by_numpy() -> None:
    function = named(
        "def function(a):\n"
        "    b = np.asarray(a)\n"
        "    c = np.array(b, dtype=np.float32)\n"
        "    return (c * np.float32(0.1), b.astype(np.uint8), np.asarray(b, float), "
        "c.astype(bool), np.atleast_1d(a))"
    )
    calls = [(np.array([300, -1, 2**24 + 1, 0], np.int32)[:n],) for n in range(5)]
    assert set(answers(function, kinds_of(*calls[0]), calls)) == {0}
    function = named("def function(a): return np.array(a, np.float32), a.astype(np.float32)")
    tables = [(RANDOM.random((3, 2)),), (np.full((3, 2), 1e300),)]  # NumPy warns of the second
    assert answers(function, kinds_of(*tables[0]), tables) == [0, STATUS_OVERFLOW]


def test_writing_to_what_asarray_gives_is_an_effect() -> None:
    def first(values: Any) -> Any:
        values = np.asarray(values, dtype=float)
        values[0] = 5.0
        return values

    made, values = task(first), np.ones(2)
    assert made.submit(values).result(60) is values
    assert made.explain().compiled
    assert not made.explain().pure
    assert made.submit(np.ones(2, int)).result(60).tolist() == [5.0, 1.0]


def test_operators_in_place_are_numpys() -> None:
    def changed(v: Any, w: Any) -> None:
        v[1:] += v[:-1]
        v *= v.T
        v -= w
        v /= 3

    for dtype in (np.float64, np.float32):
        table, line = RANDOM.random((5, 5)).astype(dtype), RANDOM.random(6).astype(dtype)
        made = compiled(changed, argument_types=kinds_of(table, line), exact=True)
        for given in (line[:5], line[:1], line):
            ours, numpys = table.copy(), table.copy()
            try:
                changed(numpys, given)
            except ValueError as error:
                with pytest.raises(ValueError, match=f"^{re.escape(str(error))}$"):
                    run(made, ours, given)
            else:
                run(made, ours, given)
            assert ours.tobytes() == numpys.tobytes()


def test_operator_in_place_that_converts_its_result_runs_as_python() -> None:
    @task
    def scaled(values: Any, factors: Any) -> Any:
        values *= factors[0]
        return values

    assert scaled.submit(np.ones(2, np.float32), np.full(1, 0.1)).result(60).dtype == np.float32
    assert not scaled.explain().compiled
