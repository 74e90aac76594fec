"""Which variables hold only what Python has made, as far as the code of a function says so.

A part of a parallel loop is compiled before anybody knows whose numbers it is handed
(`analysis/origins.py`); of these it is known beforehand. Arrays are told by their types: here they
count as what they are assigned from.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from catzilla_jit.compile.frontend.loop_flow import assigned_in
from catzilla_jit.compile.frontend.rewriting import Rewriting

#: Builtin functions whose results are Python's, whatever they are given; if that is Python's.
ALWAYS, KEEPING = ("len", "int", "float"), ("max", "min", "abs", "round")
OF_MATH = [value for value in vars(math).values() if callable(value)]


def python_names(
    tree: ast.FunctionDef, rewriter: Rewriting, is_parallel: Callable[[ast.AST], bool]
) -> frozenset[str]:
    """Return the parameters and variables that hold nothing of NumPy's, but for arrays."""
    parameters = {each.arg for each in ast.walk(tree.args) if isinstance(each, ast.arg)}
    values: dict[str, list[ast.expr]] = {name: [] for name in parameters}
    stores: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            stores[node.id] = stores.get(node.id, 0) + 1
        for target, value in _assigned(node, rewriter, is_parallel):
            if isinstance(target, ast.Name):
                values.setdefault(target.id, []).append(value)
    tuples = {
        name
        for name, given in values.items()
        if given and all(isinstance(each, ast.Tuple) for each in given)
    }
    names = parameters | assigned_in(tree.body)
    found = {name for name in names & values.keys() if stores.get(name, 0) == len(values[name])}
    while True:
        wrong = {
            name
            for name in found
            if not all(_is_pythons(each, found, tuples & found, rewriter) for each in values[name])
        }
        if not wrong:
            return frozenset(found)
        found -= wrong


def _assigned(
    node: ast.AST, rewriter: Rewriting, is_parallel: Callable[[ast.AST], bool]
) -> list[tuple[ast.expr, ast.expr]]:
    """Return what a statement assigns, and to what."""
    if isinstance(node, ast.Assign):
        return [(target, node.value) for target in node.targets]
    if isinstance(node, ast.AugAssign):
        return [(node.target, node.value)]
    if isinstance(node, ast.For) and (_is_range(node.iter, rewriter) or is_parallel(node)):
        return [(node.target, ast.Constant(0))]
    return []


def _is_range(node: ast.expr, rewriter: Rewriting) -> bool:
    return isinstance(node, ast.Call) and rewriter._builtin(node.func) == "range"


def _is_pythons(value: ast.expr, found: set[str], tuples: set[str], rewriter: Rewriting) -> bool:
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.Name):
        return value.id in found
    if isinstance(value, ast.Subscript):
        if isinstance(value.value, ast.Name):
            return value.value.id in tuples
        return isinstance(value.value, ast.Attribute) and value.value.attr == "shape"
    if isinstance(value, ast.Attribute):
        return value.attr in ("size", "ndim")
    parts: list[ast.expr] = []
    if isinstance(value, ast.Call):
        name = rewriter._builtin(value.func)
        if name in ALWAYS or any(rewriter._value(value.func) is each for each in OF_MATH):
            return True
        if name not in KEEPING or value.keywords:
            return False
        parts = value.args
    elif isinstance(value, ast.BinOp):
        parts = [value.left, value.right]
    elif isinstance(value, ast.UnaryOp):
        parts = [value.operand]
    elif isinstance(value, ast.Tuple):
        parts = value.elts
    elif isinstance(value, ast.IfExp):
        parts = [value.body, value.orelse]
    return bool(parts) and all(_is_pythons(each, found, tuples, rewriter) for each in parts)
