"""Bytes as arguments, constants and results: Python's, whose items are ints."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import bytes_functions as cases
from support.agreement import agrees
from support.compile_harness import compiled, status_of

BYTES = st.one_of(
    st.binary(max_size=6),
    st.text(alphabet="ab, ", max_size=6).map(str.encode),
    st.sampled_from(
        [b"", b"\0", b"a\0", b"\xff\x80", b"ab" * 40, b"\r\n a\t\x0b\x0c\x1c\x85A\n\r"]
    ),
    st.text(max_size=3).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(min_size=7, max_size=10),
)
INTEGERS = st.one_of(
    st.integers(-7, 7), st.sampled_from([97, 255, 256, 2**63 - 1, -(2**63), -(2**63) + 1])
)
TO_BYTES = [cases.to_bytes, cases.to_named, cases.to_signed, cases.to_signed_big]
LENGTHS = st.integers(-2, 300)
#: Not bytes: the call is Python's.
ODD = st.sampled_from(
    [bytearray(b"ab"), memoryview(b"ab"), "ab", [97], 97, None, numpy.bytes_(b"a")]
)
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "b": st.one_of(BYTES, BYTES, BYTES, ODD),
    "c": BYTES,
    "n": INTEGERS,
    "m": INTEGERS,
    "k": INTEGERS,
    "s": st.text(st.characters(exclude_categories=[]), max_size=4),
    "e": st.dictionaries(st.sampled_from([b"", b"a", b"ab"]), st.integers(0, 9)),
    "o": st.one_of(st.none(), BYTES),
    "t": st.tuples(BYTES, INTEGERS),
    "q": st.lists(BYTES, max_size=3),
    "d": st.dictionaries(st.sampled_from(["a", "b"]), BYTES),
}


@pytest.mark.parametrize("function", cases.FUNCTIONS, ids=lambda function: function.__name__)
def test_task_of_bytes_answers_as_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    names = inspect.signature(function).parameters
    few: dict[str, Any] = {"n": LENGTHS} if function in (cases.repeated, cases.zeros) else {}
    few |= {"m": LENGTHS} if function in TO_BYTES else {}
    answered: list[bool] = []

    @settings(max_examples=80)
    @given(st.tuples(*({**STRATEGIES, **few}[name] for name in names)))
    def compare(arguments: tuple[Any, ...]) -> None:
        # What is not bytes is Python's.
        given = agrees(task, function, arguments, unfit=(TypeError,))
        if given is not None:
            answered.append(given)

    compare()
    assert any(answered)


@pytest.mark.parametrize(
    "function", [cases.found_between, cases.item_between, cases.part, cases.stepped]
)
def test_places_beyond_the_bytes_are_those_of_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    values = {"b": [b"", b"a", b"abab"], "c": [b"", b"a", b"abab"], "k": [-(2**63), -1, 2**63 - 1]}
    places = [-(2**63), -5, -1, 0, 1, 4, 5, 2**63 - 1]
    names = inspect.signature(function).parameters
    for arguments in itertools.product(*(values.get(name, places) for name in names)):
        assert agrees(task, function, arguments)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(cases.zeros, (2**63 - 1,)), (cases.repeated, (b"ab", 2**62)), (cases.to_named, (5, 2**61))],
)
def test_bytes_without_memory_are_left_to_python(function: Any, arguments: Any) -> None:
    assert agrees(compiled(function), function, arguments) is False


@pytest.mark.parametrize("function", TO_BYTES)
def test_number_fits_as_many_bytes_as_in_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    numbers = [n + by for n in (0, 2**7, 2**8, 2**15, 2**31, 2**55, 2**62) for by in (-1, 0, 1)]
    for n in (*numbers, *(-n for n in numbers), 2**63 - 1, -(2**63)):
        for length in range(-1, 11):
            agrees(task, function, (n, length))


@pytest.mark.parametrize(
    "value", [bytearray(b"a"), memoryview(b"a"), "a", 1, [97], None, numpy.bytes_(b"a"),
              numpy.frombuffer(b"a", numpy.uint8), type("B", (bytes,), {})(b"a")],
)  # fmt: skip
def test_what_is_not_bytes_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="not a bytes"):
        status_of(compiled(cases.size), value)
    with pytest.raises(TypeError):
        status_of(compiled(cases.in_list), [b"a", value])
