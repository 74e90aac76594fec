"""Containers as Python has them: keys, loops over what changes, one object in two places, views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from catzilla_jit.compile import STATUS_OVERFLOW, CompileRefused, argument_types_for
from support.agreement import agrees
from support.compile_harness import compiled, status_of


def for_values(function: Callable[..., Any], *values: Any) -> Any:
    found = argument_types_for(function, values, name=function.__name__)
    return compiled(function, argument_types=found, exact=True)


# fmt: off
def keys_of_floats(x: float, y: float) -> Any: return len({x: 1, y: 2})
def set_of_floats(x: float, y: float) -> Any: return len({x, y})
def set_of_list(x: float, y: float) -> Any: return len(set([x, y, x]))  # noqa: C405
def key_put(x: float, y: float) -> Any:
    d = {x: 1}
    d[y] = 2
    return d[x], len(d)
def key_asked(x: float, y: float) -> Any:
    d = {x: 1}
    return d.get(y, 7), y in d
def member(x: float, y: float) -> Any:
    s = {x}
    s.add(y)
    return y in s, len(s)
def key_in_tuple(x: float, y: float) -> Any: return len({(x, 1): 1, (y, 1): 2})
def key_complex(x: float, y: float) -> Any: return len({complex(x, 1.0): 1, complex(y, 1.0): 2})
# fmt: on


@pytest.mark.parametrize(
    "function",
    [keys_of_floats, set_of_floats, set_of_list, key_put, key_asked, member, key_in_tuple,
     key_complex],
    ids=lambda function: function.__name__,
)  # fmt: skip
def test_floats_as_keys_are_found_as_python_finds_them(function: Callable[..., Any]) -> None:
    task = compiled(function)
    floats = [0.0, -0.0, 1.5, float("nan"), float("inf")]
    answered = [agrees(task, function, [x, y]) for x in floats for y in floats]
    assert any(answered)


# fmt: off
def grows(n: int) -> Any:
    d = {1: 1}
    for k in d:
        d[k + n] = 1
    return len(d)
def grows_by_items(n: int) -> Any:
    d = {1: 1}
    for k, v in d.items():
        d[k + n] = v
    return len(d)
def grows_and_ends(n: int) -> Any:
    d = {1: 1, 2: 2}
    for k in d:
        d[k + n] = 1
        if n > 1:
            break
    return len(d)
# fmt: on


@pytest.mark.parametrize("function", [grows, grows_by_items, grows_and_ends])
def test_dict_that_grows_in_its_own_loop_raises(function: Callable[..., Any]) -> None:
    task = compiled(function)
    assert all(agrees(task, function, [n]) for n in (0, 1, 2))


# fmt: off
def order(n: int) -> Any: return {8, 16, 24, n}
def order_inside(n: int) -> Any: return 1, {8, 16, 24, n}
# fmt: on


@pytest.mark.parametrize("function", [order, order_inside])
def test_set_is_no_result(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused, match="set"):
        compiled(function)


# fmt: off
def rows(n: int) -> Any:
    row = [n]
    return [row] * 3
def pair(n: int) -> Any:
    a, b = [n], [n]
    return a, b, a, (b, 1)
def listed(n: int) -> Any:
    a = [n]
    return [a, a, [n]]
def in_tuples(n: int) -> Any:
    a = [str(n)]
    return [(a, 1), (a, 2)], [a]
def deep(n: int) -> Any:
    a = [[n], [n]]
    return [a, a, [a[0]]]
def in_keys(n: int) -> Any:
    a = [n]
    return {"x": a, "y": a}
def dicts(n: int) -> Any:
    a = {n: n}
    return a, a, {n: n}
def arrays(n: int) -> Any:
    a, b = numpy.zeros(n), numpy.zeros(n)
    return a, b, a, a[:], b
def apart(n: int) -> Any: return [[i] * n for i in range(4)]
# fmt: on


def shape(value: Any, seen: dict[int, int]) -> Any:
    """Return which objects in a value are one."""
    if isinstance(value, dict):
        return seen.setdefault(id(value), len(seen)), [shape(x, seen) for x in value.values()]
    if isinstance(value, tuple):
        return [shape(x, seen) for x in value]
    if isinstance(value, list):
        return seen.setdefault(id(value), len(seen)), [shape(x, seen) for x in value]
    if isinstance(value, numpy.ndarray):
        return seen.setdefault(id(value), len(seen))
    return None


@pytest.mark.parametrize(
    "function", [rows, pair, listed, in_tuples, deep, in_keys, dicts, arrays, apart]
)
def test_what_a_result_holds_twice_is_one_object(function: Callable[..., Any]) -> None:
    status, _, found = status_of(compiled(function), 2)
    expected = function(2)
    assert status == 0
    assert repr(found) == repr(expected)
    assert shape(found, {}) == shape(expected, {})


# fmt: off
def whole(a: Any) -> Any: return a[:]
def reshaped(a: Any) -> Any: return a.reshape(3)
def turned(a: Any) -> Any: return a.T
def raveled(a: Any) -> Any: return a.ravel()
def itself(a: Any) -> Any: return a
# fmt: on


@pytest.mark.parametrize("function", [whole, reshaped, turned, raveled, itself])
def test_view_is_another_object_than_the_array(function: Callable[..., Any]) -> None:
    values = numpy.arange(3.0)
    _, _, found = status_of(for_values(function, values), values)
    assert (found is values) == (function is itself)
    assert numpy.shares_memory(found, values)


def test_code_for_an_array_to_be_read_takes_no_other_where_it_returns_a_view() -> None:
    values = numpy.arange(3.0)
    values.setflags(write=False)
    with pytest.raises(TypeError):
        status_of(for_values(whole, values), numpy.arange(3.0))


def test_range_whose_length_has_no_float_is_left_to_numpy() -> None:
    def between(a: int, b: int) -> Any:
        return numpy.arange(a, b)

    task = compiled(between)
    for ends in ((-(2**62), 2**62), (2**63 - 1, -(2**63)), (-(2**63), 2**63 - 1)):
        assert status_of(task, *ends)[0] == STATUS_OVERFLOW
    assert list(status_of(task, 2**63 - 3, 2**63 - 1)[2]) == [2**63 - 3, 2**63 - 2]


def test_next_item_of_an_array_is_numpys() -> None:
    def first(a: Any) -> Any:
        return next(iter(a))

    assert for_values(first, numpy.arange(3.0)).result.numpy


# fmt: off
def from_pairs(a: Any) -> Any: return dict(zip(a, a))  # noqa: B905
# fmt: on


@pytest.mark.parametrize("function", [from_pairs])
def test_dict_of_numpys_numbers_stays_python(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused, match="NumPy's numbers"):
        for_values(function, numpy.arange(3))


# fmt: off
def keeps(n: int) -> Any:
    def inner(k, kept=[]):  # type: ignore[no-untyped-def]  # noqa: B006
        kept.append(k)
        return len(kept)
    inner(n)
    return inner(n)
def keeps_made(n: int) -> Any:
    def inner(k, kept=[0] * 3):  # type: ignore[no-untyped-def]
        kept[0] += k
        return kept[0]
    inner(n)
    return inner(n)
def constant(n: int) -> Any:
    def inner(k, m=n, t=(1, 2), s="x"):  # type: ignore[no-untyped-def]
        return k + m + t[0] + len(s)
    return inner(n) + inner(1)
# fmt: on


@pytest.mark.parametrize("function", [keeps, keeps_made])
def test_inner_function_with_a_default_that_changes_stays_python(
    function: Callable[..., Any],
) -> None:
    with pytest.raises(CompileRefused, match="mutable default"):
        compiled(function)


def test_inner_function_with_constant_defaults_is_compiled() -> None:
    assert agrees(compiled(constant), constant, [3])
