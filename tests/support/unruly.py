"""Tasks that fail as often as told, or do not end by themselves; for both kinds."""

from __future__ import annotations

import math
import os
import time

from catzilla_jit.pools.native import library
from support.gates import ROOM, _read, _write

NATIVE = library.unavailable() is None


def flaky(failures: int, room: int, answer: int) -> int:
    """Fail as long as there is a byte in the pipe."""
    if _read(failures, room, 1) == 1:
        raise ValueError("flaky")
    return answer


def bracketed(failures: int, room: int, pipe: int, begin: int, end: int) -> int:
    """The same between two notes."""
    _write(pipe, begin, 1)
    failed = _read(failures, room, 1) == 1
    _write(pipe, end, 1)
    if failed:
        raise ValueError("flaky")
    return 7


def endless(x: float) -> float:
    while x < 10.0:
        x = math.sin(x)
    return x


def endless_above(x: float) -> float:
    """Return at once for a negative number."""
    while x >= 0.0:
        x = abs(math.sin(x))
    return x


def talkative(x: float) -> float:
    """Calls Python when it is compiled, so it cannot be stopped there; ends after a second."""
    for _ in range(20_000_000):
        x = math.sin(x)
        if x > 10.0:
            print(x)
    return x


def chatty(x: float) -> float:
    """The same, but ends after some milliseconds."""
    for _ in range(200_000):
        x = math.sin(x)
        if x > 10.0:
            print(x)
    return x


def stoppable(kind):
    """Return whether a running task of this kind can be stopped on this process's pool."""
    return kind == "python" or NATIVE


class Failures:
    """How often `flaky` tasks fail from now on."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)

    def set(self, count):
        os.write(self._write, b"x" * count)

    def arguments(self, answer=7):
        """Return the arguments of `flaky`."""
        return self._read, ROOM, answer

    def close(self):
        os.close(self._read)
        os.close(self._write)


def until(condition, patience=30.0):
    """Look at `condition()` until it holds: for what no event announces."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.0005)
