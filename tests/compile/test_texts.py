"""Methods of texts: the answers of the running Python for every character and every count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Optional

import pytest

from catzilla_jit.compile import STATUS_OVERFLOW
from catzilla_jit.compile.library import letters
from support.agreement import agrees
from support.compile_harness import compiled, status_of


# fmt: off
def upper(s: str, a: str, b: str) -> Any: return [(a + c + b).upper() for c in s]
def lower(s: str, a: str, b: str) -> Any: return [(a + c + b).lower() for c in s]
def title(s: str, a: str, b: str) -> Any: return [(a + c + b).title() for c in s]
def capitalize(s: str, a: str, b: str) -> Any: return [(a + c + b).capitalize() for c in s]
def swapcase(s: str, a: str, b: str) -> Any: return [(a + c + b).swapcase() for c in s]
def casefold(s: str, a: str, b: str) -> Any: return [(a + c + b).casefold() for c in s]
def isupper(s: str, a: str, b: str) -> Any: return [(a + c + b).isupper() for c in s]
def islower(s: str, a: str, b: str) -> Any: return [(a + c + b).islower() for c in s]
def istitle(s: str, a: str, b: str) -> Any: return [(a + c + b).istitle() for c in s]
def isalpha(s: str, a: str, b: str) -> Any: return [(a + c + b).isalpha() for c in s]
def isalnum(s: str, a: str, b: str) -> Any: return [(a + c + b).isalnum() for c in s]
def isprintable(s: str, a: str, b: str) -> Any: return [(a + c + b).isprintable() for c in s]
def isdigit(s: str, a: str, b: str) -> Any: return [(a + c + b).isdigit() for c in s]
def isdecimal(s: str, a: str, b: str) -> Any: return [(a + c + b).isdecimal() for c in s]
def isnumeric(s: str, a: str, b: str) -> Any: return [(a + c + b).isnumeric() for c in s]
def isidentifier(s: str, a: str, b: str) -> Any: return [(a + c + b).isidentifier() for c in s]
def isspace(s: str, a: str, b: str) -> Any: return [(a + c + b).isspace() for c in s]
# fmt: on

#: What is before and after the character: case and sigmas depend on their neighbours.
AROUND: dict[Callable[..., Any], tuple[tuple[str, str], ...]] = {
    lower: (("", ""), ("aΣ", ""), ("", "Σ")), swapcase: (("", ""), ("aΣ", "")),
    title: (("", ""), ("a", "A")), istitle: (("", ""), ("a", "A")), isidentifier: (("a", ""),),
}  # fmt: skip
FUNCTIONS = [
    upper, lower, title, capitalize, swapcase, casefold, isupper, islower, istitle, isalpha,
    isalnum, isprintable, isdigit, isdecimal, isnumeric, isidentifier, isspace,
]  # fmt: skip
#: These tell nearly all changes of a later Unicode.
WIDE = {upper, isprintable}
TABLES = (letters.CASES, letters.KINDS, letters.NUMERALS, letters.JOINERS)


def characters(wide: bool) -> Iterator[str]:
    """Yield characters: all with a case, those at the edges of the tables; if wide, most others."""
    edges = {int(edge) + more for table in TABLES for edge in table for more in (-1, 0)}
    dense = [*range(0x600), *range(0x10A0, 0x1100), *range(0x1C80, 0x2200), *range(0xA640, 0xA800)]
    if wide:
        dense += [*range(0x3400), *range(0xA000, 0xAC00), *range(0xF800, 0x20000)]
    kept = sorted({*dense, *edges, 0xD800, 0x10FFFF})
    for start in range(0, len(kept), 512):
        yield "".join(map(chr, kept[start : start + 512]))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_each_character_is_as_in_this_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    for before, after in AROUND.get(function, (("", ""),)):
        for text in characters(function in WIDE):
            status, _, found = status_of(task, text, before, after)
            if status == STATUS_OVERFLOW:  # one is left to Python; the others are not
                for each in text:
                    status, _, found = status_of(task, each, before, after)
                    if status != STATUS_OVERFLOW:
                        assert found == function(each, before, after)
            else:
                assert found == function(text, before, after)


def test_letter_of_a_later_unicode_is_left_to_python() -> None:
    assert status_of(compiled(upper), "\ua7c3", "", "")[0] == STATUS_OVERFLOW
    assert status_of(compiled(upper), "äλж京😀", "", "")[0] == 0


# fmt: off
def words(s: str, n: int) -> Any: return s.split(None, n), s.rsplit(None, n)
def words_by_name(s: str, n: int) -> Any: return s.split(maxsplit=n), s.rsplit(maxsplit=n)
def words_by_names(s: str, n: int) -> Any: return s.split(sep=None, maxsplit=n)
def all_words(s: str) -> Any: return s.split(), s.rsplit(), s.split(None), s.rsplit(None)
def parts(s: str, t: str, n: int) -> Any: return s.split(t, n), s.rsplit(t, n)
def parts_by_name(s: str, t: str, n: int) -> Any: return s.split(t, maxsplit=n), s.rsplit(sep=t)
def all_parts(s: str, t: str) -> Any: return s.split(t), s.rsplit(t)
def replaced(s: str, t: str, n: int) -> Any: return s.replace(t, "xé", n), s.replace(t, "", n)
def tabs(s: str, n: int) -> Any: return s.expandtabs(n) if abs(n) < 9 or abs(n) > 2**31 else ""
def maybe(s: Optional[str], n: int) -> Any:  # noqa: UP045
    return ["?"] if s is None else s.split(None, n)
# fmt: on

TEXTS = [
    "", " ", "a", " a", "a ", "a b c", " a  b ", "a,,b", ",", ",,", "a,b,c,", "aaa", "aaaa",
    "a\x1cb", "\x1c", "x\x1d\x1ey", "a\x85b\xa0c", "日 本\u2028語", "é,é", "a\tb\t", "😀 😀",
]  # fmt: skip
SEPARATORS = ["", ",", "a", "aa", ",,", " ", "é", "日", "\x1c", "longer than it"]
COUNTS = [-(2**63), -(2**31) - 1, -3, -1, 0, 1, 2, 3, 2**31, 2**63 - 1]
VALUES = {"s": TEXTS, "t": SEPARATORS, "n": COUNTS}


@pytest.mark.parametrize(
    "function",
    [words, words_by_name, words_by_names, all_words, parts, parts_by_name, all_parts, replaced,
     tabs, maybe],
    ids=lambda function: function.__name__,
)  # fmt: skip
def test_each_count_is_as_in_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    calls: list[list[Any]] = [[]]
    for name in function.__code__.co_varnames[: function.__code__.co_argcount]:
        calls = [[*call, value] for call in calls for value in VALUES[name]]
    answered = [agrees(task, function, call) for call in calls]
    assert any(answered)


def test_bytes_keep_their_methods() -> None:
    def of_bytes(b: bytes) -> Any:
        return b.upper(), b.isalpha(), b.split(b","), b.replace(b"a", b"b")

    assert agrees(compiled(of_bytes), of_bytes, [b"a,B"])
