"""The dispatcher: one Python thread for what happens when a task has ended.

It decides on retries, stops Python tasks, fulfils promises and wakes asyncio, so no native
worker ever runs Python. It never waits, and hands users' callbacks to a thread of their own
(callback_thread.py), so they may wait for what it does. It starts with the first use and ends with
its pool.

Results are those of calls and of batches. The ends of native calls and batches come by mail
(native/binding/mail.c), those of batches that Python code works off through `ended`.

Invariant: whatever is watched is a key of `_watched` or of `_noticed`, which keep the result alive
until its end has been dispatched. Callbacks run in the
order in which they were added, in the context variables of whoever added them; by then the
status is final.
"""

from __future__ import annotations

import contextvars
import dataclasses
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from .. import deadline
from .callback_thread import Callback, CallbackThread, run_callback
from .interrupt import call_exposed, shielded, wait_until
from .record import MAIL_ENDED, MAIL_FAILED, MAIL_STOP
from .retry import RetryPolicy

_log = logging.getLogger("catzilla_jit")


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    callback: Callback
    context: contextvars.Context
    may_block: bool  # a user's: not for this thread


def _ignore(_result: Any) -> None:
    """Stand for a callback that is not wanted any more."""


class Dispatcher:
    """Watches results of one pool."""

    def __init__(self, bridge: Any, look: Callable[[], object] | None = None) -> None:
        """look: called on the dispatcher whenever that is woken."""
        self._bridge = bridge
        self._look = look
        # Guards what follows; reentrant, because a finalizer may submit at any allocation.
        self._lock = threading.RLock()
        self._watched: dict[Any, list[_Entry]] = {}
        self._noticed: dict[Any, Callback] = {}  # one each, called without ceremony
        self._policies: dict[Any, RetryPolicy] = {}
        self._ready: deque[tuple[Any, _Entry]] = deque()
        self._ended: deque[Any] = deque()  # any thread appends, without the lock
        self._busy = False
        self._gives_up = False
        self._closed = False
        self._thread: threading.Thread | None = None
        self._idle = threading.Condition(self._lock)
        self._callbacks = CallbackThread()

    @shielded
    def watch(self, result: Any, callback: Callback, *, may_block: bool = False) -> None:
        """Call `callback(result)` once the result is final.

        On the dispatcher, or with `may_block` on the callbacks' thread; here if both have ended.
        """
        entry = _Entry(callback, contextvars.copy_context(), may_block)
        with self._lock:
            if not self._closed:
                self._add(result, entry)
                return
        call_exposed(run_callback, result, callback, entry.context)

    def _add(self, result: Any, entry: _Entry) -> None:
        self._start()
        entries = self._watched.get(result)
        if entries is not None:
            entries.append(entry)
        elif result._listen(self):
            # The lock is held: its mail is not handled before this.
            self._watched[result] = [entry]
        elif entry.may_block:
            self._callbacks.add(result, entry.callback, entry.context)
        else:
            self._ready.append((result, entry))
            self._bridge.ring()

    @shielded
    def notice(self, result: Any, callback: Callback) -> bool:
        """Call `callback(result)` on the dispatcher; False, and no call, if it is final.

        For waiters: the callback must neither raise nor wait, and needs no context.
        """
        with self._lock:
            if self._closed:
                return False
            if result in self._noticed:
                self._add(result, _Entry(callback, contextvars.copy_context(), False))
                return True
            self._start()
            self._noticed[result] = callback
            if result in self._watched or result._listen(self):
                return True
            del self._noticed[result]
            return False

    @shielded
    def unwatch(self, result: Any, callback: Callback) -> None:
        """Forget a callback that has not been called yet. Its mail still comes."""
        with self._lock:
            if self._noticed.get(result) is callback:
                self._noticed[result] = _ignore
                return
            entries = self._watched.get(result, [])
            entries[:] = [entry for entry in entries if entry.callback is not callback]

    def listen(self, result: Any) -> bool:
        """Have the end of a call dispatched; False if it has come already."""
        return bool(self._bridge.watch(result))

    def ended(self, result: Any) -> None:
        """Dispatch the end of a batch that is watched. Takes no lock."""
        self._ended.append(result)
        self._bridge.ring()

    @shielded
    def govern(self, result: Any, limit_ns: int, policy: RetryPolicy | None) -> None:
        """Before it is started: give a prepared call its time limit and its retries."""
        self._bridge.limit(result, limit_ns, policy is not None)
        with self._lock:
            self._start()
            self._bridge.watch(result)
            if policy is not None:
                self._policies[result] = policy
            self._watched[result] = []

    @shielded
    def forget(self, result: Any) -> None:
        """It could not be started: no mail will come."""
        with self._lock:
            self._watched.pop(result, None)
            self._policies.pop(result, None)
            self._idle.notify_all()

    def give_up(self) -> None:
        """Try nothing again from now on: what fails has failed."""
        self._gives_up = True

    @shielded
    def start(self) -> None:
        """Start the thread if it does not run yet.

        A submission that adds a worker comes here. Who makes it may hold the lock of a map, for
        which another thread waits that watches the map, and so holds ours: it has the thread then.
        """
        if self._thread is None:
            with self._lock:
                self._start()

    def start_callbacks(self) -> None:
        """Start the thread of callbacks if it does not run yet."""
        self._callbacks.start()

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(
                target=self._bridge.dispatch,
                args=(self._handle, self._run_ready),
                name="cz-dispatcher",
                daemon=True,
            )
            thread.start()
            self._thread = thread

    def drain(self, timeout: float | None) -> bool:
        """Wait until everything watched has been dispatched; False: not within `timeout`.

        In a callback it does not wait for that one and those behind it.
        """
        until = deadline.after(timeout)
        while wait_until(self._wait_idle, until) and self._callbacks.drain(until):
            # A callback may have added others.
            with self._lock:
                if self._is_idle():
                    return True
        return False

    def _wait_idle(self, seconds: float) -> bool:
        with self._idle:
            return self._idle.wait_for(self._is_idle, seconds)

    def _is_idle(self) -> bool:
        return not (self._watched or self._noticed or self._ready or self._busy)

    @shielded
    def close(self) -> None:
        """End the threads. Nothing must be watched any more."""
        with self._lock:
            self._closed = True
            thread = self._thread
        self._callbacks.close()
        if thread is not None:
            self._bridge.end_dispatch()
            if thread is not threading.current_thread():
                thread.join()

    # --- on the dispatcher's thread -------------------------------------------------------------

    def _handle(self, result: Any, reasons: int) -> None:
        try:
            if reasons & MAIL_STOP:
                self._bridge.stop_call(result, result in self._policies)
            if reasons & MAIL_FAILED:
                self.decide(result)
            if reasons & MAIL_ENDED:
                callback = self._noticed.get(result)
                if callback is not None:
                    callback(result)
                    del self._noticed[result]
                if callback is None or result in self._watched or not self._noticed:
                    self._tell(result)
        except BaseException:
            # Everything else that comes by mail needs this thread.
            _log.exception("%s: what follows its end failed", result.task_id)

    def may_try_again(self, result: Any) -> bool:
        """Whether the call has retries."""
        return result in self._policies

    def decide(self, result: Any) -> None:
        """End a call that failed, or have it tried again."""
        with self._lock:
            policy = None if self._gives_up else self._policies.get(result)
        delay_ns = None
        try:
            if policy is not None:
                delay_ns = policy.next_delay_ns(self._bridge.failure(result), result.retries)
        except BaseException:
            _log.exception("%s: its retry policy failed; it is not tried again", result.task_id)
        if delay_ns is None or not self._bridge.retry(result, delay_ns):
            self._bridge.conclude(result, delay_ns is not None)

    def _tell(self, result: Any) -> None:
        with self._lock:
            self._policies.pop(result, None)
            entries = self._watched.pop(result, [])
            # It may have come when _handle had looked already.
            noticed = self._noticed.pop(result, _ignore)
            self._busy = True
        try:
            noticed(result)
            for entry in entries:
                self._call(result, entry)
        finally:
            self._notice_idle()

    def _run_ready(self) -> None:
        if self._look is not None:
            self._look()
        while self._ended:
            self._handle(self._ended.popleft(), MAIL_ENDED)
        while True:
            with self._lock:
                if not self._ready:
                    return
                result, entry = self._ready.popleft()
                self._busy = True
            self._call(result, entry)
            del result, entry
            self._notice_idle()

    def _call(self, result: Any, entry: _Entry) -> None:
        if not entry.may_block:
            run_callback(result, entry.callback, entry.context)
            return
        try:
            self._callbacks.add(result, entry.callback, entry.context)
        except BaseException:
            _log.exception("%s: a callback was not called", result.task_id)

    def _notice_idle(self) -> None:
        with self._lock:
            self._busy = False
            if self._is_idle():
                self._idle.notify_all()
