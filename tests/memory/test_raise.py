"""What an exception with arguments made at run time leaves behind: nothing."""

from __future__ import annotations

import gc
import sys

import pytest
from numba.core.runtime import _nrt_python, rtsys

from catzilla_jit import task

RAISES = 2000


def numbers(n: int) -> int:
    if n > 0:
        raise ValueError("odd", n * 1000, n * 2.5)
    return n


def text(n: int) -> int:
    if n > 0:
        raise ValueError("odd " + str(n))
    return n


def the_same_twice(n: int) -> int:
    words = "odd " + str(n)
    if n > 0:
        raise ValueError(words, n, words)
    return n


def its_argument(words: str) -> int:
    if len(words) > 0:
        raise ValueError(words)
    return 1


def refuses(words: str) -> str:
    if len(words) > 0:
        raise ValueError("no " + words)
    return words


def through_a_helper(n: int) -> int:
    return len(refuses(str(n)))


@pytest.fixture
def counting():
    _nrt_python.memsys_enable_stats()
    yield
    _nrt_python.memsys_disable_stats()


CASES = [
    (numbers, 3, ("odd", 3000, 7.5)),
    (text, 3, ("odd 3",)),
    (the_same_twice, 3, ("odd 3", 3, "odd 3")),
    (its_argument, "x\u1234", ("x\u1234",)),
]


@pytest.mark.parametrize(("function", "argument", "args"), CASES, ids=lambda x: str(x)[:20])
def test_a_raise_leaves_no_memory(function, argument, args, counting):
    raising = task(function, compile_to_c="require")
    for _ in range(50):
        assert raising.submit(argument).exception().args == args
    gc.collect()
    before, python = rtsys.get_allocation_stats(), sys.getallocatedblocks()
    for _ in range(RAISES):
        raising.submit(argument).exception()
    gc.collect()
    after = rtsys.get_allocation_stats()
    assert after.alloc - before.alloc == after.free - before.free
    assert sys.getallocatedblocks() - python < RAISES // 2


def test_a_helper_s_raise_arrives_with_its_arguments():
    raising = task(through_a_helper, compile_to_c="require")
    for _ in range(50):
        assert raising.submit(12).exception().args == ("no 12",)
