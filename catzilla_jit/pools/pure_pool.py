"""The pool without the native library: Python threads for both kinds of task, the same API.

A compiled task is a call of its entry through ctypes, which lets go of the GIL. Nothing here is
quick: it is for platforms without the native part, and to compare with. The parts:
pools/pure/lane.py (queues and workers), pools/pure/call.py (calls), pools/pure/compiled_call.py
(compiled code), pools/pure/batch.py (maps), timer.py (delays and limits), pools/pure/interrupt.py
(stopping Python calls), pools/pure/mailbox.py (what the dispatcher is told), pools/pure/recorder.py
(statistics). It cannot stop compiled code.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .. import deadline
from ..errors import RuntimeClosed
from ..stats import allocator
from ..stats.segment import CANCELLED, LEVELS, NATIVE, PYTHON, RELIEF, RERUN
from . import early
from .arrivals import assist
from .dispatcher import Dispatcher
from .payload import Compiled
from .protocol import BatchCall, Guards, Items, PoolSettings, Rerun, Settle, Waiting
from .pure.batch import PureBatch
from .pure.call import Call, PureTaskResult, python_call
from .pure.compiled_call import Code
from .pure.interrupt import call_exposed, call_shielded
from .pure.lane import Lane
from .pure.mailbox import PureMail
from .pure.recorder import Recorder
from .pure.submitter import PureCarrier, PureSubmitter
from .retry import RetryPolicy
from .timer import Alarm, Timer

__all__ = ["PurePool", "PureTaskResult"]

_here = threading.local()
_pools = itertools.count(1)


class PurePool:
    """Two lanes: one for compiled tasks, one for the others."""

    assist = staticmethod(assist)  # a call's wait on a worker, which call.py cannot import

    def __init__(self, settings: PoolSettings) -> None:
        size, policy = settings.queue_size, settings.when_full
        workers, guests = settings.workers, settings.python_workers
        self.recorder: Recorder | None = None
        if settings.profiling:
            self.recorder = Recorder(workers, guests, size, self._depths, settings.relief)
        self.timer = Timer()
        clock = self.timer if settings.relief else None
        self.compiled_lane = Lane("compiled", workers, size, policy, self._serving(0), clock=clock)
        self.python_lane = Lane(
            "python", guests, size, policy, self._serving(1), settings.thread_name_prefix,
            self._begin if settings.initializer is not None else None, clock,
        )  # fmt: skip
        self._initializer = settings.initializer
        self.mail = PureMail()
        self.dispatcher = Dispatcher(self.mail)
        self.known = settings.known_results(self.dispatcher, self.timer)
        self.number = next(_pools)
        self._workers = settings.workers
        self._numbers = itertools.count(1)
        self._process = os.getpid()
        self._arenas: dict[str, int | None] = {"": None}
        self._lock = threading.RLock()  # guards the dictionary
        self._waiting: dict[PureTaskResult, Alarm] = {}  # for their delay; each has a promise
        # Single steps under the GIL do for these.
        self.running: set[PureTaskResult | PureBatch] = set()
        self._promised: set[PureTaskResult] = set()  # that are not fulfilled
        self._stops = False  # what runs is to be stopped
        early.start(
            self.dispatcher.start, self.dispatcher.start_callbacks, self.timer.start,
            functools.partial(self.compiled_lane.grow, 1), functools.partial(self.grow, 1),
        )  # fmt: skip

    def _begin(self) -> None:
        assert self._initializer is not None
        if not self._initializer():
            self.close()
            self.cancel_pending()

    def grow(self, workers: int) -> None:
        self.python_lane.grow(workers)

    def python_threads(self) -> list[threading.Thread]:
        return self.python_lane.threads()

    def _check_process(self, name: str) -> None:
        if os.getpid() != self._process:
            raise RuntimeClosed(
                f"task {name}: the runtime belongs to the process that this one was forked from"
            )

    # --- calls --------------------------------------------------------------------------------

    def compiled(
        self,
        task: Compiled,
        settle: Settle,
        *,
        rerun: Rerun | None,
        guards: Guards,
        arena: bool = False,
        strict: bool = False,
    ) -> PureSubmitter:
        if arena:
            self._want_arena(task.name)
        return PureSubmitter(self, task.name, Code(task, settle, guards, strict), None)

    def python(
        self, name: str, function: Callable[..., Any], *, arena: bool = False
    ) -> PureSubmitter:
        if arena:
            self._want_arena(name)
        return PureSubmitter(self, name, None, function)

    def carrier(self, name: str) -> PureSubmitter:
        return PureCarrier(self, name, None, lambda work: work())

    def count_items(self, name: str, level: int, items: Items) -> None:
        if self.recorder is None:
            return
        if items.cancelled:
            self.recorder.count(1, name, CANCELLED, items.cancelled)
        if items.count:
            self.recorder.items(1, name, level, items)

    def note_compilation(
        self, name: str, began_ns: int, ended_ns: int, refused: bool, from_cache: bool
    ) -> None:
        if self.recorder is not None:
            self.recorder.compiled(name, began_ns, ended_ns, refused, from_cache)

    def _want_arena(self, name: str) -> None:
        """Note that a task asked for what only the native library can give."""
        if name not in self._arenas:
            self._arenas[name] = None
            allocator.miss_arena(name)

    def left_by_stopped(self) -> int | None:
        return None  # it cannot stop compiled code

    def spare_arrays(self) -> int:
        return 0  # each is malloc's

    def arenas(self) -> dict[str, int | None]:
        return dict(self._arenas)

    def new(self, lane: Lane, level: int, name: str, call: Call | None) -> PureTaskResult:
        """Return a call that is not queued yet."""
        self._check_process(name)
        return PureTaskResult(self, lane, level, name, next(self._numbers), call)

    def start(self, result: PureTaskResult, delay: float) -> None:
        """Queue a new call, after so many seconds; within a shield."""
        promised = self.privileged_here()
        if delay <= 0:
            result.queue(promised)
        elif not self.later(result, delay, more=promised):
            raise RuntimeClosed(f"task {result.task_name}: the runtime has been shut down")

    def later(self, result: PureTaskResult, delay: float, *, more: bool) -> bool:
        """Queue the call after so many seconds; False if the lane is closed.

        more: the caller holds a promise, so that does not matter.
        """
        if not result.promise(more):
            return False
        with self._lock:
            self._waiting[result] = self.timer.after(delay, lambda: self._due(result))
        return True

    def _due(self, result: PureTaskResult) -> None:
        if self._take(result):
            result.queue(promised=True)
            result.promise_kept()

    def _take(self, result: PureTaskResult) -> bool:
        with self._lock:
            alarm = self._waiting.pop(result, None)
        if alarm is not None:
            self.timer.cancel(alarm)
        return alarm is not None

    def forget(self, result: PureTaskResult) -> None:
        """Let go of a call that may wait for its delay, and has been cancelled."""
        if self._take(result):
            result.promise_kept()

    def govern(self, result: Any, limit_ns: int, policy: RetryPolicy | None) -> None:
        self.dispatcher.govern(result, limit_ns, policy)

    def forgo(self, result: Any) -> None:
        self.dispatcher.forget(result)
        result.forgo()

    # --- promises -----------------------------------------------------------------------------

    def promise(self, name: str, keeper: Any) -> PureTaskResult:
        lanes = (self.compiled_lane, self.python_lane)
        more = self.privileged_here()
        if not lanes[0].promise(more):
            raise RuntimeClosed(f"task {name}: the runtime has been shut down")
        if not lanes[1].promise(more):
            lanes[0].promise_kept()
            raise RuntimeClosed(f"task {name}: the runtime has been shut down")
        promise = self.new(self.python_lane, 2, name, None).keep(keeper)
        self._promised.add(promise)
        return promise

    def fulfil(self, promise: PureTaskResult, failed: bool, value: Any) -> None:
        promise.fulfil(failed, value)
        self._promised.discard(promise)
        self.compiled_lane.promise_kept()
        self.python_lane.promise_kept()

    def privileged_here(self) -> bool:
        """Whether this thread is inside `privileged()`."""
        return getattr(_here, "privileged", False)

    @contextlib.contextmanager
    def privileged(self) -> Iterator[None]:
        """Let this thread submit although the pool is closed: a promise is being kept."""
        _here.privileged = True
        try:
            yield
        finally:
            _here.privileged = False

    # --- maps ---------------------------------------------------------------------------------

    def batch(self, call: BatchCall) -> PureBatch:
        self._check_process(call.name)
        # What is left to Python comes after a close, too.
        if call.left is not None and not self.python_lane.promise(self.privileged_here()):
            raise RuntimeClosed(f"task {call.name}: the runtime has been shut down")
        try:
            batch = PureBatch(call, self._workers, self.recorder, self.running, self._after_map)
            pushed = not call.length or self.compiled_lane.push(batch, call.level)
        except BaseException:
            if call.left is not None:
                self.python_lane.promise_kept()
            raise
        while not pushed and (job := batch.next_job()) is not None:
            call_exposed(job)
        return batch

    def _after_map(self, batch: PureBatch) -> None:
        """Have Python compute what a compiled map that has ended left to it."""
        call = batch.call
        if call.left is None:
            return
        try:
            if batch.left():
                call.left.begin(
                    batch,
                    functools.partial(self._stand_in, call.name, call.level),
                    lambda n: self._count_left(call.name, n),
                )
        finally:
            self.python_lane.promise_kept()

    def _stand_in(self, name: str, level: int, work: Callable[[], None]) -> Any:
        """Queue a Python call that stands for something that is counted."""
        result = self.new(self.python_lane, level, name, python_call(work, (), {}))
        result.counted = False
        result.queue(promised=True)
        if self._stops:  # since: `cancel_running` found it nowhere
            result.cancel()
        return result

    def _count_left(self, name: str, values: int) -> None:
        if self.recorder is not None:
            self.recorder.count(0, name, RERUN, values)

    # --- the whole ----------------------------------------------------------------------------

    def depths(self) -> tuple[int, int, int, int]:
        compiled, python = self.compiled_lane.depths(), self.python_lane.depths()
        return tuple(a + b for a, b in zip(compiled, python, strict=True))  # type: ignore[return-value]

    def _depths(self) -> tuple[int, ...]:
        return self.compiled_lane.depths() + self.python_lane.depths()

    def _serving(
        self, lane: int
    ) -> Callable[[int | None], contextlib.AbstractContextManager[None]]:
        recorder = self.recorder
        if recorder is None:
            return lambda _: contextlib.nullcontext()

        def serving(level: int | None) -> contextlib.AbstractContextManager[None]:
            if level is None:
                return recorder.serving((NATIVE, PYTHON)[lane])
            return recorder.serving(RELIEF, LEVELS * lane + level)

        return serving

    def stats_segment(self) -> memoryview | None:
        return None if self.recorder is None else self.recorder.view()

    def open_loops(self, threads: int) -> None:
        return None

    def close(self) -> None:
        self.compiled_lane.close()
        self.python_lane.close()

    def cancel_pending(self) -> int:
        self.dispatcher.give_up()
        with self._lock:
            waiting = list(self._waiting)
        cancelled = sum(result.cancel() for result in waiting)
        return cancelled + self.compiled_lane.cancel_pending() + self.python_lane.cancel_pending()

    def cancel_running(self) -> None:
        """End what runs for its waiters; Python calls are interrupted, compiled ones go on."""
        self._stops = True
        self.python_lane.cancel_pending()
        for running in tuple(self.running):
            running.cancel()

    def waiting(self) -> Waiting:
        with self._lock:
            delayed = list(self._waiting)
        return Waiting(
            [result.task_name for result in delayed],
            sum(result.retries > 0 for result in delayed),
            [promise.task_name for promise in tuple(self._promised)],
        )

    def join(self, timeout: float | None) -> bool:
        until = deadline.after(timeout)
        if not all(lane.join(until) for lane in (self.python_lane, self.compiled_lane)):
            return False
        if not self.dispatcher.drain(deadline.left(until)):
            return False
        call_shielded(self._end)
        return True

    def _end(self) -> None:
        self.dispatcher.close()
        self.known.clear()
        self.timer.close()
        if self.recorder is not None:
            self.recorder.close()
