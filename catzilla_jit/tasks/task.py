"""Tasks: where the compile stage and the runtime meet.

A Task holds a function, its options and the JitFunction that compiles it. Its `submit` is a slot
that is empty at first: the first submission compiles, starts the runtime, makes a Route and puts
that one's `submit` there, so that later ones go straight to native code.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import sys
import weakref
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from ..pools.direct_call import DirectCall
from ..pools.interrupt import shielded
from ..runtime import promise
from ..types import TaskPriority
from .bound import BoundTask
from .coroutine_function import code_of, is_coroutine_function
from .each import rows_of
from .jit_function import JitFunction
from .map_arguments import Columns
from .maps import chunk_size_of, collects, queue_map
from .options import MOST_VARIANTS, Settings, key_of
from .route import Route
from .submission import FirstSubmission

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Self, Unpack

    from ..compile import Explanation
    from ..runtime.batch import BatchResult
    from ..runtime.engine import Engine
    from ..runtime.result import TaskResult
    from ..runtime.warmup import Registry
    from ..stats.roster import Entry
    from .options import TaskOptions

    Awaited = TaskResult[Any] | BatchResult[Any]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")


@dataclasses.dataclass(frozen=True, slots=True)
class Home:
    """Where the submissions of a task go: one engine, or what is the default one by then.

    owned: the engine holds the task, which therefore does not hold it.
    """

    registry: Registry
    find: Callable[[], Engine]
    owned: bool = False


class Task(DirectCall, Generic[P, R]):
    """A function that can be submitted; calling it runs it here and now."""

    if TYPE_CHECKING:
        # Without `submit`, which type checkers would take for an attribute.
        __slots__ = ("__dict__", "__weakref__", "_home", "_route", "_jit_function", "_settings")

        @overload
        def submit(self, /, *args: P.args, **kwargs: P.kwargs) -> TaskResult[R]: ...
        @overload  # results stand for their values; said for the first arguments
        def submit(self, first: Awaited, /, *args: Any, **kwargs: Any) -> TaskResult[R]: ...
        @overload
        def submit(
            self, first: object, second: Awaited, /, *args: Any, **kwargs: Any
        ) -> TaskResult[R]: ...
        def submit(self, /, *args: Any, **kwargs: Any) -> TaskResult[R]:
            """Queue a call of the task; return its handle.

            Any thread. Raises TypeError for arguments that the task cannot take, QueueFull
            where the runtime was told to, RuntimeClosed after its shutdown.
            """

        def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
            """Run the function here and now; compiled if that has happened already."""

    else:
        __slots__ = (
            "__dict__", "__weakref__", "_home", "_route", "_jit_function", "_settings", "_variants",
            "submit",
        )  # fmt: skip

    def __init__(self, jit_function: JitFunction, settings: Settings, home: Home) -> None:
        self._jit_function = jit_function
        self._settings = settings
        self._home = home
        self._variants: dict[Any, Self] = {}  # what `options` has made
        functools.update_wrapper(self, jit_function.function)
        if is_coroutine_function(jit_function.function):
            self._be_coroutine_function()
        home.registry.add(self)
        self.detach()

    def _be_coroutine_function(self) -> None:
        """Let `inspect.iscoroutinefunction` say True, which web frameworks ask before a call."""
        if sys.version_info >= (3, 12):
            inspect.markcoroutinefunction(self)
        else:  # it looks at the code of what has all attributes of a function
            code = code_of(self._jit_function.function)
            vars(self).update(__code__=code, __defaults__=None, __kwdefaults__=None)
            vars(self).setdefault("__name__", self.name)

    def __repr__(self) -> str:
        if self._jit_function.forms:
            state = "compiled"
        else:
            state = "runs as Python" if self._jit_function.settled else "not compiled yet"
        return f"<Task {self.name}, {state}>"

    def _repr_html_(self) -> str:
        from ..display.html import of_task

        jit_function = self._jit_function
        settled = bool(jit_function.forms) or jit_function.settled
        reasons = jit_function.explain().reasons if settled else ()
        signatures = [form.signature for form in jit_function.forms]
        return of_task(self.name, self.priority.value, signatures, reasons, settled)

    @property
    def name(self) -> str:
        """The task's name, unique or not."""
        return self._settings.name

    @property
    def __task_function__(self) -> Callable[..., Any] | None:
        """What compiled code calls where it names this task: the compile stage asks for it."""
        return self._jit_function.function if self._jit_function.mode is not False else None

    @property
    def priority(self) -> TaskPriority:
        """The level that submissions queue at."""
        return self._settings.priority

    @property
    def compiled(self) -> bool:
        """Whether the task runs as machine code; compiles it if that has not happened yet.

        A task whose hints leave types to the arguments is compiled from its first
        submission on.
        """
        self._jit_function.prepare()
        return bool(self._jit_function.forms or self._jit_function.in_place)

    def explain(self) -> Explanation:
        """Say whether the task is compiled, as what, or why not; compile it if need be.

        `str()` of the answer is for people; `compiled`, `reasons`, `signature` and
        `compile_seconds` are for programs. `catzilla-jit explain FILE` does it for a file.
        """
        return self._jit_function.explain()

    def prepare(self) -> None:
        """Compile if that has not happened; no warning and no error if it cannot be."""
        self._jit_function.prepare()

    @property
    def roster_key(self) -> object:
        """The same for tasks that differ in how they are submitted only."""
        return self._jit_function

    def roster_entry(self) -> Entry:
        """Return what `catzilla-jit tasks` shows of the task; compiles nothing."""
        return self._jit_function.roster_entry()

    @property
    def wants_warming(self) -> bool:
        """Whether `prepare` has work to do."""
        return not self._jit_function.ready and self._jit_function.mode is not False

    def warm_up(self) -> Task[P, R]:
        """Compile now rather than at the first submission; return the task."""
        self._jit_function.compiled()
        return self

    @shielded
    def options(self, **options: Unpack[TaskOptions]) -> Self:
        """Return the same task with some options replaced; cheap, and reusable."""
        key = key_of(options)
        made = self._variants.get(key)
        if made is None:
            settings = self._settings.changed(dict(options))
            jit_function = self._jit_function
            if settings.compilation != jit_function.settings.compilation:
                jit_function = JitFunction(jit_function.function, settings)
            made = type(self)(jit_function, settings, self._home)
            if key is not None and len(self._variants) < MOST_VARIANTS:
                self._variants[key] = made
        return made

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(
        self: Task[Concatenate[Any, Q], R], instance: object, owner: type | None = None
    ) -> BoundTask[Q, R]: ...
    def __get__(self, instance: object | None, owner: type | None = None) -> Any:
        """Bind to the instance whose class the task is a method of."""
        return self if instance is None else BoundTask(self, instance)

    def __copy__(self) -> Task[P, R]:
        return self

    def __deepcopy__(self, memo: object) -> Task[P, R]:
        return self

    # --- binding to a pool ------------------------------------------------------------------

    def detach(self) -> None:
        """Forget the pool: the next submission looks for it again."""
        with contextlib.suppress(AttributeError):
            del self.submit
        self._route: Route | None = None
        self._set_direct((), self._jit_function.function)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name == "submit":  # its slot is empty
                return FirstSubmission(self)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @shielded
    def bind(self) -> Route:
        """Compile, start the runtime, and lead `submit` to its pool."""
        runtime = self._find_runtime()
        if self._route is None:
            itself = weakref.ref(self)  # the route lives on in the pool's submitters

            def moved() -> None:
                task = itself()
                if task is not None:
                    task._follow_placement()

            reach = self._home.find if self._home.owned else lambda: runtime
            route = Route(self._jit_function, self._settings, reach, moved)
            runtime.remember(self)
            self._route = route
            self._follow_placement()
        return self._route

    def _follow_placement(self) -> None:
        route = self._route
        if route is not None:
            self._set_direct(route.direct, route.function)
            self.submit = route.submit  # type: ignore[method-assign]

    def _find_runtime(self) -> Engine:
        return self._home.find()

    def submit_each(self, /, *columns: Any, **named: Any) -> list[TaskResult[R]]:
        """Queue one call per element of the columns, `submit` in a loop; return the handles.

        columns, named: an argument each, as iterables of one length; what is left out has its
        default in each call. Raises what `submit` does, with the element's index, before
        anything is queued; TypeError and ValueError for columns that are none or differ in length.
        Where arguments are plain numbers, some thousand calls are one entry of the queue. If the
        queue is full (and the runtime was told to raise) or is closed in the middle, the
        handles of what was queued are the exception's `submitted`; an interrupt, as Ctrl-C,
        cancels those besides.
        """
        jit_function, route = self._jit_function, self.bind()
        bound = jit_function.bound(columns, named)
        given = jit_function.signature.bind(*columns, **named).arguments
        plain = bool(jit_function.forms) and not jit_function.generic
        return route.submit_each(rows_of(self.name, bound, given, plain=plain))

    # --- maps -------------------------------------------------------------------------------

    if TYPE_CHECKING:
        # The arrays that the results of a float, an int, ... come in.

        @overload
        def map(self: Task[..., float], /, *arrays: Any, **options: Any) -> NDArray[np.float64]: ...
        @overload
        def map(self: Task[..., int], /, *arrays: Any, **options: Any) -> NDArray[np.int64]: ...
        @overload
        def map(self: Task[..., bool], /, *arrays: Any, **options: Any) -> NDArray[np.bool_]: ...
        @overload
        def map(
            self: Task[..., complex], /, *arrays: Any, **options: Any
        ) -> NDArray[np.complex128]: ...
        @overload
        def map(self, /, *arrays: Any, **options: Any) -> NDArray[Any]: ...

    def map(self, /, *arrays: Any, **options: Any) -> Any:
        """Run the task over arrays and wait; options as for submit_map. An array."""
        started: list[BatchResult[Any]] = []
        try:
            self._start_map(started, arrays, **options)
            return started[0].wait_alone()
        except BaseException:
            for batch in started:  # Ctrl-C may come between the two
                batch.cancel()
            raise

    def submit_map(
        self,
        /,
        *arrays: Any,
        out: Any = None,
        priority: TaskPriority | str | None = None,
        errors: str = "raise",
        progress: bool = False,
        chunk_size: int | str = "auto",
        **named: Any,
    ) -> BatchResult[NDArray[Any]]:
        """Queue one call per element of the arguments broadcast against each other.

        arrays, named: the arguments, as in Python, each an array, a list, an iterator or a
        scalar. Where the hint says that one call takes an array, a list or a tuple: a list
        of those, an array with rows, or one for all calls. A parameter that is called like
        an option of this method is passed by position. out: where the results go, of the
        broadcast shape and the result's type. errors: "raise" stops at a failing element,
        "collect" goes on, keeps the exceptions in `BatchResult.errors` and puts NaN there, NaT
        for times, zero or False where the type has none, None among objects. chunk_size:
        elements per chunk, or "auto" for about 0.1 ms of work. The arrays must not change
        before the batch has ended. The task's timeout_ms limits the whole map, from its
        submission.
        """
        started: list[BatchResult[Any]] = []
        self._start_map(
            started, arrays, out=out, priority=priority, errors=errors, progress=progress,
            chunk_size=chunk_size, **named,
        )  # fmt: skip
        return started[0]

    def _start_map(
        self,
        started: list[BatchResult[Any]],
        arrays: tuple[Any, ...],
        /,
        *,
        out: Any = None,
        priority: TaskPriority | str | None = None,
        errors: str = "raise",
        progress: bool = False,
        chunk_size: int | str = "auto",
        **named: Any,
    ) -> None:
        """Queue a map and put its handle into `started`, whatever comes then."""
        task = self if priority is None else self.options(priority=priority)
        settings = task._settings
        if settings.max_retries or settings.delay_ms:
            raise NotImplementedError(
                f"task {self.name}: delay_ms and max_retries do not apply to maps; use "
                "options(...) to reset them, or submit the elements one by one"
            )
        columns = Columns.of(self._jit_function.bound(arrays, named), self._jit_function.containers)
        promise.refuse_results(self.name, columns.labels, columns.values)
        task._queue_map(
            started, columns, out, collects(self.name, errors), progress,
            chunk_size_of(self.name, chunk_size),
        )  # fmt: skip

    @shielded
    def _queue_map(self, started: list[BatchResult[Any]], *arguments: Any) -> None:
        batch = queue_map(self, *arguments)
        if self._settings.timeout_ms is not None:
            batch.limit(self._settings.timeout_ms)
        observer = self._find_runtime().observer
        if observer is not None:
            observer(batch, self._jit_function.function, self._settings)
        started.append(batch)


if TYPE_CHECKING:

    class CoroutineTask(Task[P, R]):
        """A task over `async def`: a call gives a coroutine, a submission its value."""

        def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:  # type: ignore[override]
            """Return the coroutine, as without `@task`."""


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    """Return the names of the parameters that a function takes by keyword."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some of Python's built-in functions tell nothing
        return frozenset()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return frozenset(each.name for each in found if each.kind in named)


async def _carry_async(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return await function(*args, **kwargs)
