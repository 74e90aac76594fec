"""`d[k] = ... d.get(k, c) ...` as two statements, one for a key that is there, one for a new one.

Numba tells the types of an empty dict from the first item that is put in, and cannot while that
depends on `get`. Split in two, the statement for the new key tells them. The key must be a name or
a constant, so that it may be evaluated again; the dict must not occur a second time.
"""

from __future__ import annotations

import ast
import copy


def split(statement: ast.Assign) -> ast.If | None:
    """Return the choice between the two statements, or None for another assignment."""
    target = statement.targets[0]
    if len(statement.targets) > 1 or not isinstance(target, ast.Subscript):
        return None
    if not isinstance(target.value, ast.Name) or not isinstance(target.slice, _SIMPLE):
        return None
    name = target.value.id
    nodes = list(ast.walk(statement.value))
    if sum(isinstance(node, ast.Name) and node.id == name for node in nodes) != 1:
        return None
    if any(isinstance(node, ast.NamedExpr | ast.Lambda | ast.comprehension) for node in nodes):
        return None
    calls = [node for node in nodes if _gets(node, target)]
    if len(calls) != 1:
        return None
    item = ast.Subscript(ast.Name(name, ast.Load()), copy.deepcopy(target.slice), ast.Load())
    return ast.If(
        ast.Compare(copy.deepcopy(target.slice), [ast.In()], [ast.Name(name, ast.Load())]),
        [_with(statement, target, item)],
        [_with(statement, target, None)],
    )


#: What is the same however often it is evaluated.
_SIMPLE = (ast.Name, ast.Constant)


def _gets(node: ast.AST, target: ast.Subscript) -> bool:
    """Tell whether a node is `d.get(k, c)` for the target `d[k]`, with a constant `c`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and isinstance(node.func.value, ast.Name)
        and len(node.args) == 2
        and not node.keywords
        and ast.dump(node.args[0]) == ast.dump(target.slice)
        and isinstance(node.args[1], ast.Constant)
        and node.args[1].value is not None
    )


def _with(statement: ast.Assign, target: ast.Subscript, item: ast.expr | None) -> ast.stmt:
    """Return the statement with an item in the place of its `get`; None: the default."""
    return _Exchange(target, item).visit(copy.deepcopy(statement))  # type: ignore[no-any-return]


class _Exchange(ast.NodeTransformer):
    def __init__(self, target: ast.Subscript, item: ast.expr | None) -> None:
        self.target = target
        self.item = item

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if _gets(node, self.target):
            return node.args[1] if self.item is None else ast.copy_location(self.item, node)
        return self.generic_visit(node)
