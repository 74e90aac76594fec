"""Runtime: an engine that makes tasks, and what becomes of a function that is given to it."""

from __future__ import annotations

import functools
import inspect
import operator
import types
import weakref
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

from ..errors import RuntimeClosed, shown
from ..pools.interrupt import shielded
from ..runtime.engine import UNSET, Engine
from ..runtime.process import refresh_rosters
from .bound import BoundTask
from .coroutine_function import is_coroutine_function
from .jit_function import JitFunction
from .numba_function import plain
from .options import Settings
from .task import Home, Task, _carry_async, _parameters

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..runtime.result import TaskResult
    from .options import TaskOptions
    from .task import Awaited, CoroutineTask

    class Decorator(Protocol):
        """What `task(...)` with options returns."""

        @overload
        def __call__(
            self, function: Callable[P, Coroutine[Any, Any, R]], /
        ) -> CoroutineTask[P, R]: ...
        @overload
        def __call__(self, function: Callable[P, R], /) -> Task[P, R]: ...


P = ParamSpec("P")
R = TypeVar("R")


class Runtime(Engine):
    """A pool of workers with its queues; a context manager that finishes its work on leaving.

    workers: native threads for compiled tasks, and Python threads for the others; by default as
    many as the process may use CPUs (CATZILLA_JIT_WORKERS overrides), and some more Python
    threads because their tasks may block. One further thread serves CRITICAL compiled tasks
    alone. enable_auto_scaling: native threads are never more than the usable CPUs, and while
    Python tasks wait and the Python threads block rather than compute, threads are added,
    up to max_workers (default 32); those without work for five seconds end again, down
    to min_workers. And a task that waits while every worker is inside another for half of its
    priority's time (critical 1 ms, high 10, normal 100, low 1000) gets a worker besides those, one
    per priority and kind of task. False: exactly `workers`.
    queue_size: tasks that may wait per priority and kind of task. when_full says what a
    submission beyond that does: "wait", "raise" QueueFull, or run the task in the "caller".
    memory_pool_mb: the most memory for compiled calls and their results, in MiB; a
    submission beyond it waits for results to be dropped, and raises QueueFull when nothing
    is left to wait for.
    memory_profiling: count the bytes that the tasks of each name allocate, in a process on
    jemalloc (docs/memory.md); the statistics of tasks and workers tell.
    keep_results: results whose `task_id` was read are kept until their end, and the last so many
    after that, for `result_ttl_s` seconds at most; 0, the default: they live while somebody holds
    them.
    thread_name_prefix: the Python threads are called PREFIX_0, PREFIX_1, ..., and those that come
    for what waits too long PREFIX_relief_LEVEL. initializer, initargs: each Python thread
    calls initializer(*initargs) before its first task; if that raises, it is logged, what waits is
    cancelled, and every submission raises RuntimeClosed.
    enable_c_compilation: False runs every task as Python. enable_profiling: False keeps no
    statistics, and hides the runtime from `catzilla-jit stats`; so does CATZILLA_JIT_STATS=0.
    """

    @functools.cached_property
    def _carriers(self) -> dict[str, Task[..., Any]]:
        """The tasks that call functions as Python, by the name of those."""
        return {}

    @functools.cached_property
    def _guests(self) -> weakref.WeakKeyDictionary[Task[..., Any], Task[..., Any]]:
        """The tasks of other runtimes as tasks of this one."""
        return weakref.WeakKeyDictionary()

    @overload
    def task(
        self, function: Callable[P, Coroutine[Any, Any, R]], /, **options: Unpack[TaskOptions]
    ) -> CoroutineTask[P, R]: ...

    @overload
    def task(self, function: Callable[P, R], /, **options: Unpack[TaskOptions]) -> Task[P, R]: ...

    @overload
    def task(self, /, **options: Unpack[TaskOptions]) -> Decorator: ...

    def task(self, function: Any = None, /, **options: Any) -> Any:
        """Make a task that runs on this runtime; options as for `catzilla_jit.task`."""
        return make_task(function, options, home_of(self))

    if TYPE_CHECKING:

        @overload
        def submit(
            self, fn: Callable[P, Coroutine[Any, Any, R]], /, *args: P.args, **kwargs: P.kwargs
        ) -> TaskResult[R]: ...
        @overload
        def submit(
            self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
        ) -> TaskResult[R]: ...
        @overload  # results stand for their values
        def submit(  # type: ignore[overload-cannot-match]
            self, fn: Callable[..., R], first: Awaited, /, *args: Any, **kwargs: Any
        ) -> TaskResult[R]: ...

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> TaskResult[Any]:
        """Submit fn(*args, **kwargs): a task as its own `submit` does, all else as Python.

        Every keyword goes to the function, which is never compiled here: `add_task` does that.
        """
        if type(fn) is types.FunctionType:
            carrier = self._carriers.get(fn.__name__)
            if carrier is not None and not fn.__code__.co_flags & inspect.CO_COROUTINE:
                return carrier.submit(fn, *args, **kwargs)
        if isinstance(fn, BoundTask):
            return self.submit(fn.task, fn.__self__, *args, **kwargs)
        if isinstance(fn, Task):
            return self._guest(fn).submit(*args, **kwargs)
        return self._carrier(fn).submit(fn, *args, **kwargs)

    def _guest(self, task: Task[..., Any]) -> Task[..., Any]:
        """Return a task as one that is submitted here."""
        if task._home.registry is self.registry and task._home.find() is self:
            return task
        guest = self._guests.get(task)
        if guest is None:
            guest = self._guests[task] = make_task(task, {}, _own_home(self))
        return guest

    def _carrier(self, function: Callable[..., Any]) -> Task[..., Any]:
        """Return the task that calls functions of this one's name as Python."""
        if not callable(function):
            raise TypeError(f"submit: expected a function or a task, not {shown(function)}")
        name = getattr(function, "__name__", None) or type(function).__name__
        carry = _carry_async if is_coroutine_function(function) else _carry
        carrier = _carrier(self, carry, name, {})
        if carry is _carry:
            self._carriers[name] = carrier
        return carrier

    if TYPE_CHECKING:

        @overload
        def add_task(
            self, func: Callable[..., Coroutine[Any, Any, R]], /, *args: Any, **kwargs: Any
        ) -> TaskResult[R]: ...
        @overload
        def add_task(
            self, func: Callable[..., R], /, *args: Any, **kwargs: Any
        ) -> TaskResult[R]: ...

    def add_task(
        self,
        func: Any,
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
        options = {
            "priority": priority,
            "delay_ms": delay_ms,
            "max_retries": max_retries,
            "timeout_ms": timeout_ms,
            "compile_to_c": compile_to_c,
        }
        given = {name: value for name, value in options.items() if value is not UNSET}
        return submit_function(func, self, given, args, kwargs)


@shielded
def home_of(runtime: Runtime) -> Home:
    """Return where the tasks of this runtime submit to."""
    return Home(runtime.registry, lambda: runtime)


def _own_home(runtime: Runtime) -> Home:
    """Return the same for tasks that the runtime itself holds."""
    reference = weakref.ref(runtime)

    def find() -> Runtime:
        found = reference()
        if found is None:
            raise RuntimeClosed("the runtime has been dropped")
        return found

    return Home(runtime.registry, find, owned=True)


def make_task(function: Callable[..., Any] | None, options: dict[str, Any], home: Home) -> Any:
    """Return a Task, or the decorator that makes one when there is no function yet."""
    if function is None:
        return lambda function: make_task(function, options, home)
    if isinstance(function, Task):
        return Task(function._jit_function, function._settings, home).options(**options)
    if not callable(function):
        raise TypeError(f"task: expected a function, not {shown(function)}")
    name = options.get("name") or getattr(function, "__name__", type(function).__name__)
    if not isinstance(name, str):
        raise TypeError(f"task: name must be a str, not {shown(name)}")
    settings = Settings(name).changed({**options, "name": name})
    function = plain(function)
    made: Task[..., Any] = Task(JitFunction(function, settings), settings, home)
    refresh_rosters(home.registry)
    return made


def submit_function(
    function: Callable[..., Any],
    runtime: Runtime,
    given: dict[str, Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> TaskResult[Any]:
    """Submit for add_task. The task is made once per function, given options and runtime.

    A task lives as long as its runtime. So functions that are made anew for each submission
    (lambdas, closures, partials, bound methods) share one per name, which is handed the
    function as an argument and calls it as Python.
    """
    if not callable(function):
        raise TypeError(f"add_task: expected a function or a task, not {shown(function)}")
    own = _parameters(function) if given else frozenset()
    kwargs |= {name: value for name, value in given.items() if name in own}
    options = {
        name: value
        for name, value in given.items()
        if name not in own and (value is not None or name == "timeout_ms")
    }
    rest = tuple(sorted(options.items(), key=lambda item: item[0]))
    if options.get("compile_to_c") or not _is_transient(function):
        known: Task[..., Any] = runtime.known_task(
            (function, rest), lambda: make_task(function, options, _own_home(runtime))
        )
        return known.submit(*args, **kwargs)
    name = getattr(function, "__name__", type(function).__name__)
    carry = _carry_async if is_coroutine_function(function) else _carry
    return _carrier(runtime, carry, name, options).submit(function, *args, **kwargs)


def _carrier(
    runtime: Runtime, carry: Callable[..., Any], name: str, options: dict[str, Any]
) -> Task[..., Any]:
    """Return the runtime's task of this name which calls its first argument."""
    rest = tuple(sorted(options.items(), key=lambda item: item[0]))
    options = {**options, "name": name, "compile_to_c": False}
    made: Task[..., Any] = runtime.known_task(
        ("carrier", carry, name, rest), lambda: make_task(carry, options, _own_home(runtime))
    )
    return made


def _call(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


#: The same without a frame of Python, since 3.11.
_carry: Callable[..., Any] = getattr(operator, "call", _call)


def _is_transient(function: Callable[..., Any]) -> bool:
    if isinstance(function, Task):
        return False
    plain = isinstance(function, types.FunctionType)
    return not plain or function.__closure__ is not None or function.__name__ == "<lambda>"
