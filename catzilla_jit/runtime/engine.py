"""Engine: settings, life and death of one pool.

States: new (settings only), started (has a pool), closed. The pool is made by the first
submission. After a fork the child's runtime is new again: threads do not survive a fork,
so the parent's pool is left alone and the next submission makes another.
"""

from __future__ import annotations

import atexit
import dataclasses
import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .. import deadline
from ..errors import ResultGone, RuntimeClosed, StatsDisabled, shown
from ..pools.interrupt import shielded
from ..pools.living import Living
from ..pools.open_pool import make_backend
from ..pools.protocol import Backend, Submitter
from ..stats import compute as statistics
from ..stats.roster import Roster
from ..stats.segment import number_of
from ..stats.segment import read as read_segment
from . import exit, process
from .backlog import unfinished
from .initializer import Initializer
from .memory_stats import runtime_stats
from .pool_settings import keeping, pool_settings
from .privilege import promised_here
from .process import _let_go_at_exit
from .warmup import Registry, Warming
from .workers import worker_counts

if TYPE_CHECKING:
    from ..stats.snapshot import TaskStats, WorkerStats
    from .result import TaskResult

E = TypeVar("E", bound="Engine")

_log = logging.getLogger("catzilla_jit")

#: An option that was not given.
UNSET: Any = type("Unset", (), {"__repr__": lambda self: "<not given>"})()


class Submitting(Protocol):
    """A task, as far as the engine knows it."""

    def detach(self) -> None:
        """Forget the pool: the next submission looks for it again."""


class Engine:
    """The settings, the life and the death of one pool; Runtime adds the tasks."""

    def __init__(
        self,
        workers: int | None = None,
        min_workers: int | None = None,
        max_workers: int | None = None,
        queue_size: int = 10_000,
        enable_auto_scaling: bool = True,
        memory_pool_mb: float | None = None,
        enable_c_compilation: bool = True,
        enable_profiling: bool = True,
        when_full: str = "wait",
        keep_results: int = 0,
        result_ttl_s: float | None = None,
        memory_profiling: bool = False,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        counts = worker_counts(workers, min_workers, max_workers, enable_auto_scaling)
        self._initializer = None if initializer is None else Initializer(initializer, initargs)
        settings = pool_settings(
            counts, queue_size, when_full, memory_pool_mb, enable_profiling, thread_name_prefix,
            self._initializer,
        )  # fmt: skip
        settings = dataclasses.replace(settings, relief=bool(enable_auto_scaling))
        if not isinstance(memory_profiling, bool):
            raise TypeError(
                f"Runtime: memory_profiling must be a bool, not {shown(memory_profiling)}"
            )
        settings = dataclasses.replace(settings, memory_profiling=memory_profiling)
        self.settings = keeping(settings, keep_results, result_ttl_s)
        self.enable_c_compilation = enable_c_compilation
        self._lock = threading.RLock()  # guards what follows
        self._backend: Backend | None = None
        self._roster: Roster | None = None
        self._closed = False
        self._given_up = False  # the last shutdown that waited ran into its deadline
        self._submitters: dict[Any, Submitter] = {}
        self._bound: Living[Submitting] = Living()
        self._tasks: dict[Any, Any] = {}  # what `known_task` has made
        self.registry = Registry()
        self.observer: Callable[..., None] | None = None  # see `observe`
        self._warming: Warming | None = None
        process.register(self)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "started" if self._backend else "not started"
        return f"<Runtime {state}, {self.settings.workers} workers>"

    def _repr_html_(self) -> str:
        from ..display.html import of_runtime

        return of_runtime(self)

    def __enter__(self: E) -> E:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # An exception on its way out must not wait for work that nobody will look at; to leave the
        # program, by sys.exit or SIGTERM, is no error, and its work is finished.
        self.shutdown(cancel_pending=kind is not None and not issubclass(kind, SystemExit))

    @property
    def closed(self) -> bool:
        """Whether shutdown has been called."""
        return self._closed

    @property
    def workers(self) -> int:
        """The native workers, without the one reserved for CRITICAL tasks."""
        return self.settings.workers

    def observe(self, observer: Callable[..., None] | None) -> None:
        """Call observer(result, function, settings) at each submission from now on; None: no more.

        Where it was submitted, with the context variables of there.
        """
        self.observer = observer
        for task in self._bound.all():
            task.detach()

    @shielded
    def start(self) -> Backend:
        """Return the pool, making it on the first call; RuntimeClosed after shutdown."""
        backend = self._backend
        if backend is not None and (not self._closed or backend is promised_here()):
            return backend
        with self._lock:
            if self._closed:
                raise RuntimeClosed("the runtime has been shut down")
            if self._initializer is not None and self._initializer.broken:
                raise RuntimeClosed(self._initializer.broken)
            if self._backend is None:
                self._backend = self._make_backend()
                self._publish_roster()
                if self.enable_c_compilation:
                    self._warm_others()
            return self._backend

    def _publish_roster(self) -> None:
        """Let other processes see what is registered here, if they may see the statistics."""
        segment = self._backend.stats_segment() if self._backend is not None else None
        if segment is None:
            self._roster = None
        else:
            self._roster = Roster(number_of(segment), self.registry, self.enable_c_compilation)
        self.refresh_roster()

    def refresh_roster(self) -> None:
        """Write the roster anew, if there is one: a task was registered, or compiled."""
        roster = self._roster
        if roster is not None and not self._closed:
            roster.refresh()

    def _warm_others(self) -> None:
        """Compile in the background what is registered here, if that is more than one task."""
        tasks = self.registry.uncompiled()
        if len(tasks) > 1:
            self._warming = Warming(tasks)

    def _make_backend(self) -> Backend:
        if process.is_exiting():
            raise RuntimeClosed("the interpreter is exiting: no runtime can be started any more")
        process.reap()
        backend = make_backend(self.settings)
        process.watch(self, backend)
        return backend

    @shielded
    def submitter(self, key: Any, make: Callable[[Backend], Submitter]) -> Submitter:
        """Return the submitter that `make` made for this key in the present pool."""
        with self._lock:
            backend = self.start()
            if key not in self._submitters:
                self._submitters[key] = make(backend)
            return self._submitters[key]

    def remember(self, task: Submitting) -> None:
        """Note a task whose `submit` leads to the present pool, to detach it after a fork."""
        self._bound.add(task)

    def get(self, task_id: str) -> TaskResult[Any] | None:
        """Return the result of this id, or None if there is none; `lookup` says why.

        Known are, until the runtime ends, the results whose `task_id` was read and that somebody
        holds. With keep_results the runtime holds them itself.
        """
        backend = self._backend
        return None if backend is None else backend.known.find(task_id)

    def lookup(self, task_id: str) -> TaskResult[Any]:
        """Return the result of this id; ResultGone, a LookupError, says why there is none."""
        backend = self._backend
        found = self.get(task_id)
        if found is not None:
            return found
        if backend is None:
            raise ResultGone(f"{shown(task_id)}: this runtime has not been started")
        if self._closed:
            raise ResultGone(f"{shown(task_id)}: the runtime has been shut down")
        raise ResultGone(f"{shown(task_id)}: {backend.known.reason(task_id)}")

    def forget(self, task_id: str) -> bool:
        """Let go of the result of this id; return whether it was known.

        It is not kept any longer, and not found any more. Whoever holds it still has it, and a
        task that has not ended goes on.
        """
        backend = self._backend
        return False if backend is None else backend.known.forget(task_id)

    def keep(self, keep_results: int, result_ttl_s: float | None = None) -> None:
        """Keep results from now on, as the options of these names say (see Runtime)."""
        with self._lock:
            self.settings = keeping(self.settings, keep_results, result_ttl_s)
            backend = self._backend
            if backend is not None:
                before = backend.known
                backend.known = self.settings.known_results(backend.dispatcher, backend.timer)
                before.hand_over(backend.known)

    def known_results(self) -> list[tuple[str, TaskResult[Any]]]:
        """Return the results that `get` finds, with their ids, the first read id first."""
        backend = self._backend
        return [] if backend is None else backend.known.living()

    def warm_up(self) -> None:
        """Start the workers, and compile what is registered here, rather than at first use.

        Raises CompileError for a task that must be compiled and cannot be.
        """
        self.start()
        if self.enable_c_compilation:
            for task in self.registry.tasks():
                task.warm_up()

    def known_task(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return the task that `make` made for this key before."""
        with self._lock:
            if key not in self._tasks:
                self._tasks[key] = make()
            return self._tasks[key]

    def stats(self) -> TaskStats:
        """Return what the runtime has done and is doing; see the fields of TaskStats.

        Any thread, also after the shutdown. Raises StatsDisabled for a runtime that keeps
        no statistics.
        """
        segment = self._segment()
        if segment is None:
            return statistics.unstarted(os.getpid(), self.settings.queue_size)
        return statistics.compute(read_segment(segment), statistics.resident_bytes())

    def _segment(self) -> memoryview | None:
        """Return the statistics, None before the start; StatsDisabled where none are kept."""
        if not self.settings.profiling:
            raise StatsDisabled(
                "this runtime keeps no statistics: it was made with enable_profiling=False, or "
                "CATZILLA_JIT_STATS is 0"
            )
        if self._backend is None:
            return None
        segment = self._backend.stats_segment()
        if segment is None:
            raise StatsDisabled("this runtime keeps no statistics")
        return segment

    def worker_stats(self, worker_id: int) -> WorkerStats:
        """Return what one worker does; LookupError if there is none of this number."""
        segment = self._segment()
        workers = () if segment is None else statistics.workers(read_segment(segment, calls=False))
        for worker in workers:
            if worker.worker_id == worker_id:
                return worker
        known = ", ".join(str(worker.worker_id) for worker in workers) or "none yet"
        raise LookupError(f"no worker {worker_id!r}; there are: {known}")

    def memory_stats(self) -> dict[str, Any]:
        """Return what the allocator tells (stats/allocator.py), and the memory held for records.

        records_mb: held for the records of compiled tasks, apart from malloc's heap;
        records_used_mb: handed out of it. Both only of a runtime with statistics.
        spare_arrays_mb: kept by the process for the next large arrays of compiled tasks.
        On jemalloc, records_arena: the arena that records lie in, as a dictionary of
        allocated_mb, active_mb, resident_mb and fragmentation_percent. task_arenas: the same
        per name of the tasks with memory_arena that were submitted; None where there is no
        arena, since the process does not run on jemalloc. left_by_stopped_mb, on jemalloc:
        what compiled tasks had allocated when they were cancelled or timed out; it is lost.
        """
        return runtime_stats(self._backend)

    def shutdown(
        self,
        wait: bool = True,
        timeout: float | None = None,
        cancel_pending: bool = False,
        cancel_running: bool = False,
    ) -> None:
        """Refuse further submissions and finish what was submitted.

        wait: return when everything has ended, at most `timeout` seconds later: then the
        builtin TimeoutError says what is left, and the work goes on until the program ends:
        such a runtime is given up, and leaving the interpreter cancels and stops its work.
        cancel_pending: cancel what has not started. cancel_running: that, and stop what runs
        as `cancel()` of each result does; without `wait`, what cannot be left at this very moment
        goes on. Any number of calls, from any thread but a task's own.
        """
        backend = self._close(cancel_pending or cancel_running)
        if backend is not None and wait:
            self._join(backend, timeout, cancel_running)
            self._end_warming()
        elif backend is not None and cancel_running:
            backend.cancel_running()

    @shielded
    def _close(self, cancel_pending: bool) -> Backend | None:
        """Refuse further submissions; return the pool, if there is one."""
        with self._lock:
            self._closed = True
            backend = self._backend
        if self._warming is not None:
            self._warming.give_up()
        if backend is not None:
            backend.close()
            # So that they look for a runtime again: the default one may be configured anew.
            for task in self._bound.all():
                task.detach()
            if cancel_pending:
                backend.cancel_pending()
        return backend

    def _end_warming(self) -> None:
        """Wait for the thread that compiles in the background, which has been told to end."""
        if self._warming is not None:
            self._warming.stop()

    def _join(self, backend: Backend, timeout: float | None, cancel_running: bool) -> None:
        if cancel_running:
            until = deadline.after(timeout)
            ended = exit.stop_running(backend, until)
        else:
            ended = backend.join(timeout)
        self._given_up = not ended
        if not ended:
            raise TimeoutError(
                f"the runtime has not ended within {timeout} seconds: "
                f"{unfinished([backend]).numbers()}"
            )
        process.unwatch(backend)

    def _after_fork_in_child(self) -> None:
        # The parent's locks may be held by threads that do not exist here.
        self._lock = threading.RLock()
        self._backend = None
        self._roster = None
        self._given_up = False
        self._warming = None
        self._submitters = {}
        for task in self._bound.all():
            task.detach()
        self._bound = Living()


atexit.register(_let_go_at_exit)  # it runs after those that a program registers
