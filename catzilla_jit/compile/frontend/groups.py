"""Loops over `itertools.groupby`, each group as a list: it is gone over once, where it is given.

    for key, group in groupby(text):    becomes    for key, group in groups(text):
        runs.append((key, len(list(group))))

A group is an iterator, empty once it was gone over. So a loop is changed only where its group is
named once, in what goes over all of it, and no more than once each time; others are refused later.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

from catzilla_jit.compile.frontend import list_operands
from catzilla_jit.compile.frontend.rewriting import LIBRARY, Rewriting, placed
from catzilla_jit.compile.library import iterators

#: They go over all that they are given.
CONSUMERS = {"list", "sorted", "set", "sum", "max", "min", "any", "all"}
#: Builtins that a key may be: they raise nothing for what compiles.
PLAIN = {"len", "abs", "str", "bool"}
#: Builtins and methods that make at once what is grouped, or look at each item alone.
EAGER = {"sorted", "list", "range", "str", "reversed"}
EAGER_METHODS = {"split", "lower", "upper", "strip", "replace", "copy", "tolist", "splitlines"}
Loop = ast.For | ast.comprehension
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def take_groups(rewriter: Rewriting, tree: ast.FunctionDef) -> None:
    """Change the loops of a function that are known."""
    loops: dict[str, list[tuple[Loop, list[ast.AST]]]] = {}
    for loop, body in _loops(tree):
        name = _group_of(rewriter, loop)
        if name:
            loops.setdefault(name, []).append((loop, body))
    for name, same in loops.items():
        known = {id(loop.target.elts[1]) for loop, _ in same}  # type: ignore[attr-defined]
        for loop, body in same:
            uses = {id(each) for node in body for each in _named(node, name)}
            if len(uses) < 2 and _stays(rewriter, tree, loop, body):
                known |= uses & {id(each) for node in body for each in _consumed(rewriter, node)}
        if all(id(each) in known for each in _named(tree, name)):
            for loop, _ in same:
                _change(rewriter, loop)


def _stays(rewriter: Rewriting, tree: ast.FunctionDef, loop: Loop, body: list[ast.AST]) -> bool:
    """Tell whether nothing changes what is grouped while that goes on: it is copied first."""
    assert isinstance(loop.iter, ast.Call)
    if not _is_made_at_once(rewriter, loop.iter.args[0]):
        return False
    names = [each for each in ast.walk(loop.iter.args[0]) if isinstance(each, ast.Name)]
    grouped = {each.id for each in names if rewriter._builtin(each) is None}
    held = [each for node in ast.walk(tree) for each in _held(node)]
    shared = {each.id for each in held if isinstance(each, ast.Name)}
    if grouped & shared or any(_named(node, name) for node in body for name in grouped):
        return False
    inner = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.Lambda)]
    if any(_named(each, name) for each in inner if each is not tree for name in grouped):
        return False
    given = {each.arg for each in ast.walk(tree) if isinstance(each, ast.arg)}
    for each in (each for node in body for each in ast.walk(node)):
        handed = each.args if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) else []
        if rewriter._builtin(getattr(each, "func", each)) is None and any(
            isinstance(value, ast.Name) and value.id in given for value in handed
        ):
            return False
    changed = [each for node in body for each in _changed(node)]
    others = shared | given
    return all(isinstance(e, ast.Name) and e.id not in others and _is_own(tree, e) for e in changed)


def _is_made_at_once(rewriter: Rewriting, node: ast.expr) -> bool:
    """Tell whether all of what is grouped is there before the first round."""
    if isinstance(node, ast.Name | ast.Constant | ast.ListComp | ast.List | ast.Tuple):
        return True
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Slice) and isinstance(node.value, ast.Name)
    if not isinstance(node, ast.Call):
        return False
    method = isinstance(node.func, ast.Attribute) and node.func.attr in EAGER_METHODS
    return method or rewriter._builtin(node.func) in EAGER


#: Methods that change what they are called of.
CHANGING = list_operands.CHANGING | {
    "update", "add", "setdefault", "popitem", "discard", "appendleft", "popleft", "extendleft",
    "rotate",
}  # fmt: skip
#: What is nobody else's, or no list.
OWN = (
    ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Constant,
    ast.JoinedStr,
)  # fmt: skip


def _is_own(tree: ast.FunctionDef, name: ast.Name) -> bool:
    """Tell whether a variable holds nothing but containers that were made for it, or constants."""
    stores = [each for each in _named(tree, name.id) if not isinstance(each.ctx, ast.Load)]
    known = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, OWN):
            known += node.targets[0] in stores
        elif isinstance(node, ast.AugAssign):
            known += node.target in stores
    return known == len(stores)


def _changed(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a node may change."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
            if each.func.attr in CHANGING:
                yield each.func.value
        elif isinstance(each, ast.Subscript) and not isinstance(each.ctx, ast.Load):
            yield each.value
        elif isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name):
            yield each.target


def _held(node: ast.AST) -> list[ast.expr]:
    """Return what gets another name, or a place in a container."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        return [] if node.value is None else [node.value]
    if isinstance(node, ast.List | ast.Tuple):
        return list(node.elts) if isinstance(node.ctx, ast.Load) else []
    if isinstance(node, ast.Set):
        return list(node.elts)
    if isinstance(node, ast.Dict):
        return list(node.values)
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else []


def _loops(tree: ast.AST) -> Iterator[tuple[Loop, list[ast.AST]]]:
    """Yield each loop, with what runs once for each of its rounds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For):
            yield node, [*node.body]
        elif isinstance(node, Comprehension):
            loop, inner = node.generators[0], node.generators[1:]
            made = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            if not inner:
                yield loop, [*loop.ifs, *made]
            else:  # the next loop begins once
                yield loop, [*loop.ifs, *inner[:1]]


def _group_of(rewriter: Rewriting, loop: Loop) -> str:
    """Return the name of the group of a loop over `groupby`; "" for others."""
    call, target = loop.iter, loop.target
    if not isinstance(call, ast.Call) or rewriter._value(call.func) is not itertools.groupby:
        return ""
    if not isinstance(target, ast.Tuple) or len(target.elts) != 2:
        return ""
    keys = [each.arg for each in call.keywords]
    known = len(call.args) + len(keys) in (1, 2) and bool(call.args) and keys in ([], ["key"])
    key, group = target.elts
    return group.id if known and isinstance(key, ast.Name) and isinstance(group, ast.Name) else ""


def _named(node: ast.AST, name: str) -> list[ast.Name]:
    return [each for each in ast.walk(node) if isinstance(each, ast.Name) and each.id == name]


def _consumed(rewriter: Rewriting, node: ast.AST) -> Iterator[ast.expr]:
    """Yield what is gone over as a whole, at most once where a node runs once."""
    if isinstance(node, ast.For):
        yield node.iter
        yield from _consumed(rewriter, node.iter)
        return
    if isinstance(node, ast.While | ast.FunctionDef | ast.Lambda):
        return
    if isinstance(node, ast.comprehension):
        yield node.iter
        return
    if isinstance(node, Comprehension):
        yield node.generators[0].iter
        yield from _consumed(rewriter, node.generators[0].iter)
        return
    if isinstance(node, ast.Call) and len(node.args) == 1:
        joins = isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "extend")
        if joins or rewriter._builtin(node.func) in CONSUMERS:
            yield node.args[0]
    for each in ast.iter_child_nodes(node):
        yield from _consumed(rewriter, each)


def _change(rewriter: Rewriting, loop: Loop) -> None:
    call = loop.iter
    assert isinstance(call, ast.Call)
    key = call.keywords[0].value if call.keywords else (*call.args, None)[1]
    if key is None or (isinstance(key, ast.Constant) and key.value is None):
        made = rewriter._call("groups", iterators.groups, call.args[0])
    elif _is_plain(rewriter, key):
        name = f"{LIBRARY}grouped"
        value = ast.Name(name, ast.Load())
        pair = ast.Tuple([ast.Call(key, [value], []), value], ast.Load())
        each = ast.comprehension(ast.Name(name, ast.Store()), call.args[0], [], 0)
        made = rewriter._call("keyed_groups", iterators.keyed_groups, ast.ListComp(pair, [each]))
    else:
        return
    rewriter.changed = True
    loop.iter = placed(call, made)


def _is_plain(rewriter: Rewriting, key: ast.expr) -> bool:
    """Tell whether a key may be asked for before the rounds of the loop.

    It raises nothing, and depends on nothing but the item.
    """
    if not isinstance(key, ast.Lambda):
        return rewriter._builtin(key) in PLAIN
    names = [each.arg for each in key.args.args]
    single = len(names) == 1 and not (key.args.defaults or key.args.kwonlyargs or key.args.vararg)
    return single and not key.args.kwarg and _is_total(rewriter, key.body, names[0])


#: Methods of texts that raise nothing.
TOTAL = {"lower", "upper", "strip", "isdigit", "isalpha", "isupper", "islower", "isalnum", "title"}


def _is_total(rewriter: Rewriting, node: ast.expr, name: str) -> bool:
    """Tell whether an expression of one variable raises nothing, whatever that is."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Name):
        return node.id == name
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) and _is_total(rewriter, node.operand, name)
    if isinstance(node, ast.Compare):
        plain = isinstance(node.left, ast.Name | ast.Constant | ast.Call | ast.BinOp)
        both = (node.left, *node.comparators)
        return plain and all(_is_total(rewriter, each, name) for each in both)
    if isinstance(node, ast.BoolOp):
        return all(_is_total(rewriter, each, name) for each in node.values)
    if isinstance(node, ast.BinOp):
        divisor: Any = node.right.value if isinstance(node.right, ast.Constant) else 0
        divides = isinstance(node.op, ast.Mod | ast.FloorDiv) and type(divisor) is int
        return divides and divisor > 0 and _is_total(rewriter, node.left, name)
    if isinstance(node, ast.Call) and not node.keywords:
        if isinstance(node.func, ast.Attribute):
            text = node.func.attr in TOTAL and not node.args
            return text and _is_total(rewriter, node.func.value, name)
        sized = rewriter._builtin(node.func) in ("len", "abs", "bool") and len(node.args) == 1
        return sized and _is_total(rewriter, node.args[0], name)
    return False
