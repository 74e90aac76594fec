"""What `explain` is pointed at: MODULE_OR_FILE[:FUNCTION], imported, and the functions in it."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.util
import os
import sys
import traceback
import types
from typing import TYPE_CHECKING, Any

from ..display.terminal import printable
from .exit_codes import Failure

if TYPE_CHECKING:
    from ..tasks.task import Task


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """A function to explain: a task, or a plain function that could be one."""

    name: str  # as it is reached from the module
    task: Task[..., Any]
    file: str
    line: int


def find(text: str, *, verbose: bool) -> list[Subject]:
    """Import what the text names and return its functions in the order of the source.

    Failure where it cannot be imported, or where the named function is not there.
    """
    where, function = _split(text)
    module = _import(where, verbose=verbose)
    from ..tasks.task import Task  # what costs time is imported after what may be wrong

    if function:
        return [_named(module, where, function)]
    own = [
        _subject(name, value)
        for name, value in vars(module).items()
        if isinstance(value, Task) or _is_annotated(value, module)
    ]
    # One name per function: `a = b = task` and recorded tasks count once.
    unique = {id(subject.task._jit_function.function): subject for subject in reversed(own)}
    return sorted(unique.values(), key=lambda subject: (subject.file, subject.line))


def _split(text: str) -> tuple[str, str]:
    where, colon, function = text.rpartition(":")
    if not colon or os.path.exists(text):
        return text, ""
    return where, function


def _import(where: str, *, verbose: bool) -> types.ModuleType:
    is_file = where.endswith(".py") or os.path.isfile(where)
    if is_file and not os.path.isfile(where):
        raise Failure(f"there is no file {printable(where)}")
    try:
        # What the module prints is not this command's output.
        with contextlib.redirect_stdout(sys.stderr):
            return _import_file(where) if is_file else _import_module(where)
    except (Exception, SystemExit) as error:
        if verbose:
            traceback.print_exc()
        raise Failure(
            f"importing {printable(where)} failed: {_told(error)}"
            + ("" if verbose else " (--verbose shows where)")
        ) from error


def _told(error: BaseException) -> str:
    return printable(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _import_file(path: str) -> types.ModuleType:
    path = os.path.abspath(path)
    name = os.path.splitext(os.path.basename(path))[0]
    # Its neighbours are found as they are by `python FILE`.
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _import_module(name: str) -> types.ModuleType:
    sys.path.insert(0, os.getcwd())
    return importlib.import_module(name)


def _is_annotated(value: object, module: types.ModuleType) -> bool:
    return (
        isinstance(value, types.FunctionType)
        and value.__module__ == module.__name__
        and value.__name__ != "<lambda>"
        and bool(value.__annotations__)
    )


def _named(module: types.ModuleType, where: str, function: str) -> Subject:
    value: Any = module
    for part in function.split("."):
        value = getattr(value, part, None)
    if value is None or not callable(value):
        raise Failure(f"there is no function {printable(function)} in {printable(where)}")
    return _subject(function, value)


def _subject(name: str, value: Any) -> Subject:
    from ..tasks.default import task
    from ..tasks.task import Task

    made: Task[..., Any] = value if isinstance(value, Task) else task(value)
    code = getattr(made._jit_function.function, "__code__", None)
    if code is None:
        return Subject(name, made, "", 0)
    return Subject(name, made, code.co_filename, code.co_firstlineno)
