"""Where an interrupt may hit: a task's or a program's own code, and the runtime's waits.

A cancel or a time limit is an exception that comes between any two bytecodes of the thread that
runs the Python task; so is what a signal's handler raises in the main thread, as Ctrl-C does. The
task's or the program's code may be inside the runtime's at that time: it submits, watches, maps.
What changes something there in more than one step is `shielded`: an interrupt waits until it has
returned. Code that only waits is not, else nobody could stop it: it waits in slices
(`wait_until`), and keeps nothing that an exception could leave behind half done. A lock that is
entered outside a shield is one of CPython's own, of which `with` is a single step; a Condition's
`with` is Python code.

Two implementations: native/binding/interrupt.c with signals.c, and pools/pure/interrupt.py with
pools/pure/signals.py. On other threads, outside of tasks, these are plain calls.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

from .ended import Ended
from .selection import interrupts

P = ParamSpec("P")
R = TypeVar("R")


_calls = interrupts()

#: call_shielded(function, ...): call it; an interrupt on this thread comes after it.
call_shielded: Callable[..., Any] = _calls.call_shielded

#: call_finalizer(function, ...): call_shielded for what a weak reference calls, where an exception
#: is lost: an interrupt comes where the thread goes on. (Not so with the pure-Python pool.)
call_finalizer: Callable[..., Any] = _calls.call_finalizer

#: call_exposed(function, ...): within a shield, call the user's own code, which may be hit.
call_exposed: Callable[..., Any] = _calls.call_exposed

#: check_interrupt(): raise the interrupt if one has come on this thread, also within a shield. For
#: waits that have begun nothing.
check_interrupt: Callable[[], None] = _calls.check_interrupt

#: run_here(): the number of the run of a Python task that this thread is inside of, or 0. What it
#: submits notes it as its `_parent`.
run_here: Callable[[], int] = _calls.run_here

#: call_here(): the result of the Python call that this thread is inside of, or None.
call_here: Callable[[], Any] = _calls.call_here

#: act_for(number): the run that this thread is inside of goes on under the number of another;
#: outside of tasks, what the thread submits is that one's.
act_for: Callable[[int], None] = _calls.act_for

#: interrupted_here(): whether the run that this thread is inside of is to be stopped.
interrupted_here: Callable[[], bool] = _calls.interrupted_here


#: An interrupt is answered after so long.
SLICE_SECONDS = 0.05


def wait_until(look: Callable[[float], bool], until: float | None) -> bool:
    """Call `look(seconds)`, which waits no longer, until it says yes; False: not by `until`.

    An interrupt comes between two calls. Inside `Condition.wait` it may leave a lock held, or let
    go of one that another thread holds; inside `Thread.join` it takes a thread for ended that is
    not.
    """
    while True:
        left = SLICE_SECONDS if until is None else until - time.monotonic()
        if call_shielded(look, max(0.0, min(left, SLICE_SECONDS))):
            return True
        check_interrupt()
        if left <= 0.0:
            return False


def wait_for(event: Ended, seconds: float) -> bool:
    """Wait for an event; return whether it is set."""
    return event.is_set() or wait_until(event.wait, time.monotonic() + seconds)


def join_thread(thread: threading.Thread, until: float | None) -> bool:
    """Wait for the end of a thread; False: it has not ended by then."""

    def has_ended(seconds: float) -> bool:
        thread.join(seconds)
        return not thread.is_alive()

    return wait_until(has_ended, until)


def shielded(function: Callable[P, R]) -> Callable[P, R]:
    """Let no interrupt hit the function, which must neither wait for long nor for one."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return call_shielded(function, *args, **kwargs)  # type: ignore[no-any-return]

    return call


@contextlib.contextmanager
def submitting_for(run: int) -> Iterator[None]:
    """Let what this thread submits, if it is inside of no task, be the work of that run."""
    outside = run and not run_here()
    if outside:
        act_for(run)
    try:
        yield
    finally:
        if outside:
            act_for(0)


@shielded
def cancel_awaited(results: Iterable[Any], error: BaseException) -> None:
    """Cancel what was waited for until `error` came, if it is an interrupt.

    By Ctrl-C all of it; if the task that waits is stopped, what it has submitted itself.
    """
    if not isinstance(error, KeyboardInterrupt):
        if not interrupted_here():
            return
        run = run_here()
        results = [result for result in results if result._parent == run]
    for result in list(results):
        if not result.done():
            result.cancel()
