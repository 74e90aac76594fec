"""Which generator functions compiled code may loop over."""

from __future__ import annotations

import ast
import inspect
import types as pytypes

from catzilla_jit.compile.frontend.syntax import tree_of


def is_plain_generator(function: pytypes.FunctionType) -> bool:
    """Tell whether a function only yields: nothing is sent in, caught, left or passed on."""
    if not inspect.isgeneratorfunction(function):
        return False
    tree = tree_of(function)
    if tree is None:
        return False
    yields = [each for each in ast.walk(tree) if isinstance(each, ast.Yield)]
    statements = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    others = (ast.Try, ast.With, ast.YieldFrom, ast.Lambda, ast.GeneratorExp)
    plain = not any(isinstance(each, others) for each in ast.walk(tree))
    return plain and all(id(each) in statements and each.value is not None for each in yields)
