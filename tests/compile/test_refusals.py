"""Each common refusal names the line, says why in plain words, and what to change.

One function for each, and one table of what is said: hence the length.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import functools
import json
import random
import time
from typing import Any

import numpy as np
import pytest

from catzilla_jit.compile import CompileRefused, Explanation
from support.compile_harness import compiled

COLOURS = {"red": 1, "blue": "?"}
NAMES = ["a", 2]
COUNT = 0
SEEN: set[int] = set()


class Point:
    """A class of the user."""

    def __init__(self, x: int) -> None:
        self.x = x


@functools.cache
def remembered(n: int) -> int:
    return n


def opens_a_file(x: int) -> int:
    with open("file") as file:
        return len(file.read()) + x


def seeds_random(n: int) -> float:
    random.seed(n)
    return random.random()


def reads_a_dict(x: str) -> int:
    return COLOURS[x]


def reads_a_list(x: int) -> str:
    return NAMES[x]


def uses_a_class(x: int) -> int:
    return Point(x).x


def uses_json(x: int) -> str:
    return json.dumps(x)


def calls_a_cached_function(x: int) -> int:
    return remembered(x)


def mixes_a_list(x: int) -> Any:
    return [x, 2.5]


def returns_two_types(x: int) -> Any:
    if x:
        return "a"
    return x


def returns_an_empty_list(x: int) -> Any:
    result = []  # type: ignore[var-annotated]
    return result


def calls_format(x: int) -> str:
    return "{!a} a".format(x)  # noqa: UP032


def formats_with_percent(x: int) -> str:
    return "%a" % x  # noqa: UP031


def names_nothing(x: int) -> int:
    return nowhere(x)  # type: ignore[name-defined, no-any-return]  # noqa: F821


def assigns_a_global(x: int) -> int:
    global COUNT
    COUNT = x
    return x


def returns_a_dict(n: int) -> dict[float, int]:
    return {i * 0.5: i for i in range(n)}


def defines_a_class(x: int) -> int:
    class Own(Exception):
        pass

    raise Own("x")


def reads_the_date(x: int) -> Any:
    return datetime.datetime.now()


def uses_a_deque(x: int) -> int:
    queue: collections.deque[int] = collections.deque(maxlen=3)
    queue.append(x)
    return queue.pop()


def uses_decimal(x: int) -> Any:
    return decimal.Decimal(x)


def converts_with_a_base(x: int) -> int:
    return int("12", base=x)


def unpacks_with_a_star(x: int) -> int:
    (first, *_rest), _ = [1, 2, x], x
    return first


def asks_the_user(x: int) -> str:
    return input()


def sleeps(x: int) -> None:
    time.sleep(x)


def recurses_inside(n: int) -> int:
    def inner(k: int) -> int:
        return k if k < 2 else inner(k - 1) + inner(k - 2)

    chosen = inner
    return chosen(n)


def encodes(text: str) -> bytes:
    return text.encode("utf-16")


def returns_an_iterator(xs: list[int]) -> Any:
    return reversed(xs)


def asks_an_iterator_twice(xs: list[int]) -> Any:
    backwards = reversed(xs)
    return list(backwards), list(backwards)


def measures_an_iterator(n: int) -> Any:
    return len(reversed(range(n)))  # type: ignore[arg-type]


def keeps_a_generator(n: int) -> int:
    squares = (i * i for i in range(n))
    total = 0
    for square in squares:
        total += square
    return total


def numbers():  # type: ignore[no-untyped-def]
    number = 1
    while True:
        yield number
        number *= 10


def calls_a_generator(x: int) -> int:
    made = numbers()  # type: ignore[no-untyped-call]
    while next(made) < x:
        pass
    return x


async def later(x: int) -> int:
    return x


def calls_a_coroutine(x: int) -> bool:
    return later(x) is None


def inverts_a_bool(x: bool) -> int:
    return ~x


def compares_identity(x: str, y: str) -> bool:
    return x is y


def calls_with_a_dict(x: int) -> int:
    arguments = {"x": x}
    return remembered(**arguments)


def imports_inside(x: float) -> float:
    while x > 4:
        import math

        return math.sqrt(x)
    return x


def evaluates(x: int) -> Any:
    return eval("x")


def sets_a_name_in_a_comprehension(n: int) -> Any:
    return [y for x in range(n) if (y := x * x) > 3]


def returns_a_mixed_list(n: int) -> Any:
    row = [n, "a", 2.5]
    return row


def appends_another_type(n: int) -> Any:
    rows: list[Any] = []
    rows.append(n)
    rows.append("x")
    return rows


def returns_an_empty_dict(n: int) -> Any:
    return {}


def calls_with_a_list(n: int) -> int:
    numbers = [n, 2]
    return max(*numbers)


def deletes_a_name(n: int) -> int:
    for k in (n, 2):
        del k
    return n


def reads_a_set(n: int) -> bool:
    return n in SEEN


def puts_empty_lists_in_a_list(n: int) -> Any:
    grid: Any = []
    for i in range(n):
        grid.append([])
        grid[i].append(i)
    return grid


def sorts_by_a_builtin(n: int) -> Any:
    numbers = [n, 1]
    numbers.sort(key=repr)
    return numbers


def takes_the_largest_by_a_key(words: list[str]) -> str:
    return max(words, key=lambda word, n=1: len(word) * n)


def matches_items(pair: tuple[int, int]) -> int:
    match pair:
        case (0, y):
            return y
    return 0


def loads_text(path: str) -> Any:
    return np.loadtxt(path)


def adds_a_large_constant(n: int) -> int:
    return n + 10**30


def adds_text_and_number(n: int) -> str:
    return "a" + n  # type: ignore[operator, no-any-return]


def gives_a_name_two_types(n: int) -> Any:
    x: Any = n
    if n > 3:
        x = "big"
    return x


def grows_a_tuple(n: int) -> Any:
    t: Any = ()
    for i in range(n):
        t += (i,)
    return t


def makes_a_tuple_of_a_generator(n: int) -> Any:
    return tuple(i for i in range(n))


def mixes_the_values_of_a_dict(n: int) -> Any:
    out: dict[str, Any] = {}
    out["n"] = n
    out["name"] = "x"
    return out


def has_lists_as_keys(n: int) -> Any:
    found: Any = {}
    found[[n]] = n
    return len(found)


def mixes_a_set(n: int) -> int:
    return len({1, "a"}) + n


def names_what_is_called_undefined(n: int) -> int:
    return n + undefined  # type: ignore[name-defined, no-any-return]  # noqa: F821


def pairs(n: int) -> Any:
    return [[1.0, float(n)], [2.0, 3.0]]


def takes_the_mean_of_a_list(n: int) -> Any:
    return np.mean(pairs(n))


def loops_over_a_number(n: Any) -> int:
    for _ in n:
        return 1
    return 0


loops_over_a_number.__annotations__["n"] = int


def goes_over_a_set(numbers: list[int]) -> int:
    total = 0
    for number in set(numbers):
        total += number
    return total


def formats_by_repr(x: float) -> str:
    return f"{x!a}"


def returns_what_it_was_given(numbers: list[int]) -> Any:
    return numbers


REFUSED: list[tuple[Any, int, str]] = [
    (opens_a_file, 1, "with"),
    (seeds_random, 1, "another sequence"),
    (reads_a_dict, 1, "COLOURS, a dict of the module"),
    (reads_a_list, 1, "NAMES, a list of the module"),
    (uses_a_class, 1, "class Point"),
    (uses_json, 1, "json.dumps"),
    (calls_a_cached_function, 1, "remembered, which keeps a cache"),
    (sets_a_name_in_a_comprehension, 1, "inner function or comprehension"),
    (returns_a_mixed_list, 2, r"list\[int \| str \| float\]"),
    (appends_another_type, 3, r"\.append of list\[int\] .* for str"),
    (returns_an_empty_dict, 1, "key and value types of an empty dict"),
    (calls_with_a_list, 2, r"items of a list\[int\] as arguments"),
    (deletes_a_name, 2, "`del`"),
    (reads_a_set, 1, "SEEN, a set of the module"),
    (puts_empty_lists_in_a_list, 4, "empty list inside a list"),
    (sorts_by_a_builtin, 2, "key is not a function written in Python"),
    (takes_the_largest_by_a_key, 1, "max (with a key )?cannot be compiled"),  # Numba 0.64: max
    (matches_items, 2, "items of a sequence"),
    (loads_text, 1, "numpy.loadtxt"),
    (adds_a_large_constant, 1, "constant beyond 64 bits"),
    (adds_text_and_number, 1, r"`\+` cannot be compiled for str, int"),
    (gives_a_name_two_types, 3, "x is int on one path and str on another"),
    (grows_a_tuple, 3, "tuple grows"),
    (makes_a_tuple_of_a_generator, 1, "length is not known"),
    (mixes_the_values_of_a_dict, 3, "value of type str"),
    (has_lists_as_keys, 2, r"a dict has a list\[int\] as a key"),
    (mixes_a_set, 1, "items of several types"),
    (names_what_is_called_undefined, 1, "name undefined is not defined"),
    (takes_the_mean_of_a_list, 1, "numpy.mean of a list"),
    (loops_over_a_number, 1, "loops over a value of type int"),
    (goes_over_a_set, 2, "loops over a set"),
    (formats_by_repr, 1, "f-string has a format"),
    (returns_what_it_was_given, 1, "list that it was given"),
    (mixes_a_list, 1, "another kind"),
    (returns_two_types, 2, "values of different types"),
    (returns_an_empty_list, 1, "empty list result"),
    (calls_format, 1, "str.format"),
    (formats_with_percent, 1, "% format has a conversion"),
    (names_nothing, 1, "nowhere is not defined"),
    (assigns_a_global, 2, "global variable"),
    (returns_a_dict, 1, "returns"),
    (defines_a_class, 1, "class is defined inside"),
    (reads_the_date, 1, "datetime.datetime"),
    (uses_a_deque, 1, "collections.deque"),
    (uses_decimal, 1, "decimal.Decimal"),
    (converts_with_a_base, 1, "int cannot be compiled"),
    (unpacks_with_a_star, 1, "star"),
    (asks_the_user, 1, "input"),
    (sleeps, 1, "time.sleep"),
    (recurses_inside, 1, "inner function"),
    (encodes, 1, "encode"),
    (returns_an_iterator, 1, "reversed"),
    (asks_an_iterator_twice, 1, "reversed"),
    (measures_an_iterator, 1, "reversed"),
    (keeps_a_generator, 1, "generator expression"),
    (inverts_a_bool, 1, "~ of a bool"),
    (compares_identity, 1, "`is`"),
    (calls_with_a_dict, 2, r"\*\*kwargs"),
    (imports_inside, 2, "imports"),
    (evaluates, 1, "eval"),
]


@pytest.mark.parametrize(("function", "offset", "words"), REFUSED)
def test_refusal_names_the_line_and_the_cause(function: Any, offset: int, words: str) -> None:
    with pytest.raises(CompileRefused, match=words) as caught:
        compiled(function)
    reason = caught.value.reasons[0]
    assert reason.line is not None
    assert reason.line - function.__code__.co_firstlineno == offset
    for jargon in ("numba", "Literal", "int64", "unicode", "reflected", "the compiler does not"):
        assert jargon not in reason.message


def test_table_has_at_least_25_refusals() -> None:
    assert len(REFUSED) >= 25


def test_explanation_of_a_refusal_says_where_and_what_to_change() -> None:
    with pytest.raises(CompileRefused) as caught:
        compiled(reads_a_list)
    explanation = Explanation.of(caught.value)
    assert not explanation.compiled
    line = reads_a_list.__code__.co_firstlineno + 1
    assert str(explanation) == (
        "reads_a_list runs as Python:\n"
        f"  line {line}: the function reads NAMES, a list of the module (CZ803); make it a tuple\n"
        "  docs/refusals.md explains the codes"
    )


@pytest.mark.parametrize("function", [calls_a_generator, calls_a_coroutine])
def test_helper_that_is_no_plain_function_is_refused(function: Any) -> None:
    with pytest.raises(
        CompileRefused, match=r"a coroutine|the generator that numbers makes is kept"
    ):
        compiled(function)
