"""Stopping Python calls on the pure-Python pool: an exception raised in their thread.

It arrives at the thread's next look: a function's entry, a backward jump, the return of a call.
What runs on a thread stands in its list, outer calls first. The invariant: an exception of ours is
pending in a thread only while the last of its list is a call that is `inside` its user code.

* It is raised under the lock, and only while that holds.
* A thread that leaves user code first clears `inside`, in the same breath: between the return of
  the call, or the arrival of its exception, and that store CPython takes no look. Whoever is
  raising one at this moment holds the lock; having taken the lock the thread replaces what is
  pending by TakenBack, which arrives at once (pools/takeback.py), before its next look.
* A Running that is added to the list takes back what is pending for the one before; its
  removal raises that again.

An exception that hits a finalizer is lost there, so it is raised again as long as the call is
inside, but not while it is being handled: that is what `except` and `finally` are for.

Where the thread stands where it must not be hit (pools/safepoint.py), it is looked at again soon.
Between the look and the exception the thread must not run, see `_raise_if_there`.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import itertools
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, Protocol

from ...posix import at_fork
from ..safepoint import is_free
from ..takeback import TakenBack, look
from . import signals

raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
raise_in.argtypes = (ctypes.c_ulong, ctypes.c_void_p)
raise_in.restype = ctypes.c_int
TAKEN_BACK = id(TakenBack)

AGAIN_SECONDS = 0.05
# Where a thread must not be hit it is looked at again after so long.
HELD_SECONDS = 0.002

# Reentrant, because a finalizer may wait for a task at any allocation.
lock = threading.RLock()
_running: dict[int, list[Running]] = {}  # by thread, guarded by the lock
_runs = itertools.count(1)


def _after_fork_in_child() -> None:
    for thread in [thread for thread in _running if thread != threading.get_ident()]:
        del _running[thread]
    lock.release()


# Held during a fork, so that the child finds it free.
at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=_after_fork_in_child)


class _Outside(threading.local):
    number = 0  # of the run whose work this thread does outside of tasks


_outside = _Outside()


class Clock(Protocol):
    """What pools/timer.py offers."""

    def after(self, seconds: float, function: Callable[[], None]) -> object: ...


class Running:
    """What runs on the thread that makes this object.

    A call; or with `part_of` that call's own code within a shield; or with `shield` code of the
    runtime, which nothing interrupts.
    """

    __slots__ = (
        "_base", "_held", "_interrupt", "_raised", "call", "depth", "inside", "number", "result",
        "sent", "thread",
    )  # fmt: skip

    def __init__(self, part_of: Running | None = None, shield: bool = False) -> None:
        # constant
        self.thread = threading.get_ident()
        self.call = None if shield else part_of or self
        self._base: types.FrameType | None = None  # the frame that made it, until its end
        # written by its thread
        self.inside = False
        self.number = next(_runs)
        self.result: Any = None  # of this call
        # guarded by the lock
        self._interrupt: type[BaseException] | None = None
        self._raised = False
        self._held = False  # the last look found the thread where it must not be hit
        self.sent = False  # it may be pending in the thread
        with lock:
            calls = _running.setdefault(self.thread, [])
            if calls and calls[-1].inside and calls[-1].call is not None:
                _take_back(calls[-1].call)
            if self.call is self:
                self._base = sys._getframe(1)
            calls.append(self)
            self.depth = len(calls)

    def enter(self) -> None:
        """Raise the interrupt that has come already, or let it come from now on."""
        with lock:
            assert self.call is not None
            if self.call._interrupt is not None:
                self.call._raised = True
                raise self.call._interrupt
            self.inside = True

    def check(self) -> None:
        """Raise the interrupt that has come, unless it is being handled."""
        with lock:
            kind = self._interrupt
            if kind is not None and not (self._raised and _handles(self.thread, kind)):
                self._raised = True
                raise kind

    def interrupt(self, exception: type[BaseException], clock: Clock) -> None:
        """Raise `exception` in the call's own code, until it has been left."""
        with lock:
            if self._interrupt is None:
                self._interrupt = exception
                self._raise()
                self._repeat_later(clock)
        child = self.child_within()
        if child is not None:
            # It has to end before this one can be hit.
            child.cancel()

    def child_within(self) -> Any:
        """Return what the call runs on its own thread while it waits, if it has submitted that."""
        with lock:
            calls = [running.call for running in _running.get(self.thread, ())]
            later = calls[calls.index(self) + 1 :] if self in calls else []
            within = next((call for call in later if call is not None and call is not self), None)
        if within is None or within.result is None or within.result._parent != self.number:
            return None
        return within.result

    def is_interrupted(self) -> bool:
        """Return whether it is to be stopped."""
        return self._interrupt is not None

    def _raise(self) -> None:
        """Raise the interrupt if the thread is in the call's own code; the lock is held."""
        calls, kind = _running.get(self.thread), self._interrupt
        if not calls or kind is None or not calls[-1].inside or calls[-1].call is not self:
            self._held = False
            return
        own = self.thread == threading.get_ident()
        frame = sys._getframe(1) if own else _read(sys._current_frames).get(self.thread)
        if frame is None:  # of a thread that a fork has left behind
            return
        at = frame.f_lasti
        if self._raised and _handles(self.thread, kind):
            self._held = False
            return
        self._held = not is_free(frame, self._base)
        if not self._held:
            # First this, for in its own thread the exception comes at once.
            before, self._raised, self.sent = (self._raised, self.sent), True, True
            if not _raise_if_there(self.thread, frame, at, id(kind)):
                self._held, (self._raised, self.sent) = True, before

    def _repeat_later(self, clock: Clock) -> None:
        seconds = HELD_SECONDS if self._held else AGAIN_SECONDS
        clock.after(seconds, lambda: self._repeat(clock))

    def _repeat(self, clock: Clock) -> None:
        with lock:
            if self in _running.get(self.thread, ()):
                self._raise()
                self._repeat_later(clock)

    def end(self) -> None:
        """Let the call around this one be hit again."""
        with lock:
            self._base = self.result = None  # it refers to itself: the collector may come late
            calls = _running[self.thread]
            calls.pop()
            if not calls:
                del _running[self.thread]
                return
            outer = calls[-1].call
            if outer is not None:
                outer._raise()


_call = type(gc.disable).__call__


def _read(current: Callable[[], dict[int, Any]]) -> dict[int, Any]:
    """Return what sys._current_frames or sys._current_exceptions returns.

    CPython keeps its list of threads locked while it makes that. Before Python 3.12 a collection
    may come in there: it may free a threading.local, which wants that lock, or let another thread
    run that does. So the collector is off, and no other Python code runs meanwhile: CPython
    takes no look between the steps of a `map`, nor from the next line's beginning to its call.
    """
    found: dict[int, Any]
    collects, _, found = map(_call, (gc.isenabled, gc.disable, current))
    (gc.disable, gc.enable)[collects]()
    return found


def _raise_if_there(thread: int, frame: types.FrameType, at: int, exception: int) -> bool:
    """Raise it in the thread if that still stands there, else return False."""
    if thread == threading.get_ident():
        raise_in(thread, exception)
        return True
    # As in _read(). From the making of the dictionary until the exception is pending CPython
    # neither runs other Python code nor lets another thread run: it does at a call's return, a
    # jump back, and before 3.11 a jump, none of which comes here.
    steps = (gc.isenabled, gc.disable, sys._current_frames)
    collects, _, frames = map(_call, steps)
    there = thread in frames and frames[thread] is frame and frame.f_lasti == at
    if there:
        raise_in(thread, exception)
    (gc.disable, gc.enable)[collects]()
    return there


def _take_back(call: Running) -> None:
    """Leave nothing pending in this thread of what was sent for its call; the lock is held."""
    if call.sent:
        try:
            raise_in(call.thread, TAKEN_BACK)
            look()
        except TakenBack:
            call.sent = False
        except BaseException:
            settle(call)
            raise


def settle(call: Running) -> None:
    """A signal's handler has come first: let TakenBack, which is pending, arrive."""
    try:
        look()
    except TakenBack:
        call.sent = False


def _handles(thread: int, kind: type[BaseException]) -> bool:
    """Return whether the thread is in an `except` or `finally` block of such an exception."""
    current: Any = _read(sys._current_exceptions).get(thread)
    if isinstance(current, tuple):  # before Python 3.12
        current = current[1]
    for _ in range(100):
        if current is None or type(current) is kind:
            break
        current = current.__context__
    return type(current) is kind


def run(running: Running, call: Callable[[], Any]) -> tuple[bool, Any]:
    """Run a call's own code; whether it failed, and with what. No interrupt hits after this."""
    if signals.are_held():
        call = functools.partial(signals.call_freely, call)
    own = running.call or running
    # Nothing may come between the call and `inside = False`, see above. Python 3.10 takes a look
    # also at the start of a handler, hence two of them.
    try:
        try:
            running.enter()
            failed, value = False, call()
            running.inside = False
        except BaseException as error:
            running.inside = False
            failed, value = True, error
    except BaseException as error:
        running.inside = False
        failed, value = True, error
    with lock:
        if own.sent:
            try:
                raise_in(own.thread, TAKEN_BACK)
                look()
            except TakenBack:
                own.sent = False
            except BaseException:
                settle(own)
                raise
    return failed, value


# --- what pools/interrupt.py offers ---------------------------------------------------------------


def _call_here() -> Running | None:
    """Return the call that this thread is inside of, whatever shields lie within."""
    with lock:
        for running in reversed(_running.get(threading.get_ident(), ())):
            if running.call is not None:
                return running.call
    return None


def call_shielded(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call it; an interrupt on this thread comes after it."""
    if signals.are_free():
        return signals.call_holding(call_shielded, function, *args, **kwargs)
    if threading.get_ident() not in _running:
        return function(*args, **kwargs)
    shield = Running(shield=True)
    try:
        return function(*args, **kwargs)
    finally:
        shield.end()


call_finalizer = call_shielded  # it is Python code that can be hit, and raises


def call_exposed(function: Callable[..., Any], /, *args: Any) -> Any:
    """Within a shield, call the user's own code, which may be hit."""
    if signals.are_held():
        return signals.call_freely(call_exposed, function, *args)
    call = _call_here()
    if call is None:
        return function(*args)
    exposed = Running(part_of=call)
    failed, value = run(exposed, functools.partial(function, *args))
    exposed.end()
    if failed:
        raise value
    return value


def run_here() -> int:
    """Return the number of the run that this thread is inside of, 0 if it is in none."""
    call = _call_here() if threading.get_ident() in _running else None
    return _outside.number if call is None else call.number


def call_here() -> Any:
    """Return the result of the call that this thread is inside of, None if it is in none."""
    call = _call_here() if threading.get_ident() in _running else None
    return None if call is None else call.result


def act_for(number: int) -> None:
    """Let the run that this thread is inside of have the number of another; 0 for no run.

    Outside of tasks, what the thread submits from now on is that one's.
    """
    call = _call_here()
    if call is not None:
        call.number = number
    else:
        _outside.number = number


def interrupted_here() -> bool:
    """Return whether the run that this thread is inside of is to be stopped."""
    call = _call_here()
    return call is not None and call.is_interrupted()


def check_interrupt() -> None:
    """Raise the interrupt if one has come on this thread, also within a shield."""
    signals.deliver()
    call = _call_here()
    if call is not None:
        call.check()
