"""Statements that are for Python alone, on ways that are seldom taken: a warning, a message.

`warnings.warn(...)`, and `print(...)` or a call of a logger behind an `if`, have no machine code:
the kernel is left there, before anything was said, and the call runs again as Python. A function
that prints on every way would gain nothing, and is refused.
"""

from __future__ import annotations

import ast
import logging
import warnings

from catzilla_jit.compile.frontend.rewriting import Rewriting


def in_branches(tree: ast.FunctionDef) -> set[int]:
    """Return the identities of the statements that stand behind an `if` or in a handler."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.ExceptHandler):
            found |= {id(each) for each in ast.walk(node) if isinstance(each, ast.Expr)}
    return found


def is_for_python(rewriter: Rewriting, node: ast.Expr, in_branch: bool) -> bool:
    """Tell whether a statement only says something."""
    if not isinstance(node.value, ast.Call):
        return False
    function = node.value.func
    if in_branch and rewriter._builtin(function) == "print":
        return True
    if isinstance(function, ast.Attribute):
        logger = rewriter._value(function.value)
        if isinstance(logger, logging.Logger):
            return in_branch
    return rewriter._value(function) is warnings.warn
