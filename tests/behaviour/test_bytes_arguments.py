"""Tasks that are given bytes: read in the caller's object, which lives as long as it is needed."""

from __future__ import annotations

import gc
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from catzilla_jit import Runtime
from support.gates import Gate, hold
from support.kernels import PATIENCE


def crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0xEDB88320 if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


TABLE = crc_table()


def crc32(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def adler32(data: bytes) -> int:
    low, high = 1, 0
    for byte in data:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return high << 16 | low


def fnv1a(data: bytes) -> int:
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def lines(data: bytes) -> int:
    return data.count(b"\n")


def number(digits: bytes) -> int:
    value = 0
    for byte in digits:
        if not 48 <= byte <= 57:
            raise ValueError("no digit", byte)
        value = value * 10 + byte - 48
    return value


def hamming(a: bytes, b: bytes) -> int:
    if len(a) != len(b):
        raise ValueError("lengths differ")
    return sum(x != y for x, y in zip(a, b))  # noqa: B905


def tail(data: bytes, start: int) -> bytes:
    return data[start:]


def itself(data: bytes) -> bytes:
    return data


def untyped(data, start):
    return data[start]


TEXT = b"one\ntwo\r\nthree\xff\0" * 50


@pytest.mark.parametrize(("function", "answer"), [(crc32, zlib.crc32), (adler32, zlib.adler32)])
def test_checksums_are_those_of_zlib(runtime: Runtime, function: Any, answer: Any) -> None:
    checksum = runtime.task(function, compile_to_c="require")
    assert checksum.submit(TEXT).result() == answer(TEXT)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (fnv1a, (TEXT,)),
        (lines, (TEXT,)),
        (number, (b"0123",)),
        (number, (b"9" * 30,)),
        (hamming, (b"karolin", b"kathrin")),
        (tail, (TEXT, -5)),
    ],
)
def test_task_of_bytes_answers_as_its_function(
    runtime: Runtime, function: Callable[..., Any], arguments: Any
) -> None:
    task = runtime.task(function)
    assert task.compiled, task.explain()
    assert task.submit(*arguments).result() == function(*arguments)


def test_error_of_a_task_of_bytes_is_pythons(runtime: Runtime) -> None:
    error = runtime.task(number, compile_to_c="require").submit(b"1x").exception()
    assert repr(error) == "ValueError('no digit', 120)"


def test_index_beyond_the_bytes_is_an_index_error(runtime: Runtime) -> None:
    error = runtime.task(untyped).submit(b"abc", 3).exception()
    assert repr(error) == "IndexError('index out of range')"


def test_bytes_live_until_the_task_has_read_them(single: Runtime, gate: Gate, make_on: Any) -> None:
    gate.hold(make_on(single, hold))
    results = [single.task(tail).submit(bytes([65 + n]) * 5000, 4990) for n in range(20)]
    gc.collect()
    gate.open()
    assert [each.result(PATIENCE) for each in results] == [bytes([65 + n]) * 10 for n in range(20)]


def test_result_that_shares_an_argument_outlives_it(runtime: Runtime) -> None:
    results = [runtime.task(tail).submit(bytes([65 + n]) * 5000, 1) for n in range(20)]
    for each in results:
        each.wait(PATIENCE)
    gc.collect()
    others = [bytes(5000 + n) for n in range(50)]
    assert [each.result() for each in results] == [bytes([65 + n]) * 4999 for n in range(20)]
    assert len(others) == 50


def test_argument_that_is_returned_is_the_callers_object(runtime: Runtime) -> None:
    assert runtime.task(itself, compile_to_c="require").submit(TEXT).result() is TEXT


@pytest.mark.parametrize("value", [bytearray(b"abc"), memoryview(b"abc"), [1, 2, 3], "abc"])
def test_what_is_not_bytes_is_pythons(runtime: Runtime, value: Any) -> None:
    assert runtime.task(tail).submit(value, 1).result() == value[1:]


def test_subclass_of_bytes_stays_what_it_is(runtime: Runtime) -> None:
    class Name(bytes):
        pass

    assert type(runtime.task(itself).submit(Name(b"a")).result()) is Name


def test_map_over_bytes_keeps_each_item_whole(runtime: Runtime) -> None:
    items = [b"a\0", b"bc\0\0", b""]
    assert list(runtime.task(itself).map(items)) == items
    assert list(runtime.task(crc32).map(items)) == [crc32(item) for item in items]


def test_map_over_texts_keeps_each_item_whole(runtime: Runtime) -> None:
    assert list(runtime.task(len, name="length").map(["a\0", "b"])) == [2, 1]


def test_bytes_are_one_argument_of_a_map(runtime: Runtime) -> None:
    assert list(runtime.task(untyped).map(b"abc\0", [0, 2, 3])) == [97, 99, 0]
