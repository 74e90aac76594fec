"""The default runtime: made by `configure` or by the first submission."""

from __future__ import annotations

import atexit
import copyreg
import functools
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, overload

from ..posix import at_fork
from ..runtime.warmup import Registry
from ..stats.snapshot import TaskStats
from .pickling import reduced
from .runtime import Runtime, make_task
from .task import Home, P, R, Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..runtime.result import TaskResult
    from .options import TaskOptions
    from .runtime import Decorator
    from .task import CoroutineTask

_lock = threading.RLock()  # a signal's handler may submit
_default: Runtime | None = None
#: The tasks of no particular runtime.
registry = Registry()


def get_runtime() -> Runtime:
    """Return the default runtime, making it with default settings on the first call."""
    global _default
    with _lock:
        if _default is None:
            made = _make({})
            _default = _default or made  # a handler that came in between has used its own
        return _default


def is_made() -> bool:
    """Return whether there is a default runtime already."""
    return _default is not None and not _default.closed


#: Of the tasks of no particular runtime.
_HOME = Home(registry, get_runtime)


def _make(settings: dict[str, Any]) -> Runtime:
    runtime = Runtime(**settings)
    runtime.registry = registry
    return runtime


def _forget_at_exit() -> None:
    """Let the default runtime go with the other modules of the program (runtime/engine.py says
    why).
    """
    global _default
    _default = None


atexit.register(_forget_at_exit)


def configure(**settings: Any) -> Runtime:
    """Make the default runtime with these settings (those of Runtime); return it.

    Before the first submission, or after `shutdown()`. Raises RuntimeError while a default
    runtime is in use.
    """
    global _default
    with _lock:
        if _default is not None and not _default.closed and _default._backend is not None:
            raise RuntimeError(
                "the default runtime has been started already; call configure() before the "
                "first submission, or shutdown() first"
            )
        _default = _make(settings)
        return _default


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()  # a thread that does not exist here may hold the other


at_fork(after_in_child=_after_fork_in_child)


def shutdown(
    wait: bool = True,
    timeout: float | None = None,
    cancel_pending: bool = False,
    cancel_running: bool = False,
) -> None:
    """Shut the default runtime down (see Runtime.shutdown); nothing if there is none."""
    with _lock:
        runtime = _default
    if runtime is not None:
        runtime.shutdown(
            wait=wait,
            timeout=timeout,
            cancel_pending=cancel_pending,
            cancel_running=cancel_running,
        )


def get_task_stats() -> TaskStats:
    """Return the statistics of the default runtime; see Runtime.stats."""
    return get_runtime().stats()


def get_memory_stats() -> dict[str, Any]:
    """Return the memory statistics of the default runtime; see Runtime.memory_stats."""
    return get_runtime().memory_stats()


@overload
def task(
    function: Callable[P, Coroutine[Any, Any, R]], /, **options: Unpack[TaskOptions]
) -> CoroutineTask[P, R]: ...


@overload
def task(function: Callable[P, R], /, **options: Unpack[TaskOptions]) -> Task[P, R]: ...


@overload
def task(**options: Unpack[TaskOptions]) -> Decorator: ...


def task(function: Any = None, /, **options: Any) -> Any:
    """Make a function a task of the default runtime.

    name: in messages and statistics, by default the function's. priority: a TaskPriority or
    its name. compile_to_c: None compiles where that gives Python's answer, True warns
    where it cannot, "require" raises CompileError there, False never compiles.
    boundscheck: whether array indices are checked; by default they are unless compile_to_c
    asks for compilation. fastmath: as in Numba. overflow: "check", or "wrap" for unchecked
    64-bit integers. parallel: loops over `numba.prange` run on all workers
    (docs/parallel.md); sums of floats are then added in another order than Python's.

    memory_arena: keep records, and the memory that runs allocate, in an arena of jemalloc's
    for this task; `memory_stats()` then tells its share (docs/memory.md). Has no effect, and
    says so once, in a process that does not run on jemalloc.

    capture_logs: keep the last lines that a call prints and logs, for `TaskResult.logs()`; of maps
    only those that run as Python.

    delay_ms: how long to wait before a submission is queued. timeout_ms: how long one run
    may take; then the task is stopped and fails with TaskTimeout. max_retries: how often
    to try again after an exception of the types `retry_on`; before try n it waits
    retry_delay_ms * retry_backoff ** (n - 1), randomly up to the fraction retry_jitter
    more or less.
    """
    return make_task(function, options, _HOME)


if TYPE_CHECKING:

    @overload
    def add_task(
        func: Callable[..., Coroutine[Any, Any, R]], /, *args: Any, **kwargs: Any
    ) -> TaskResult[R]: ...
    @overload
    def add_task(func: Callable[..., R], /, *args: Any, **kwargs: Any) -> TaskResult[R]: ...


def add_task(func: Any, /, *args: Any, **kwargs: Any) -> TaskResult[Any]:
    """Submit a function or a task to the default runtime; see Runtime.add_task."""
    return get_runtime().add_task(func, *args, **kwargs)


def over(function: Callable[..., Any], options: dict[str, Any]) -> Task[..., Any]:
    """Return a task of the default runtime: what a pickled task becomes (pickling.py)."""
    made: Task[..., Any] = make_task(function, options, _HOME)
    return made


copyreg.pickle(Task, functools.partial(reduced, over))
