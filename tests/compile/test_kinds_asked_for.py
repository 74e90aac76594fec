"""Identity and kinds: a bool is an int, NumPy's numbers are neither, and stay NumPy's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from catzilla_jit.compile import CompiledTask, CompileRefused, argument_types_for
from support.agreement import agrees
from support.compile_harness import compiled

Array = numpy.ndarray[Any, numpy.dtype[numpy.int64]]
TABLE: Array = numpy.array([[1, 2], [3, 4]])


def kinds_of(x: bool, n: int) -> Any:
    return isinstance(x, int), isinstance(True, int), isinstance(x, bool), isinstance(n, bool)


def kinds_of_either(x: bool, n: int) -> Any:
    return isinstance(x, (float, int)), isinstance(x, (str, float)), isinstance(n > 0, int)


@pytest.mark.parametrize("function", [kinds_of, kinds_of_either])
def test_a_bool_is_an_int(function: Callable[..., Any]) -> None:
    task = compiled(function)
    for x in (True, False):
        assert agrees(task, function, [x, 3])


def size_of_bool(x: bool) -> int:
    return abs(x)


def power_of_complex(z: complex) -> Any:
    return pow(z, 3)


@pytest.mark.parametrize("function", [size_of_bool, power_of_complex])
def test_what_numba_has_otherwise_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused):
        compiled(function)


def hashes(x: float, z: complex) -> Any:
    return hash(x), hash((x, 1)), hash(z)


def test_the_hash_of_a_nan_is_pythons() -> None:
    task = compiled(hashes)
    for x in (0.0, -1.0, 1.5, 2.0**61, math.inf):
        assert agrees(task, hashes, [x, complex(x, 1.0)])
    assert not agrees(task, hashes, [math.nan, 1j])


def compiled_for_table(function: Callable[..., Any]) -> CompiledTask:
    types = argument_types_for(function, (TABLE,), name=function.__name__)
    return compiled(function, argument_types=types, exact=True)


def same_as_true(table: Array) -> Any:
    return table.any() is True


def same_as_item(table: Array) -> Any:
    return (table[0, 0] > 1) is True


def kind_of_item(table: Array) -> Any:
    return isinstance(table[0, 0], int)


def as_dict(table: Array) -> Any:
    return dict(zip(table[0], table[1]))  # noqa: B905


def mapped(table: Array) -> Any:
    return list(map(lambda x: x, table[0]))  # noqa: C417


def default_of_dict(table: Array) -> Any:
    return {1: 2}.get(5, table[0, 0])


def extended(table: Array) -> Any:
    values = [1]
    values.extend(table[0])
    return values


@pytest.mark.parametrize(
    "function",
    [
        same_as_true, same_as_item, kind_of_item, as_dict, mapped, extended,
        default_of_dict,
    ],
)  # fmt: skip
def test_numpys_numbers_do_not_become_pythons(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused):
        compiled_for_table(function)


def first(table: Array) -> Any:
    return next(iter(table[0]))


def test_the_next_of_an_array_is_numpys() -> None:
    assert compiled_for_table(first).result.numpy
