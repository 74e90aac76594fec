"""Calls that look like ones that compile in other words, and are none: answers stay Python's.

Each was computed otherwise once: by when a list is converted, what may raise, which type is wider.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np
import pytest

from catzilla_jit import Task, task
from support.automatic import outcome, submitted

F, T = np.array([1.0, -2.0, 3.0]), np.arange(6.0).reshape(2, 3)


def changed_by_the_next_argument(ys: Any) -> Any:
    xs = list(ys)
    return np.add(xs, xs.pop())


def changed_by_the_other_operand(a: Any) -> Any:
    xs = [1.0, 2.0, 3.0, 3.0]
    return xs * a[int(xs.pop()) - 2 :]


def changed_by_the_index(a: Any) -> Any:
    a, xs = a.copy(), [1.0, 2.0, 3.0, 1.0]
    a[int(xs.pop())] = xs
    return a


def items_without_a_type(xs: Any) -> Any:
    return np.fromiter((x * 2 for x in xs), None)  # type: ignore[call-overload]


def rows_as_items(a: Any) -> Any:
    return np.fromiter((r for r in a), float)


def pairs_as_items(xs: Any) -> Any:
    return np.fromiter(((x, x * 2) for x in xs), float)  # type: ignore[misc]


def key_of_what_changes(xs: Any) -> Any:
    out, step = [], 1
    for k, g in groupby(xs, key=lambda x: x // step):
        out.append((k, len(list(g))))
        step += 1
    return out


def key_that_raises_behind(xs: Any) -> Any:
    n = 0
    for k, g in groupby(xs, key=lambda x: 10 // x):
        n += len(list(g))
        if k == 5:
            break
    return n


def grown_by_an_inner_function(values: Any) -> Any:
    ys, out = list(values), []

    def add(x: Any) -> None:
        ys.append(x)

    for k, g in groupby(ys):
        out.append((k, len(list(g))))
        if len(out) < 4:
            add(k + 1)
    return out


def choice_of_narrow_types(x: Any) -> Any:
    return np.select([x > 0, x < 0], [x, 1], 0)


def choice_of_a_number(x: Any, a: Any) -> Any:
    return np.select([x > 0], [x], a[0])


def choice_of_rows(p: Any, t: Any) -> Any:
    return np.select([p > 0], [t], 0.0).strides


def masks_of_two_shapes(p: Any, q: Any) -> Any:
    return np.logical_and.reduce([p > 0, q > 0])


def border_with_a_value(a: Any) -> Any:
    return np.pad(a, 1, mode="edge", constant_values=0)  # type: ignore[call-overload]


def answer_in_floats(x: Any) -> Any:
    y = np.zeros(3)
    z = np.asarray(np.isnan(x, y), bool)
    z[0] = True
    return z, y


def named_as_a_builtin(n: Any) -> Any:
    float = abs
    return np.asarray(n, np.float64), float(n)


def taken_apart(a: Any, b: Any, n: int) -> Any:
    xs = [a, b]
    y, z = xs
    y[0] += 1.0
    return y[0] * 1.0, z[0] * 1.0, n * n


def ragged(rows: Any) -> Any:
    return 1.0 if np.asarray(rows).ndim == 2 else 2.0


def no_length(n: int) -> Any:
    return 1 if np.zeros(n).ndim == 1 else 2


def starred(a: Any) -> Any:
    given = (a > 0, a, -a)
    found = np.where(*given)[0]
    return 1.0 if isinstance(found, np.ndarray) else 2.0


def below_zero(i: int, n: int, m: int) -> Any:
    return np.unravel_index(i, (n, m))


def far_away(n: int, k: int) -> Any:
    return np.triu_indices(n, k), np.tril_indices(n, k)


def of_a_float32(x: Any) -> Any:
    y = np.asarray(2.5)
    return x * y, y + 1, -y, y > x


CALLS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (changed_by_the_next_argument, ([1.0, 2.0, 3.0],)), (changed_by_the_other_operand, (F,)),
    (changed_by_the_other_operand, (np.arange(4.0),)), (changed_by_the_index, (T,)),
    (items_without_a_type, ([1, 2],)), (rows_as_items, (T,)), (pairs_as_items, ([1.0, 2.0],)),
    (key_of_what_changes, ([0, 1, 2, 3, 4, 5, 6, 7],)),
    (key_that_raises_behind, ([1, 1, 2, 2, 3, 0],)), (grown_by_an_inner_function, ([1, 1, 2],)),
    (choice_of_narrow_types, (F.astype(np.float32),)), (choice_of_narrow_types, (F.astype("i4"),)),
    (choice_of_a_number, (F.astype(np.float32), F)),
    (choice_of_rows, (F[:2], np.asfortranarray(T[:, :2]))), (masks_of_two_shapes, (F[:1], F)),
    (masks_of_two_shapes, (T[:1], T)), (border_with_a_value, (F,)), (answer_in_floats, (F,)),
    (named_as_a_builtin, (-3,)), (taken_apart, (np.zeros(2), np.zeros(2), 2**20)),
    (ragged, ([[1.0, 2.0], [3.0]],)), (ragged, ([[1.0, 2.0], [3.0, 4.0]],)), (no_length, (-1,)),
    (no_length, (2,)), (starred, (F,)), (below_zero, (5, -2, -3)), (below_zero, (5, 2, 3)),
    (far_away, (3, 2**63 - 1)), (far_away, (3, -(2**63))), (of_a_float32, (F.astype(np.float32),)),
]  # fmt: skip


@pytest.mark.parametrize(("function", "arguments"), CALLS)
def test_answers_are_pythons(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    made: Task[..., Any] = task(function)
    given = [tuple(e.copy() if isinstance(e, np.ndarray) else e for e in arguments) for _ in "ab"]
    assert submitted(made, *given[0]) == outcome(function, *given[1])
    assert outcome(lambda: given[0]) == outcome(lambda: given[1])


def test_a_list_taken_apart_holds_what_is_somebody_elses() -> None:
    made: Task[..., Any] = task(taken_apart)
    made.submit(np.zeros(2), np.zeros(2), 2).result(60)
    assert not made.explain().pure
