"""Which variables hand something from one iteration of a parallel loop to the next.

A variable that the body assigns belongs to the iteration: it has no value where the iteration
begins, and none behind the loop. `Flow` walks over a function as it runs and finds what reads such
a variable before it was assigned again. It may find too much, never too little: where two ways
meet, a variable without a value on one of them has none.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

#: Variables without a value, and why: INSIDE or BEHIND a loop. None: this place is not reached.
State = dict[str, str] | None
INSIDE, BEHIND = "inside", "behind"
_SCOPES = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda, ast.FunctionDef)


def assigned_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the variables that some code assigns; those of comprehensions are their own."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found |= {node.id} if isinstance(node.ctx, ast.Store) else set()
        elif not isinstance(node, _SCOPES):
            named = getattr(node, "name", None)
            found |= {named} if isinstance(named, str) else set()
            found |= assigned_in(ast.iter_child_nodes(node))
        else:
            inner = [each for each in ast.walk(node) if isinstance(each, ast.NamedExpr)]
            found |= {each.target.id for each in inner}
    return found


def read_in(node: ast.AST) -> set[str]:
    """Return the variables that some code reads, but for those that a comprehension has."""
    if isinstance(node, ast.Name):
        return set() if isinstance(node.ctx, ast.Store) else {node.id}
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        found |= read_in(child)
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        found.add(node.target.id)
    if isinstance(node, _SCOPES):
        names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
        found -= {each.id for each in names if isinstance(each.ctx, ast.Store)}
        found -= {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
    return found


def meet(*states: State) -> State:
    """Return the state where several ways meet."""
    reached = [each for each in states if each is not None]
    if not reached:
        return None
    found: dict[str, str] = {}
    for each in reached:
        found.update(each)
    return found


class Flow:
    """A walk over a function; `private` tells of a parallel loop which variables are its own."""

    def __init__(
        self,
        private: Callable[[ast.For], set[str] | None],
        complain: Callable[[ast.AST, str, str], None],
    ) -> None:
        self.private = private
        self.complain = complain
        self._leaving: list[list[State]] = []  # by loop: the states where it is left, or goes on

    def run(self, body: list[ast.stmt]) -> None:
        """Walk over the statements of a function."""
        self._body(body, {})

    def _body(self, statements: list[ast.stmt], state: State) -> State:
        for each in statements:
            if state is None:
                return None
            state = self._statement(each, state)
        return state

    def _read(self, node: ast.AST | None, state: dict[str, str]) -> dict[str, str]:
        """Read an expression, and assign what it names with `:=`."""
        if node is None:
            return state
        for name in sorted(read_in(node) & state.keys()):
            self.complain(node, name, state[name])
        return self._assign([node], state)

    def _assign(self, nodes: Iterable[ast.AST], state: dict[str, str]) -> dict[str, str]:
        new = assigned_in(nodes)
        return {name: why for name, why in state.items() if name not in new}

    def _statement(self, node: ast.stmt, state: dict[str, str]) -> State:
        if isinstance(node, ast.For):
            private = self.private(node)
            return (
                self._loop(node, state) if private is None else self._shared(node, state, private)
            )
        if isinstance(node, ast.While):
            return self._loop(node, state)
        if isinstance(node, ast.If):
            state = self._read(node.test, state)
            return meet(self._body(node.body, state), self._body(node.orelse, state))
        if isinstance(node, ast.Try):
            return self._try(node, state)
        if isinstance(node, ast.With):
            for item in node.items:
                state = self._read(item, state)
            return self._body(node.body, state)
        if isinstance(node, ast.Match):
            return self._match(node, state)
        return self._plain(node, state)

    def _plain(self, node: ast.stmt, state: dict[str, str]) -> State:
        state = self._read(node, state)
        if isinstance(node, ast.Break | ast.Continue):
            if self._leaving:
                self._leaving[-1].append(state)
            return None
        return None if isinstance(node, ast.Return | ast.Raise) else state

    def _loop(self, node: ast.For | ast.While, state: dict[str, str]) -> State:
        if isinstance(node, ast.For):
            state = self._read(node.iter, state)
        entered: State = state
        for _ in range(2):  # what an iteration leaves, the next one may read
            self._leaving.append([])
            begun = entered or {}
            if isinstance(node, ast.For):
                begun = self._assign([node.target], self._read(node.target, begun))
            else:
                begun = self._read(node.test, begun)
            ended = self._body(node.body, begun)
            entered = meet(entered, ended, *self._leaving.pop())
        return meet(entered, self._body(node.orelse, entered or {}))

    def _shared(self, node: ast.For, state: dict[str, str], private: set[str]) -> State:
        state = self._read(node.iter, state)
        self._leaving.append([])
        begun = {**state, **dict.fromkeys(private, INSIDE)}
        self._body(node.body, self._assign([node.target], begun))
        self._leaving.pop()
        return {**state, **dict.fromkeys(private, BEHIND)}

    def _try(self, node: ast.Try, state: dict[str, str]) -> State:
        body = self._body(node.body, state)
        # It may fail anywhere: also in a parallel loop of the body.
        failed = meet(state, body, self._emptied(node.body))
        ends = [self._body(node.orelse, body) if body is not None else None]
        for handler in node.handlers:
            assert failed is not None
            caught = {name: why for name, why in failed.items() if name != handler.name}
            ends.append(self._body(handler.body, self._read(handler.type, caught)))
        state_after = meet(*ends)
        if node.finalbody:
            return self._body(node.finalbody, meet(state_after, failed) or {})
        return state_after

    def _emptied(self, body: list[ast.stmt]) -> dict[str, str]:
        """Return what parallel loops in a body leave without a value."""
        found: dict[str, str] = {}
        for statement in body:
            for each in ast.walk(statement):
                private = self.private(each) if isinstance(each, ast.For) else None
                found.update(dict.fromkeys(private or (), BEHIND))
        return found

    def _match(self, node: ast.Match, state: dict[str, str]) -> State:
        state = self._read(node.subject, state)
        ends: list[State] = [state]
        for case in node.cases:
            ends.append(self._body(case.body, self._read(case.guard, state)))
        return meet(*ends)
