"""What the code of a library function depends on, as one digest: Numba's functions and ours.

Their sources belong to the installation. What is left to tell is which function it is (the values
in its closures among that), for which types, and by which rules it is compiled. A value or a type
that could belong to the user gives no key: it is a class or a function of another package, say.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import functools
import hashlib
import sys
import types as pytypes
from collections.abc import Iterable
from typing import Any

import numpy
from numba.core import compiler, types
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic

from catzilla_jit.compile.cache.toolchain import installation

#: Packages whose sources the installation covers.
PACKAGES = {"numba", "catzilla_jit"}
#: Those whose functions and classes are known by their names.
NAMED = {*PACKAGES, "builtins", "numpy", "math", "operator", "collections", "itertools"}
#: What Numba keeps in a type that is not part of it.
PASSING = {"_code", "_lookup_in_progress"}


class _NoKey(Exception):
    """A value may be the user's."""


def key_of(dispatcher: Any, argument_types: Iterable[Any], rules: str, source: Any) -> str | None:
    """Return the digest for a function that a dispatcher compiles for types; None without one.

    source: the function as it was written, or what chooses it by the types.
    """
    writer = _Writer()
    try:
        writer.text("library", installation(), rules, str(_flags(dispatcher)))
        writer.value(source)
        for each in argument_types:
            writer.type(each)
    except (_NoKey, RecursionError):
        return None
    return writer.digest.hexdigest()


def is_library_function(function: Any) -> bool:
    """Tell whether a function belongs to Numba or to us."""
    return (getattr(function, "__module__", None) or "").partition(".")[0] in PACKAGES


def _flags(dispatcher: Any) -> Any:
    """Return the flags that a dispatcher compiles with; some are those of its caller."""
    flags = compiler.Flags()
    dispatcher.targetdescr.options.parse_as_flags(flags, dispatcher.targetoptions)
    return dispatcher._compiler._customize_flags(flags)


class _Writer:
    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self._seen: dict[int, int] = {}
        self._held: list[Any] = []  # an object that is dropped could give its identity to another

    def text(self, *parts: str) -> None:
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            self.digest.update(len(data).to_bytes(8, "little") + data)

    def value(self, value: Any) -> None:
        self.text(type(value).__name__)
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            self.text(repr(value))
        elif isinstance(value, tuple | frozenset):
            items = value if isinstance(value, tuple) else sorted(value, key=repr)
            self.text(str(len(items)))
            for item in items:
                self.value(item)
        elif isinstance(value, types.Type):
            self.type(value)
        elif isinstance(value, numpy.dtype) and not value.hasobject:
            self.text(repr(value))
        elif isinstance(value, numpy.ndarray) and not value.dtype.hasobject:
            self.text(repr(value.dtype), repr(value.shape), value.tobytes().hex())
        elif isinstance(value, numpy.ufunc):
            name: str = value.__name__
            if getattr(numpy, name, None) is not value:
                raise _NoKey
            self.text(name)
        elif isinstance(value, pytypes.ModuleType):
            self.text(value.__name__)
        elif isinstance(value, Dispatcher):
            self.text(repr(value.targetoptions))
            self.value(value.py_func)
        elif isinstance(value, functools.partial):
            self.value((value.func, value.args, tuple(value.keywords.items())))
        elif isinstance(value, pytypes.FunctionType):
            self._function(value)
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            self.text(_named(type(value), PACKAGES))
            self.value(tuple(getattr(value, each.name) for each in dataclasses.fields(value)))
        elif isinstance(value, _Intrinsic):
            self.value(value._defn)
        else:
            self.text(_named(value, NAMED))

    def _function(self, function: pytypes.FunctionType) -> None:
        if self._is_seen(function):
            return
        self.text(_named(function, NAMED))
        self._code(function.__code__)
        self.value(function.__defaults__)
        if function.__kwdefaults__:
            self.value(tuple(sorted(function.__kwdefaults__.items())))
        for cell in function.__closure__ or ():
            try:
                held = cell.cell_contents
            except ValueError:  # it is empty
                held = "no value"
            self.value(held)
        # Functions that are written as they are needed have a namespace of their own.
        module = sys.modules.get(function.__module__)
        if module is None or vars(module) is not function.__globals__:
            for name in sorted(_names(function.__code__) & function.__globals__.keys()):
                self.text("global", name)
                self.value(function.__globals__[name])

    def _code(self, code: pytypes.CodeType) -> None:
        """Write what tells two functions of one name apart."""
        self.text(str(code.co_firstlineno), code.co_code.hex(), *code.co_names)
        for constant in code.co_consts:
            if isinstance(constant, pytypes.CodeType):
                self._code(constant)
            else:
                self.value(constant)

    def type(self, type_: types.Type) -> None:
        """Write a type with all that it is made of."""
        if self._is_seen(type_):
            return
        if isinstance(type_, types.Callable):  # classes of one name that are made as they are met
            raise _NoKey
        self.text(_named(type(type_), PACKAGES))
        for name, part in sorted(vars(type_).items()):
            if name not in PASSING:
                self.text(name)
                self._part(part)

    def _part(self, part: Any) -> None:
        if isinstance(part, tuple | list):
            self.text(str(len(part)))
            for each in part:
                self._part(each)
        elif isinstance(part, dict):
            self._part(list(part.items()))
        elif isinstance(part, str) and " at 0x" in part:
            raise _NoKey
        else:
            self.value(part)

    def _is_seen(self, value: Any) -> bool:
        """Write where a value was met before, if it was."""
        if id(value) in self._seen:
            self.text("seen", str(self._seen[id(value)]))
            return True
        self._seen[id(value)] = len(self._seen)
        self._held.append(value)
        return False


def _names(code: pytypes.CodeType) -> set[str]:
    """Return the names of globals in code and in what is nested in it; and of attributes."""
    nested = [each for each in code.co_consts if isinstance(each, pytypes.CodeType)]
    return set(code.co_names).union(*map(_names, nested))


def _named(value: Any, packages: set[str]) -> str:
    """Return the name by which a function or class of some packages is known."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        raise _NoKey
    if module.partition(".")[0] not in packages:
        raise _NoKey
    return f"{module}:{name}"
