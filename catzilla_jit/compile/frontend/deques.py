"""A local `deque` as a list with a beginning.

    queue = deque([start])                   queue = [start]; queue_begin = [0]
    while queue:                  becomes    while size(queue, queue_begin) > 0:
        v = queue.popleft()                      v = popleft(queue, queue_begin)

It is done where a variable holds nothing but deques of its own without `maxlen`, and where all that
is done with it has a function in `library/queue_of_list.py`; other deques are refused later.
"""

from __future__ import annotations

import ast
import collections
from typing import Any

from catzilla_jit.compile.frontend.rewriting import LIBRARY, Rewriting, placed
from catzilla_jit.compile.library import queue_of_list

#: Methods, with what is called instead; None: the list's own.
METHODS = {
    "popleft": queue_of_list.popleft, "pop": queue_of_list.pop, "clear": queue_of_list.clear,
    "appendleft": queue_of_list.appendleft, "append": None, "extend": None,
}  # fmt: skip
#: How many arguments these have.
COUNTS = {"popleft": 0, "pop": 0, "clear": 0, "appendleft": 1, "append": 1, "extend": 1}
#: Builtins that copy what is in a deque.
LISTING = {"list", "sorted", "sum", "max", "min", "tuple", "set"}


def take_deques(rewriter: Rewriting, tree: ast.FunctionDef) -> None:
    """Turn the deques of a function into lists."""
    made = {
        id(target)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_deque(rewriter, node.value)
        for target in _targets(node)
    }
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    held = {node.id for node in names if id(node) in made}
    held -= {each.arg for each in ast.walk(tree) if isinstance(each, ast.arg)}
    scopes = (ast.FunctionDef, ast.Lambda, ast.ClassDef)
    for scope in ast.walk(tree):
        if isinstance(scope, scopes) and scope is not tree:
            held -= {each.id for each in ast.walk(scope) if isinstance(each, ast.Name)}
    if not held:
        return
    uses = _Uses(rewriter, held)
    uses.visit(tree)
    known = uses.known | made
    held -= {node.id for node in names if id(node) not in known}
    if held:
        rewriter.changed = True
        _Change(rewriter, held).visit(tree)


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [each for each in targets if isinstance(each, ast.Name) and len(targets) == 1]


def _is_deque(rewriter: Rewriting, value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call) or rewriter._value(value.func) is not collections.deque:
        return False
    plain = not any(isinstance(each, ast.Starred) for each in value.args)
    return plain and len(value.args) < 2 and not value.keywords


class _Uses(ast.NodeVisitor):
    """Finds the places where a deque is used as a list can be."""

    def __init__(self, rewriter: Rewriting, held: set[str]) -> None:
        self.rewriter = rewriter
        self.held = held
        self.known: set[int] = set()

    def _note(self, node: ast.AST | None) -> None:
        if isinstance(node, ast.Name) and node.id in self.held:
            self.known.add(id(node))

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        plain = not node.keywords and not any(isinstance(e, ast.Starred) for e in node.args)
        if isinstance(function, ast.Attribute) and plain:
            if COUNTS.get(function.attr) == len(node.args):
                self._note(function.value)
        elif self.rewriter._builtin(function) in {"len", *LISTING} and len(node.args) == 1:
            self._note(node.args[0] if plain else None)
        self.generic_visit(node)

    def visit_While(self, node: ast.While | ast.If | ast.IfExp) -> None:
        self._truth(node.test)
        self.generic_visit(node)

    visit_If = visit_IfExp = visit_While

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._truth(node.operand)
        self.generic_visit(node)

    def _truth(self, node: ast.expr) -> None:
        self._note(node)
        if isinstance(node, ast.BoolOp):
            for each in node.values:
                self._truth(each)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Slice):
            self._note(node.value)
        self.generic_visit(node)

    def _comprehension(self, node: Any) -> None:
        """Note what is gone over, unless a method may change it meanwhile."""
        called = {
            each.value.id
            for each in ast.walk(node)
            if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name)
        }
        for loop in node.generators:
            if isinstance(loop.iter, ast.Name) and loop.iter.id not in called:
                self._note(loop.iter)
        self.generic_visit(node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


class _Change(ast.NodeTransformer):
    """Puts lists and calls of functions in the place of the deques."""

    def __init__(self, rewriter: Rewriting, held: set[str]) -> None:
        self.rewriter = rewriter
        self.held = held

    def _is_held(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Name) and node.id in self.held

    def _call(self, function: object, name: ast.expr, *arguments: ast.expr) -> ast.Call:
        assert isinstance(name, ast.Name)
        own = getattr(function, "__name__", "")
        begin = ast.Name(f"{LIBRARY}begin_{name.id}", ast.Load())
        made = self.rewriter._call(f"queue_{own}", function, name, begin, *arguments)
        return placed(name, made)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
        return self._made(node, node.targets[0])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | list[ast.stmt]:
        return self._made(node, node.target)

    def _made(self, node: ast.Assign | ast.AnnAssign, target: ast.expr) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        if not self._is_held(target) or not isinstance(target, ast.Name):
            return node
        assert isinstance(node.value, ast.Call)
        values: ast.expr = ast.List([], ast.Load())
        if node.value.args:
            values = node.value.args[0]
            if not isinstance(values, ast.List | ast.ListComp):
                item = ast.Name(f"{LIBRARY}queued", ast.Load())
                loop = ast.comprehension(ast.Name(item.id, ast.Store()), values, [], 0)
                values = ast.ListComp(item, [loop])
        begin = ast.Name(f"{LIBRARY}begin_{target.id}", ast.Store())
        first = ast.Assign([begin], ast.List([ast.Constant(0)], ast.Load()))
        return [placed(node, ast.Assign([target], values)), placed(node, first)]

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Attribute) and self._is_held(function.value):
            instead = METHODS[function.attr]
            return node if instead is None else self._call(instead, function.value, *node.args)
        if len(node.args) == 1 and self._is_held(node.args[0]):
            if self.rewriter._builtin(function) == "len":
                return self._call(queue_of_list.size, node.args[0])
            if self.rewriter._builtin(function) in LISTING:
                node.args = [self._call(queue_of_list.listed, node.args[0])]
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if self._is_held(node.value):
            return self._call(queue_of_list.item_of, node.value, node.slice)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        if self._is_held(node.iter):
            node.iter = self._call(queue_of_list.listed, node.iter)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._tested(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        return self._tested(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        return self._tested(node)

    def _tested(self, node: ast.While | ast.If | ast.IfExp) -> ast.AST:
        node.test = self._truth(node.test)
        return self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if isinstance(node.op, ast.Not):
            node.operand = self._truth(node.operand)
        return self.generic_visit(node)

    def _truth(self, node: ast.expr) -> ast.expr:
        if self._is_held(node):
            some = self._call(queue_of_list.size, node)
            return placed(node, ast.Compare(some, [ast.Gt()], [ast.Constant(0)]))
        if isinstance(node, ast.BoolOp):
            node.values = [self._truth(each) for each in node.values]
        return node
