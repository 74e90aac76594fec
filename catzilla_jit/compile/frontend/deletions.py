"""`del`: of items as calls, of variables that nobody names again as nothing.

Numba's own `del` of an item of a list takes any index, and that of a variable is none at all.
"""

from __future__ import annotations

import ast
import operator

from catzilla_jit.compile.frontend.rewriting import Rewriting, placed
from catzilla_jit.compile.library import builtin_functions


def as_calls(rewriter: Rewriting, node: ast.Delete, forgotten: set[str]) -> list[ast.stmt] | None:
    """Return what stands for a `del`; None where a target stays. forgotten: see below."""
    made = [_deleted(rewriter, each, forgotten) for each in node.targets]
    if any(each is None for each in made):
        return None
    rewriter.changed = True
    return [placed(node, each) for each in made if each is not None]


def _deleted(rewriter: Rewriting, target: ast.expr, forgotten: set[str]) -> ast.stmt | None:
    if isinstance(target, ast.Name):
        return ast.Pass() if target.id in forgotten else None
    if not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Tuple):
        return None
    held, key = target.value, target.slice
    if not isinstance(key, ast.Slice):
        return ast.Expr(rewriter._call("delete", operator.delitem, held, key))
    if key.step is not None or not isinstance(held, ast.Name):
        return None
    end = ast.Call(ast.Name("len", ast.Load()), [ast.Name(held.id, ast.Load())], [])
    bounds = [key.lower or ast.Constant(0), key.upper or end]
    function = builtin_functions.delete_slice
    return ast.Expr(rewriter._call("delete_slice", function, held, *bounds))


def forgotten_names(tree: ast.FunctionDef) -> set[str]:
    """Return the variables that statements of the function itself delete, and none behind names."""
    found: set[str] = set()
    for place, statement in enumerate(tree.body):
        if isinstance(statement, ast.Delete):
            names = {each.id for each in statement.targets if isinstance(each, ast.Name)}
            behind = ast.Module(tree.body[place + 1 :], [])
            found |= names - {e.id for e in ast.walk(behind) if isinstance(e, ast.Name)}
    deleted = [
        each.id
        for each in ast.walk(tree)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Del)
    ]
    inner = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.Lambda)][1:]
    shared = {e.id for each in inner for e in ast.walk(each) if isinstance(e, ast.Name)}
    return {name for name in found if deleted.count(name) == 1} - shared
