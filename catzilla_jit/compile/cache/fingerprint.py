"""What a function's machine code depends on, as one digest.

Two functions with the same digest have the same code, so one compiled for the other can be used:
in the same process (a cell that is run again) and in the next (the disk cache). The digest covers
the bytecode, the constants, globals and closures it names, the same of every helper it can call,
the options, the argument types, and the versions of what compiles. A value that another process
may not have is not portable: the digest then holds its identity, and nothing is written to disk.
Numba is not imported here: a task that is loaded from the cache does without it.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import sys
import types as pytypes
from collections.abc import Sequence
from typing import Any

import numpy

from catzilla_jit import importing
from catzilla_jit.compile.cache.toolchain import installation, is_set_in_code
from catzilla_jit.compile.frontend.names import (
    ALONG,
    STANDS_FOR,
    imported_in,
    is_filled,
    is_installed,
    named_values,
    names_in,
    ufunc_of_scipy,
)
from catzilla_jit.compile.frontend.subclasses import subclass_in
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.target.warnings_filter import quiet


def fingerprint(
    function: pytypes.FunctionType,
    argument_types: Sequence[str],
    options: Options,
    classes: Sequence[type] = (),
) -> tuple[str, bool]:
    """Return the digest and whether it means the same in another process.

    The types come as Numba shows them, which is by the names of classes; classes: these.
    """
    writer = _Writer()
    limit = sys.getrecursionlimit()  # the code leaves where Python would (`target/recursion.py`)
    writer.text("for", installation(), repr(options), repr(limit), *argument_types)
    for class_ in classes:
        writer.value(class_)
    writer.function(function)
    return writer.digest.hexdigest(), writer.portable and not is_set_in_code()


class _Writer:
    """Feeds a digest with functions and values; each function once."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.portable = True
        self._seen: dict[int, int] = {}
        self._walked: set[tuple[int, frozenset[str]]] = set()

    def text(self, *parts: str) -> None:
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            self.digest.update(len(data).to_bytes(8, "little") + data)

    def function(self, function: pytypes.FunctionType) -> None:
        if id(function) in self._seen:
            self.text("seen", str(self._seen[id(function)]))
            return
        self._seen[id(function)] = len(self._seen)
        self.text("function", function.__qualname__)
        self.code(function.__code__)
        self.value(function.__defaults__)
        self.value(function.__kwdefaults__)
        for name, value in named_values(function, function.__code__):
            self.text("global", name)
            self.value(value, names=frozenset(names_in(function.__code__)))
        for name in sorted(set(imported_in(function.__code__)) & sys.modules.keys()):
            self.text("import", name)
            self.value(sys.modules[name], names=frozenset(names_in(function.__code__)))
        for cell in function.__closure__ or ():
            self.text("cell")
            self.value(cell.cell_contents if is_filled(cell) else None)

    def code(self, code: pytypes.CodeType) -> None:
        self.text("code", code.co_code.hex(), code.co_linetable.hex(), str(code.co_firstlineno))
        self.text(*code.co_names, "|", *code.co_varnames, "|", *code.co_freevars, "|")
        self.text(*code.co_cellvars, "|", str(code.co_flags), str(code.co_argcount))
        self.text(getattr(code, "co_exceptiontable", b"").hex())  # since 3.11
        if not is_cell(code.co_filename):
            self.text(code.co_filename)
        for constant in code.co_consts:
            self.value(constant)

    def value(self, value: Any, names: frozenset[str] = frozenset()) -> None:
        """Write a value; of a module, what `names` takes from it."""
        self.text(type(value).__module__, type(value).__qualname__)
        if type(value) is int:
            self.text(hex(value))  # Python limits the digits of decimal ones
        elif subclass_in(value) is not None:  # its methods may do anything
            self._callable(value)
        elif value is None or isinstance(value, bool | int | float | complex | str | bytes):
            self.text(repr(value))
        elif isinstance(value, pytypes.CodeType):
            self.code(value)
        elif isinstance(value, tuple | list | dict | frozenset | set):
            self._container(value)
        elif isinstance(value, pytypes.ModuleType):
            self._module(value, names)
        elif type(value) is numpy.ndarray and not value.dtype.hasobject:
            self.text(
                str(value.dtype), str(value.shape), hashlib.sha256(value.tobytes()).hexdigest()
            )
        else:
            self._callable(value)

    def _container(self, value: Any) -> None:
        items: Any = value
        if isinstance(value, dict):
            items = [part for pair in value.items() for part in pair]
        elif isinstance(value, frozenset | set):
            items = sorted(value, key=_order)
        self.text(str(len(items)))
        self.text(*getattr(value, "_fields", ()))
        for item in items:
            self.value(item)

    def _module(self, module: pytypes.ModuleType, names: frozenset[str]) -> None:
        self.text(module.__name__)
        if (id(module), names) in self._walked:
            return
        self._walked.add((id(module), names))
        installed = is_installed(module.__name__)
        for name in sorted(names):
            # Modules warn of names that they have no more, and the function may use them elsewhere.
            value = vars(module).get(name, _NONE)
            if value is _NONE and not installed:
                with quiet():
                    value = getattr(module, name, _NONE)
            if value is _NONE:
                continue
            self.text(name)
            if installed and not _is_plain(value):
                self.text(type(value).__module__, type(value).__qualname__)
            else:
                self.value(value, names)

    def _callable(self, value: Any) -> None:
        held = None if isinstance(value, type) else getattr(value, STANDS_FOR, None)
        if isinstance(held, pytypes.FunctionType):
            self.function(held)
        elif _is_dispatcher(value):
            self.text(repr(value.targetoptions))
            self.function(value.py_func)
        elif _is_installed(value) and value.__module__ not in ALONG:
            self.text(value.__module__ or "", value.__qualname__)
        elif ufunc_of_scipy(value) is not None:
            self.text("scipy.special", value.__name__, sys.modules["scipy"].__version__)
        elif isinstance(value, pytypes.FunctionType):
            self.function(value)
        elif isinstance(value, type) and _is_importable(value):
            self._class(value)
        else:
            self.portable = False
            self.text(str(id(value)))

    def _class(self, value: type) -> None:
        """Write a class that another process has too, with what code is made of it."""
        self.text(value.__module__, value.__qualname__)
        if issubclass(value, enum.Enum):
            self.value({name: member.value for name, member in value.__members__.items()})
        elif issubclass(value, tuple):
            self.value(getattr(value, "_fields", None))
            self.value(getattr(value, "_field_defaults", None))
        elif dataclasses.is_dataclass(value):
            for each in dataclasses.fields(value):
                self.text(each.name)
                self.value(None if each.default is dataclasses.MISSING else each.default)


#: In the place of a value: there is none.
_NONE = object()


def _is_dispatcher(value: Any) -> bool:
    """Tell whether a value is a function that the user gave to Numba."""
    numba: Any = importing.imported("numba.core.dispatcher")
    return numba is not None and isinstance(value, numba.Dispatcher)


def _is_installed(value: Any) -> bool:
    module = getattr(value, "__module__", None)
    if module is None and isinstance(value, pytypes.BuiltinFunctionType):
        return isinstance(getattr(value, "__qualname__", None), str)
    if not isinstance(module, str) or not isinstance(getattr(value, "__qualname__", None), str):
        return False
    return is_installed(module)


def _is_plain(value: Any) -> bool:
    """Tell whether a value that is found in a module of the installation is written in full.

    Others are told by their type: they are the module's own, or somebody put a double there.
    """
    if isinstance(value, pytypes.FunctionType | pytypes.BuiltinFunctionType | type):
        return True
    if isinstance(value, int | float | complex | str | bytes | pytypes.ModuleType):
        return True
    return hasattr(value, STANDS_FOR) or _is_dispatcher(value)


def _is_importable(value: type) -> bool:
    holder: Any = sys.modules.get(value.__module__)
    if value.__module__ == "__main__" or holder is None:
        return False
    return getattr(holder, value.__qualname__, None) is value


def is_cell(filename: str) -> bool:
    """Tell whether code comes from a prompt or a notebook, where the name counts the runs."""
    return filename.startswith("<") or "ipykernel_" in filename


def _order(item: Any) -> str:
    return hex(item) if type(item) is int else repr(item)
