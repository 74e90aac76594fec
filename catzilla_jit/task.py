"""Tasks: where the compile stage and the runtime meet.

A Task holds a function, its options and the Program that compiles it. Its `submit` starts
as a Python method which compiles, starts the runtime and then puts the pool's own
submitter in its place: later submissions go straight to native code. What the
submitter cannot take as it is (keyword arguments, defaults, NumPy scalars, values that do
not fit) comes back here, to `_submit_slow`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from .errors import CompileError, CompileWarning
from .runtime import batch, default, layout, pythonbatch
from .types import TaskPriority

if TYPE_CHECKING:
    from .compile import CompiledTask, Reason
    from .runtime.backend import Backend, Submitter
    from .runtime.batch import BatchResult
    from .runtime.result import TaskResult
    from .runtime.runtime import Runtime

P = ParamSpec("P")
R = TypeVar("R")

_NOT_YET = {"max_retries": 0, "timeout_ms": None, "delay_ms": 0, "retry_delay_ms": 100,
            "retry_backoff": 2.0, "retry_jitter": 0.1, "retry_on": (Exception,)}  # fmt: skip
_COMPILE_MODES = (None, True, False, "require")
_ERROR_MODES = ("raise", "collect")


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The options of a task; see `task`."""

    name: str
    priority: TaskPriority = TaskPriority.NORMAL
    compile_to_c: bool | str | None = None
    boundscheck: bool = False
    fastmath: bool = False
    overflow: str = "check"

    def __post_init__(self) -> None:
        if not any(self.compile_to_c is mode for mode in _COMPILE_MODES[:3]) and (
            self.compile_to_c != "require"
        ):
            raise ValueError(
                f"task {self.name}: compile_to_c must be one of {_COMPILE_MODES}, "
                f"not {self.compile_to_c!r}"
            )
        if self.overflow not in ("check", "wrap"):
            raise ValueError(
                f"task {self.name}: overflow must be 'check' or 'wrap', not {self.overflow!r}"
            )

    def changed(self, options: dict[str, Any]) -> Settings:
        """Return these settings with some replaced; TypeError for an unknown option."""
        options = dict(options)
        for option, usual in _NOT_YET.items():
            if option in options and options.pop(option) != usual:
                raise NotImplementedError(f"task {self.name}: {option} is not available yet")
        known = {field.name for field in dataclasses.fields(self)}
        for option in options:
            if option not in known:
                raise TypeError(f"task {self.name}: unknown option {option!r}")
        if "priority" in options:
            where = f"task {self.name}"
            options["priority"] = TaskPriority.parse(options["priority"], where=where)
        return dataclasses.replace(self, **options)


class Program:
    """A function and what became of compiling it; shared by all tasks made of it."""

    def __init__(self, function: Callable[..., Any], settings: Settings) -> None:
        self.function = function
        self.settings = settings
        self.reasons: tuple[Reason, ...] = ()
        self._compiled: CompiledTask | None = None
        self._ready = False
        self._lock = threading.RLock()

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        return inspect.signature(self.function)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def mode(self) -> bool | str | None:
        return self.settings.compile_to_c

    def compiled(self) -> CompiledTask | None:
        """Compile on the first call; None: it runs as Python. CompileError if it must not."""
        if not self._ready:
            with self._lock:
                if not self._ready:
                    self._compile()
        return self._compiled

    def compiled_now(self) -> CompiledTask | None:
        """Return the compiled task if there is one by now."""
        return self._compiled

    def _compile(self) -> None:
        if self.mode is False:
            self._ready = True
            return
        # The import of Numba: not before something is to be compiled.
        from .compile import CompileRefused, compile_task

        settings = self.settings
        try:
            self._compiled = compile_task(
                self.function,
                name=settings.name,
                fastmath=settings.fastmath,
                boundscheck=settings.boundscheck,
                overflow=settings.overflow,
            )
        except CompileRefused as refused:
            self.reasons = refused.reasons
            if self.mode == "require":
                raise CompileError(str(refused)) from None
            if self.mode is True:
                warnings.warn(f"{refused}; it runs as Python", CompileWarning, stacklevel=6)
        self._ready = True

    def settle(
        self, status: int, error: int, arguments: tuple[Any, ...] | None
    ) -> tuple[bool, Any]:
        """Turn a failed compiled call into its exception, or into the value Python gives."""
        compiled = self._compiled
        assert compiled is not None
        if arguments is not None and self.can_rerun and status == _overflow_status():
            try:
                return False, self.function(*arguments)
            except BaseException as exception:
                return True, exception
        try:
            compiled.raise_error(status, error)
        except BaseException as exception:
            return True, exception.with_traceback(_inside_task(exception))

    @property
    def can_rerun(self) -> bool:
        compiled = self._compiled
        return compiled is not None and compiled.pure

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """Return one value per parameter, defaults filled in; TypeError names the task."""
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"task {self.name}: {error}") from None
        bound.apply_defaults()
        return list(bound.arguments.values())


def _overflow_status() -> int:
    from .compile import STATUS_OVERFLOW

    return STATUS_OVERFLOW


def _inside_task(exception: BaseException) -> Any:
    """Return the part of the traceback that lies in the task's own source."""
    frame = exception.__traceback__
    own = __file__.rpartition("/")[0] + "/"
    while frame is not None and frame.tb_frame.f_code.co_filename.startswith(own):
        frame = frame.tb_next
    return frame


class Task(Generic[P, R]):
    """A function that can be submitted; calling it runs it here and now."""

    __slots__ = (
        "__dict__", "__weakref__", "_call", "_program", "_runtime", "_settings", "_submit_python",
        "submit",
    )  # fmt: skip

    if TYPE_CHECKING:

        def submit(self, *args: P.args, **kwargs: P.kwargs) -> TaskResult[R]:
            """Queue a call of the task; return its handle.

            Any thread. Raises TypeError or OverflowError for arguments that the task cannot
            take, QueueFull where the runtime was told to, RuntimeClosed after its shutdown.
            """

    def __init__(
        self, program: Program, settings: Settings, runtime: Runtime | None = None
    ) -> None:
        self._program = program
        self._settings = settings
        self._runtime = runtime
        functools.update_wrapper(self, program.function)
        self.detach()

    def __repr__(self) -> str:
        if not self._program._ready:
            state = "not compiled yet"
        else:
            state = "compiled" if self._program.compiled_now() else "runs as Python"
        return f"<Task {self.name}, {state}>"

    @property
    def name(self) -> str:
        """The task's name, unique or not."""
        return self._settings.name

    @property
    def priority(self) -> TaskPriority:
        """The level that submissions queue at."""
        return self._settings.priority

    @property
    def compiled(self) -> bool:
        """Whether the task runs as machine code; compiles it if that has not happened yet."""
        try:
            return self._program.compiled() is not None
        except CompileError:
            return False

    def warm_up(self) -> Task[P, R]:
        """Compile now rather than at the first submission; return the task."""
        self._program.compiled()
        return self

    def options(self, **options: Any) -> Task[P, R]:
        """Return the same task with some options replaced; cheap, and reusable."""
        settings = self._settings.changed(options)
        program = self._program
        if _compile_settings(settings) != _compile_settings(program.settings):
            program = Program(program.function, settings)
        return Task(program, settings, self._runtime)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function here and now; compiled if that has happened already."""
        call = self._call
        if call is not None:
            value = call(*args, **kwargs)
            if value is not NotImplemented:
                return value  # type: ignore[no-any-return]
        return self._program.function(*args, **kwargs)  # type: ignore[no-any-return]

    # --- binding to a pool ------------------------------------------------------------------

    def detach(self) -> None:
        """Forget the pool: the next submission looks for it again."""
        self.submit = self._bind_and_submit  # type: ignore[method-assign]
        self._call: Callable[..., Any] | None = None
        self._submit_python: Callable[..., Any] | None = None

    def _bind_and_submit(self, *args: Any, **kwargs: Any) -> TaskResult[R]:
        self._bind()
        return self.submit(*args, **kwargs)

    def _find_runtime(self) -> Runtime:
        return self._runtime if self._runtime is not None else default.get_runtime()

    def _bind(self) -> Runtime:
        runtime = self._find_runtime()
        runtime.start()
        compiled = self._program.compiled() if runtime.enable_c_compilation else None
        level = self._settings.priority.level
        if compiled is None:
            self.submit = self._python_submit(runtime)  # type: ignore[method-assign]
        else:
            base = self._compiled_submitter(runtime, compiled)
            submitter = base.at_level(level, self._submit_slow)
            self._call = submitter.call
            self.submit = submitter.submit  # type: ignore[method-assign]
        runtime.remember(self)
        return runtime

    def _compiled_submitter(self, runtime: Runtime, compiled: CompiledTask) -> Submitter:
        program = self._program

        def make(backend: Backend) -> Submitter:
            return backend.compiled(compiled, program.settle, can_rerun=program.can_rerun)

        return runtime.submitter((program, "compiled"), make)

    def _python_submit(self, runtime: Runtime) -> Callable[..., Any]:
        if self._submit_python is None:
            program = self._program
            base = runtime.submitter(
                (program, "python"),
                lambda backend: backend.python(program.name, program.function),
            )
            level = self._settings.priority.level
            self._submit_python = base.at_level(level, self._submit_slow).submit_python
        return self._submit_python

    # --- what the submitter does not take as it is ------------------------------------------------

    def _submit_slow(self, *args: Any, **kwargs: Any) -> TaskResult[R]:
        compiled = self._program.compiled_now()
        assert compiled is not None
        values = self._program.bind(args, kwargs)
        fitting = []
        for slot, value in zip(compiled.arguments, values, strict=True):
            try:
                fitting.append(layout.exact(slot.code, value))
            except layout.Unfit as error:
                if self._program.mode == "require":
                    raise error.kind(f"task {self.name}: argument {slot.name!r} {error}") from None
                # Python's own answer for these arguments, whatever it is.
                return self._python_submit(self._find_runtime())(*args, **kwargs)  # type: ignore[no-any-return]
        return self.submit(*fitting)  # type: ignore[call-arg]

    # --- maps -------------------------------------------------------------------------------------

    def map(self, *arrays: Any, **options: Any) -> Any:
        """Run the task over arrays and wait; options as for submit_map. An array."""
        return self.submit_map(*arrays, **options).wait()

    def submit_map(
        self,
        *arrays: Any,
        out: Any = None,
        priority: TaskPriority | str | None = None,
        errors: str = "raise",
        progress: bool = False,
        chunk_size: int | str = "auto",
    ) -> BatchResult[Any]:
        """Queue one call per element of the arguments broadcast against each other.

        arrays: one argument per parameter of the task, each an array, a list or a scalar.
        out: where the results go, of the broadcast shape and the result's type. errors:
        "raise" stops at a failing element, "collect" goes on and keeps the exceptions in
        `BatchResult.errors` (what `out` holds there is unspecified). chunk_size: elements
        per chunk, or "auto" for about 0.1 ms of work. The arrays must not change before
        the batch has ended.
        """
        task = self if priority is None else self.options(priority=priority)
        return task._submit_map(
            arrays, out, _collects(self.name, errors), progress, _chunk_size(self.name, chunk_size)
        )

    def _submit_map(
        self, arrays: Sequence[Any], out: Any, collect: bool, progress: bool, chunk_size: int
    ) -> BatchResult[Any]:
        runtime = self._bind()
        values = self._program.bind(tuple(arrays), {})
        compiled = self._program.compiled_now() if runtime.enable_c_compilation else None
        if compiled is not None:
            try:
                return batch.submit_compiled(
                    runtime.start(), compiled, self.name, values, out=out,
                    level=self._settings.priority.level, collect=collect,
                    chunk_size=chunk_size, settle=self._program.settle, progress=progress,
                )  # fmt: skip
            except batch.UnfitArgument:
                if self._program.mode == "require":
                    raise
        return self._submit_python_map(runtime, values, out, collect, progress)

    def _submit_python_map(
        self, runtime: Runtime, values: Sequence[Any], out: Any, collect: bool, progress: bool
    ) -> BatchResult[Any]:
        base = runtime.submitter(
            "python map", lambda backend: backend.python("map", lambda work: work())
        )
        submitter = base.at_level(self._settings.priority.level, self._submit_slow)
        workers = max(1, runtime.settings.python_workers - 1)
        names = list(self._program.signature.parameters)
        return pythonbatch.submit_python(
            submitter, self._program.function, self.name, names, values,
            out=out, collect=collect, workers=workers, progress=progress,
        )  # fmt: skip


def _collects(name: str, errors: str) -> bool:
    if errors not in _ERROR_MODES:
        raise ValueError(f"task {name}: errors must be one of {_ERROR_MODES}, not {errors!r}")
    return errors == "collect"


def _chunk_size(name: str, value: int | str) -> int:
    if value == "auto":
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"task {name}: chunk_size must be 'auto' or a positive int, not {value!r}")
    return value


def _compile_settings(settings: Settings) -> tuple[Any, ...]:
    return (settings.compile_to_c, settings.boundscheck, settings.fastmath, settings.overflow)


def make_task(
    function: Callable[..., Any] | None, options: dict[str, Any], runtime: Runtime | None
) -> Any:
    """Return a Task, or the decorator that makes one when there is no function yet."""
    if function is None:
        return lambda function: make_task(function, options, runtime)
    if isinstance(function, Task):
        return Task(function._program, function._settings, runtime).options(**options)
    if not callable(function):
        raise TypeError(f"task: expected a function, not {function!r}")
    name = options.get("name") or getattr(function, "__name__", type(function).__name__)
    if not isinstance(name, str):
        raise TypeError(f"task: name must be a str, not {name!r}")
    settings = Settings(name).changed({**options, "name": name})
    return Task(Program(function, settings), settings, runtime)


def task_for(
    function: Callable[..., Any], runtime: Runtime, options: dict[str, Any]
) -> Task[..., Any]:
    """Return the task for add_task: made once per function, options and runtime."""
    key = (function, tuple(sorted(options.items(), key=lambda item: item[0])))
    return runtime.known_task(key, lambda: make_task(function, options, runtime))


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(function: Any = None, /, **options: Any) -> Any:
    """Make a function a task of the default runtime.

    priority: a TaskPriority or its name. compile_to_c: None compiles where that gives
    Python's answer, True warns where it cannot, "require" raises CompileError there,
    False never compiles. name: in messages and statistics, by default the function's.
    boundscheck, fastmath: as in Numba. overflow: "check", or "wrap" for unchecked 64-bit
    integers.
    """
    return make_task(function, options, None)


def add_task(func: Callable[..., Any], *args: Any, **kwargs: Any) -> TaskResult[Any]:
    """Submit a function or a task to the default runtime; see Runtime.add_task."""
    return default.get_runtime().add_task(func, *args, **kwargs)
