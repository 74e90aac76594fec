"""Stopping Python calls on the pure-Python pool: an exception raised in their thread.

It arrives at the thread's next bytecode, so the code around a call is written for that: an
interrupt can hit between enter() and the end of leave() alone, and at most once.

A thread may be inside several calls at once, the inner ones run while the outer ones wait for
them. An interrupt for an outer one is held back until the inner one has ended: from the moment
its Running is made until its end().
"""

from __future__ import annotations

import ctypes
import threading
from types import TracebackType

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = (ctypes.c_ulong, ctypes.c_void_p)
_raise_in.restype = ctypes.c_int


class Running:
    """One call on the thread that made this object."""

    __slots__ = ("_entered", "_interrupt", "_left", "_thread")

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._interrupt: type[BaseException] | None = None
        self._entered = self._left = False
        with _lock:
            calls = _running.setdefault(self._thread, [])
            if calls and calls[-1]._interrupt is not None:
                _raise_in(self._thread, None)
            calls.append(self)

    def enter(self) -> None:
        """Raise the interrupt that has come already, or let it come from now on."""
        with _lock:
            self._entered = True
            if self._interrupt is not None:
                raise self._interrupt

    def interrupt(self, exception: type[BaseException]) -> None:
        """Raise `exception` in the call, once; nothing if it has been left."""
        with _lock:
            if self._left or self._interrupt is not None:
                return
            self._interrupt = exception
            if self._entered and _running[self._thread][-1] is self:
                _raise_in(self._thread, id(exception))

    def leave(self) -> None:
        """Take back what has not hit; nothing hits after this."""
        with _lock:
            self._left = True
            if self._interrupt is not None:
                _raise_in(self._thread, None)

    def end(self) -> None:
        """Let the call around this one be hit again."""
        with _lock:
            calls = _running[self._thread]
            calls.pop()
            if not calls:
                del _running[self._thread]
            elif (held_back := calls[-1]._interrupt) is not None:
                _raise_in(self._thread, id(held_back))


class Shield:
    """Holds interrupts of the call that runs on this thread back, in a with block."""

    __slots__ = ("_running",)

    def __enter__(self) -> None:
        self._running = Running()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._running.end()


# Outer calls first. Reentrant, because a finalizer may wait for a task at any allocation.
_running: dict[int, list[Running]] = {}
_lock = threading.RLock()
