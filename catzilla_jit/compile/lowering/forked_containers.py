"""Lists, sets, dicts and generators that a forked call shares with its caller: none may change.

Two workers that change one at once would leave it broken, not only with the wrong items. Which of
its parameters a function may change is noted as it is lowered. Its forks are written before or
after that, so whichever comes second refuses.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numba.core import ir as numba_ir
from numba.core import ir_utils, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.datamodel.own_generator import GENERATORS
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.lowering.loops import CONTAINERS, LOOKS, has_container, variables_of
from catzilla_jit.compile.target.forked_calls import CALLEE, handle_of

LOOKING = (len, enumerate, zip, min, max, sum, sorted, reversed, handle_of)
#: Functions of ours that stand for Python's and only look.
NAMES = {"sum_of", "max_of", "min_of", "any_of", "all_of", "largest_of", "smallest_of"}
PASSING = ("cast", "build_tuple", "build_list", "build_set")
ADVICE = "pass arrays, or give each call a list of its own: list(x)"
DRAWS_ADVICE = "make a generator in each call, with a seed of its own"


class ForkedContainers:
    """What one function may change of what it is given, and of what it hands to its forks."""

    def __init__(self, lower: Any) -> None:
        self.lower = lower
        self.unit = lower.metadata["unit"]
        self.function = lower.func_ir.func_id.func
        typemap, names = lower.fndesc.typemap, lower.func_ir.arg_names
        self.changed = {
            place
            for place, name in enumerate(names)
            if has_container(typemap[f"arg.{name}"]) and self._changes(name)
        }
        # The same function may have been lowered for arguments of other types.
        self.changed |= self.unit.changed.get(self.function, set())
        self.unit.changed[self.function] = self.changed
        for place, type_, loc in self.unit.forked_with.get(self.function, ()):
            if place in self.changed:
                self._refuse(type_, loc)

    def check(self, expr: Any, callee: Any, block: Any, at: int) -> None:
        """Refuse a fork that shares a container which one of the two sides may change."""
        for place, argument in enumerate(expr.args):
            type_ = self.lower.typeof(argument.name)
            if not has_container(type_):
                continue
            function, loc = callee.py_func, block.body[at].loc
            self.unit.forked_with.setdefault(function, []).append((place, type_, loc))
            if place in self.unit.changed.get(function, ()):
                self._refuse(type_, loc)
            shared = self._aliases(argument.name)
            for statement in self._behind(block, at):
                if not self._only_looks(statement, shared):
                    self._refuse(type_, statement.loc)

    def _refuse(self, type_: Any, loc: Any) -> None:
        kind = type_names.of(type_)
        message = f"a forked call shares a {kind} with its caller, and one of them may change it"
        advice = DRAWS_ADVICE if isinstance(type_, GENERATORS) else ADVICE
        self.lower.refuse(rules.FORK, message, advice, loc)

    def _changes(self, parameter: str) -> bool:
        shared = self._aliases(parameter)
        blocks = self.lower.blocks.values()
        return not all(self._only_looks(each, shared) for block in blocks for each in block.body)

    def _aliases(self, name: str) -> set[str]:
        """Return the variables that may be, have, or be in what a variable is."""
        found, before = {name}, 0
        while before < len(found):
            before = len(found)
            for block in self.lower.blocks.values():
                for each in block.find_insts(numba_ir.Assign):
                    used = {each.target.name, *(one.name for one in variables_of(each.value))}
                    if used & found:
                        found |= {one for one in used if has_container(self.lower.typeof(one))}
        return found

    def _behind(self, block: Any, at: int) -> Iterator[Any]:
        """Yield the statements that may run behind one."""
        yield from block.body[at + 1 :]
        blocks = self.lower.blocks
        left, seen = list(block.terminator.get_targets()), set()
        while left:
            label = left.pop()
            if label not in seen:
                seen.add(label)
                yield from blocks[label].body
                left += blocks[label].terminator.get_targets()

    def _only_looks(self, statement: Any, shared: set[str]) -> bool:
        if isinstance(statement, numba_ir.Del | numba_ir.Return | numba_ir.Branch):
            return True
        if not shared & {each.name for each in statement.list_vars()}:
            return True
        if not isinstance(statement, numba_ir.Assign):
            return False
        value = statement.value
        if not isinstance(value, numba_ir.Expr):
            return True
        if value.op == "inplace_binop":
            return not isinstance(self.lower.typeof(value.lhs.name), CONTAINERS)
        return value.op in (*LOOKS, *PASSING) or self._looks_in_call(value, shared)

    def _looks_in_call(self, expr: Any, shared: set[str]) -> bool:
        if expr.op != "call":
            return False
        callee = self.lower.typeof(expr.func.name)
        if isinstance(callee, types.RecursiveCall):
            callee = callee.dispatcher_type
        if not isinstance(callee, types.Dispatcher):
            return number_kinds.called(self.lower.fndesc.typemap, expr) in LOOKING
        if self.unit.is_library(callee.dispatcher):
            found = ir_utils.guard(ir_utils.get_definition, self.lower.func_ir, expr.func)
            return getattr(found, "name", None) in NAMES
        function = callee.dispatcher.py_func
        if expr.func.name.startswith(CALLEE) or function is self.function:
            return True  # `check` sees the one; of the other, what is asked is being found out
        changed = self.unit.changed.get(function)
        given = [place for place, each in enumerate(expr.args) if each.name in shared]
        return changed is not None and not changed.intersection(given)
