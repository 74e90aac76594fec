"""`x in NAME`, where the module's NAME is a small set: the set becomes a tuple.

`isinstance(x, NUMBERS)` names the classes of the module's tuple, where these are builtins.

A set is asked for members alone, so its order does not matter. Guards notice when it changes. Of
the views of a dict the dict itself is asked, or a list of its values.
"""

from __future__ import annotations

import ast
import builtins
from typing import Any

from catzilla_jit.compile.frontend.rewriting import LIBRARY, Rewriting, placed

#: More members are not compared one by one.
MOST_MEMBERS = 64


def as_tuples(rewriter: Rewriting, node: ast.Compare) -> None:
    """Put tuples in the place of sets that are asked for members."""
    for place, (sign, asked) in enumerate(zip(node.ops, node.comparators, strict=True)):
        if isinstance(sign, ast.In | ast.NotIn):
            node.comparators[place] = asked = _without_view(rewriter, asked)
            members = _members(rewriter._value(asked)) if rewriter.freezes else []
            if members:
                rewriter.changed = True
                made = ast.Tuple([ast.Constant(each) for each in members], ast.Load())
                node.comparators[place] = placed(node, made)


def _without_view(rewriter: Rewriting, node: ast.expr) -> ast.expr:
    """Return the dict of `d.keys()`, a list of `d.values()`."""
    if not isinstance(node, ast.Call) or node.args or node.keywords:
        return node
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in ("keys", "values"):
        return node
    rewriter.changed = True
    if node.func.attr == "keys":
        return node.func.value
    item = f"{LIBRARY}value"
    loop = ast.comprehension(ast.Name(item, ast.Store()), node, [], 0)
    return placed(node, ast.ListComp(ast.Name(item, ast.Load()), [loop]))


def _members(value: Any) -> list[Any]:
    """Return the members of a set of ints or of texts; none for everything else."""
    if type(value) not in (set, frozenset) or len(value) > MOST_MEMBERS:
        return []
    if all(type(each) is str for each in value):
        return sorted(value)
    known = all(type(each) is int and -(2**63) <= each < 2**63 for each in value)
    return sorted(value) if known else []


def name_classes(rewriter: Rewriting, node: ast.Call) -> None:
    """Put the classes in the place of a tuple of the module that `isinstance` asks for."""
    classes = rewriter._value(node.args[1])
    if type(classes) is not tuple or not all(map(_is_builtin, classes)) or not classes:
        return
    names: list[ast.expr] = [ast.Name(each.__name__, ast.Load()) for each in classes]
    if all(rewriter._builtin(each) for each in names):
        rewriter.changed = True
        node.args[1] = placed(node, ast.Tuple(names, ast.Load()))


def _is_builtin(value: Any) -> bool:
    return isinstance(value, type) and getattr(builtins, value.__name__, None) is value
