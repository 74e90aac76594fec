"""Which array arguments a function only writes to: what it writes, a second run writes again.

A task whose effects are such writes alone may be run again as Python when compiled code has no
answer, provided that no other argument lies in the same memory (`tasks/repeated.py` looks). One
that also reads what it has written (`out[i] += x`) may not: the second run would read other values.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds

#: Attributes that tell nothing of the items.
SHAPES = {"shape", "size", "ndim"}


class Overwritten:
    """The variables that hold an array argument, or a view of one, and are never read."""

    def __init__(self, blocks: Iterable[Any], typemap: dict[str, Any]) -> None:
        self._typemap = typemap
        self._values: dict[str, list[Any]] = {}
        self._statements = [each for block in blocks for each in block.body]
        for each in self._statements:
            if isinstance(each, ir.Assign):
                self._values.setdefault(each.target.name, []).append(each.value)
        self._found = {name for name in self._values if self._is_place(name)}
        while dropped := self._made_otherwise() | self._read():
            self._found -= dropped

    def arguments_of(self, name: str) -> frozenset[int]:
        """Return the numbers of the arguments that a write to the variable reaches.

        None at all: the variable may be read, or is nobody's argument.
        """
        if name not in self._found:
            return frozenset()
        indices, seen, left = set(), {name}, [name]
        while left:
            for value in self._values[left.pop()]:
                if isinstance(value, ir.Arg):
                    indices.add(value.index)
                sources = self._sources(value) - seen
                seen |= sources
                left += sources
        return frozenset(indices)

    def _is_place(self, name: str) -> bool:
        return isinstance(self._typemap.get(name), types.Array)

    def _made_otherwise(self) -> set[str]:
        return {
            name
            for name in self._found
            for value in self._values[name]
            if not isinstance(value, ir.Arg)
            and (not self._sources(value) or not self._sources(value) <= self._found)
        }

    def _read(self) -> set[str]:
        """Return the variables whose items some statement may look at."""
        return {name for each in self._statements for name in self._read_by(each)} & self._found

    def _read_by(self, statement: Any) -> set[str]:
        if isinstance(statement, ir.Del | ir.Return):
            return set()
        names = {each.name for each in statement.list_vars()}
        if isinstance(statement, ir.SetItem):
            return names - {statement.target.name} | {statement.index.name, statement.value.name}
        if isinstance(statement, ir.StaticSetItem):
            return names - {statement.target.name} | {statement.value.name}
        if not isinstance(statement, ir.Assign):
            return names
        names.discard(statement.target.name)
        return names - self._only_passed_on(statement)

    def _only_passed_on(self, statement: Any) -> set[str]:
        """Return the variables that an assignment names without a look at their items."""
        value = statement.value
        if isinstance(value, ir.Expr) and value.op == "call":
            function = number_kinds.called(self._typemap, value)
            if function is len:
                return {each.name for each in value.args}
            if number_kinds.is_writer(function):
                return {value.args[0].name} - {each.name for each in value.args[1:]}
            return set()
        if isinstance(value, ir.Expr) and value.op == "getattr" and value.attr in SHAPES:
            return {value.value.name}
        return self._sources(value) if statement.target.name in self._found else set()

    def _sources(self, value: Any) -> set[str]:
        """Return the variables that a value is, or is a view of."""
        source = number_kinds.source_of(value)
        if source is not None:
            return {source}
        if not isinstance(value, ir.Expr):
            return set()
        if value.op == "phi":
            return {each.name for each in value.incoming_values}
        if value.op == "static_getitem" or (value.op == "getitem" and self._views(value.index)):
            return {value.value.name}
        return set()

    def _views(self, index: ir.Var) -> bool:
        """Tell whether an index makes a view; others make a copy, which is a look at the items."""
        type_ = self._typemap[index.name]
        parts = type_.types if isinstance(type_, types.BaseTuple) else (type_,)
        return all(isinstance(each, types.Integer | types.SliceType) for each in parts)
