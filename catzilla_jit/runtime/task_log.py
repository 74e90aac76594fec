"""What a task prints and logs, kept with its result: for tasks with `capture_logs`.

Two hooks do it, set by the first such task of the process: sys.stdout and sys.stderr are wrapped,
and the factory of logging's records. Both pass everything on, so what is captured is shown as
well. They ask whose log is written to: a context variable, which the run of a Python task sets, so
that its threads and coroutines that got its context are meant too; for compiled code, which prints
on a native worker, the record that the worker is inside of.

A hook that the program has replaced meanwhile is set again by the next run.
"""

from __future__ import annotations

import contextvars
import dataclasses
import functools
import logging
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from ..pools.interrupt import call_here, shielded
from ..pools.log_key import key_here, key_of

LINES_MOST = 1000
BYTES_MOST = 64 * 1024
LINE_MOST = 4096  # characters


@dataclasses.dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a task printed, or one message that it logged.

    at: seconds since the epoch. source: "stdout", "stderr", or the name of the logger. level: of
    the message, as logging names it; None for what was printed.
    """

    at: float
    source: str
    level: str | None
    text: str


class TaskLog:
    """The last lines of one task, at most LINES_MOST with BYTES_MOST of text together."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # guards what follows; a handler of a signal may print
        self._lines: deque[LogLine] = deque()
        self._bytes = 0
        self._dropped = 0
        self._begun: dict[str, str] = {}  # by stream, a line that has not ended
        self.alive: object = None  # a reference that lets go of the log with its result

    @shielded
    def write(self, stream: str, text: str) -> None:
        """Add what was written to a stream, which may be any part of lines."""
        with self._lock:
            *whole, rest = (self._begun.get(stream, "") + text).split("\n")
            for line in whole:
                self._add(LogLine(time.time(), stream, None, _cut(line)))
            self._begun[stream] = rest[: LINE_MOST + 1]

    @shielded
    def note(self, record: logging.LogRecord) -> None:
        """Add a message of logging's."""
        try:
            text = record.getMessage()
        except Exception:  # logging itself says so, where the record is shown
            text = str(record.msg)
        if record.exc_info and record.exc_info[0] is not None:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        with self._lock:
            self._add(LogLine(record.created, record.name, record.levelname, _cut(text)))

    def _add(self, line: LogLine) -> None:
        self._lines.append(line)
        self._bytes += len(line.text.encode(errors="replace"))
        while len(self._lines) > LINES_MOST or self._bytes > BYTES_MOST:
            self._bytes -= len(self._lines.popleft().text.encode(errors="replace"))
            self._dropped += 1

    @shielded
    def lines(self) -> tuple[LogLine, ...]:
        """Return the lines so far; the first says how many before it were dropped."""
        with self._lock:
            lines = list(self._lines)
            for stream, text in self._begun.items():
                if text:
                    lines.append(LogLine(time.time(), stream, None, _cut(text)))
            if self._dropped:
                at = lines[0].at if lines else time.time()
                said = f"({self._dropped} lines before this one were dropped)"
                lines.insert(0, LogLine(at, "catzilla_jit", None, said))
        return tuple(lines)


def _cut(text: str) -> str:
    return text if len(text) <= LINE_MOST else text[:LINE_MOST] + " ..."


_current: contextvars.ContextVar[TaskLog | None]
_current = contextvars.ContextVar("catzilla_jit_log", default=None)
_logs: dict[int, TaskLog] = {}  # by the key of the result, while that lives


def open_log(result: Any) -> TaskLog:
    """Give a result that has not been started its log."""
    hook()
    return attach(TaskLog(), result)


def attach(log: TaskLog, result: Any) -> TaskLog:
    """Let a result have this log."""
    key = key_of(result)
    # C alone: a result may die anywhere, and an interrupt must not be lost in a callback.
    log.alive = weakref.ref(result, functools.partial(_logs.pop, key))
    _logs[key] = log
    return log


def log_of(result: Any) -> TaskLog | None:
    """Return the log of a result, None if it has none."""
    return _logs.get(key_of(result)) if _logs else None


def captured(function: Callable[..., Any], log: TaskLog | None = None) -> Callable[..., Any]:
    """Return what a Python worker calls instead: what it prints goes to the log of the call.

    log: of a map, whose items share it.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        own = log
        if own is None:
            own = log_of(call_here())
        hook()
        token = _current.set(own)
        try:
            return function(*args, **kwargs)
        finally:
            _current.reset(token)

    return call


def _here() -> TaskLog | None:
    log = _current.get()
    return log if log is not None or not _logs else _logs.get(key_here())


# --- the hooks ----------------------------------------------------------------------------------


class _Stream:
    """sys.stdout or sys.stderr as it was; what is written goes to the task's log as well."""

    def __init__(self, stream: Any, name: str) -> None:
        self._stream = stream
        self._name = name

    def write(self, text: str) -> Any:
        written = self._stream.write(text)
        log = _here()
        if log is not None:
            log.write(self._name, text)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)

    def __enter__(self) -> Any:
        return self._stream.__enter__()

    def __exit__(self, *error: object) -> Any:
        return self._stream.__exit__(*error)


_factory: Callable[..., logging.LogRecord] = logging.getLogRecordFactory()


def _record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    record = _factory(*args, **kwargs)
    log = _here()
    if log is not None:
        log.note(record)
    return record


@shielded
def hook() -> None:
    """Set the hooks where they are not."""
    global _factory
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and type(stream) is not _Stream:
            setattr(sys, name, _Stream(stream, name))
    factory = logging.getLogRecordFactory()
    if factory is not _record:
        _factory = factory
        logging.setLogRecordFactory(_record)
