"""The clocks of `time`, which Numba lacks: `clock_gettime`, with the clock that this Python uses.

They are added to Numba itself, for all its users in the process. Seconds are made of nanoseconds
as CPython makes them, so a time is the float that Python would have given. What Python reads from
somewhere else than `clock_gettime` is not added. Two calls are never made one: the compiler does
not know what the C function does.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic, overload

INT32, INT64 = ir.IntType(32), ir.IntType(64)
#: `struct timespec`.
TIMESPEC = ir.LiteralStructType([INT64, INT64])
SECOND_NS = 1_000_000_000

SECONDS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")
NANOSECONDS = tuple(name + "_ns" for name in SECONDS)


def clock_of(name: str) -> int | None:
    """Return the number of the clock that a function of `time` reads, None if it is no such."""
    plain: Any = name.removesuffix("_ns")
    source = time.get_clock_info(plain).implementation
    match = re.fullmatch(r"clock_gettime\((CLOCK_\w+)\)", source)
    return None if match is None else getattr(time, match[1], None)


def _nanoseconds(_context: Any, clock: Any) -> Any:
    """Return the time of a clock in nanoseconds."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> ir.Value:
        spot = cgutils.alloca_once(builder, TIMESPEC)
        kind = ir.FunctionType(INT32, [INT32, TIMESPEC.as_pointer()])
        read = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        builder.call(read, [builder.trunc(arguments[0], INT32), spot])
        seconds, rest = (builder.load(cgutils.gep_inbounds(builder, spot, 0, i)) for i in (0, 1))
        return builder.add(builder.mul(seconds, INT64(SECOND_NS)), rest)

    return types.int64(types.int64), generate


nanoseconds: Any = intrinsic(_nanoseconds)


def _in_nanoseconds(clock: int) -> Callable[[], Any]:
    return lambda: nanoseconds(clock)


def _in_seconds(clock: int) -> Callable[[], Any]:
    def read() -> float:
        now: int = nanoseconds(clock)
        if now % SECOND_NS == 0:
            return float(now // SECOND_NS)
        return float(now) / 1e9

    return read


def _add(name: str, clock: int) -> None:
    body = (_in_seconds if name in SECONDS else _in_nanoseconds)(clock)

    def read() -> Any:  # Numba compares the two signatures
        return body

    overload(getattr(time, name))(read)


for _name in (*SECONDS, *NANOSECONDS):
    _clock = clock_of(_name) if hasattr(time, _name) else None
    if _clock is not None:
        _add(_name, _clock)
