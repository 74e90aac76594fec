"""Bytes as objects: what carries them, how long they live, what is refused."""

from __future__ import annotations

import collections
import gc
import pickle
import sys
from typing import Any

import numpy
import pytest
from numba.core import types as numba_types
from numba.core.runtime import _nrt_python, rtsys

from catzilla_jit.compile import CompileRefused, argument_types_for
from catzilla_jit.compile.datamodel.bytes_type import byte_string
from support import bytes_functions as cases
from support.agreement import outcome
from support.compile_harness import compiled, status_of

NAMED = collections.namedtuple("NAMED", "data")(b"a")


# fmt: off
def sets(b: bytes) -> Any:
    b[0] = 1  # type: ignore[index]
def deletes(b: bytes) -> Any:
    del b[0]  # type: ignore[attr-defined]
def appends(b: bytes) -> Any:
    b.append(1)  # type: ignore[attr-defined]
def as_values(b: bytes) -> Any:
    return {i: b[i:] for i in range(len(b))}
def as_keys(b: bytes) -> Any:
    return {part: len(part) for part in b.split()}
def as_set(b: bytes) -> Any:
    return set(b.split()), 1
def by_bool(b: bytes, p: bool) -> Any:
    return b[p]
def by_float(b: bytes, x: float) -> Any:
    return x in b  # type: ignore[operator]
def with_text(b: bytes) -> Any:
    return b == "a"  # type: ignore[comparison-overlap]
def with_list(b: bytes) -> Any:
    return b == [97]  # type: ignore[comparison-overlap]
def as_text(b: bytes) -> Any:
    return str(b)
def in_text(b: bytes) -> Any:
    return f"{b!r}"
def same(b: bytes, c: bytes) -> Any:
    return b is c
def found_by_none(b: bytes) -> Any:
    return b.find(b"a", None)
def of_bools(b: bytes) -> Any:
    return bytes([x > 1 for x in b])
def as_tuple(b: bytes) -> Any:
    return tuple(b)
def given_list(q: list[bytes]) -> Any:
    return q
def as_array(b: bytes) -> Any:
    return numpy.frombuffer(b, numpy.uint8)
def of_object(b: bytes) -> Any:
    return len(NAMED.data) + len(b)
def text_or_bytes(b: bytes) -> Any:
    return b if b else ""
# fmt: on

REFUSED = [
    (sets, r"`x\[i\] = y` cannot be compiled for bytes, int"),
    (deletes, "delitem of a value of type bytes"),
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
    assert compiled(cases.in_tuple).signature == (
        "(t: tuple[bytes, int]) -> tuple[bytes, tuple[bytes, int]]"
    )


def test_type_can_be_saved() -> None:
    assert pickle.loads(pickle.dumps(byte_string)) == byte_string


def test_task_that_reads_bytes_is_pure_and_can_be_stopped() -> None:
    task = compiled(cases.fields)
    assert task.pure
    assert task.interruptible


def test_bytes_that_are_returned_whole_are_the_same_object() -> None:
    given = bytes(range(50))
    for function in (cases.itself, cases.or_else, cases.optional):
        assert status_of(compiled(function), given)[2] is given


def raises(b: bytes, n: int) -> Any:
    if n > 1:
        raise ValueError(b, b[1:], b, (b[:1], n), cases.SEPARATOR, b"lit")
    if n > 0:
        raise ValueError(b"lit")
    return b[9]


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
        (cases.itself, ()),
        (cases.several, (b"abc",)),
        (cases.part, (1, 5)),
        (cases.by_item, ()),
        (cases.fields, ()),
        (cases.joined, (b"abc",)),
        (cases.optional, ()),
        (cases.item, (3,)),
        (cases.item, (99,)),
        (cases.product, ()),
        (raises, (0,)),
        (raises, (1,)),
        (raises, (2,)),
        (cases.found_item, (256,)),
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
    from support.compile_harness import compiled, status_of
    from support import bytes_functions as cases
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
    name: str, arguments: Any, answer: str, tmp_path: Any, monkeypatch: Any, script: Any
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("CATZILLA_JIT_CACHE_DIR", str(tmp_path))
    source = SCRIPT.format(name=name, arguments=arguments)
    runs = [script(source).stdout.strip() for _ in range(2)]
    assert runs == [f"False {answer}", f"True {answer}"]
