"""Numba's types in Python's words."""

from __future__ import annotations

import numpy
import pytest
from numba import typeof
from numba.core import types

from catzilla_jit.compile.diagnostics import type_names
from catzilla_jit.compile.frontend.values import type_of

INT, FLOAT, TEXT = types.int64, types.float64, types.unicode_type
PAIRS = types.DictType(TEXT, types.UniTuple(INT, 2))
NESTED = types.DictType(TEXT, types.DictType(INT, INT))
RECORD = [("x", "f8"), ("how many", "i4"), ("name", "U8"), ("tag", "S3"), ("at", "M8[ns]")]
SAID = "record[x: float64, how many: int32, name: str, tag: bytes, at: datetime64]"
CASES = [
    (INT, "int"),
    (FLOAT, "float"),
    (types.int32, "int32"),
    (types.none, "None"),
    (TEXT, "str"),
    (types.boolean, "bool"),
    (types.literal("sent"), "str"),
    (types.literal("a (b) c"), "str"),
    (types.literal(5), "int"),
    (types.List(INT), "list[int]"),
    (types.List(types.List(TEXT)), "list[list[str]]"),
    (types.Set(INT), "set[int]"),
    (types.List(INT, reflected=True), "list[int]"),
    (types.DictType(TEXT, INT), "dict[str, int]"),
    (types.DictType(TEXT, types.UniTuple(FLOAT, 2)), "dict[str, tuple[float, float]]"),
    (types.Tuple((types.literal("sent"), INT)), "tuple[str, int]"),
    (types.UniTuple(FLOAT, 2), "tuple[float, float]"),
    (types.UniTuple(FLOAT, 9), "tuple[float, ...]"),
    (types.Tuple((INT, types.UniTuple(TEXT, 2))), "tuple[int, tuple[str, str]]"),
    (types.Optional(INT), "int | None"),
    (types.ListType(types.ListType(INT)), "list[list[int]]"),
    (types.List(INT).iterator_type, "iterator of list[int]"),
    (TEXT.iterator_type, "iterator of str"),
    (types.ZipType([types.List(INT), types.List(TEXT)]), "zip"),
    (types.EnumerateType(types.List(INT)), "enumerate"),
    (types.DictKeysIterableType(PAIRS), "keys of dict[str, tuple[int, int]]"),
    (PAIRS.iterator_type, "iterator of the keys of dict[str, tuple[int, int]]"),
    (
        types.DictItemsIterableType(NESTED).iterator_type,
        "iterator of the items of dict[str, dict[int, int]]",
    ),
    (types.Generator(print, INT, (INT,), (), False), "generator"),
    (types.slice2_type, "slice"),
    (types.Omitted("a (b"), "a default"),
    (types.LiteralList((types.List(INT), types.List(TEXT))), "list[list[int] | list[str]]"),
    (types.Array(FLOAT, 1, "C"), "array(float64, 1-D)"),
    (types.Array(INT, 2, "A", readonly=True), "array(int64, 2-D)"),
    (types.List(types.Array(FLOAT, 1, "C")), "list[array(float64, 1-D)]"),
    (types.LiteralList((INT, types.literal("a"), FLOAT)), "list[int | str | float]"),
    (typeof(numpy.zeros((2, 2))), "array(float64, 2-D)"),
    (type_of(numpy.zeros(2, RECORD)), f"array({SAID}, 1-D)"),
    (type_of(numpy.zeros((), RECORD)[()]), SAID),
    (types.Tuple((type_of(numpy.zeros(2, RECORD)), INT)), f"tuple[array({SAID}, 1-D), int]"),
]


@pytest.mark.parametrize(("type_", "said"), CASES, ids=[said for _, said in CASES])
def test_a_type_is_said_in_pythons_words(type_, said):
    assert type_names.of(type_) == said


def test_types_inside_of_a_sentence_are_said():
    text = "Cannot unify list(int64)<iv=None> and Literal[str](a) for 'x'"
    assert type_names.plain(text) == "Cannot unify list[int] and str for 'x'"


def test_generators_functions_and_lists_inside_of_a_sentence_are_said():
    generator = (
        "returns str generator(func=<function ol_map.<locals>.impl at 0x7f5c>, "
        "args=(str, list[int], Tuple(())), has_finalizer=True), which"
    )
    assert type_names.plain(generator) == "returns map, which"
    helper = "type(Helper(<function closure.<locals>._lambda_ at 0x7f5cd1ae9ee0>))"
    assert type_names.plain(helper) == "lambda"
    assert type_names.plain("LiteralList((List(int64, False), List(unicode_type, False)))") == (
        "list[list[int] | list[str]]"
    )
