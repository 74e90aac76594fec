"""Where a cancel or a time limit may hit a running Python task: in its own code alone.

The interrupt is an exception that comes between any two bytecodes of the task's thread. The task's
code may be inside the runtime's at that time: it submits, watches, maps. What changes something
there in more than one step is `shielded`: an interrupt waits until it has returned. Code that
only waits is not, else its task could not be stopped; it keeps nothing that an exception
could leave behind half done.

Two implementations: native/binding/interrupt.c and pureinterrupt.py. Outside of tasks these are
plain calls.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from ..errors import NativeUnavailable
from . import native

P = ParamSpec("P")
R = TypeVar("R")


def _find() -> Any:
    try:
        return native.load().binding
    except NativeUnavailable:
        from . import pureinterrupt

        return pureinterrupt


_calls = _find()

#: call_shielded(function, ...): call it; an interrupt of the task on this thread comes after it.
call_shielded: Callable[..., Any] = _calls.call_shielded

#: call_exposed(function, ...): within a shield, call the task's own code, which may be hit.
call_exposed: Callable[..., Any] = _calls.call_exposed

#: check_interrupt(): raise the interrupt of the task on this thread if one has come, also within
#: a shield. For waits that have begun nothing.
check_interrupt: Callable[[], None] = _calls.check_interrupt


def wait_for(event: threading.Event, seconds: float) -> bool:
    """Wait for an event, return whether it is set; an interrupt of the task here comes after it.

    An exception inside `Event.wait` may let go of a lock that another thread holds.
    """
    if not event.is_set():
        call_shielded(event.wait, seconds)
        check_interrupt()
    return event.is_set()


def shielded(function: Callable[P, R]) -> Callable[P, R]:
    """Let no interrupt of a task hit the function, which must neither wait for long nor for it."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return call_shielded(function, *args, **kwargs)  # type: ignore[no-any-return]

    return call
