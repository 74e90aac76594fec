"""Tasks: where the compile stage and the runtime meet.

A Task holds a function, its options and the Program that compiles it. Its `submit` starts
as a Python method which compiles, starts the runtime, makes a Placement and then puts
that one's `submit` in its place: later submissions go straight to native code.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from .columns import Columns
from .errors import shown
from .jitted import plain
from .method import BoundTask
from .placement import Placement
from .program import Program, is_coroutine_function
from .runtime import batch, default, promise, pythonbatch
from .runtime.directcall import DirectCall
from .runtime.interrupt import shielded
from .runtime.runtime import refresh_rosters
from .settings import Settings
from .types import TaskPriority

if TYPE_CHECKING:
    from .compile import CompiledTask, Explanation
    from .runtime.batch import BatchResult
    from .runtime.result import TaskResult
    from .runtime.roster import Entry
    from .runtime.runtime import Runtime
    from .runtime.warming import Registry

P = ParamSpec("P")
R = TypeVar("R")

_ERROR_MODES = ("raise", "collect")
#: More elements than a map can have.
LONGEST_CHUNK = 2**48


class Task(DirectCall, Generic[P, R]):
    """A function that can be submitted; calling it runs it here and now."""

    __slots__ = (
        "__dict__", "__weakref__", "_placement", "_program", "_runtime", "_settings", "submit",
    )  # fmt: skip

    if TYPE_CHECKING:

        def submit(self, /, *args: P.args, **kwargs: P.kwargs) -> TaskResult[R]:
            """Queue a call of the task; return its handle.

            Any thread. Raises TypeError for arguments that the task cannot take, QueueFull
            where the runtime was told to, RuntimeClosed after its shutdown.
            """

        def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
            """Run the function here and now; compiled if that has happened already."""

    def __init__(
        self, program: Program, settings: Settings, runtime: Runtime | None = None
    ) -> None:
        self._program = program
        self._settings = settings
        self._runtime = runtime
        functools.update_wrapper(self, program.function)
        if is_coroutine_function(program.function):
            self._be_coroutine_function()
        _registry(runtime).add(self)
        self.detach()

    def _be_coroutine_function(self) -> None:
        """Let `inspect.iscoroutinefunction` say True, which web frameworks ask before a call."""
        if sys.version_info >= (3, 12):
            inspect.markcoroutinefunction(self)
        else:  # it looks at the code of what has all attributes of a function
            function = self._program.function
            code = getattr(function, "__code__", None) or type(function).__call__.__code__
            vars(self).update(__code__=code, __defaults__=None, __kwdefaults__=None)
            vars(self).setdefault("__name__", self.name)

    def __repr__(self) -> str:
        if self._program.forms:
            state = "compiled"
        else:
            state = "runs as Python" if self._program.settled else "not compiled yet"
        return f"<Task {self.name}, {state}>"

    def _repr_html_(self) -> str:
        from .integrations.html import of_task

        return of_task(self)

    @property
    def name(self) -> str:
        """The task's name, unique or not."""
        return self._settings.name

    @property
    def __task_function__(self) -> Callable[..., Any] | None:
        """What compiled code calls where it names this task: the compile stage asks for it."""
        return self._program.function if self._program.mode is not False else None

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
        self._program.prepare()
        return bool(self._program.forms)

    def explain(self) -> Explanation:
        """Say whether the task is compiled, as what, or why not; compile it if need be.

        `str()` of the answer is for people; `compiled`, `reasons`, `signature` and
        `compile_seconds` are for programs. `catzilla-jit explain FILE` does it for a file.
        """
        return self._program.explain()

    def prepare(self) -> None:
        """Compile if that has not happened; no warning and no error if it cannot be."""
        self._program.prepare()

    @property
    def roster_key(self) -> object:
        """The same for tasks that differ in how they are submitted only."""
        return self._program

    def roster_entry(self) -> Entry:
        """Return what `catzilla-jit tasks` shows of the task; compiles nothing."""
        return self._program.roster_entry()

    @property
    def wants_warming(self) -> bool:
        """Whether `prepare` has work to do."""
        return not self._program.ready and self._program.mode is not False

    def warm_up(self) -> Task[P, R]:
        """Compile now rather than at the first submission; return the task."""
        self._program.compiled()
        return self

    @shielded
    def options(self, **options: Any) -> Task[P, R]:
        """Return the same task with some options replaced; cheap, and reusable."""
        settings = self._settings.changed(options)
        program = self._program
        if settings.compilation != program.settings.compilation:
            program = Program(program.function, settings)
        return Task(program, settings, self._runtime)

    @overload
    def __get__(self, instance: None, owner: type) -> Task[P, R]: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> BoundTask[R]: ...
    def __get__(
        self, instance: object | None, owner: type | None = None
    ) -> Task[P, R] | BoundTask[R]:
        """Bind to the instance whose class the task is a method of."""
        return self if instance is None else BoundTask(self, instance)

    # --- binding to a pool ------------------------------------------------------------------

    def detach(self) -> None:
        """Forget the pool: the next submission looks for it again."""
        self.submit = self._bind_and_submit  # type: ignore[method-assign]
        self._placement: Placement | None = None
        self._set_direct((), self._program.function)

    def _bind_and_submit(self, /, *args: Any, **kwargs: Any) -> TaskResult[R]:
        return self.bind().submit(*args, **kwargs)  # type: ignore[no-any-return]

    @shielded
    def bind(self) -> Placement:
        """Compile, start the runtime, and lead `submit` to its pool."""
        runtime = self._find_runtime()
        if self._placement is None:
            itself = weakref.ref(self)  # the placement lives on in the pool's submitters

            def moved() -> None:
                task = itself()
                if task is not None:
                    task._follow_placement()

            placement = Placement(self._program, self._settings, runtime, moved)
            runtime.remember(self)
            self._placement = placement
            self._follow_placement()
        return self._placement

    def _follow_placement(self) -> None:
        placement = self._placement
        if placement is not None:
            self._set_direct(placement.direct, placement.function)
            self.submit = placement.submit  # type: ignore[method-assign]

    def _find_runtime(self) -> Runtime:
        return self._runtime if self._runtime is not None else default.get_runtime()

    # --- maps -------------------------------------------------------------------------------

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
    ) -> BatchResult[Any]:
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
        columns = Columns.of(self._program.bound(arrays, named), self._program.containers)
        promise.refuse_results(self.name, columns.labels, columns.values)
        task._queue_map(
            started, columns, out, _collects(self.name, errors), progress,
            _chunk_size(self.name, chunk_size),
        )  # fmt: skip

    @shielded
    def _queue_map(self, started: list[BatchResult[Any]], *arguments: Any) -> None:
        batch = self._submit_map(*arguments)
        if self._settings.timeout_ms is not None:
            batch.limit(self._settings.timeout_ms)
        started.append(batch)

    def _submit_map(
        self, columns: Columns, out: Any, collect: bool, progress: bool, chunk_size: int
    ) -> BatchResult[Any]:
        placement = self.bind()
        runtime = self._find_runtime()
        form = placement.form_for(columns.values)
        if form is not None:
            try:
                return batch.submit_compiled(
                    runtime.start(), form, self.name, columns.values, out=out,
                    level=self._settings.priority.level, collect=collect, chunk_size=chunk_size,
                    settle=functools.partial(self._program.settle_item, form), progress=progress,
                    arena=self._settings.memory_arena,
                    again=self._program.function if form.pure else None,
                    any_number=self._program.mode == "require",
                )  # fmt: skip
            except batch.UnfitArgument as error:
                if self._program.mode == "require" and not _boxed(form):
                    raise error.plain() from error.__cause__
        return self._submit_python_map(runtime, columns, out, collect, progress)

    def _submit_python_map(
        self, runtime: Runtime, columns: Columns, out: Any, collect: bool, progress: bool
    ) -> BatchResult[Any]:
        name, level = self.name, self._settings.priority.level
        backend = runtime.start()
        base = runtime.submitter(("map", name), lambda backend: backend.carrier(name))
        submitter = base.at_level(level, _no_slow_path)
        workers = max(1, runtime.settings.python_workers - 1)
        call = columns.caller(self._program.in_loops(self))
        return pythonbatch.submit_python(
            backend, submitter, call, name, columns.labels, columns.values,
            out=out, collect=collect, workers=workers, progress=progress,
            count=lambda items: backend.count_items(name, level, items),
        )  # fmt: skip


def _no_slow_path(*_: Any, **__: Any) -> Any:
    raise AssertionError("a map submits nothing but its own work")


def _boxed(compiled: CompiledTask) -> bool:
    return any(slot.code == "O" for slot in (compiled.result, *compiled.arguments))


def _collects(name: str, errors: str) -> bool:
    if not isinstance(errors, str) or errors not in _ERROR_MODES:
        raise ValueError(f"task {name}: errors must be one of {_ERROR_MODES}, not {shown(errors)}")
    return errors == "collect"


def _chunk_size(name: str, value: int | str) -> int:
    if isinstance(value, str) and value == "auto":
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(
            f"task {name}: chunk_size must be 'auto' or a positive int, not {shown(value)}"
        )
    return min(value, LONGEST_CHUNK)


def _registry(runtime: Runtime | None) -> Registry:
    return default.registry if runtime is None else runtime.registry


@shielded
def make_task(
    function: Callable[..., Any] | None, options: dict[str, Any], runtime: Runtime | None
) -> Any:
    """Return a Task, or the decorator that makes one when there is no function yet."""
    if function is None:
        return lambda function: make_task(function, options, runtime)
    if isinstance(function, Task):
        return Task(function._program, function._settings, runtime).options(**options)
    if not callable(function):
        raise TypeError(f"task: expected a function, not {shown(function)}")
    name = options.get("name") or getattr(function, "__name__", type(function).__name__)
    if not isinstance(name, str):
        raise TypeError(f"task: name must be a str, not {shown(name)}")
    settings = Settings(name).changed({**options, "name": name})
    function = plain(function)
    made: Task[..., Any] = Task(Program(function, settings), settings, runtime)
    refresh_rosters(_registry(runtime))
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
        known = runtime.known_task((function, rest), lambda: make_task(function, options, runtime))
        return known.submit(*args, **kwargs)
    name = getattr(function, "__name__", type(function).__name__)
    carry = _carry_async if is_coroutine_function(function) else _carry
    carrier = runtime.known_task(
        ("carrier", carry, name, rest),
        lambda: make_task(carry, {**options, "name": name, "compile_to_c": False}, runtime),
    )
    return carrier.submit(function, *args, **kwargs)


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    """Return the names of the parameters that a function takes by keyword."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some of Python's built-in functions tell nothing
        return frozenset()
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return frozenset(each.name for each in found if each.kind in named)


def _carry(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


async def _carry_async(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    return await function(*args, **kwargs)


def _is_transient(function: Callable[..., Any]) -> bool:
    if isinstance(function, Task):
        return False
    plain = isinstance(function, types.FunctionType)
    return not plain or function.__closure__ is not None or function.__name__ == "<lambda>"


@overload
def task(function: Callable[P, R], /, **options: Any) -> Task[P, R]: ...
@overload
def task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(function: Any = None, /, **options: Any) -> Any:
    """Make a function a task of the default runtime.

    name: in messages and statistics, by default the function's. priority: a TaskPriority or
    its name. compile_to_c: None compiles where that gives Python's answer, True warns
    where it cannot, "require" raises CompileError there, False never compiles.
    boundscheck: whether array indices are checked; by default they are unless compile_to_c
    asks for compilation. fastmath: as in Numba. overflow: "check", or "wrap" for unchecked
    64-bit integers.

    memory_arena: keep records, and the memory that runs allocate, in an arena of jemalloc's
    for this task; `memory_stats()` then tells its share (docs/memory.md). Has no effect, and
    says so once, in a process that does not run on jemalloc.

    delay_ms: how long to wait before a submission is queued. timeout_ms: how long one run
    may take; then the task is stopped and fails with TaskTimeout. max_retries: how often
    to try again after an exception of the types `retry_on`; before try n it waits
    retry_delay_ms * retry_backoff ** (n - 1), randomly up to the fraction retry_jitter
    more or less.
    """
    return make_task(function, options, None)


def add_task(func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> TaskResult[Any]:
    """Submit a function or a task to the default runtime; see Runtime.add_task."""
    return default.get_runtime().add_task(func, *args, **kwargs)
