"""Lists and dicts of the module that a function names, as functions that make them.

Each becomes Python source, `return [1, 2, 3]`, that is compiled along. Many numbers are an array
there, which takes no longer to compile than one. What has no type as an argument, or is large, is
left as it is: Numba refuses it.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="attr-defined"

from __future__ import annotations

import math
import types as pytypes
from typing import Any

import numpy
from numba.core import types

from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.datamodel.module_constant import as_given, kept
from catzilla_jit.compile.frontend.contents import MOST_ITEMS
from catzilla_jit.compile.frontend.values import type_of
from catzilla_jit.compile.library import builtin_functions

#: More items than this are written one by one in no function.
MOST_WRITTEN = 300


class Frozen:
    """Stands in a namespace for a list or dict; a call of its function gives the constant."""

    def __init__(self, function: pytypes.FunctionType) -> None:
        self.function = function


def frozen(value: Any, number: int) -> Frozen | None:
    """Return what stands for a list or dict of the module; None if nothing does.

    number: tells it from the others of the program.
    """
    type_ = type_of(value) if type(value) in (list, dict) and value else None
    if type_ is None or not _fits(value, type_) or _items(value) > MOST_ITEMS:
        return None
    writer = _Writer()
    body = writer.body(value, type_)
    if body is None:
        return None
    source = (
        f"def made{number}():\n{body}\ndef constant{number}():\n    return kept(made{number})\n"
    )
    names = writer.names
    names.update(kept=kept, as_given=as_given, __name__=builtin_functions.__name__)
    exec(source, names)
    return Frozen(names[f"constant{number}"])


def _items(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_items, value.values())) + len(value)
    return sum(map(_items, value)) if isinstance(value, list | tuple) else 1


def _fits(value: Any, type_: types.Type) -> bool:
    """Tell whether a value is of the type, in all its parts."""
    if isinstance(type_, GivenList):
        return type(value) is list and all(_fits(each, type_.dtype) for each in value)
    if isinstance(type_, GivenDict):
        fits = type(value) is dict and all(_fits(each, type_.key_type) for each in value)
        return fits and all(_fits(each, type_.value_type) for each in value.values())
    if isinstance(type_, types.BaseTuple):
        same = type(value) is tuple and len(value) == len(type_.types)
        return same and all(map(_fits, value, type_.types))
    return type_of(value) == type_


class _Writer:
    """Writes source, and keeps the values that it names."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}

    def body(self, value: Any, type_: types.Type) -> str | None:
        """Return the statements of the function that makes a list or dict."""
        if isinstance(type_, GivenDict):
            keys, values = list(value), list(value.values())
            inner = [self.list_of(keys, type_.key_type), self.list_of(values, type_.value_type)]
            if None in inner:
                return None
            return (
                f"    keys = {inner[0]}\n    values = {inner[1]}\n    result = {{}}\n"
                "    for i in range(len(keys)):\n        result[keys[i]] = values[i]\n"
                "    return result"
            )
        assert isinstance(type_, GivenList)
        written = self.list_of(value, type_.dtype)
        return None if written is None else f"    return {written}"

    def list_of(self, values: list[Any], item: types.Type) -> str | None:
        """Return an expression that makes a list."""
        if item in (types.int64, types.float64) and len(values) > 8:
            number = "int" if item == types.int64 else "float"
            array = self.named(numpy.array(values, numpy.int64 if number == "int" else float))
            return f"[{number}(x) for x in {array}]"
        if _items(values) > MOST_WRITTEN:
            return None
        return "[" + ", ".join(self.item(each, item) for each in values) + "]"

    def item(self, value: Any, type_: types.Type) -> str:
        if isinstance(type_, GivenList):
            return f"as_given({self.list_of(value, type_.dtype)})"
        if isinstance(type_, GivenDict):
            pairs = ", ".join(
                f"{self.item(key, type_.key_type)}: {self.item(each, type_.value_type)}"
                for key, each in value.items()
            )
            return f"as_given({{{pairs}}})"
        if type(value) is tuple:
            inner = [self.item(e, t) for e, t in zip(value, type_.types, strict=True)]
            return "(" + "".join(f"{each}, " for each in inner) + ")"
        if type(value) in (bool, str) or (type(value) is int and 0 <= value < 2**62):
            return repr(value)
        if type(value) is float and math.isfinite(value) and math.copysign(1.0, value) > 0.0:
            return repr(value)
        return self.named(value)

    def named(self, value: Any) -> str:
        """Return a name for a value that has no plain literal."""
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name
