"""`with numpy.errstate(...)` blocks: statements that say which errors of floats NumPy looks at.

What is ignored in a block is known where it is written, so a block becomes its statements between
two calls that set this for the function: one where it begins, one where it is left in whatever way.
Functions that are called from a block do not know of it: what they find makes the call run again as
Python, which is right but takes longer. A block that wants more errors than NumPy's default is
strict: there each operation on arrays has to be one of NumPy's loops
(`passes/check_numpy_parity.py`). Numba is not imported here.
"""

from __future__ import annotations

import ast
import types as pytypes
from typing import Any

from catzilla_jit import importing
from catzilla_jit.compile.frontend.local_imports import take_imports
from catzilla_jit.compile.frontend.rewriting import LIBRARY, Rewriting, placed
from catzilla_jit.compile.frontend.syntax import tree_of

#: The kinds of errors, each with its bit.
KINDS = {"invalid": 1, "divide": 2, "over": 4, "under": 8}
DEFAULT = {"invalid": "warn", "divide": "warn", "over": "warn", "under": "ignore"}
KNOWN = ("ignore", "warn", "raise")
#: What the calls are named; the second in strict blocks.
CALL, STRICT = "errors", "strict_errors"
STRICT_NAME = LIBRARY + STRICT

State = dict[str, str]


def has_only_these(function: pytypes.FunctionType) -> bool:
    """Tell whether each `with` of a function is such a block."""
    tree = tree_of(function)
    if tree is None:
        return False
    rewriting = Rewriting(function, tree, False)
    rewriting.values.update(take_imports(tree))
    return all(_told(rewriting, each) is not None for each in _blocks(tree))


def _blocks(tree: ast.AST) -> list[ast.With]:
    """Return the `with` statements of the function itself, not of functions inside it."""
    found: list[ast.With] = []
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.With):
            found.append(child)
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            found += _blocks(child)
    return found


def _told(rewriting: Rewriting, node: ast.With) -> list[State] | None:
    """Return what each item of a `with` says; None where it is something else."""
    numpy: Any = importing.imported("numpy")
    told = []
    for item in node.items:
        call = item.context_expr
        if numpy is None or item.optional_vars is not None or not isinstance(call, ast.Call):
            return None
        if call.args or rewriting._value(call.func) is not numpy.errstate:
            return None
        state: State = {}
        for each in call.keywords:
            value = each.value.value if isinstance(each.value, ast.Constant) else None
            if each.arg not in (*KINDS, "all") or value not in KNOWN:
                return None
            state[each.arg] = value
        told.append(state)
    return told


def take(rewriting: Rewriting, tree: ast.FunctionDef, function: Any) -> bool:
    """Replace the blocks; function: is called with the bits of the errors that are looked at."""
    blocks = _blocks(tree)
    if not blocks or any(_told(rewriting, each) is None for each in blocks):
        return False
    taken = _Taken(rewriting, function)
    tree.body = taken.statements(tree.body)
    return True


class _Taken(ast.NodeTransformer):
    """The change, which knows the state at each statement."""

    def __init__(self, rewriting: Rewriting, function: Any) -> None:
        self._rewriting, self._function = rewriting, function
        self._state = dict(DEFAULT)
        self._at_loop = self._state  # where the innermost loop begins

    def statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for each in body:
            found = self.visit(each)
            made += found if isinstance(found, list) else [found]
        return made

    def _set(self, place: ast.stmt, state: State) -> ast.stmt:
        bits = sum(bit for kind, bit in KINDS.items() if state[kind] != "ignore")
        name = STRICT if _is_strict(state) else CALL
        call = self._rewriting._call(name, self._function, ast.Constant(bits))
        return placed(place, ast.Expr(call))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_With(self, node: ast.With) -> list[ast.stmt]:
        before = self._state
        for told in _told(self._rewriting, node) or ():
            every = told.get("all")
            self._state = {
                kind: told.get(kind) or every or own for kind, own in self._state.items()
            }
        begin = self._set(node, self._state)
        body = self.statements(node.body)
        self._state = before
        return [begin, *body, self._set(node, before)]

    def _loop(self, node: ast.For | ast.While) -> ast.AST:
        outer, self._at_loop = self._at_loop, self._state
        node.body = self.statements(node.body)
        self._at_loop = outer
        node.orelse = self.statements(node.orelse)
        return node

    visit_For = visit_While = _loop

    def _jump(self, node: ast.stmt) -> ast.AST | list[ast.stmt]:
        if self._state is self._at_loop:
            return node
        return [self._set(node, self._at_loop), node]

    visit_Break = visit_Continue = _jump

    def visit_Try(self, node: ast.Try) -> ast.AST:
        """An exception leaves the blocks inside."""
        inside = bool(_blocks(ast.Module(node.body, [])))
        self.generic_visit(node)
        if inside:
            for handler in node.handlers:
                handler.body.insert(0, self._set(handler.body[0], self._state))
            if node.finalbody:
                node.finalbody.insert(0, self._set(node.finalbody[0], self._state))
        return node


def _is_strict(state: State) -> bool:
    """Tell whether more is looked at than by default, or raised."""
    return "raise" in state.values() or state["under"] != "ignore"
