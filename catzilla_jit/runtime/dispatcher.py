"""The dispatcher: one Python thread for what happens when a task has ended.

It runs callbacks, wakes asyncio, decides on retries and fulfils promises, so no native worker
ever runs Python. It starts with the first use and ends with its pool.

Invariant: whatever may come by mail (native/binding/mail.c) is a key of `_watched`, which
keeps the result alive until its end has been dispatched. Callbacks run in the order in
which they were added, in the context variables of whoever added them, on this thread; by
then the status is final. One that raises is logged and the others still run. One that
blocks delays the others, but not the workers.
"""

from __future__ import annotations

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from .retry import RetryPolicy

# catzilla_jit.h: why a record is in the mailbox.
MAIL_ENDED, MAIL_FAILED, MAIL_STOP = 1, 2, 4

_log = logging.getLogger("catzilla_jit")
Callback = Callable[[Any], object]


class Dispatcher:
    """Watches results of one pool."""

    def __init__(self, bridge: Any) -> None:
        self._bridge = bridge
        self._lock = threading.Lock()  # guards the four below
        self._watched: dict[Any, list[tuple[Callback, contextvars.Context]]] = {}
        self._policies: dict[Any, RetryPolicy] = {}
        self._ready: deque[tuple[Any, Callback, contextvars.Context]] = deque()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._idle = threading.Condition(self._lock)

    def watch(self, result: Any, callback: Callback) -> None:
        """Call `callback(result)` on the dispatcher once the result is final."""
        entry = (callback, contextvars.copy_context())
        with self._lock:
            self._start()
            callbacks = self._watched.get(result)
            if callbacks is not None:
                callbacks.append(entry)
                return
            self._watched[result] = [entry]
            if self._bridge.watch(result):
                return
            del self._watched[result]
            self._ready.append((result, *entry))
        self._bridge.ring()

    def unwatch(self, result: Any, callback: Callback) -> None:
        """Forget a callback that has not been called yet. Its mail still comes."""
        with self._lock:
            callbacks = self._watched.get(result, [])
            callbacks[:] = [entry for entry in callbacks if entry[0] is not callback]

    def govern(self, result: Any, limit_ns: int, policy: RetryPolicy | None) -> None:
        """Before it is started: give a prepared call its time limit and its retries."""
        self._bridge.limit(result, limit_ns, policy is not None)
        with self._lock:
            self._start()
            if policy is not None:
                self._policies[result] = policy
            self._watched[result] = []
            self._bridge.watch(result)

    def forget(self, result: Any) -> None:
        """It could not be started: no mail will come."""
        with self._lock:
            self._watched.pop(result, None)
            self._policies.pop(result, None)

    def start(self) -> None:
        """Start the thread if it does not run yet."""
        with self._lock:
            self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._bridge.dispatch,
                args=(self._handle, self._run_ready),
                name="cz-dispatcher",
                daemon=True,
            )
            self._thread.start()

    def drain(self, timeout: float | None) -> bool:
        """Wait until everything watched has been dispatched; False: not within `timeout`."""
        if self._thread is None or self._thread is threading.current_thread():
            return True
        with self._idle:
            return self._idle.wait_for(lambda: not self._watched and not self._ready, timeout)

    def close(self) -> None:
        """End the thread. Nothing must be watched any more."""
        self._bridge.end_dispatch()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    # --- on the dispatcher's thread -------------------------------------------------------------

    def _handle(self, result: Any, reasons: int) -> None:
        if reasons & MAIL_STOP:
            self._bridge.stop_call(result, result in self._policies)
        if reasons & MAIL_FAILED:
            self._decide(result)
        if reasons & MAIL_ENDED:
            with self._lock:
                self._policies.pop(result, None)
                callbacks = self._watched.pop(result, [])
            for callback, context in callbacks:
                _run(result, callback, context)
            self._notice_idle()

    def _decide(self, result: Any) -> None:
        policy = self._policies[result]
        try:
            delay_ns = policy.next_delay_ns(self._bridge.failure(result), result.retries)
        except Exception:
            _log.exception("%s: its retry policy failed; it is not tried again", result.task_id)
            delay_ns = None
        if delay_ns is None or not self._bridge.retry(result, delay_ns):
            self._bridge.conclude(result, delay_ns is not None)

    def _run_ready(self) -> None:
        while True:
            with self._lock:
                if not self._ready:
                    self._idle.notify_all()
                    return
                item = self._ready.popleft()
            _run(*item)

    def _notice_idle(self) -> None:
        with self._lock:
            if not self._watched and not self._ready:
                self._idle.notify_all()


def _run(result: Any, callback: Callback, context: contextvars.Context) -> None:
    try:
        context.run(callback, result)
    except Exception:
        _log.exception("%s: a callback raised", result.task_id)
    except BaseException as error:
        # SystemExit and the like would end the thread that all other callbacks need.
        _log.error("%s: a callback raised %r, which is ignored", result.task_id, error)
