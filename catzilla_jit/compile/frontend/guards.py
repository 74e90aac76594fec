"""What compiled code has as constants and Python looks up at each call, and if it is unchanged.

That is: globals and builtins, attributes of modules (`settings.RATE`), closure cells, and the code
and defaults of the function and of its helpers (a reload of their module puts new code into the
functions that are there). A global that some function assigns is refused when compiling
(`assigned_globals.py`). For the rest `Dependencies` is what the caller asks before it uses the
code: it compares identities, one dictionary look-up per name, and of the lists and dicts of the
user's modules what is in them (`contents.py`). What changes inside an array is not noticed.
"""

from __future__ import annotations

import builtins
import dis
import sys
import types as pytypes
from collections.abc import Iterator
from typing import Any

from catzilla_jit.compile.frontend.contents import guards_of
from catzilla_jit.compile.frontend.names import callee, is_filled, is_installed
from catzilla_jit.guard import holds

#: (dictionary, name, value), (dictionary, name) where it has no such name, or (cell or function,
#: attribute, value); those of contents are `contents.py`'s.
Guard = tuple[Any, ...]

_OF_FUNCTIONS = ("__code__", "__defaults__", "__kwdefaults__")


class Dependencies:
    """What a function and its helpers name outside, as it was when this was made."""

    def __init__(self, function: pytypes.FunctionType) -> None:
        self.guards: list[Guard] = []
        self.contents: list[Guard] = []  # of the containers, for code that has them built in
        self._held: dict[int, Any] = {}  # values that are, or hold, containers
        self._seen: set[tuple[int, str]] = set()
        self._walked: set[tuple[int, frozenset[str]]] = set()
        self._add_function(function)
        self.look_again()

    def unchanged(self) -> bool:
        """Tell whether every name still means the object that it meant."""
        return all(map(holds, self.guards))

    def same_contents(self) -> bool:
        """Tell whether lists and dicts still hold what they held."""
        return all(map(holds, self.contents))

    def look_again(self) -> None:
        """Take down what is in the lists and dicts now."""
        self.contents = [guard for held in self._held.values() for guard in guards_of(held)]

    def _add(self, holder: Any, key: str, *value: Any) -> bool:
        """Guard one name; False if it is guarded already."""
        if (id(holder), key) in self._seen:
            return False
        self._seen.add((id(holder), key))
        self.guards.append((holder, key, *value))
        return True

    def _add_function(self, function: pytypes.FunctionType) -> None:
        if (id(function), "__code__") in self._seen:
            return
        for attribute in _OF_FUNCTIONS:
            self._add(function, attribute, getattr(function, attribute))
        attributes = frozenset(_names(function.__code__, _ATTRIBUTES))
        for name in sorted(set(_names(function.__code__, _IMPORTS))):
            self._add_import(name, attributes)
        for name in sorted(set(_names(function.__code__, _GLOBALS))):
            self._add_global(function, name, attributes)
        for cell in function.__closure__ or ():
            if is_filled(cell) and self._add(cell, "cell_contents", cell.cell_contents):
                self._hold(cell.cell_contents)
                self._follow(cell.cell_contents, attributes)

    def _add_import(self, name: str, attributes: frozenset[str]) -> None:
        """Guard what an import inside the function finds, `a.b` with `a`."""
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            module = ".".join(parts[:end])
            if module in sys.modules:
                self._add_name(vars(sys)["modules"], module, attributes)

    def _add_global(
        self, function: pytypes.FunctionType, name: str, attributes: frozenset[str]
    ) -> None:
        names, builtin = function.__globals__, vars(builtins)
        if name in names:
            self._add_name(names, name, attributes)
            self._hold(names[name])
        elif name in builtin:
            self._add(names, name)
            self._add_name(builtin, name, attributes)

    def _add_name(self, names: dict[str, Any], name: str, attributes: frozenset[str]) -> None:
        value = names[name]
        if self._add(names, name, value) or isinstance(value, pytypes.ModuleType):
            self._follow(value, attributes)

    def _follow(self, value: Any, attributes: frozenset[str]) -> None:
        if isinstance(value, pytypes.ModuleType):
            names = vars(value)
            if (id(names), attributes) not in self._walked:
                self._walked.add((id(names), attributes))
                for name in sorted(attributes & names.keys()):
                    self._add_name(names, name, attributes)
                    if not is_installed(value.__name__):
                        self._hold(names[name])
            return
        helper = callee(value)
        if helper is not None:
            self._add_function(helper)

    def _hold(self, value: Any) -> None:
        if type(value) in (list, dict, set, tuple):
            self._held[id(value)] = value


_GLOBALS = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_ATTRIBUTES = frozenset({"LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"})
_IMPORTS = frozenset({"IMPORT_NAME"})


def _names(code: pytypes.CodeType, loads: frozenset[str]) -> Iterator[str]:
    """Yield the names that the code, or code nested in it, loads by these instructions."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in loads:
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, pytypes.CodeType):
            yield from _names(constant, loads)
