"""`%` and `str.format` with a literal template give Python's text, or are refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catzilla_jit.compile import STATUS_OVERFLOW, CompileRefused
from support.compile_harness import compiled, status_of


# fmt: off
# ruff: noqa: F501, F507, F521, F524, F525, UP030, UP031, UP032 -- these forms are the subject
def plain(n: int, s: str) -> str: return "%d %s %i%%" % (n, s, n)
def one(n: int) -> str: return "<%s>" % n
def one_text(s: str) -> str: return "%s" % s
def wide(n: int, s: str) -> str: return "%5d|%-5d|%05d|%8s|%-8s|%u" % (n, n, n, s, s, n)
def wide_number(n: int) -> str: return "%6s|%-6s" % (n, n)
def digits(x: float) -> str: return "%.2f|%8.3f|%-8.1f|%08.2f|%.0f" % (x, x, x, x, x)
def whole_as_float(n: int) -> str: return "%.1f" % n
def six(x: float) -> str: return "%f" % x
def computed(n: int, s: str) -> str: return "%s-%d" % (s + "!", n * 2)
def braces(n: int, s: str) -> str: return "{} {}{{}}".format(n, s)
def numbered(n: int, s: str) -> str: return "{1} {0} {1}".format(n, s)
def named(n: int, s: str) -> str: return "{a}:{b:>5}".format(a=s, b=n)
def specs(n: int, x: float, s: str) -> str: return "{:5d}|{:<5}|{:.2f}|{:^9}|{!s:>4}".format(
    n, n, x, s, n)
def zeros(s: str) -> str: return "{:05}|{:04s}".format(s, s)
def literal(n: int) -> str: return "no field".format()
def signs(n: int, x: float) -> str: return "%+d|% d|%+5d|%+-6d|%+06d|%+.2f|% .1f" % (
    n, n, n, n, n, x, x)
def bases(n: int) -> str: return "%x|%X|%o|%#x|%#o|%8x|%-8x|%08x|%+x|%#X" % (
    n, n, n, n, n, n, n, n, n, n)
def represented(n: int, s: str, x: float) -> str: return "%r %r|%12r|%-12r" % (n, x, s, s)
def represented_in_braces(n: int, s: str) -> str: return "{!r} {!r:>12}".format(n, s)
def character(c: int) -> str: return "%c|%3c|%-3c" % (c, c, c)
def character_in_braces(c: int) -> str: return f"{c:c}|{c:3c}|{c:<3c}"
def by_format(n: int, x: float, s: str) -> str: return (
    format(n) + format(n, ">9,") + format(x, ".2f") + format(s, "^9") + format(n, "x"))
def in_loop(n: int) -> str:
    text = ""
    for i in range(n % 5):
        text += "%d," % i
    return text
# fmt: on

FUNCTIONS = [
    plain, one, one_text, wide, wide_number, digits, whole_as_float, six, computed, braces,
    numbered, named, specs, zeros, literal, in_loop, signs, bases, represented,
    represented_in_braces, character, character_in_braces, by_format,
]  # fmt: skip

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "n": st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-1000, 1000)),
    "x": st.one_of(
        st.floats(), st.floats(-1000, 1000), st.integers(-800, 800).map(lambda v: v / 8)
    ),
    "c": st.one_of(st.integers(-2, 0x110001), st.integers(32, 127)),
    "s": st.text(alphabet="ab é日%{}", max_size=9),
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_text_is_pythons(function: Callable[..., Any]) -> None:
    task = compiled(function)
    answered: list[bool] = []

    @settings(max_examples=60)
    @given(st.tuples(*(STRATEGIES[name] for name in inspect.signature(function).parameters)))
    def compare(arguments: tuple[Any, ...]) -> None:
        status, _, result = status_of(task, *arguments)
        answered.append(status == 0)
        assert status in (0, STATUS_OVERFLOW)
        if status == 0:
            assert result == function(*arguments)

    compare()
    assert any(answered)


# fmt: off
def exponent(x: float) -> str: return "%a" % x
def prefixed_float(x: float) -> str: return "%#.0f" % x
def least_digits(n: int) -> str: return "%.5x" % n
def character_of_text(s: str) -> str: return "%c" % s
def zeros_before_a_character(n: int) -> str: return f"{n:05c}"
def spec_by_name(n: int, s: str) -> str: return format(n, s)
def cut(s: str) -> str: return "%.2s" % s
def truncated(x: float) -> str: return "%d" % x
def by_name(n: int) -> str: return "%(n)d" % {"n": n}
def starred(n: int) -> str: return "%*d" % (5, n)
def too_few(n: int) -> str: return "%d %d" % (n,)
def too_many(n: int) -> str: return "%d" % (n, n)
def unfinished(n: int) -> str: return "%d %" % n
def tuple_as_value(n: int) -> str:
    pair = (n,)
    return "%s" % pair
def attribute(z: complex) -> str: return "{0.real}".format(z)
def missing(n: int) -> str: return "{} {}".format(n)
def nested(n: int) -> str: return "{:{}}".format(n, 5)
def unclosed(n: int) -> str: return "{".format(n)
def mixed_numbers(n: int) -> str: return "{} {0}".format(n)
def out_of_turn(n: int) -> str: return "{1} {0}".format(n + 1, n + 2)
# fmt: on

REFUSED = [
    cut, exponent, prefixed_float, least_digits, character_of_text, zeros_before_a_character,
    spec_by_name, truncated, by_name, starred, too_few,
    too_many, unfinished, tuple_as_value, attribute, missing, nested, unclosed,
    mixed_numbers, out_of_turn,
]  # fmt: skip


@pytest.mark.parametrize("function", REFUSED, ids=lambda function: function.__name__)
def test_what_has_no_such_f_string_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(CompileRefused):
        compiled(function)
