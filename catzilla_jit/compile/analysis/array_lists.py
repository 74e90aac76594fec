"""Which lists only ever become arrays: NumPy's numbers may be put into them.

`numpy.array([x[i] for i in places])` and a loop that appends to a list hold NumPy's numbers where
compiled code holds plain ones. Nobody sees that if nothing but functions of NumPy reads the list.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numba  # noqa: F401 -- the whole before its parts
from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.target.helper import own_name

#: How the names of what stands for NumPy's functions begin: they make an array of a list.
OF_NUMPY = ("numpys_", "numpy_")


def lists_of_arrays(blocks: Iterable[Any], typemap: dict[str, Any]) -> frozenset[str]:
    """Return the variables of such lists, and those of their `append`."""
    walk = _Walk(typemap)
    for block in blocks:
        for statement in block.body:
            walk.look(statement)
    return walk.found()


class _Walk:
    def __init__(self, typemap: dict[str, Any]) -> None:
        self._typemap = typemap
        self._seen: set[str] = set()  # where they are used in another way
        self._same: list[tuple[str, str]] = []  # two names of one list
        self._inside: list[tuple[str, str]] = []  # a list, and the one that it is put into
        self._methods: dict[str, str] = {}  # of what list
        self._lists = {name for name, type_ in typemap.items() if isinstance(type_, types.List)}

    def look(self, statement: Any) -> None:
        if isinstance(statement, ir.Del):
            return
        names = {each.name for each in statement.list_vars()} & (self._lists | set(self._methods))
        if isinstance(statement, ir.Assign) and names:
            names -= self._told(statement.target.name, statement.value)
        self._seen |= names

    def _told(self, target: str, value: Any) -> set[str]:
        """Return the variables of which an assignment shows nothing to anybody."""
        if target not in self._lists and number_kinds.source_of(value) is not None:
            return set()  # an optional list: what is done with that is not looked at
        if isinstance(value, ir.Var):
            self._same.append((target, value.name))
            return {target, value.name}
        if not isinstance(value, ir.Expr):
            return set()
        if value.op == "getattr" and value.attr == "append" and value.value.name in self._lists:
            self._methods[target] = value.value.name
            return {target, value.value.name}
        if value.op == "phi" and target in self._lists:
            given = [each.name for each in value.incoming_values]
            self._same += [(target, name) for name in given]
            return {target, *given}
        if value.op == "cast":
            self._same.append((target, value.value.name))
            return {target, value.value.name}
        if value.op in ("build_list", "build_tuple"):
            items = {each.name for each in value.items} & self._lists
            if value.op == "build_list":
                self._inside += [(name, target) for name in items]
                return {target, *items}
            return set()
        if value.op == "call":
            return self._called(value)
        return set()

    def _called(self, call: Any) -> set[str]:
        name = call.func.name
        if name in self._methods and len(call.args) == 1:
            item = call.args[0].name
            if item in self._lists:
                self._inside.append((item, self._methods[name]))
            return {name, item}
        if own_name(self._typemap[name]).startswith(OF_NUMPY):
            return {each.name for each in call.args}
        return set()

    def found(self) -> frozenset[str]:
        changed = True
        while changed:
            before = len(self._seen)
            for first, second in self._same:
                if first in self._seen or second in self._seen:
                    self._seen |= {first, second}
            self._seen |= {name for name, outer in self._inside if outer in self._seen}
            self._seen |= {name for method, name in self._methods.items() if method in self._seen}
            changed = len(self._seen) != before
        kept = self._lists - self._seen
        return frozenset(kept | {m for m, name in self._methods.items() if name in kept})
