"""Imports where a function begins, as constants: what they name is what the module holds by now.

An import inside a function finds the module in `sys.modules` at each call but the first. So a name
that one import statement at the top level of the function gives, and nothing else, becomes the
module, or what the module holds under the name. `guards.py` notices when that changes. A module
that nobody has imported yet stays an import, which is refused.
"""

from __future__ import annotations

import ast
import sys
import types as pytypes
from typing import Any

from catzilla_jit.compile.frontend.rewriting import LIBRARY, stored_names

_MISSING = object()


def take_imports(tree: ast.FunctionDef) -> dict[str, Any]:
    """Remove the imports that can be constants; return these by the names they have now."""
    found: dict[str, Any] = {}
    kept: list[ast.stmt] = []
    for index, statement in enumerate(tree.body):
        names = _imported(statement) if isinstance(statement, ast.Import | ast.ImportFrom) else None
        if names is None or not _is_only_source(tree, index, set(names)):
            kept.append(statement)
            continue
        found.update(names)
    if not found:
        return {}
    tree.body = kept or [ast.copy_location(ast.Pass(), tree.body[0])]
    _Rename(found).visit(tree)
    return {_renamed(name): value for name, value in found.items()}


def _renamed(name: str) -> str:
    return f"{LIBRARY}import_{name}"


def _imported(statement: ast.Import | ast.ImportFrom) -> dict[str, Any] | None:
    """Return what a statement gives names to; None if something is not there by now."""
    names: dict[str, Any] = {}
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            whole = sys.modules.get(alias.name)
            top = alias.name.partition(".")[0]
            names[alias.asname or top] = whole and (whole if alias.asname else sys.modules.get(top))
        else:
            module = sys.modules.get(statement.module or "") if statement.level == 0 else None
            held = vars(module).get(alias.name, _MISSING) if module is not None else _MISSING
            names[alias.asname or alias.name] = None if held is _MISSING else held
    if any(each is None for each in names.values()):
        return None
    half_made = (each for each in names.values() if isinstance(each, pytypes.ModuleType))
    if any(getattr(getattr(each, "__spec__", None), "_initializing", False) for each in half_made):
        return None
    return names


def _is_only_source(tree: ast.FunctionDef, index: int, names: set[str]) -> bool:
    """Tell whether the names have no other source, and are not read before the statement."""
    parameters = {each.arg for each in ast.walk(tree) if isinstance(each, ast.arg)}
    others = stored_names(tree) | parameters | _bound_otherwise(tree, tree.body[index])
    before = ast.Module(tree.body[:index], [])
    early = {each.id for each in ast.walk(before) if isinstance(each, ast.Name)}
    return not names & (others | early)


def _bound_otherwise(tree: ast.FunctionDef, statement: ast.stmt) -> set[str]:
    """Return the names that anything else than an assignment or this statement binds."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and node is not statement:
            found |= {each.asname or each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found |= set(node.names)
        elif isinstance(node, _NAMING) and node is not tree:
            found.add(node.name or "")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            found.add(node.id)
    return found


#: What binds its name.
_NAMING = ast.FunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self.names:
            return node
        return ast.copy_location(ast.Name(_renamed(node.id), node.ctx), node)
