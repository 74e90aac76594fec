"""What is refused before Numba sees it, and with which words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from catzilla_jit.compile import CompileRefused
from support.compile_harness import compiled


async def coroutine(x: int) -> int:
    return x


async def asynchronous_generator(x: int) -> AsyncIterator[int]:
    yield x


def generator(x: int) -> Iterator[int]:
    yield x


def starred(*x: int) -> int:
    return x[0]


def keywords(**x: int) -> int:
    return x["a"]


class Thing:
    """Something callable that is no function."""

    __name__ = "thing"

    def method(self, x: int) -> int:
        return x

    def __call__(self, x: int) -> int:
        return x


def unhinted(x) -> int:  # type: ignore[no-untyped-def]
    return x


def strange(x: Thing) -> int:
    return 1


def unknown(x: NoSuchType) -> int:  # type: ignore[name-defined]  # noqa: F821
    return 1


REFUSED = [
    (coroutine, "coroutine"),
    (asynchronous_generator, "coroutine"),
    (generator, "generator"),
    (starred, r"\*args"),
    (keywords, r"\*args"),
    (Thing().method, "method"),
    (Thing(), "Thing"),
    (len, "builtin"),
    (unhinted, "'x' has no hint"),
    (strange, "'x' is hinted Thing"),
    (unknown, "'NoSuchType', cannot be evaluated"),
]


@pytest.mark.parametrize(("function", "words"), REFUSED)
def test_refused_with_a_reason(function: Any, words: str) -> None:
    with pytest.raises(CompileRefused, match=words):
        compiled(function)


def test_reason_names_the_line_of_the_function() -> None:
    with pytest.raises(CompileRefused) as caught:
        compiled(generator)
    assert caught.value.reasons[0].line == generator.__code__.co_firstlineno


def test_each_parameter_without_a_type_is_named() -> None:
    def two(x, y):  # type: ignore[no-untyped-def]
        return x

    with pytest.raises(CompileRefused) as caught:
        compiled(two)
    (reason,) = caught.value.reasons
    assert "'x' has no hint, 'y' has no hint" in reason.message


def test_unknown_overflow_mode_is_an_error() -> None:
    with pytest.raises(ValueError, match="overflow"):
        compiled(generator, overflow="ignore")
