"""Lists and dicts that are written out: what is known of them from the source alone."""

from __future__ import annotations

import ast

#: What is a list for sure.
LISTS = (ast.List, ast.ListComp)


def list_variables(tree: ast.FunctionDef) -> set[str]:
    """Return the variables that are only assigned lists that are written out."""
    assigned = {
        id(node.targets[0]): node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and len(node.targets) == 1
    }
    augmented = {id(node.target) for node in ast.walk(tree) if isinstance(node, ast.AugAssign)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = [node for node in names if isinstance(node.ctx, ast.Store)]
    lists = {node.id for node in stored if isinstance(assigned.get(id(node)), LISTS)}
    others = {
        node.id
        for node in stored
        if id(node) not in augmented and not isinstance(assigned.get(id(node)), LISTS)
    }
    others |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return lists - others


def dict_keys(tree: ast.FunctionDef) -> tuple[str, ...] | None:
    """Return the keys, when all that a function returns is dict literals with the same ones."""
    found = {_keys(statement.value) for statement in returns(tree)}
    return found.pop() if len(found) == 1 else None


def _keys(value: ast.expr | None) -> tuple[str, ...] | None:
    if not isinstance(value, ast.Dict) or not value.keys:
        return None
    keys = [each.value for each in value.keys if isinstance(each, ast.Constant)]
    names = tuple(key for key in keys if isinstance(key, str))
    return names if len(names) == len(value.keys) == len(set(names)) else None


def returns(tree: ast.FunctionDef) -> list[ast.Return]:
    """Return the return statements of the function itself, not of functions inside it."""
    found: list[ast.Return] = []
    rest: list[ast.AST] = list(tree.body)
    while rest:
        node = rest.pop()
        if isinstance(node, ast.Return):
            found.append(node)
        elif not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            rest.extend(ast.iter_child_nodes(node))
    return found
