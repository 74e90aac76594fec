"""What annotations say of lists, dicts and sets that begin empty.

    result: list[int] = []                 the annotation of a variable,
    def f(n) -> list[list[int]]:           of the result,
    def visit(node, path: list[int]):      and of a parameter of a function that is called

Python evaluates none of these for what the variable holds, and so does nobody here: names are
taken for what they mean in a builtin or in `typing`. What is said is only asked where nothing else
tells the type of what is empty, and is a guess: what is put in has to be of that type, or the
function is refused as ever.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import ast
import dataclasses
import inspect
import types as pytypes

from numba.core import types

from catzilla_jit.compile.datamodel.bytes_type import byte_string
from catzilla_jit.compile.frontend.syntax import parsed

SCALARS: dict[str, types.Type] = {
    "int": types.int64,
    "float": types.float64,
    "bool": types.boolean,
    "complex": types.complex128,
    "str": types.unicode_type,
    "bytes": byte_string,
}


@dataclasses.dataclass
class Said:
    """The types that the annotations of one function name, by the names of what has them."""

    parameters: list[str] = dataclasses.field(default_factory=list)
    names: dict[str, types.Type] = dataclasses.field(default_factory=dict)
    result: types.Type | None = None


def said_by(function: pytypes.FunctionType) -> Said:
    """Return what the source of a function says; nothing where there is none."""
    try:
        lines, _ = inspect.getsourcelines(function.__code__)
        tree = parsed(lines)[0]
    except (OSError, SyntaxError, TypeError, ValueError, IndexError):
        return Said()
    if not isinstance(tree, ast.FunctionDef):
        return Said()
    parameters = [*tree.args.posonlyargs, *tree.args.args]
    said = Said([each.arg for each in parameters])
    named = [(each.arg, each.annotation) for each in parameters]
    named += [
        (each.target.id, each.annotation)
        for each in ast.walk(tree)
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]
    for name, annotation in named:
        type_ = _type_of(annotation)
        if type_ is not None:
            said.names[name] = type_
    said.result = _type_of(tree.returns)
    return said


def _type_of(node: ast.expr | None) -> types.Type | None:
    """Return the type that an annotation names; None where it leaves anything open."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _type_of(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return None
    if isinstance(node, ast.Name | ast.Attribute):
        return SCALARS.get(_name(node))
    if not isinstance(node, ast.Subscript):
        return None
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    parts = [_type_of(each) for each in inner]
    known = [each for each in parts if each is not None]
    return _container(_name(node.value).lower(), known) if len(known) == len(parts) else None


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _container(name: str, parts: list[types.Type]) -> types.Type | None:
    if name == "tuple" and parts:
        return types.Tuple(parts)
    if name == "dict" and len(parts) == 2:
        return None if isinstance(parts[0], types.List | types.Set) else types.DictType(*parts)
    if len(parts) == 1 and name in ("list", "set"):
        return types.List(parts[0]) if name == "list" else types.Set(parts[0])
    return None
