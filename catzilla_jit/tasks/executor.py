"""Executor: a runtime as a concurrent.futures.Executor.

It says of itself that it is a ThreadPoolExecutor, because asyncio's `set_default_executor` takes no
other, and has what programs look at there; none of that class's code runs.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import itertools
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.thread import BrokenThreadPool
from typing import Any

from ..errors import RuntimeClosed, shown
from ..runtime import process
from ..runtime.future import Following
from ..runtime.initializer import Initializer
from ..runtime.workers import usable_cpus
from .runtime import Runtime

#: More than that wait in no program; a submission beyond it waits for room.
_QUEUE = 2**20
_numbers = itertools.count()


class ExecutorFuture(Following):
    """What `Executor.submit` returns: a call that runs is not cancelled any more."""

    __slots__ = ()

    def cancel(self) -> bool:
        """Cancel the call unless it runs or has ended; return whether it is cancelled."""
        return bool(self._followed._cancel_pending()) and super().cancel()


class _InitializedFuture(ExecutorFuture):
    """The same where the initializer of the threads may fail."""

    __slots__ = ("_initializer",)

    def __init__(self, followed: Any, initializer: Initializer) -> None:
        super().__init__(followed)
        self._initializer = initializer
        self._make_whole()

    def end(self, result: Any) -> None:
        broken = self._initializer.broken
        if broken and result.cancelled() and self._ending.acquire(blocking=False):
            if self.set_running_or_notify_cancel():
                self.set_exception(BrokenThreadPool(broken))
            return
        super().end(result)


class _ThreadPool(Runtime):
    """The runtime of one Executor."""

    def __init__(
        self,
        max_workers: int,
        thread_name_prefix: str,
        initializer: Callable[..., object] | None,
        initargs: tuple[Any, ...],
    ) -> None:
        super().__init__(
            workers=max_workers, enable_auto_scaling=False, queue_size=_QUEUE,
            thread_name_prefix=thread_name_prefix, initializer=initializer, initargs=initargs,
        )  # fmt: skip
        native = min(max_workers, usable_cpus())
        self.settings = dataclasses.replace(self.settings, workers=native)
        if self._initializer is not None:
            self._initializer.log = logging.getLogger("concurrent.futures")


class Executor(concurrent.futures.ThreadPoolExecutor):
    """A pool of workers as `concurrent.futures` knows them; also for asyncio, Dask, joblib, tqdm.

    Functions run as Python on at most max_workers threads, by default as many as
    ThreadPoolExecutor has; tasks run where their own `submit` runs them, compiled ones on native
    threads. thread_name_prefix, initializer, initargs: of the Python threads. runtime: share
    this one; then none of the others may be given, and `shutdown` ends the executor alone.

    Dropped without a shutdown, it finishes its work and its threads end.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        *,
        runtime: Runtime | None = None,
    ) -> None:
        # Not that of ThreadPoolExecutor, which makes a queue and a semaphore.
        self._shutdown = False
        self._growing = False  # it has fewer threads than it may have
        self._grown = 0  # the threads it has
        self._early: list[weakref.ref[Any]] = []  # while it grows, the calls that have not ended
        self._shared: deque[ExecutorFuture] | None = None  # what a shared runtime was given
        if runtime is not None:
            if max_workers is not None or thread_name_prefix or initializer is not None:
                raise TypeError(
                    "Executor: max_workers, thread_name_prefix and initializer are those of the "
                    "runtime that is given"
                )
            self._runtime = runtime
            settings = runtime.settings
            self._max_workers = max(settings.python_workers, settings.python_workers_most)
            self._shared = deque()
            return
        self._max_workers = _checked(max_workers)
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        prefix = thread_name_prefix or f"ThreadPoolExecutor-{next(_numbers)}"
        self._runtime = _ThreadPool(self._max_workers, prefix, initializer, initargs)
        self._growing = True

    def __repr__(self) -> str:
        state = "shut down" if self._shutdown else "open"
        return f"<Executor {state}, {self._max_workers} workers>"

    # What ThreadPoolExecutor has as attributes; programs and CPython's tests look at them.

    @property
    def _threads(self) -> set[threading.Thread]:  # type: ignore[override]
        backend = self._runtime._backend
        return set() if backend is None else set(backend.python_threads())

    @property
    def _broken(self) -> str:  # type: ignore[override]
        initializer = self._runtime._initializer
        return initializer.broken if initializer is not None else ""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> ExecutorFuture:
        """Queue fn(*args, **kwargs), a function or a task; return its Future.

        Raises RuntimeError after the shutdown, BrokenThreadPool after a failed initializer.
        """
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        try:
            result = self._runtime.submit(fn, *args, **kwargs)
        except RuntimeClosed as error:
            raise self._refusal(error) from None
        initializer = self._runtime._initializer
        if initializer is None:
            future = ExecutorFuture(result)
        else:
            future = _InitializedFuture(result, initializer)
        if self._growing:
            self._grow(result)
        if self._shared is not None:
            _remember(self._shared, future)
        return future

    def _grow(self, result: Any) -> None:
        """Have a thread per call that has not ended, as ThreadPoolExecutor has."""
        # Weakly: what has ended is kept by nobody here, what has not by its queue.
        early = [each for each in self._early if _goes_on(each())]
        self._early = [*early, weakref.ref(result)]
        if len(self._early) > self._grown:
            self._grown = len(self._early)
            self._growing = self._grown < self._max_workers
            self._runtime.start().grow(self._grown)
        if not self._growing:
            self._early = []

    def _refusal(self, error: RuntimeClosed) -> Exception:
        if self._broken:
            return BrokenThreadPool(self._broken)
        if process.is_exiting():
            return RuntimeError("cannot schedule new futures after interpreter shutdown")
        if self._runtime.closed:
            return RuntimeError("cannot schedule new futures after shutdown")
        return error

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[Any]:
        """Return an iterator over fn of each, in order, as ThreadPoolExecutor.map does.

        timeout: seconds for all of them. chunksize has no effect on threads. buffersize: how
        many are submitted before their results are taken; None: all at once.
        """
        if buffersize is not None and (isinstance(buffersize, bool) or buffersize < 1):
            raise ValueError("buffersize must be None or > 0")
        end = None if timeout is None else time.monotonic() + timeout
        arguments = zip(*iterables, strict=False)
        futures = deque(self.submit(fn, *each) for each in itertools.islice(arguments, buffersize))
        more = None if buffersize is None else (self.submit(fn, *each) for each in arguments)
        return _in_order(futures, more, end)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Refuse further calls; wait for those that were submitted, if `wait`.

        cancel_futures: cancel what has not begun.
        """
        self._shutdown = True
        if self._shared is None:
            self._runtime.shutdown(wait=wait, cancel_pending=cancel_futures)
            return
        futures = list(self._shared)
        for future in futures if cancel_futures else ():
            future.cancel()
        for future in futures if wait else ():
            if not future.cancelled():
                future.exception()


def _goes_on(result: Any) -> bool:
    return result is not None and not result.done()


def _checked(max_workers: int | None) -> int:
    if max_workers is None:
        return min(32, (os.cpu_count() or 1) + 4)
    if isinstance(max_workers, bool) or not isinstance(max_workers, int):
        raise TypeError(f"Executor: max_workers must be an int, not {shown(max_workers)}")
    if max_workers <= 0:
        raise ValueError("max_workers must be greater than 0")
    return max_workers


def _remember(futures: deque[ExecutorFuture], future: ExecutorFuture) -> None:
    """Note a Future until it has ended: two of the oldest are looked at for each new one."""
    for _ in range(min(2, len(futures))):
        if not futures[0].done():
            futures.rotate(-1)
        else:
            futures.popleft()
    futures.append(future)


def _in_order(
    futures: deque[ExecutorFuture], more: Iterator[ExecutorFuture] | None, end: float | None
) -> Iterator[Any]:
    try:
        while futures:
            # Taken out before it is waited for: its result is kept by nobody here.
            left = None if end is None else end - time.monotonic()
            value = [_result_or_cancel(futures.popleft(), left)]
            if more is not None:
                futures.extend(itertools.islice(more, 1))
            yield value.pop()
    finally:
        for future in futures:
            future.cancel()


def _result_or_cancel(future: ExecutorFuture, timeout: float | None) -> Any:
    try:
        return future.result(timeout)
    finally:
        future.cancel()  # which has no effect on what has ended
        del future  # no cycle with the frame of an exception
