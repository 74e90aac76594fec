"""The one exception tree of the package.

Everything the library raises by itself is a `CatzillaError`; where the standard
library has a name for the situation, the class is that as well, so that code
written for `concurrent.futures` or `queue` keeps working. What a task raises
arrives as it was raised, never wrapped.
"""

from __future__ import annotations

import concurrent.futures
import queue
import reprlib


class CatzillaError(Exception):
    """Root of the errors that the library raises by itself."""


class CompileError(CatzillaError):
    """The function cannot be compiled, and `compile_to_c="require"` insists on it."""


class CompileWarning(UserWarning):
    """A task asked for compilation with `compile_to_c=True` and runs as Python."""


class QueueFull(CatzillaError, queue.Full):
    """The level's queue is at `queue_size` and the runtime was told to raise.

    From `submit_each`, `submitted` lists the results of what was queued before.
    """


class TaskCancelled(CatzillaError, concurrent.futures.CancelledError):
    """The task was cancelled; there is no result."""


class TaskTimeout(CatzillaError, TimeoutError):
    """The task ran into its own `timeout_ms`, or was not done within the caller's patience."""


class RuntimeClosed(CatzillaError, RuntimeError):
    """The runtime was shut down, or belongs to the process that this one was forked from."""


class ResultGone(CatzillaError, LookupError):
    """The runtime has no result of this id, or no longer; the message says why."""


class StatsDisabled(CatzillaError, RuntimeError):
    """The runtime keeps no statistics: enable_profiling=False or CATZILLA_JIT_STATS=0."""


class NoRuntime(CatzillaError, LookupError):
    """The process runs no runtime whose statistics could be read; the message says why."""


class NativeUnavailable(CatzillaError, ImportError):
    """The native library cannot be loaded; the message says why and what to do."""


class _Short(reprlib.Repr):
    def repr_int(self, x: int, level: int) -> str:
        try:
            return super().repr_int(x, level)
        except ValueError:  # Python limits the digits of what it turns into text
            digits = hex(x)
            return f"{digits[:28]}...{digits[-29:]}"


_short = _Short()
_short.maxother = _short.maxstring = _short.maxlong = 60


def shown(value: object) -> str:
    """Return a short repr for a message; it never raises."""
    return _short.repr(value)


def described(value: object) -> str:
    """Return a value's type and a short repr for a message; it never raises."""
    return f"{type(value).__name__} {shown(value)}"
