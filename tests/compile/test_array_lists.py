"""Arrays of lists that are made at run time: values, types and shapes, also of nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome, submitted

X = np.random.default_rng(1).standard_normal(6)


def of_comprehensions(n: int) -> Any:
    return (
        np.array([k + 1 for k in range(n)]), np.array([math.sqrt(k) for k in range(n)]),
        np.array([k % 2 == 0 for k in range(3, n)]), np.array([[k * j for j in range(2)]
        for k in range(n)]), np.array([[k * 0.5 for j in range(n)] for k in range(2)]),
        np.array([k * 0.5 for k in range(5, n)], dtype=np.float64),
    )  # fmt: skip


def of_rows(n: int) -> Any:
    rows, pairs = [], []
    for k in range(n):
        rows.append([k * 1.0, k * 2.0])
        pairs.append((k, k * 0.5, k > 1))
    asked = np.array([k - 1 for k in range(n)], dtype=float), np.asarray([k + 1 for k in range(n)])
    return np.array(rows), np.array(pairs), np.array([[k] * 2 for k in range(n)], float), *asked


def of_numpys_numbers(n: int, x: Any) -> Any:
    found = []
    for k in range(n):
        found.append(x[k] * 2)
    several = np.array([[x[k], x[k] + 1] for k in range(n)])
    return np.array(found), several, np.mean(found), np.array([np.sin(v) for v in x[:n]])


def of_arrays(n: int, x: Any) -> Any:
    rows = [x * k for k in range(n)]
    tables = [np.outer(x[:2], x) for _ in range(n)]
    joined = np.vstack(rows), np.concatenate(rows), np.hstack(rows), np.concatenate(tables)
    return np.array(rows), np.stack(rows, axis=1), np.column_stack(rows), np.array(tables), *joined


@pytest.mark.parametrize("counts", [(4, 1), (0, -2, 7)], ids=["some", "none at first"])
@pytest.mark.parametrize("function", [of_comprehensions, of_rows, of_numpys_numbers, of_arrays])
def test_array_of_a_list_is_numpys(function: Any, counts: tuple[int, ...]) -> None:
    made: Task[..., Any] = task(function)
    given = (X,) if "numbers" in function.__name__ or "arrays" in function.__name__ else ()
    for n in counts:
        assert submitted(made, n, *given) == outcome(function, n, *given), n
    assert made.explain().compiled, made.explain()


def ragged(n: int) -> Any:
    return np.array([X[: k + 2] for k in range(n)])


def ragged_rows(n: int) -> Any:
    return np.array([[1.0] * (k + 2) for k in range(n)])


@pytest.mark.parametrize("function", [ragged, ragged_rows])
def test_rows_of_several_lengths_are_numpys_error(function: Any) -> None:
    made: Task[..., Any] = task(function)
    for n in (1, 3):
        assert submitted(made, n) == outcome(function, n)


def reduced(n: int) -> Any:
    values, whole = [k * 0.5 for k in range(n)], [k * k for k in range(n)]
    return (
        np.sum(values), np.sum(whole), np.prod(whole), np.cumsum(values), np.std(values),
        np.mean(values), np.std(values, ddof=1), np.max(whole), np.argmin(values),
        np.median(values), np.percentile(values, 30.0), np.quantile(values, [0.1, 0.9]),
    )  # fmt: skip


def test_reduced_list_is_numpys() -> None:
    made: Task[..., Any] = task(reduced)
    for n in (5, 2, 1, 0):
        assert submitted(made, n) == outcome(reduced, n)
    assert made.explain().compiled, made.explain()


def list_has_no_sum(n: int) -> Any:
    return [n, n].sum()  # type: ignore[attr-defined]


def test_methods_of_arrays_are_none_of_lists() -> None:
    made: Task[..., Any] = task(list_has_no_sum)
    assert submitted(made, 1) == outcome(list_has_no_sum, 1)


def written_in_place(out: Any, n: int) -> Any:
    total = out.sum()
    out[0] = total + len(np.array([k + 1 for k in range(n)]))
    return out


def kept_and_read(x: Any) -> Any:
    found = [v * 2 for v in x]
    other = found
    other.append(0.5)
    return np.array(other), found


def read_under_its_name(n: int) -> Any:
    found = [k * 0.5 for k in range(n)]
    made = np.array(found)
    return made, found, len(found)


def test_list_that_is_read_holds_numpys_numbers_and_stays_pythons() -> None:
    made: Task[..., Any] = task(kept_and_read)
    assert submitted(made, X) == outcome(kept_and_read, X)
    assert made.explain().reasons[0].code == "CZ605"
    made = task(read_under_its_name)
    for n in (3, 0):
        assert submitted(made, n) == outcome(read_under_its_name, n)
    assert made.explain().compiled, made.explain()


def test_array_of_nothing_is_refused_where_the_task_cannot_run_again() -> None:
    made: Task[..., Any] = task(written_in_place)
    for n in (0, 3):
        given, kept = np.ones(3), np.ones(3)
        assert submitted(made, given, n) == outcome(written_in_place, kept, n)
        assert given.tobytes() == kept.tobytes()


def of_constants(x: float) -> Any:
    turned = np.array([[1, 0, -1], [2, 0, -2]]), np.array([[1, 2.5], [3, 4]]), np.array([(1, True)])
    return *turned, np.array([[1, 2], [3, 4]], dtype=float) * x, np.array([[0.5], [1.5]])


def test_rows_of_constants_are_numpys() -> None:
    made: Task[..., Any] = task(of_constants)
    assert submitted(made, 2.0) == outcome(of_constants, 2.0)
    assert made.explain().compiled, made.explain()
