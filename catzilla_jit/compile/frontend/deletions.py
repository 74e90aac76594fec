"""`del`: of items as calls, of variables that nobody names any more as nothing.

    def width(x, range):
        del range          goes
        return x.max() - x.min()

Numba's own `del` of an item of a list takes any index, and that of a variable is none at all. One
of a variable is left out only where it is bound for certain, and no function inside could look for
it later: there it does nothing but let go of a value.
"""

from __future__ import annotations

import ast
import operator

from catzilla_jit.compile.frontend.rewriting import Rewriting, placed
from catzilla_jit.compile.library import builtin_functions

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp, ast.ClassDef)


def leave_out(tree: ast.FunctionDef) -> bool:
    """Replace such statements of a function's own block; tell whether there were any."""
    arguments = tree.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    bound = {each.arg for each in given}
    found = False
    for index, statement in enumerate(tree.body):
        if isinstance(statement, ast.Assign):
            bound |= {each.id for each in statement.targets if isinstance(each, ast.Name)}
        if isinstance(statement, ast.Delete) and _is_left(tree, statement, index, bound):
            tree.body[index] = placed(statement, ast.Pass())
            found = True
    return found


def _is_left(tree: ast.FunctionDef, statement: ast.Delete, index: int, bound: set[str]) -> bool:
    names = [each.id for each in statement.targets if isinstance(each, ast.Name)]
    if len(names) < len(statement.targets) or len(set(names)) < len(names):
        return False
    return set(names) <= bound and not set(names) & _asked_for(tree, index)


def _asked_for(tree: ast.FunctionDef, index: int) -> set[str]:
    """Return what is named behind a statement, or in another scope, or unbound elsewhere."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, SCOPES) and node is not tree:
            found |= _names(node)
        elif isinstance(node, ast.ExceptHandler):
            found.add(node.name or "")
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found |= set(node.names)
    for place, statement in enumerate(tree.body):
        if place != index:
            found |= _names(statement) if place > index else _deleted(statement)
    return found


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _deleted(node: ast.AST) -> set[str]:
    names = (each for each in ast.walk(node) if isinstance(each, ast.Name))
    return {each.id for each in names if isinstance(each.ctx, ast.Del)}


def as_calls(rewriter: Rewriting, node: ast.Delete) -> list[ast.stmt] | None:
    """Return what stands for a `del` of items; None where a target stays."""
    made = [_deleted_item(rewriter, each) for each in node.targets]
    if any(each is None for each in made):
        return None
    rewriter.changed = True
    return [placed(node, each) for each in made if each is not None]


def _deleted_item(rewriter: Rewriting, target: ast.expr) -> ast.stmt | None:
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
