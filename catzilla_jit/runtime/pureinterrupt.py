"""Stopping Python calls on the pure-Python pool: an exception raised in their thread.

It arrives at the thread's next bytecode. A thread may be inside several calls at once, the inner
ones run while the outer ones wait for them; only the innermost may be hit, so an interrupt for
an outer one is held back until that is the innermost. One that comes too late is taken back.
"""

from __future__ import annotations

import ctypes
import threading

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = (ctypes.c_ulong, ctypes.c_void_p)
_raise_in.restype = ctypes.c_int


class Running:
    """One call that runs on the thread that made this object."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._interrupt: type[BaseException] | None = None
        with _lock:
            _running.setdefault(self._thread, []).append(self)

    def interrupt(self, exception: type[BaseException]) -> None:
        """Raise `exception` in the call, once; nothing if it has been left."""
        with _lock:
            calls = _running.get(self._thread, [])
            if self in calls and self._interrupt is None:
                self._interrupt = exception
                if calls[-1] is self:
                    _raise_in(self._thread, id(exception))

    def leave(self) -> None:
        """Say that the call has ended: no interrupt comes after this."""
        with _lock:
            calls = _running.get(self._thread, [])
            if not calls or calls[-1] is not self:
                return  # the second time: the interrupt hit between the call and the first
            calls.pop()
            if self._interrupt is not None:
                _raise_in(self._thread, None)
            if not calls:
                del _running[self._thread]
            elif (held_back := calls[-1]._interrupt) is not None:
                _raise_in(self._thread, id(held_back))


# Outer calls first.
_running: dict[int, list[Running]] = {}
_lock = threading.Lock()
