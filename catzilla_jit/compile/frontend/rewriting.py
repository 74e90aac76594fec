"""What every change of the syntax tree needs: new nodes, names, functions of the library."""

from __future__ import annotations

import ast
import builtins
import copy
import types as pytypes
from typing import Any, TypeVar

Node = TypeVar("Node", bound=ast.AST)


LIBRARY = "__cz_"


#: The attribute of a lifted function that holds the values it names beside its globals.
OWN_VALUES = "__cz_values__"


def placed(place: ast.AST, made: Node) -> Node:
    """Give a new node, and what it consists of, the place of an old one."""
    for child in ast.walk(made):
        if "lineno" in child._attributes and not hasattr(child, "lineno"):
            ast.copy_location(child, place)
    return made


def stored_names(node: ast.AST) -> set[str]:
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {each.id for each in names if isinstance(each.ctx, ast.Store)}


def loaded_names(node: ast.AST) -> set[str]:
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    return {each.id for each in names if isinstance(each.ctx, ast.Load)} - stored_names(node)


class Filling(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, expressions: dict[str, ast.expr]) -> None:
        self.expressions = expressions

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return copy.deepcopy(self.expressions.get(node.id, node))


class Rewriting(ast.NodeTransformer):
    """A change of one function's syntax tree, and what has come of it so far."""

    def __init__(
        self, function: pytypes.FunctionType, tree: ast.FunctionDef, bail_at_raises: bool
    ) -> None:
        self.function = function
        self.bail_at_raises = bail_at_raises
        self.makes_exceptions = False
        self.changed = False
        self.prints = True  # a call of `print` stays what it is
        self.freezes = True  # sets of the module are constants
        self.kept = 0
        self.bails_at_handlers = False
        self.lists: set[str] = set()  # variables that hold nothing but lists of their own
        self.branches: set[int] = set()  # statements behind an `if`, by identity
        self.says: int | None = None  # the line of a statement that only Python can run
        self.values: dict[str, Any] = {}
        self.locals = {*function.__code__.co_varnames, *function.__code__.co_cellvars}
        self.locals |= set(function.__code__.co_freevars) | stored_names(tree)

    def _call(self, name: str, function: Any, *arguments: ast.expr) -> ast.Call:
        self.values[LIBRARY + name] = function
        return ast.Call(ast.Name(LIBRARY + name, ast.Load()), list(arguments), [])

    def _value(self, node: ast.AST) -> Any:
        """Return the object of the module, or of one that it has imported, that a node means."""
        if isinstance(node, ast.Attribute):
            holder = self._value(node.value)
            return vars(holder).get(node.attr) if isinstance(holder, pytypes.ModuleType) else None
        if not isinstance(node, ast.Name):
            return None
        if node.id in self.values:  # what an import inside the function has become
            return self.values[node.id]
        return None if node.id in self.locals else self.function.__globals__.get(node.id)

    def _builtin(self, node: ast.AST) -> str | None:
        """Return the name of a builtin if the node means it here."""
        if not isinstance(node, ast.Name) or node.id in self.locals:
            return None
        if node.id in self.function.__globals__ or not hasattr(builtins, node.id):
            return None
        return node.id
