"""`fork` and `join`: calls that may run beside their caller.

What stands here is their meaning: a forked call runs at once, and what comes of it is kept until it
is joined. Compiled code has the same meaning, and may run a forked call on another worker while
its caller goes on (`compile/lowering/forking.py`, native/src/fork.c).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, cast

from .errors import TaskCancelled, TaskTimeout, shown

_log = logging.getLogger("catzilla_jit")

P = ParamSpec("P")
R = TypeVar("R")


class Forked(Generic[R]):
    """The handle on a forked call: joined once, in the function that forked it."""

    __slots__ = ("_error", "_joined", "_value")

    def __init__(self, value: Any, error: Exception | None) -> None:
        self._value = value
        self._error = error
        self._joined = False

    def __del__(self) -> None:
        if self._error is not None:  # compiled code would have raised it at the return
            _log.warning("a forked call that was not joined has failed: %r", self._error)


def fork(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Forked[R]:
    """Call a function or task so that it may run beside what follows; return a handle for `join`.

    In compiled code the function is one that compiles, named in the call, and its arguments come
    by position; arrays are shared. What the function raises comes from `join`. A handle stays in
    the function that forked: it is kept in a variable, not in a container, and not returned or
    passed on. A call that is not joined has ended when its caller returns.
    """
    try:
        return Forked(function(*args, **kwargs), None)
    except (TaskCancelled, TaskTimeout):  # this very task is to be stopped
        raise
    except Exception as error:
        return Forked(None, error)


def join(handle: Forked[R]) -> R:
    """Return the value of a forked call, or raise what it raised; once per handle.

    TypeError for what is no handle, RuntimeError for one that was joined before.
    """
    if not isinstance(handle, Forked):
        raise TypeError(f"join: expected what fork returned, not {shown(handle)}")
    if handle._joined:
        raise RuntimeError("join: the handle was joined before")
    handle._joined = True
    error, handle._error = handle._error, None
    if error is not None:
        raise error
    return cast(R, handle._value)
