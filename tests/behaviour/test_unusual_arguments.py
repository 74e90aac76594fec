"""Arguments that compiled code has no form for run as Python."""

from __future__ import annotations

import numpy as np
import pytest

from support.kernels import PATIENCE


def doubled(x):
    return x * 2


def first_of_columns(x: np.ndarray) -> np.ndarray:
    x[0, 0] = 5.0
    return x.reshape(6)


@pytest.mark.skipif(np.longdouble is np.float64, reason="longdouble is a double here")
def test_longdouble_arguments_run_as_python(runtime):
    task = runtime.task(doubled)
    given = np.ones(3, np.longdouble)
    assert (task.submit(given).result(PATIENCE) == 2).all()
    assert task.submit(given[0]).result(PATIENCE).dtype == np.longdouble


@pytest.mark.parametrize("count", [200, 245, 300])
@pytest.mark.parametrize("hint", ["", ": int"])
def test_any_number_of_parameters_is_taken(runtime, count, hint):
    namespace = {}
    names = ", ".join(f"a{i}{hint}" for i in range(count))
    exec(f"def many({names}):\n    return a0 + a{count - 1}", namespace)
    task = runtime.task(namespace["many"])
    assert task.submit(*range(count)).result(PATIENCE) == count - 1
    rows = task.submit_each(*([i, 1] for i in range(count)))
    assert [row.result(PATIENCE) for row in rows] == [count - 1, 2]


@pytest.mark.parametrize("order", ["C", "F"])
def test_reshape_in_a_task_that_writes_is_numpys(runtime, order):
    table = np.array(np.arange(6.0).reshape(2, 3), order=order)
    expected = first_of_columns(table.copy(order="K"))
    assert np.array_equal(runtime.task(first_of_columns).submit(table).result(PATIENCE), expected)
    assert table[0, 0] == 5.0
