"""How a map of a task is queued: as machine code where its arguments fit, else as Python."""

from __future__ import annotations

import dis
import functools
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import shown
from ..runtime import broadcast, compiled_map, python_map, task_log
from .jit_function import JitFunction
from .map_arguments import Columns
from .options import Settings

if TYPE_CHECKING:
    from ..compile import CompiledTask
    from ..runtime.batch import BatchResult
    from ..runtime.engine import Engine
    from .route import Route

_ERROR_MODES = ("raise", "collect")
#: More elements than a map can have.
LONGEST_CHUNK = 2**48


class Mapped(Protocol):
    """A task, as far as its maps go."""

    _jit_function: JitFunction
    _settings: Settings

    @property
    def name(self) -> str: ...
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any: ...
    def bind(self) -> Route: ...
    def _find_runtime(self) -> Engine: ...


def queue_map(
    task: Mapped, columns: Columns, out: Any, collect: bool, progress: bool, chunk_size: int
) -> BatchResult[Any]:
    """Queue a map of the task as machine code if its arguments fit, else as Python."""
    route = task.bind()
    runtime = task._find_runtime()
    form = route.form_for(columns.values)
    if form is not None and not _hides_values(form, task._jit_function.function):
        try:
            return compiled_map.submit_compiled(
                runtime.start(), form, task.name, columns.values, out=out,
                level=task._settings.priority.level, collect=collect, chunk_size=chunk_size,
                settle=functools.partial(task._jit_function.settle_item, form),
                progress=progress, arena=task._settings.memory_arena,
                again=task._jit_function.calling.by_position if form.pure else None,
                any_number=task._jit_function.mode == "require",
            )  # fmt: skip
        except broadcast.UnfitArgument as error:
            if task._jit_function.mode == "require" and not _boxed(form):
                raise error.plain() from error.__cause__
    return _queue_python_map(task, runtime, columns, out, collect, progress)


def _queue_python_map(
    task: Mapped, runtime: Engine, columns: Columns, out: Any, collect: bool, progress: bool
) -> BatchResult[Any]:
    name, level = task.name, task._settings.priority.level
    backend = runtime.start()
    base = runtime.submitter(("map", name), lambda backend: backend.carrier(name))
    submitter = base.at_level(level, _no_slow_path)
    workers = max(1, runtime.settings.python_workers - 1)
    call = columns.caller(task._jit_function.in_loops(task))
    log = task_log.TaskLog() if task._settings.capture_logs else None
    if log is not None:
        call = task_log.captured(call, log)
    made = python_map.submit_python(
        backend, submitter, call, name, columns.labels, columns.values,
        out=out, collect=collect, workers=workers, progress=progress,
        count=lambda items: backend.count_items(name, level, items),
    )  # fmt: skip
    if log is not None:
        task_log.attach(log, made)
    return made


def _no_slow_path(*_: Any, **__: Any) -> Any:
    raise AssertionError("a map submits nothing but its own work")


def _hides_values(form: CompiledTask, function: Any) -> bool:
    """Tell whether Python may give values for elements, where compiled code gives none for any.

    Each `return` with a value may lie behind what compiled code leaves to Python, such as
    `except ValueError`; its map would have no array for them.
    """
    return form.pure and form.result.code == "n" and _returns_a_value(function)


def _returns_a_value(function: Any) -> bool:
    before: dis.Instruction | None = None
    for each in dis.get_instructions(function):
        from_stack = each.opname == "RETURN_VALUE"
        told = before if from_stack else each if each.opname == "RETURN_CONST" else None
        if told is not None:
            constant = told.opname in ("LOAD_CONST", "RETURN_CONST")
            if not constant or told.argval is not None:
                return True
        before = each
    return False


def _boxed(compiled: CompiledTask) -> bool:
    return any(slot.code == "O" for slot in (compiled.result, *compiled.arguments))


def collects(name: str, errors: str) -> bool:
    """Tell whether a map goes on after an item that fails; ValueError for another word."""
    if not isinstance(errors, str) or errors not in _ERROR_MODES:
        raise ValueError(f"task {name}: errors must be one of {_ERROR_MODES}, not {shown(errors)}")
    return errors == "collect"


def chunk_size_of(name: str, value: int | str) -> int:
    """Return the elements of a chunk, 0 for a choice by their cost."""
    if isinstance(value, str) and value == "auto":
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(
            f"task {name}: chunk_size must be 'auto' or a positive int, not {shown(value)}"
        )
    return min(value, LONGEST_CHUNK)
