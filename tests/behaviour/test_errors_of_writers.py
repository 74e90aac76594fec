"""A task that changes what it is given cannot run again: its errors have text and line of Python.

Each function reads and writes `seen`, so that compiled code alone answers.
"""

from __future__ import annotations

import math
import traceback

import numpy as np
import pytest

from catzilla_jit import task


def code_point(seen: np.ndarray, data: bytes, index: int) -> int:
    seen[0] += 1.0
    return data[index]


def letter(seen: np.ndarray, text: str, index: int) -> str:
    seen[0] += 1.0
    return text[index]


def value(seen: np.ndarray, values: list[int], index: int) -> int:
    seen[0] += 1.0
    return values[index]


def looked_up(seen: np.ndarray, table: dict[int, int], key: int) -> int:
    seen[0] += 1.0
    return table[key]


def place(seen: np.ndarray, text: str) -> int:
    seen[0] += 1.0
    return text.index("q")


def place_in_bytes(seen: np.ndarray, data: bytes) -> int:
    seen[0] += 1.0
    return data.index(b"q")


def highest(seen: np.ndarray, values: np.ndarray) -> int:
    seen[0] += 1.0
    return np.argmax(values)


def unpacked(seen: np.ndarray, values: list[int]) -> int:
    seen[0] += 1.0
    first, second = values
    return first - second


def root(seen: np.ndarray, x: float) -> float:
    seen[0] += 1.0
    return math.sqrt(x)


def logarithm(seen: np.ndarray, x: float) -> float:
    seen[0] += 1.0
    return math.log(x)


def exponential(seen: np.ndarray, x: float) -> float:
    seen[0] += 1.0
    return math.exp(x)


def power(seen: np.ndarray, x: float, n: int) -> float:
    seen[0] += 1.0
    return x**n


def floor(seen: np.ndarray, x: float) -> int:
    seen[0] += 1.0
    return math.floor(x)


def number(seen: np.ndarray, text: str) -> int:
    seen[0] += 1.0
    return int(text)


def decimal(seen: np.ndarray, text: str) -> float:
    seen[0] += 1.0
    return float(text)


def product(seen: np.ndarray, n: int) -> int:
    seen[0] += 1.0
    return math.factorial(n)


def rest(seen: np.ndarray, x: float, y: float) -> float:
    seen[0] += 1.0
    return math.fmod(x, y)


def quotient(seen: np.ndarray, x: int, y: int) -> int:
    seen[0] += 1.0
    return divmod(x, y)[0]


def quotient_of_floats(seen: np.ndarray, x: float, y: float) -> float:
    seen[0] += 1.0
    return divmod(x, y)[1]


def item(seen: np.ndarray, index: int) -> float:
    seen[0] += 1.0
    return seen[index]


def stored(seen: np.ndarray, index: int) -> float:
    seen[0] += 1.0
    seen[index] = 2.0
    return 1.0


def flat(seen: np.ndarray, index: int) -> float:
    seen[0] += 1.0
    return seen.flat[index]


def cell(seen: np.ndarray, table: np.ndarray, row: int, column: int) -> float:
    seen[0] += 1.0
    return table[row, column]


def row(seen: np.ndarray, table: np.ndarray, index: int) -> float:
    seen[0] += 1.0
    table[index, :] = 2.0
    return 1.0


def picked(seen: np.ndarray, places: np.ndarray) -> float:
    seen[0] += 1.0
    return seen[places].sum()


def cells(seen: np.ndarray, table: np.ndarray, row: int, places: np.ndarray) -> float:
    seen[0] += 1.0
    return table[row, places].sum()


def masked(seen: np.ndarray, mask: np.ndarray) -> float:
    seen[0] += 1.0
    return seen[mask].sum()


def written(seen: np.ndarray, mask: np.ndarray) -> float:
    seen[0] += 1.0
    seen[mask] = 1.0
    return seen[0]


TABLE = np.arange(6.0).reshape(2, 3)
SHORT, LONG = np.array([True, False]), np.array([True] * 4)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (code_point, (b"abc", 5)),
        (code_point, (b"abc", -9)),
        (letter, ("abc", 5)),
        (value, ([1, 2], 7)),
        (looked_up, ({1: 2}, 9)),
        (place, ("abc",)),
        (place_in_bytes, (b"abc",)),
        (highest, (np.empty(0),)),
        (unpacked, ([1, 2, 3],)),
        (unpacked, ([1],)),
        (unpacked, ([],)),
        (root, (-1.0,)),
        (logarithm, (0.0,)),
        (exponential, (1e4,)),
        (power, (0.0, -1)),
        (power, (1e300, 5)),
        (floor, (math.nan,)),
        (product, (-1,)),
        (number, ("x",)),
        (number, ("",)),
        (number, ("12 34 and more letters!",)),
        (decimal, ("1.5.5",)),
        (rest, (1.0, 0.0)),
        (floor, (-math.inf,)),
        (quotient, (1, 0)),
        (quotient_of_floats, (1.0, 0.0)),
        (item, (5,)),
        (item, (-9,)),
        (stored, (3,)),
        (flat, (7,)),
        (flat, (-4,)),
        (cell, (TABLE, 5, 9)),
        (cell, (TABLE, -1, -7)),
        (row, (TABLE, -3)),
        (picked, (np.array([0, -8]),)),
        (picked, (np.array([0, 3]),)),
        (cells, (TABLE, 1, np.array([0, 5]))),
        (cells, (TABLE, 4, np.array([0, 1]))),
        (masked, (SHORT,)),
        (masked, (LONG,)),
        (written, (SHORT,)),
    ],
)
def test_error_has_the_text_and_the_line_of_python(function, arguments):
    made = MADE[function]
    before, after = np.zeros(3), np.zeros(3)
    with pytest.raises(Exception) as expected:  # noqa: PT011 -- whatever Python raises
        function(before, *arguments)
    error = made.submit(after, *arguments).exception()
    assert made.compiled
    assert type(error) is expected.type
    assert str(error) == str(expected.value)
    assert _line(error, function) == _line(expected.value, function)
    assert list(after) == list(before)


def _line(error, function):
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.lineno for frame in frames if frame.name == function.__name__]


def helped(seen: np.ndarray, text: str, index: int) -> str:
    seen[0] += 1.0
    return _second(text, index)


def _second(text, index):
    letters = text + "."
    return letters[index]


def test_line_is_that_of_the_helper_which_failed():
    error = MADE[helped].submit(np.zeros(3), "abc", 9).exception()
    assert MADE[helped].compiled
    assert str(error) == "string index out of range"
    assert traceback.extract_tb(error.__traceback__)[-1].name == "_second"


def test_what_python_has_an_answer_to_is_an_overflow_of_ours():
    error = MADE[floor].submit(np.zeros(3), 1e300).exception()
    assert (type(error), str(error)) == (
        OverflowError, "task floor: the integer of a float does not fit compiled code",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["12345678901234567890abcd", "\u0661x"])
def test_text_that_is_long_or_not_ascii_is_an_overflow_of_ours(text):
    error = MADE[number].submit(np.zeros(3), text).exception()
    assert (type(error), error.args[0][-27:]) == (OverflowError, " does not fit compiled code")


def test_overflow_that_the_task_raises_itself_has_its_own_words():
    @task
    def refuse(seen: np.ndarray, x: float) -> float:
        seen[0] += 1.0
        if x > 2.0:
            raise OverflowError("too much")
        return x

    error = refuse.submit(np.zeros(3), 3.0).exception()
    assert refuse.compiled
    assert (type(error), error.args) == (OverflowError, ("too much",))


def test_empty_mask_is_not_said_to_be_an_error_of_python():
    error = MADE[masked].submit(np.zeros(3), np.empty(0, bool)).exception()
    assert type(error) is OverflowError
    assert "a mask of another length" in str(error)


def test_unsigned_index_beyond_64_bits_is_no_negative_one():
    error = MADE[item].submit(np.zeros(3), np.uint64(2**63 + 1)).exception()
    assert type(error) is OverflowError


MADE = {
    each: task(each)
    for each in (
        code_point, letter, value, looked_up, place, place_in_bytes, highest, unpacked, root,
        quotient, quotient_of_floats, logarithm, exponential, power, floor, product, rest,
        number, decimal,
        item, stored, flat, cell, row, picked, cells, masked, written, helped,
    )
}  # fmt: skip
