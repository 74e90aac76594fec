"""Turns for functions that are compiled with parallel=True.

Such a function starts threads of its own. On Numba's "workqueue" layer the process aborts
when two Python threads are in such functions at once, and on any layer they compete for the
same processors. So a Python task that calls one has its turn, one task at a time, where
the layer is that one or not known yet. The lock is held for the whole call of the task: such a
task must not wait for another one.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
from numba.core import config
from numba.np.ufunc.parallel import threading_layer

_turn = threading.RLock()


def in_turn(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, made to run one call at a time where it must."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _one_at_a_time():
            return function(*args, **kwargs)
        with _turn:
            return function(*args, **kwargs)

    return call


def _one_at_a_time() -> bool:
    try:
        return bool(threading_layer() == "workqueue")  # type: ignore[no-untyped-call]
    except ValueError:  # none is chosen yet: the first call does that
        # config sets its names from the environment as it is imported.
        return vars(config)["THREADING_LAYER"] in ("default", "workqueue")
