"""The clocks of `time` tell compiled code the time that they tell Python."""

from __future__ import annotations

import time
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pytest

from catzilla_jit.compile.target.clocks import NANOSECONDS, SECONDS, clock_of
from support.compile_harness import compiled, run


# fmt: off
def time_() -> float: return time.time()
def monotonic() -> float: return time.monotonic()
def perf_counter_() -> float: return perf_counter()
def process_time() -> float: return time.process_time()
def thread_time() -> float: return time.thread_time()
def time_ns() -> int: return time.time_ns()
def monotonic_ns() -> int: return time.monotonic_ns()
def perf_counter_ns() -> int: return time.perf_counter_ns()
def process_time_ns() -> int: return time.process_time_ns()
def thread_time_ns() -> int: return time.thread_time_ns()
# fmt: on

READERS = [
    time_, monotonic, perf_counter_, process_time, thread_time,
    time_ns, monotonic_ns, perf_counter_ns, process_time_ns, thread_time_ns,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_clock_goes_on_between_two_looks_of_python(read: Callable[[], Any]) -> None:
    task = compiled(read)
    before, between, after = read(), run(task), read()
    assert type(between) is type(before)
    assert before <= between <= after


def test_every_clock_of_this_python_is_known() -> None:
    assert all(clock_of(name) is not None for name in (*SECONDS, *NANOSECONDS))


def elapsed(n: int) -> int:
    begun = time.perf_counter_ns()
    last = begun
    for _ in range(n):
        now = time.perf_counter_ns()
        if now < last:
            return -1
        last = now
    return last - begun


def test_each_call_looks_at_the_clock_anew() -> None:
    assert run(compiled(elapsed), 1000) > 0


def test_task_that_looks_at_a_clock_can_be_stopped() -> None:
    assert compiled(monotonic).interruptible
