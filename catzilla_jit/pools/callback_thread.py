"""The thread that runs users' callbacks, one after the other, in the order in which they came.

It is not the dispatcher's: a callback may take its time, and may wait for what needs the
dispatcher, such as a retry, a task that depends on others, or the time limit of a Python task.
It starts with the first callback and ends with its pool.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from .interrupt import shielded, wait_until

Callback = Callable[[Any], object]

_log = logging.getLogger("catzilla_jit")


def run_callback(result: Any, callback: Callback, context: contextvars.Context) -> None:
    """Call `callback(result)`; what it raises is logged."""
    try:
        context.run(callback, result)
    except Exception:
        _log.exception("%s: a callback raised", result.task_id)
    except BaseException as error:
        # SystemExit and the like would end the thread that all other callbacks need.
        _log.error("%s: a callback raised %r, which is ignored", result.task_id, error)


class CallbackThread:
    """The callbacks of one pool."""

    def __init__(self) -> None:
        # Guards everything; reentrant, because a finalizer may submit at any allocation.
        self._changed = threading.Condition(threading.RLock())
        self._waiting: deque[tuple[Any, Callback, contextvars.Context]] = deque()
        self._busy = False
        self._closed = False
        self._thread: threading.Thread | None = None

    @shielded
    def start(self) -> None:
        """Start the thread if it does not run yet."""
        with self._changed:
            self._start()

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._serve, name="cz-callbacks", daemon=True)
            thread.start()
            self._thread = thread

    @shielded
    def add(self, result: Any, callback: Callback, context: contextvars.Context) -> None:
        """Call `callback(result)` soon."""
        with self._changed:
            self._waiting.append((result, callback, context))
            self._start()
            self._changed.notify_all()

    def drain(self, until: float | None) -> bool:
        """Wait until every callback has run; False: not by then. At once in a callback."""
        return self._thread is threading.current_thread() or wait_until(self._wait_idle, until)

    def _wait_idle(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, seconds)

    @shielded
    def close(self) -> None:
        """Let the thread end after what it has."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _serve(self) -> None:
        while self._next():
            pass

    def _next(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return False
            result, callback, context = self._waiting.popleft()
            self._busy = True
        run_callback(result, callback, context)
        # Before anybody hears of it: nothing is kept alive by a callback that has run.
        del result, callback, context
        with self._changed:
            self._busy = False
            self._changed.notify_all()
        return True
