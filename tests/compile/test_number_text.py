"""Numbers as text and text as numbers, against Python."""

from __future__ import annotations

from typing import Any

from support.compile_harness import compiled, run, status_of

#: One more and one less than each power of ten and of two, and the ends of 64 bits.
INTEGERS = sorted(
    {
        sign * (base**power + step)
        for base in (2, 10)
        for power in range(63 if base == 2 else 19)
        for step in (-1, 0, 1)
        for sign in (-1, 1)
    }
    | {-(2**63), 2**63 - 1}
)
#: What may be a number; what compiled code does not read is left to Python.
TEXTS = (
    "0", "-0", "+7", " 12\t", "\n-3\v", "1_0", "", "-", "+", " ", "--1", "1 2", "7f", "0x1F",
    "-0b11",
    "0o17", "0x", "b1", "1.", ".5", "-.25", "+3.75", ".", "1.2.3", "1e3", "nan", "\u0661",
    "9223372036854775807", "-9223372036854775808", "123456789012345", "1234567890123456",
)  # fmt: skip


def test_integers_are_written_as_python_does() -> None:
    def text_of(n: int) -> str:
        return str(n)

    task = compiled(text_of)
    assert [run(task, n) for n in INTEGERS] == [str(n) for n in INTEGERS]


def test_bases_are_written_as_python_does() -> None:
    def in_bases(n: int) -> str:
        return bin(n) + " " + hex(n) + " " + oct(n) + f" {n:X} {n:#b}"

    task = compiled(in_bases)
    assert [run(task, n) for n in INTEGERS] == [in_bases(n) for n in INTEGERS]


def test_a_float_without_digits_after_the_point_is_written_up_to_two_to_the_50() -> None:
    def whole(x: float) -> str:
        return f"{x:.0f}"

    task = compiled(whole)
    values = [float(n) for n in INTEGERS if abs(n) < 2**50]
    assert [run(task, x) for x in values] == [whole(x) for x in values]


def test_what_is_read_from_a_text_is_what_python_reads() -> None:
    def integer(s: str) -> int:
        return int(s)

    def based(s: str) -> int:
        return int(s, 16)

    def real(s: str) -> float:
        return float(s)

    for function in (integer, based, real):
        task = compiled(function)
        for text in TEXTS:
            status, _, value = status_of(task, text)
            if status == 0:
                assert (text, value) == (text, python(function, text))


def test_plain_decimals_are_read_by_compiled_code() -> None:
    def integer(s: str) -> int:
        return int(s)

    task = compiled(integer)
    read = ("0", "-12", "+7", " 12\t", "9223372036854775807")
    assert [run(task, text) for text in read] == [int(text) for text in read]


def python(function: Any, text: str) -> Any:
    """Return what Python answers, or the class of what it raises."""
    try:
        return function(text)
    except ValueError as error:
        return type(error)
