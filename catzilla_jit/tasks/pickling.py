"""How a task travels to another process: by name as a function does, else by value.

By name where a module has it, under which the other process finds its own task. A task with other
options goes as the named one and its options, a task over a function that has a name as the
function and the options. All else goes by value, which takes cloudpickle: what is made in a
function, and what stands in `__main__`, which is another module elsewhere. Where that task
arrives again it is not made again, so it is compiled once. In its new process it belongs to the
default runtime.
"""

from __future__ import annotations

import dataclasses
import importlib
import pickle
import sys
import threading
import types
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..posix import at_fork
from .options import Settings

if TYPE_CHECKING:
    from .task import Task

#: Tasks that came by value and are known by their bytes.
MOST_KNOWN = 64

_lock = threading.RLock()  # guards the next; a finalizer may unpickle
_known: OrderedDict[bytes, Any] = OrderedDict()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()  # a thread that does not exist here may hold the other


at_fork(after_in_child=_after_fork_in_child)


class _Here(threading.local):
    def __init__(self) -> None:
        self.leaving: dict[int, Any] = {}  # by id: tasks that are being pickled by value
        self.arriving: dict[int, Any] = {}  # by the same number: those being made of that


_here = _Here()


#: over(function, options) makes a task of the default runtime; in default.py, which is above.
Over = Callable[[Any, dict[str, Any]], Any]


def reduced(over: Over, task: Task[..., Any]) -> str | tuple[Any, ...]:
    """Return what `__reduce__` of a task would return; pickled with it, `over` is found by name."""
    function = task._jit_function.function
    if not isinstance(function, types.FunctionType):  # it says itself how it is pickled
        return over, (function, _options(task._settings))
    module = getattr(task, "__module__", None) or "__main__"
    name: str = vars(task)["__qualname__"]
    found = _find(module, name)
    if found is function:
        return over, (function, _options(task._settings))
    if _goes_by_name(module):
        if found is task:
            return name
        if isinstance(found, type(task)) and found._jit_function.function is function:
            return _with_options, (found, _options(task._settings))
    return _by_value(over, task, f"{module}.{name}")


def _find(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _goes_by_name(module: str) -> bool:
    cloudpickle = _cloudpickle()
    if cloudpickle is None:
        return True
    return module != "__main__" and module not in cloudpickle.list_registry_pickle_by_value()


def _cloudpickle() -> Any:
    try:
        return importlib.import_module("cloudpickle")
    except ImportError:
        return None


def _options(settings: Settings) -> dict[str, Any]:
    """Return what differs from the defaults."""
    return {
        field.name: getattr(settings, field.name)
        for field in dataclasses.fields(settings)
        if field.name == "name" or getattr(settings, field.name) != field.default
    }


def _with_options(task: Task[..., Any], options: dict[str, Any]) -> Task[..., Any]:
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(Settings)
        if field.default is not dataclasses.MISSING
    }
    return task.options(**{**defaults, **options})


def _by_value(over: Over, task: Task[..., Any], place: str) -> tuple[Any, ...]:
    number = id(task)
    if number in _here.leaving:  # its function refers to it
        return _itself, (number,)
    cloudpickle = _cloudpickle()
    if cloudpickle is None:
        raise pickle.PicklingError(
            f"task {task.name}: it is not {place}, where another process would look for it, and "
            "cloudpickle, which pickles functions by value, is not installed"
        )
    _here.leaving[number] = task
    try:
        function = cloudpickle.dumps(task._jit_function.function)
    finally:
        del _here.leaving[number]
    return _arrive, (type(task), over, number, function, _options(task._settings))


def _itself(number: int) -> Task[..., Any]:
    arriving: Task[..., Any] = _here.arriving[number]
    return arriving


def _arrive(
    kind: type[Task[..., Any]], over: Over, number: int, function: bytes, options: dict[str, Any]
) -> Task[..., Any]:
    key = function + repr(sorted(options.items())).encode()
    with _lock:
        known = _known.get(key)
        if known is not None:
            _known.move_to_end(key)
            return known  # type: ignore[no-any-return]
        task: Task[..., Any] = kind.__new__(kind)
        _here.arriving[number] = task
        try:
            made = over(pickle.loads(function), options)
        finally:
            del _here.arriving[number]
        task.__init__(made._jit_function, made._settings, made._home)  # type: ignore[misc]
        _known[key] = task
        if len(_known) > MOST_KNOWN:
            _known.popitem(last=False)
    return task
