"""Runtime: settings, life and death of one pool.

States: new (settings only), started (has a pool), closed. The pool is made by the first
submission. After a fork the child's runtime is new again: threads do not survive a fork,
so the parent's pool is left alone and the next submission makes another.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from ..errors import NativeUnavailable, RuntimeClosed, StatsDisabled, shown
from . import leaving, memory, native
from . import stats as statistics
from .backend import Backend, PoolSettings, Submitter
from .interrupt import shielded
from .roster import Roster
from .segment import number_of
from .segment import read as read_segment
from .unfinished import unfinished
from .warming import Registry, Warming
from .workers import count, worker_counts

if TYPE_CHECKING:
    from ..task import Task
    from .result import TaskResult
    from .stats import TaskStats, WorkerStats

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger("catzilla_jit")
_POLICIES = ("wait", "raise", "caller")
_MOST_MEGABYTES = 2**40  # 2**60 bytes

#: An option that was not given.
UNSET: Any = type("Unset", (), {"__repr__": lambda self: "<not given>"})()


def _settings(
    counts: tuple[int, int, int],
    queue_size: int,
    when_full: str,
    memory_pool_mb: float | None,
    profiling: bool,
) -> PoolSettings:
    if not isinstance(when_full, str) or when_full not in _POLICIES:
        raise ValueError(f"Runtime: when_full must be one of {_POLICIES}, not {shown(when_full)}")
    if memory_pool_mb is not None:
        _check_megabytes(memory_pool_mb)
    native_workers, python_workers, most = counts
    return PoolSettings(
        workers=native_workers,
        python_workers=python_workers,
        python_workers_most=max(most, python_workers),
        queue_size=count("queue_size", queue_size, 2**31),
        when_full=when_full,
        memory_limit=round((memory_pool_mb or 0) * 2**20),
        profiling=profiling and os.environ.get("CATZILLA_JIT_STATS", "") != "0",
    )


def _check_megabytes(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"Runtime: memory_pool_mb must be a number, not {shown(value)}")
    if not 1 <= value <= _MOST_MEGABYTES:
        raise ValueError(
            f"Runtime: memory_pool_mb must be from 1 to {_MOST_MEGABYTES}, not {shown(value)}"
        )


class _Here(threading.local):
    promised: Backend | None = None  # this thread keeps a promise of this pool


_here = _Here()


@contextlib.contextmanager
def promised(backend: Backend) -> Iterator[None]:
    """Let this thread submit although the runtime of this pool is closed."""
    before = _here.promised
    _here.promised = backend
    try:
        with backend.privileged():
            yield
    finally:
        _here.promised = before


class Runtime:
    """A pool of workers with its queues; a context manager that finishes its work on leaving.

    workers: native threads for compiled tasks, and Python threads for the others; by default as
    many as the process may use CPUs (CATZILLA_JIT_WORKERS overrides), and some more Python
    threads because their tasks may block. One further thread serves CRITICAL compiled tasks
    alone. enable_auto_scaling: native threads are never more than the usable CPUs, and while
    Python tasks wait and the Python threads block rather than compute, threads are added,
    up to max_workers (default 32); those without work for five seconds end again, down
    to min_workers. False: exactly `workers`.
    queue_size: tasks that may wait per priority and kind of task. when_full says what a
    submission beyond that does: "wait", "raise" QueueFull, or run the task in the "caller".
    memory_pool_mb: the most memory for compiled calls and their results, in MiB; a
    submission beyond it waits for results to be dropped, and raises QueueFull when nothing
    is left to wait for.
    enable_c_compilation: False runs every task as Python. enable_profiling: False keeps no
    statistics, and hides the runtime from `catzilla-jit stats`; so does CATZILLA_JIT_STATS=0.
    """

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
    ) -> None:
        counts = worker_counts(workers, min_workers, max_workers, enable_auto_scaling)
        self.settings = _settings(counts, queue_size, when_full, memory_pool_mb, enable_profiling)
        self.enable_c_compilation = enable_c_compilation
        self._lock = threading.RLock()  # guards what follows
        self._backend: Backend | None = None
        self._roster: Roster | None = None
        self._closed = False
        self._given_up = False  # the last shutdown that waited ran into its deadline
        self._submitters: dict[Any, Submitter] = {}
        self._bound: weakref.WeakSet[Task[..., Any]] = weakref.WeakSet()
        self._tasks: dict[Any, Task[..., Any]] = {}
        self.registry = Registry()
        self._warming: Warming | None = None
        self._dropped: weakref.finalize[..., Runtime] | None = None
        _runtimes.add(self)

    def __repr__(self) -> str:
        state = "closed" if self._closed else "started" if self._backend else "not started"
        return f"<Runtime {state}, {self.settings.workers} workers>"

    def _repr_html_(self) -> str:
        from ..integrations.html import of_runtime

        return of_runtime(self)

    def __enter__(self) -> Runtime:
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

    @shielded
    def start(self) -> Backend:
        """Return the pool, making it on the first call; RuntimeClosed after shutdown."""
        backend = self._backend
        if backend is not None and (not self._closed or backend is _here.promised):
            return backend
        with self._lock:
            if self._closed:
                raise RuntimeClosed("the runtime has been shut down")
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
        if _exiting:
            raise RuntimeClosed("the interpreter is exiting: no runtime can be started any more")
        _reap()
        backend = make_backend(self.settings)
        # A runtime that is dropped without a shutdown finishes its work, and its threads end: once
        # a collection has found it, for a placement and its submitters refer to each other.
        self._dropped = weakref.finalize(self, _abandon, backend)
        self._dropped.atexit = False
        return backend

    @shielded
    def submitter(self, key: Any, make: Callable[[Backend], Submitter]) -> Submitter:
        """Return the submitter that `make` made for this key in the present pool."""
        with self._lock:
            backend = self.start()
            if key not in self._submitters:
                self._submitters[key] = make(backend)
            return self._submitters[key]

    def remember(self, task: Task[..., Any]) -> None:
        """Note a task whose `submit` leads to the present pool, to detach it after a fork."""
        self._bound.add(task)

    @overload
    def task(self, function: Callable[P, R], /, **options: Any) -> Task[P, R]: ...
    @overload
    def task(self, /, **options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...
    def task(self, function: Any = None, /, **options: Any) -> Any:
        """Make a task that runs on this runtime; options as for `catzilla_jit.task`."""
        # The one place where a part of the runtime needs what joins it with compilation.
        from ..task import make_task

        return make_task(function, options, self)

    def add_task(
        self,
        func: Callable[..., Any],
        /,
        *args: Any,
        priority: Any = UNSET,
        delay_ms: Any = UNSET,
        max_retries: Any = UNSET,
        timeout_ms: Any = UNSET,
        compile_to_c: Any = UNSET,
        **kwargs: Any,
    ) -> TaskResult[Any]:
        """Submit a function or a task, with options that override the task's own.

        None leaves an option as the task has it, but for timeout_ms, where it lifts the limit. A
        keyword that is the name of a parameter of the function goes to the function: set such an
        option by `task.options(...)`.
        """
        from ..task import submit_function

        options = {
            "priority": priority,
            "delay_ms": delay_ms,
            "max_retries": max_retries,
            "timeout_ms": timeout_ms,
            "compile_to_c": compile_to_c,
        }
        given = {name: value for name, value in options.items() if value is not UNSET}
        return submit_function(func, self, given, args, kwargs)

    def get(self, task_id: str) -> TaskResult[Any] | None:
        """Return the result of this id, or None if there is none.

        Known are, until the runtime ends, the results whose `task_id` was read and that somebody
        holds: a program that keeps only ids keeps its results as well, in a dictionary of its own.
        """
        backend = self._backend
        return None if backend is None else backend.known.find(task_id)

    def known_task(self, key: Any, make: Callable[[], Task[..., Any]]) -> Task[..., Any]:
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
        """Return what the allocator tells (memory.py), and the memory held for records.

        records_mb: held for the records of compiled tasks, apart from malloc's heap;
        records_used_mb: handed out of it. Both only of a runtime with statistics.
        On jemalloc, records_arena: the arena that records lie in, as a dictionary of
        allocated_mb, active_mb, resident_mb and fragmentation_percent. task_arenas: the same
        per name of the tasks with memory_arena that were submitted; None where there is no
        arena, since the process does not run on jemalloc. left_by_stopped_mb, on jemalloc:
        what compiled tasks had allocated when they were cancelled or timed out; it is lost.
        """
        return memory.runtime_stats(self._backend)

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
            for task in list(self._bound):
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
            until = None if timeout is None else time.monotonic() + timeout
            ended = leaving.stop_running(backend, until)
        else:
            ended = backend.join(timeout)
        self._given_up = not ended
        if not ended:
            raise TimeoutError(
                f"the runtime has not ended within {timeout} seconds: "
                f"{unfinished([backend]).numbers()}"
            )
        if self._dropped is not None:
            self._dropped.detach()

    def _after_fork_in_child(self) -> None:
        # The parent's locks may be held by threads that do not exist here.
        self._lock = threading.RLock()
        self._backend = None
        self._roster = None
        self._given_up = False
        if self._dropped is not None:
            self._dropped.detach()
        self._warming = None
        self._submitters = {}
        for task in self._bound:
            task.detach()
        self._bound = weakref.WeakSet()


def make_backend(settings: PoolSettings) -> Backend:
    """Return a native pool, or the pure-Python one where that cannot be."""
    try:
        native.load()
    except NativeUnavailable as reason:
        _log.info("%s", reason)
        from .purepool import PurePool

        return PurePool(settings)
    from .nativepool import NativePool

    return NativePool(settings)


# --- all runtimes of the process ------------------------------------------------------------

_runtimes: weakref.WeakSet[Runtime] = weakref.WeakSet()
_abandoned: list[Backend] = []  # pools of dropped runtimes that may not have ended
_exiting = False


def note_compilation(name: str, began_ns: int, *, refused: bool, from_cache: bool) -> None:
    """Tell whoever traces a runtime of this process that a compilation has ended.

    began_ns: of time.monotonic_ns(). refused: the task stays Python.
    """
    ended_ns = time.monotonic_ns()
    try:
        runtimes = list(_runtimes)
    except RuntimeError:
        return  # another thread makes one: not worth a lock of all
    for runtime in runtimes:
        backend = runtime._backend
        if backend is not None:
            backend.note_compilation(name, began_ns, ended_ns, refused, from_cache)


def refresh_rosters(registry: Registry | None = None) -> None:
    """Tell readers in other processes that a task was registered or its compilation has ended.

    registry: where, if it is known; only runtimes whose it is list the task.
    """
    try:
        runtimes = list(_runtimes)
    except RuntimeError:
        return  # another thread makes one: its roster is written when it starts
    for runtime in runtimes:
        if registry is None or runtime.registry is registry:
            runtime.refresh_roster()


@shielded
def _abandon(backend: Backend) -> None:
    backend.close()
    _abandoned.append(backend)


def _reap() -> None:
    """Free the pools of dropped runtimes that have ended."""
    for backend in list(_abandoned):
        if backend.join(0):
            with contextlib.suppress(ValueError):  # another thread has seen it end as well
                _abandoned.remove(backend)


def _finish_at_exit() -> None:
    """Finish what was submitted (leaving.py)."""
    global _exiting
    _exiting = True
    pools = []
    for runtime in list(_runtimes):
        backend = runtime._backend
        if backend is None:
            runtime.shutdown()
        else:
            close = functools.partial(runtime.shutdown, wait=False)
            pools.append(leaving.Pool(backend, close, runtime._given_up))
    pools += [leaving.Pool(backend, backend.close, False) for backend in _abandoned]
    leaving.finish(pools)
    # At last: who finished its tasks may have had to compile, and goes first.
    for runtime in list(_runtimes):
        runtime._end_warming()


def _after_fork_in_child() -> None:
    _abandoned.clear()
    if native.unavailable() is None:
        native.load().binding.after_fork_in_child()
    for runtime in list(_runtimes):
        runtime._after_fork_in_child()


def _let_go_at_exit() -> None:
    """Refer to no task any more.

    Functions of ours are called after a fork, so the interpreter knows them to the very end, and
    through them what they refer to. A program's modules would outlive the clearing of modules, and
    finalizers of what they hold would run when nothing is there any more.
    """
    for runtime in list(_runtimes):
        runtime._submitters = {}
        runtime._tasks = {}
        if runtime._backend is not None:
            runtime._backend.let_go()
    _runtimes.clear()


# Before threading joins its threads, while new ones may still be started; atexit would
# come after that, when a drained task could start none. Private, and stable since 3.9.
_register = getattr(threading, "_register_atexit", None)
atexit.register(_let_go_at_exit)  # it runs after those that a program registers
if _register is None:
    _register = atexit.register
_register(_finish_at_exit)
os.register_at_fork(after_in_child=_after_fork_in_child)
