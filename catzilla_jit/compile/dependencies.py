"""The globals and closure values that compiled code has as constants, and if they still are.

Compiled code does not see a global that is assigned later. A global that some function assigns is
refused when compiling (`assigned.py`). For the rest, a cell that is run again in a notebook,
`Dependencies` is what the caller asks before it uses the code: it compares identities, one
dictionary look-up per name. What changes inside an array or a list is not noticed.
"""

from __future__ import annotations

import types as pytypes
from typing import Any

from catzilla_jit.compile.names import callee, is_filled, named_values


class Dependencies:
    """What a function and its helpers name outside, as it was when this was made."""

    def __init__(self, function: pytypes.FunctionType) -> None:
        self.globals: list[tuple[dict[str, Any], str, Any]] = []
        self.cells: list[tuple[pytypes.CellType, Any]] = []
        self._add(function, set())

    def unchanged(self) -> bool:
        """Tell whether every name still means the object that it meant."""
        return all(names.get(name) is value for names, name, value in self.globals) and all(
            is_filled(cell) and cell.cell_contents is value for cell, value in self.cells
        )

    def _add(self, function: pytypes.FunctionType, seen: set[int]) -> None:
        if id(function) in seen:
            return
        seen.add(id(function))
        for name, value in named_values(function, function.__code__):
            if name in function.__globals__:
                self.globals.append((function.__globals__, name, value))
                self._follow(value, seen)
        for cell in function.__closure__ or ():
            if is_filled(cell):
                self.cells.append((cell, cell.cell_contents))
                self._follow(cell.cell_contents, seen)

    def _follow(self, value: Any, seen: set[int]) -> None:
        helper = callee(value)
        if helper is not None:
            self._add(helper, seen)
