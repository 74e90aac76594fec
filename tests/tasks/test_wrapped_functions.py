"""Functions that say they wrap another one: what is called is their own code."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest

from catzilla_jit import Runtime


def inner(a, b=10):  # type: ignore[no-untyped-def]
    return a - b


@functools.wraps(inner)
def other_default(a, b=3):  # type: ignore[no-untyped-def]
    return a - b


@functools.wraps(inner)
def other_order(b, a):  # type: ignore[no-untyped-def]
    return a - b


@functools.wraps(inner)
def fewer(n):  # type: ignore[no-untyped-def]
    return inner(n, 7)


@functools.wraps(inner)
def by_name_alone(x, *, y=1):  # type: ignore[no-untyped-def]
    return x * y


@functools.wraps(inner)
def all_of_them(*args):  # type: ignore[no-untyped-def]
    return inner(*args)


@functools.wraps(inner)
def with_names(*args, **kwargs):  # type: ignore[no-untyped-def]
    return inner(*args, **kwargs)


def hinted(x: float, scale: float = 2.0) -> float:
    return x * scale


@functools.wraps(hinted)
def hinted_otherwise(x: float, scale: float = 1.0) -> float:
    return x * scale


def claims(*args):  # type: ignore[no-untyped-def]
    return args[0] + args[1]


claims.__signature__ = inspect.signature(inner)  # type: ignore[attr-defined]

CALLS: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    (other_default, (2,), {}), (other_default, (2.5,), {}), (other_order, (1.0, 5.0), {}),
    (other_order, (), {"a": 1.0, "b": 5.0}), (fewer, (3,), {}), (by_name_alone, (2,), {}),
    (by_name_alone, (2,), {"y": 5}), (all_of_them, (3, 4), {}), (with_names, (3, 4), {}),
    (with_names, (3,), {"b": 5}), (hinted_otherwise, (3.0,), {}), (claims, (3, 4), {}),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::catzilla_jit.errors.CompileWarning")
@pytest.mark.parametrize("mode", [None, True, False])
@pytest.mark.parametrize(("function", "args", "named"), CALLS)
def test_wrapper_is_called_as_its_own_code_takes_it(
    runtime: Runtime, function: Any, args: Any, named: Any, mode: Any
) -> None:
    task = runtime.task(function, compile_to_c=mode)
    expected = repr(function(*args, **named))
    limited = task.options(timeout_ms=60_000)
    for submit in (task.submit, task.submit, limited.submit):
        assert repr(submit(*args, **named).result(60)) == expected
    columns, named_columns = [[each] for each in args], {name: [x] for name, x in named.items()}
    (each,) = task.submit_each(*columns, **named_columns)
    assert repr(each.result(60)) == expected
    assert task.map(*columns, **named_columns).tolist() == [function(*args, **named)]


def test_editors_see_what_the_wrapper_says() -> None:
    task = Runtime(workers=1).task(with_names)
    assert str(inspect.signature(task.submit)) == "(a, b=10) -> 'TaskResult'"


def test_parameter_that_the_wrapper_lacks_is_not_taken(runtime: Runtime) -> None:
    task = runtime.task(fewer)
    with pytest.raises(TypeError, match="task inner"):
        task.submit(3, 4)
