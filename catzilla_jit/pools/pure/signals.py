"""Within a shield no signal's Python handler runs: what native/binding/signals.c does, in Python.

While the main thread is in a shield, `_note` stands in for the handlers. Ctrl-C is held first
and let go last, so nothing that lies between is hit by it. A signal of another kind may come
between two steps: each of them can be done once more.
"""

from __future__ import annotations

import importlib
import signal
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from ...posix import at_fork

_signal: Any = importlib.import_module("_signal")  # without signal's conversions

#: Those whose handlers end or interrupt something.
_SIGNALS = tuple(
    int(getattr(signal, name))
    for name in (
        "SIGINT", "SIGTERM", "SIGALRM", "SIGHUP", "SIGQUIT", "SIGVTALRM", "SIGPROF", "SIGUSR1",
        "SIGUSR2",
    )
    if hasattr(signal, name)
)  # fmt: skip


class _Main:
    """The state of the main thread; only that one changes it."""

    def __init__(self) -> None:
        self.thread = threading.main_thread().ident
        self.holding = False
        self.handlers: dict[int, Any] = {}  # that `_note` stands in for
        self.came: set[int] = set()


_main = _Main()


def _note(number: int, _frame: types.FrameType | None) -> None:
    if number in _main.handlers:
        _main.came.add(number)
    elif number == signal.SIGINT:  # somebody found it within a shield, and put it back
        raise KeyboardInterrupt


def _hold() -> None:
    _main.holding = True
    for number in _SIGNALS:
        handler = _signal.getsignal(number)
        if callable(handler) and handler is not _note:
            _main.handlers[number] = handler
            _signal.signal(number, _note)


def _let_go() -> None:
    """Put the handlers back, and call those whose signals came."""
    _main.holding = False
    for number in reversed(_SIGNALS):
        handler = _main.handlers.get(number)
        if handler is not None:
            if _signal.getsignal(number) is _note:  # else code within has set another one
                _signal.signal(number, handler)
            _main.handlers.pop(number, None)
    deliver()


def deliver() -> None:
    """Call the handlers of the signals that came to the main thread, if this is that one."""
    if not _main.came or threading.get_ident() != _main.thread:
        return
    while _main.came:
        number = _main.came.pop()
        handler = _main.handlers.get(number) or _signal.getsignal(number)
        if callable(handler):
            handler(number, sys._getframe(1))


def are_held() -> bool:
    """Whether this is the main thread, in a shield."""
    return _main.holding and threading.get_ident() == _main.thread


def are_free() -> bool:
    """Whether this is the main thread, in no shield."""
    return not _main.holding and threading.get_ident() == _main.thread


def call_holding(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """On the main thread: call it; what signals' handlers raise is raised behind it."""
    try:
        _hold()
        return function(*args, **kwargs)
    finally:
        _let_go()


def call_freely(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """On the main thread, in a shield: call what signals' handlers may hit."""
    try:
        _let_go()
        return function(*args, **kwargs)
    finally:
        _hold()


def _after_fork_in_child() -> None:
    # The thread that has forked is the main one here.
    holding = _main.holding and _main.thread != threading.get_ident()
    _main.thread = threading.get_ident()
    if holding:
        _main.came.clear()
        _let_go()


at_fork(after_in_child=_after_fork_in_child)
