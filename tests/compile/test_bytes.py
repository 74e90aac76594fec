"""Bytes as arguments, constants and results: Python's, whose items are ints."""

from __future__ import annotations

import collections
import gc
import inspect
import itertools
import pathlib
import pickle
import subprocess
import sys
import textwrap
import types
from collections.abc import Callable
from typing import Any, Optional

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import types as numba_types
from numba.core.runtime import _nrt_python, rtsys

from catzilla_jit.compile import CompileRefused, argument_types_for
from catzilla_jit.compile.datamodel.bytes_type import byte_string
from support.agreement import agrees, outcome
from support.compile_harness import compiled, status_of

SEPARATOR = b","
ENDS = (b"\0", b"ab")
NAMED = collections.namedtuple("NAMED", "data")(b"a")
formats = types.ModuleType("formats")
formats.PNG, formats.GIF = b"\x89PNG", (b"GIF87a", b"GIF89a")  # type: ignore[attr-defined]


def is_blank(item: int, blanks: bytes = b" \t\n") -> bool:
    return item in blanks


# fmt: off
def size(b: bytes) -> Any: return len(b), bool(b), not b, 1 if b else 2
def item(b: bytes, n: int) -> Any: return b[n]
def ends_of(b: bytes) -> Any: return b[0], b[-1]
def part(b: bytes, n: int, m: int) -> Any: return b[n:m], b[n:], b[:n], b[:], b[n:][:m], b[1:3]
def stepped(b: bytes, n: int, m: int, k: int) -> Any: return b[n:m:k], b[::k], b[n::k], b[:m:k]
def itself(b: bytes) -> Any: return b
def several(b: bytes, c: bytes) -> Any: return b, (c, b[1:]), [b, c[:1]], [(b, 1)], [[c]]
def by_item(b: bytes) -> Any: return [x for x in b]  # noqa: C416
def numbered(b: bytes) -> Any: return [i * x for i, x in enumerate(b)]
def turned(b: bytes) -> Any: return [x for x in reversed(b)]  # noqa: C416
def beside(b: bytes, c: bytes) -> Any: return [x - y for x, y in zip(b, c)]  # noqa: B905
def by_place(b: bytes) -> Any: return [b[i] ^ b[i - 1] for i in range(len(b))]
def reduced(b: bytes) -> Any: return sum(b), any(b), all(b), sorted(b), list(b), len(set(b))
def extremes(b: bytes) -> Any: return max(b), min(b)
def two(b: bytes) -> Any:
    x, y = b
    return x - y
def product(b: bytes) -> Any:
    result = 1
    for x in b:
        result = result * 251 + x
    return result
def compared(b: bytes, c: bytes) -> Any: return b == c, b != c, b < c, b <= c, b > c, b >= c
def chained(b: bytes, c: bytes) -> Any: return b"" < b < c
def with_constant(b: bytes) -> Any: return b == b"ab", b in (b"", b"a"), b < SEPARATOR, b""
def holds(b: bytes, c: bytes, n: int) -> Any: return c in b, c not in b, b"" in b, n in b, 97 in b
def found(b: bytes, c: bytes) -> Any: return b.find(c), b.rfind(c), b.count(c)
def found_item(b: bytes, n: int) -> Any: return b.find(n), b.rfind(n), b.count(n)
def found_from(b: bytes, c: bytes, n: int) -> Any: return b.find(c, n), b.rfind(c, n), b.count(c, n)
def found_between(b: bytes, c: bytes, n: int, m: int) -> Any:
    return b.find(c, n, m), b.rfind(c, n, m), b.count(c, n, m)
def item_between(b: bytes, n: int, m: int) -> Any:
    return b.find(97, n, m), b.rfind(97, n, m), b.count(97, n, m)
def place(b: bytes, c: bytes) -> Any: return b.index(c), b.rindex(c)
def place_of_item(b: bytes, n: int) -> Any: return b.index(97, n), b.rindex(97)
def begun(b: bytes, c: bytes) -> Any: return b.startswith(c), b.endswith(c), b.endswith(ENDS)
def joined(b: bytes, c: bytes) -> Any: return b + c, b"<" + b + SEPARATOR
def added(b: bytes, c: bytes) -> Any:
    b += c
    return b
def repeated(b: bytes, n: int) -> Any: return b * n, n * b
def made(b: bytes) -> Any: return bytes([x & 1 for x in b]), bytes((1, 9)), bytes(range(2))
def of_numbers(n: int, m: int) -> Any: return bytes([n, m])
def by_generator(b: bytes, n: int) -> Any: return bytes(x + n for x in b)
def zeros(n: int) -> Any: return bytes(n)
def the_same(b: bytes) -> Any: return bytes(b)
def numbers(b: bytes) -> Any: return [ord(b[i : i + 1]) for i in range(len(b))]
def number(b: bytes) -> Any: return ord(b)
def little(b: bytes) -> Any: return int.from_bytes(b, "little")
def big(b: bytes) -> Any: return int.from_bytes(b, byteorder="big"), int.from_bytes(b[:3], "big")
def signed(b: bytes) -> Any: return int.from_bytes(b, "little", signed=True)
def signed_big(b: bytes) -> Any: return int.from_bytes(b, byteorder="big", signed=True)
def to_bytes(n: int, m: int) -> Any: return n.to_bytes(m, "little"), n.to_bytes(m, "big")
def to_named(n: int, m: int) -> Any: return n.to_bytes(byteorder="big", length=m, signed=False)
def to_signed(n: int, m: int) -> Any: return n.to_bytes(m, "little", signed=True)
def to_signed_big(n: int, m: int) -> Any: return n.to_bytes(m, "big", signed=True)
def counted(b: bytes) -> Any:
    counts = {b"": 0}
    for part in b.split(b","):
        counts[part] = counts.get(part, 0) + 1
    return sorted(counts.items())
def apart(b: bytes, q: list[bytes]) -> Any: return len({b, b[:1], b""}), len(set(q)), b in set(q)
def by_key(e: dict[bytes, int], b: bytes) -> Any: return e.get(b, -1), b in e, e[b], sorted(e)
def hashed(b: bytes) -> Any: return hash(b), hash((b, 1))
def raised_dict(b: bytes) -> Any:
    if len(b) > 2:
        raise ValueError({1: b})
    return b
def of_module(b: bytes, n: int) -> Any:
    return b.startswith(formats.PNG), formats.PNG[n], formats.PNG, b in formats.GIF
def in_hex(b: bytes) -> Any: return b.hex()
def decoded(b: bytes) -> Any: return b.decode()
def decoded_latin(b: bytes) -> Any: return b.decode("latin-1"), b[:2].decode("utf-8")
def encoded(s: str) -> Any: return s.encode(), s[1:].encode("utf-8"), "é".encode() + b"\0"
def round_trip(s: str) -> Any: return s.encode().decode() == s, len(s.encode())
def kinds(b: bytes) -> Any: return b.isdigit(), b.isalpha(), b.isalnum(), b.isspace()
def cased(b: bytes) -> Any: return b.upper(), b.lower()
def stripped(b: bytes) -> Any: return b.strip(), b.lstrip(), b.rstrip()
def stripped_of(b: bytes, c: bytes) -> Any: return b.strip(c), b.lstrip(c), b.rstrip(c)
def without(b: bytes, c: bytes) -> Any: return b.removeprefix(c), b.removesuffix(c)
def split(b: bytes, c: bytes) -> Any: return b.split(c), b.split(), b.split(b","), b.split(None)
def split_lines(b: bytes) -> Any: return b.splitlines()
def divided(b: bytes, c: bytes) -> Any: return b.partition(c), b.rpartition(c)
def put_together(b: bytes, q: list[bytes]) -> Any: return b.join(q), b", ".join([x[1:] for x in q])
def by_join(q: list[bytes]) -> Any: return b"-".join(x.strip() for x in q)
def replaced(b: bytes, c: bytes) -> Any: return b.replace(c, b"12"), b.replace(b"ab", c)
def maybe(o: Optional[bytes] = None) -> Any: return -1 if o is None else o[0] if o else -2  # noqa: UP045
def optional(o: Optional[bytes]) -> Any: return o  # noqa: UP045
def or_else(b: bytes) -> Any: return b or b"none"
def in_tuple(t: tuple[bytes, int]) -> Any: return t[0][t[1] :], t
def in_list(q: list[bytes]) -> Any: return q[0], q[-1][1:], [x + b"." for x in q], sorted(q), q[:]
def in_rows(q: list[bytes], b: bytes) -> Any: return b in q, q.count(b), max([len(x) for x in q])
def in_dict(d: dict[str, bytes]) -> Any: return [(k, v[::-1]) for k, v in d.items()], d.get("a")
def as_dict(b: bytes) -> Any: return {"all": b, "rest": b[1:], "first": b[0], "parts": [b[:1]]}
def fields(b: bytes) -> Any:
    parts = []
    start = 0
    while True:
        end = b.find(SEPARATOR, start)
        if end < 0:
            return [*parts, b[start:]]
        parts.append(b[start:end])
        start = end + 1
def blanks(b: bytes) -> Any: return sum([1 for x in b if is_blank(x)]), is_blank(0, b"\0")
def inner(b: bytes) -> Any:
    def first(c: bytes) -> bytes: return c[:1] + b"-"
    return first(b), [first(x) for x in (b, b"z")]
def on_place(b: bytes, n: int) -> Any: return b[n] if 0 <= n < len(b) else None
# fmt: on

FUNCTIONS = [
    size, item, ends_of, part, stepped, itself, several, by_item, numbered, turned, beside,
    by_place, reduced, extremes, two, product, compared, chained, with_constant, holds, found,
    found_item, found_from, found_between, item_between, place, place_of_item, begun, joined,
    added, repeated, made, of_numbers, by_generator, zeros, the_same, numbers, number, little,
    big, signed, signed_big, to_bytes, to_named, to_signed, to_signed_big, of_module, counted,
    raised_dict, apart, by_key, hashed, in_hex, decoded, decoded_latin, encoded, round_trip,
    kinds, cased, stripped, stripped_of, without, split, split_lines, divided, put_together,
    by_join, replaced, maybe, optional, or_else, in_tuple, in_list, in_rows, in_dict, as_dict,
    fields, blanks, inner, on_place,
]  # fmt: skip

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


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_task_of_bytes_answers_as_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    names = inspect.signature(function).parameters
    few: dict[str, Any] = {"n": LENGTHS} if function in (repeated, zeros) else {}
    few |= {"m": LENGTHS} if function in (to_bytes, to_named, to_signed, to_signed_big) else {}
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


@pytest.mark.parametrize("function", [found_between, item_between, part, stepped])
def test_places_beyond_the_bytes_are_those_of_python(function: Callable[..., Any]) -> None:
    task = compiled(function)
    values = {"b": [b"", b"a", b"abab"], "c": [b"", b"a", b"abab"], "k": [-(2**63), -1, 2**63 - 1]}
    places = [-(2**63), -5, -1, 0, 1, 4, 5, 2**63 - 1]
    names = inspect.signature(function).parameters
    for arguments in itertools.product(*(values.get(name, places) for name in names)):
        assert agrees(task, function, arguments)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(zeros, (2**63 - 1,)), (repeated, (b"ab", 2**62)), (to_named, (5, 2**61))],
)
def test_bytes_without_memory_are_left_to_python(function: Any, arguments: Any) -> None:
    assert agrees(compiled(function), function, arguments) is False


@pytest.mark.parametrize("function", [to_bytes, to_named, to_signed, to_signed_big])
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
        status_of(compiled(size), value)
    with pytest.raises(TypeError):
        status_of(compiled(in_list), [b"a", value])


# fmt: off
def sets(b: bytes) -> Any: b[0] = 1  # type: ignore[index]
def deletes(b: bytes) -> Any: del b[0]  # type: ignore[attr-defined]
def appends(b: bytes) -> Any: b.append(1)  # type: ignore[attr-defined]
def as_values(b: bytes) -> Any: return {i: b[i:] for i in range(len(b))}
def as_keys(b: bytes) -> Any: return {part: len(part) for part in b.split()}
def as_set(b: bytes) -> Any: return set(b.split()), 1
def by_bool(b: bytes, p: bool) -> Any: return b[p]
def by_float(b: bytes, x: float) -> Any: return x in b  # type: ignore[operator]
def with_text(b: bytes) -> Any: return b == "a"  # type: ignore[comparison-overlap]
def with_list(b: bytes) -> Any: return b == [97]  # type: ignore[comparison-overlap]
def as_text(b: bytes) -> Any: return str(b)
def in_text(b: bytes) -> Any: return f"{b!r}"
def same(b: bytes, c: bytes) -> Any: return b is c
def found_by_none(b: bytes) -> Any: return b.find(b"a", None)
def of_bools(b: bytes) -> Any: return bytes([x > 1 for x in b])
def as_tuple(b: bytes) -> Any: return tuple(b)
def given_list(q: list[bytes]) -> Any: return q
def as_array(b: bytes) -> Any: return numpy.frombuffer(b, numpy.uint8)
def of_object(b: bytes) -> Any: return len(NAMED.data) + len(b)
def text_or_bytes(b: bytes) -> Any: return b if b else ""
# fmt: on

REFUSED = [
    (sets, r"`x\[i\] = y` cannot be compiled for bytes, int"),
    (deletes, r"`del x\[i\]` cannot be compiled for bytes"),
    (appends, "uses .append of a value of type bytes"),
    (as_values, r"returns dict\[int, bytes\]"),
    (as_keys, r"returns dict\[bytes, int\]"),
    (as_set, r"returns tuple\[set\[bytes\], int\]"),
    (by_bool, r"`x\[i\]` cannot be compiled for bytes, bool"),
    (by_float, "`in` cannot be compiled for bytes, float"),
    (with_text, "`==` cannot be compiled for bytes, str"),
    (with_list, "`==` cannot be compiled for bytes, list"),
    (as_text, "text of a value of type bytes"),
    (in_text, "repr of a value of type bytes"),
    (same, "`is` between values"),
    (found_by_none, r"\.find of bytes cannot be compiled"),
    (of_bools, r"bytes cannot be compiled for arguments of types list\[bool\]"),
    (as_tuple, "a tuple is made of a bytes"),
    (given_list, "returns a list that it was given"),
    (as_array, "frombuffer cannot be compiled"),
    (of_object, "bytes are read from an object"),
    (text_or_bytes, "on one path|different types"),
]


@pytest.mark.parametrize(
    ("function", "words"), REFUSED, ids=lambda each: getattr(each, "__name__", "")
)
def test_what_python_would_answer_otherwise_is_refused(function: Any, words: str) -> None:
    with pytest.raises(CompileRefused, match=words):
        compiled(function)


def writes_and_raises(b, out):  # type: ignore[no-untyped-def]
    out[0] += 1.0
    raise ValueError({1: b})


def test_dict_of_bytes_that_python_cannot_raise_again_is_refused() -> None:
    array = numba_types.Array(numba_types.float64, 1, "C")
    with pytest.raises(CompileRefused, match="raised with a dict or set of bytes"):
        compiled(writes_and_raises, argument_types=(byte_string, array))


def takes_bytearray(data: bytearray) -> int:
    return len(data)


def test_bytearray_is_refused_with_what_to_pass_instead() -> None:
    with pytest.raises(CompileRefused, match=r"'data' is hinted bytearray.*pass bytes\(data\)"):
        compiled(takes_bytearray)


def any_bytes(b):  # type: ignore[no-untyped-def]
    return b[0]


def test_bytes_tell_their_type_without_a_hint() -> None:
    assert argument_types_for(any_bytes, (b"a",), name="any_bytes") == (byte_string,)
    assert str(argument_types_for(any_bytes, ([b"a"],), name="any_bytes")[0]) == "list[bytes]"
    with pytest.raises(CompileRefused, match="is a bytearray"):
        argument_types_for(any_bytes, (bytearray(b"a"),), name="any_bytes")


def test_signature_says_bytes() -> None:
    assert compiled(in_tuple).signature == (
        "(t: tuple[bytes, int]) -> tuple[bytes, tuple[bytes, int]]"
    )


def test_type_can_be_saved() -> None:
    assert pickle.loads(pickle.dumps(byte_string)) == byte_string


def test_task_that_reads_bytes_is_pure_and_can_be_stopped() -> None:
    task = compiled(fields)
    assert task.pure
    assert task.interruptible


def test_bytes_that_are_returned_whole_are_the_same_object() -> None:
    given = bytes(range(50))
    for function in (itself, or_else, optional):
        assert status_of(compiled(function), given)[2] is given


# fmt: off
def raises(b: bytes, n: int) -> Any:
    if n > 1:
        raise ValueError(b, b[1:], b, (b[:1], n), SEPARATOR, b"lit")
    if n > 0:
        raise ValueError(b"lit")
    return b[9]
# fmt: on


@pytest.mark.parametrize("n", [1, 2])
def test_exception_carries_bytes_of_pythons(n: int) -> None:
    task, value = compiled(raises), bytes(range(9))
    status, error, _ = status_of(task, value, n)
    with pytest.raises(ValueError) as raised:  # noqa: PT011 -- the arguments are compared
        task.raise_error(status, error)
    assert outcome(raises, value, n) == (ValueError, str(raised.value))
    assert {type(each) for each in raised.value.args} <= {bytes, tuple}


def test_exception_outlives_the_argument() -> None:
    task = compiled(raises)
    status, error, _ = status_of(task, bytes(bytearray(range(9)) * 1000), 2)
    others = [bytes([i]) * 9000 for i in range(50)]
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        task.raise_error(status, error)
    assert raised.value.args[1] == (bytes(range(9)) * 1000)[1:]
    assert len(others) == 50


def allocated() -> int:
    stats = rtsys.get_allocation_stats()
    return stats.alloc - stats.free


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (itself, ()),
        (several, (b"abc",)),
        (part, (1, 5)),
        (by_item, ()),
        (fields, ()),
        (joined, (b"abc",)),
        (optional, ()),
        (item, (3,)),
        (item, (99,)),
        (product, ()),
        (raises, (0,)),
        (raises, (1,)),
        (raises, (2,)),
        (found_item, (256,)),
    ],
    ids=lambda each: getattr(each, "__name__", repr(each)),
)
def test_nobody_keeps_the_bytes_of_a_caller(function: Any, arguments: Any) -> None:
    task = compiled(function)
    value = b"a,b,cdefg" + bytes(10)
    _nrt_python.memsys_enable_stats()
    references, before = sys.getrefcount(value), allocated()
    for _ in range(3):
        status, error, result = status_of(task, value, *arguments)
        if status:
            assert outcome(task.raise_error, status, error)
        del result
    gc.collect()
    assert sys.getrefcount(value) == references
    assert allocated() == before


SCRIPT = """
    import sys
    sys.path[:0] = {folders!r}
    from support.compile_harness import compiled, status_of
    import test_bytes as cases
    task = compiled(cases.{name})
    print(task.from_cache, status_of(task, *{arguments!r})[2])
"""


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("fields", (b"a,bc",), "[b'a', b'bc']"),
        ("compared", (b"a", b"b"), "(False, True, True, True, False, False)"),
        ("with_constant", (b"a",), "(False, True, False, b'')"),
        ("joined", (b"a", b"b"), "(b'ab', b'<a,')"),
    ],
)
def test_saved_code_reads_bytes_in_another_process(
    name: str, arguments: Any, answer: str, tmp_path: Any, monkeypatch: Any
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("CATZILLA_JIT_CACHE_DIR", str(tmp_path))
    folders = [str(folder) for folder in pathlib.Path(__file__).parents[:2]]
    script = textwrap.dedent(SCRIPT).format(folders=folders, name=name, arguments=arguments)
    runs = [
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert runs == [f"False {answer}", f"True {answer}"]
