"""One lane of the pure-Python pool: four bounded level queues and the threads that serve them.

One lock guards everything, so the rules can be read off one page. The most urgent level that
has work is served, FIFO inside a level; a level that was passed over PASSES times while it had
work is served next, so it gets one of every 64 picks. An entry stays at the head of its queue
until it has no further job, so a batch hands out one chunk per pick and more urgent tasks run
between its chunks. Threads are added when an entry finds none idle, up to the limit; they end
when the lane is closed and empty and every promise is kept. A promise stands for an entry that
will come later: a delay, a retry, a task that waits for others.

With a clock, an entry that has been at the head of its level for PATIENCE_SECONDS gets a relief
worker: a thread that takes it, goes on while what it ran was short and no worker is idle, and ends.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from ...errors import QueueFull, RuntimeClosed
from ..interrupt import SLICE_SECONDS, check_interrupt, join_thread, shielded, wait_until

LEVELS = 4
# 64 picks, less the two that the other two lower levels may claim first, less the pick itself.
PASSES = 61
#: Half of what a task of each level is to wait at most, from its submission to its start.
PATIENCE_SECONDS = (0.0005, 0.005, 0.05, 0.5)
_here = threading.local()


def on_worker() -> bool:
    """Return whether the calling thread is a worker of some lane."""
    return getattr(_here, "lane", None) is not None


class Entry(Protocol):
    """What stands in a queue: one call, or a batch."""

    @property
    def task_name(self) -> str: ...
    def next_job(self) -> Callable[[], None] | None:
        """Return what a worker is to run now, or None. Called with the lane's lock held."""

    def exhausted(self) -> bool:
        """Return whether no further job will come."""

    def drop(self) -> bool:
        """Cancel what has not started; return whether there was anything."""


class Clock(Protocol):
    """What pools/timer.py offers."""

    def after(self, seconds: float, function: Callable[[], None]) -> object: ...


class Lane:
    """Queues and workers of one kind of task."""

    def __init__(
        self,
        name: str,
        workers: int,
        queue_size: int,
        when_full: str,
        serving: Callable[[int | None], AbstractContextManager[None]] = lambda _: nullcontext(),
        prefix: str = "",
        begin: Callable[[], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """begin: called by each worker before its first job. prefix: of the threads' names."""
        # constant
        self._begin = begin
        self._prefix = f"{prefix}_" if prefix else f"cz-{name}-"
        self._relief_prefix = f"{prefix}_relief_" if prefix else "cz-relief-"
        self._clock = clock  # None: no relief workers
        # Around the life of a worker thread; it takes the level of one for relief, else None.
        self._serving = serving
        self._workers = workers
        self._queue_size = queue_size
        self._when_full = when_full
        # guarded by the lock; reentrant, because a finalizer may submit at any allocation
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)  # workers wait for entries
        self._room = threading.Condition(self._lock)  # submitters wait for room
        self._kept = threading.Condition(self._lock)  # who ends the lane waits for the promises
        self._queues: tuple[deque[Entry], ...] = tuple(deque() for _ in range(LEVELS))
        self._passed_over = [0] * LEVELS
        self._taken = [0] * LEVELS  # jobs taken off each level
        self._watched = [False] * LEVELS  # the clock looks at it
        self._relieved = [False] * LEVELS  # its relief worker is there
        self._idle = 0
        self._closed = False
        self._promises = 0  # entries to come although the lane is closed
        self._threads: list[threading.Thread] = []
        self._reliefs: list[threading.Thread] = []

    # --- submitters ---------------------------------------------------------------------------

    def push(self, entry: Entry, level: int, promised: bool = False) -> bool:
        """Queue the entry; False: there is no room and the caller is to run it.

        Raises QueueFull or RuntimeClosed: then it is not queued. May wait for room. With
        `promised` it does none of that; the caller holds a promise.
        """
        with self._lock:
            while not promised:
                if self._closed:
                    raise RuntimeClosed(f"task {entry.task_name}: the runtime has been shut down")
                if len(self._queues[level]) < self._queue_size:
                    break
                if self._when_full == "raise":
                    raise QueueFull(f"task {entry.task_name}: the queue of its level is full")
                # A worker that waited for room in the lane it serves could wait for ever.
                if self._when_full == "caller" or getattr(_here, "lane", None) is self:
                    return False
                # A Python task that waits here may be cancelled, and there is Ctrl-C.
                self._room.wait(SLICE_SECONDS)
                check_interrupt()
            self._add_worker()
            self._queues[level].append(entry)
            self._work.notify()
            if self._clock is not None and not self._idle and not self._watched[level]:
                self._look_later(level, self._clock)
            return True

    def promise(self, more: bool = False) -> bool:
        """Keep the workers until promise_kept(); False if the lane is closed already.

        more: the caller holds a promise, so that does not matter.
        """
        with self._lock:
            if self._closed and not more:
                return False
            self._promises += 1
            return True

    def need_worker(self) -> None:
        """Start a first worker now, where a failure still has somebody to tell."""
        with self._lock:
            if not self._threads:
                self._add_worker()

    def promise_kept(self) -> None:
        """Undo promise()."""
        with self._lock:
            self._promises -= 1
            if self._promises == 0:
                self._work.notify_all()
                self._kept.notify_all()

    def _add_worker(self) -> None:
        if self._idle <= sum(self.depths()):
            self.grow(len(self._threads) + 1)

    def grow(self, workers: int) -> None:
        """Have so many workers, as far as the lane may."""
        with self._lock:
            while len(self._threads) < min(workers, self._workers):
                self._start_worker()

    def _start_worker(self) -> None:
        thread = threading.Thread(
            target=self._serve, name=f"{self._prefix}{len(self._threads)}", daemon=True
        )
        self._threads.append(thread)
        try:
            thread.start()
        except RuntimeError:
            self._threads.remove(thread)
            # With a worker at hand an entry will run, only later.
            if not self._threads:
                raise

    # --- workers ------------------------------------------------------------------------------

    def _serve(self) -> None:
        _here.lane = self
        with self._serving(None):
            if self._begin is not None:
                self._begin()
            while (job := self._next_job()) is not None:
                job()
                del job  # an idle worker keeps nothing alive

    def _next_job(self) -> Callable[[], None] | None:
        """Wait for a job and return it; None when the lane is closed and empty."""
        with self._lock:
            while True:
                level = self._pick()
                if level is not None:
                    job = self._take(level)
                    if job is not None:
                        return job
                elif self._closed and self._promises == 0:
                    return None
                else:
                    self._idle += 1
                    self._work.wait()
                    self._idle -= 1

    def _pick(self) -> int | None:
        waiting = [level for level in range(LEVELS) if self._queues[level]]
        if not waiting:
            return None
        overdue = (level for level in waiting[1:] if self._passed_over[level] >= PASSES)
        picked = next(overdue, waiting[0])
        for level in waiting:
            self._passed_over[level] += 1
        self._passed_over[picked] = 0
        return picked

    def _take(self, level: int) -> Callable[[], None] | None:
        queue = self._queues[level]
        self._taken[level] += 1
        job = queue[0].next_job()
        if queue[0].exhausted():
            queue.popleft()
            self._room.notify_all()
        else:
            # The rest is work for another: it was announced once, for one worker.
            self._add_worker()
            self._work.notify()
        return job

    def threads(self) -> list[threading.Thread]:
        """Return the workers that were started."""
        return list(self._threads)

    # --- relief -------------------------------------------------------------------------------

    def _look_later(self, level: int, clock: Clock) -> None:
        """Look whether the head of the level goes on waiting; the lock is held."""
        self._watched[level] = True
        taken = self._taken[level]
        clock.after(PATIENCE_SECONDS[level], lambda: self._look(level, taken, clock))

    def _look(self, level: int, taken: int, clock: Clock) -> None:
        with self._lock:
            self._watched[level] = False
            if not self._queues[level]:
                return
            if taken == self._taken[level] and not self._idle and not self._relieved[level]:
                self._relieved[level] = self._start_relief(level)
            self._look_later(level, clock)

    def _start_relief(self, level: int) -> bool:
        thread = threading.Thread(
            target=self._relieve, args=(level,), name=f"{self._relief_prefix}{level}", daemon=True
        )
        self._reliefs.append(thread)
        try:
            thread.start()
        except RuntimeError:  # as at exit: it runs later
            self._reliefs.remove(thread)
            return False
        return True

    def _relieve(self, level: int) -> None:
        _here.lane = self
        if self._begin is not None:
            self._begin()
        goes_on = True
        with self._serving(level):
            while goes_on and (job := self._take_urgent(level)) is not None:
                began = time.monotonic()
                job()
                del job
                goes_on = time.monotonic() - began < PATIENCE_SECONDS[level] and not self._idle
        with self._lock:
            self._relieved[level] = False
            self._reliefs.remove(threading.current_thread())

    def _take_urgent(self, level: int) -> Callable[[], None] | None:
        """Return a job of this level or a more urgent one, None if there is none."""
        with self._lock:
            for each in range(level + 1):
                if self._queues[each] and (job := self._take(each)) is not None:
                    return job
            return None

    # --- the end ------------------------------------------------------------------------------

    def depths(self) -> tuple[int, ...]:
        """Return the entries queued per level."""
        return tuple(len(queue) for queue in self._queues)

    @shielded
    def close(self) -> None:
        """Refuse further entries; what is queued still runs."""
        with self._lock:
            self._closed = True
            self._work.notify_all()
            self._room.notify_all()

    @shielded
    def cancel_pending(self) -> int:
        """Cancel what is queued and has not started; return how many entries."""
        with self._lock:
            entries = [entry for queue in self._queues for entry in queue]
            for queue in self._queues:
                queue.clear()
            self._room.notify_all()
        return sum(entry.drop() for entry in entries)

    def join(self, until: float | None) -> bool:
        """After close: wait until the workers have ended; False: not until then.

        A worker that calls this is not waited for.
        """
        if not wait_until(self._wait_kept, until):
            return False
        # A batch may add workers while we wait: look again.
        while threads := self._others():
            for thread in threads:
                if not join_thread(thread, until):
                    return False
        return True

    def _wait_kept(self, seconds: float) -> bool:
        with self._kept:
            return self._kept.wait_for(lambda: self._promises == 0, seconds)

    @shielded
    def _others(self) -> list[threading.Thread]:
        """Return the workers that have not ended, without the calling thread."""
        here = threading.current_thread()
        threads = [*self._threads, *self._reliefs]
        return [thread for thread in threads if thread.is_alive() and thread is not here]
