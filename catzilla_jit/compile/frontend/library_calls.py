"""Calls of `itertools`, `bisect`, `functools.reduce` and `operator.itemgetter`.

Those of `library/iterators.py` become calls of its functions; `reduce` becomes a loop in a
function of its own, an `itemgetter` the lambda that it is.
"""

from __future__ import annotations

import ast
import functools
import itertools
import operator
from typing import Any

from catzilla_jit.compile.frontend.rewrite_generators import generator_of, lifted
from catzilla_jit.compile.frontend.rewriting import (
    LIBRARY,
    Filling,
    Rewriting,
    placed,
    stored_names,
)
from catzilla_jit.compile.library import builtin_functions, dict_copies, iterators

TOTAL, ITEM = f"{LIBRARY}total", f"{LIBRARY}next"


def replaced(rewriter: Rewriting, node: ast.Call) -> ast.AST | None:
    """Return what stands for a call of a function of the standard library; None for others."""
    function = rewriter._value(node.func)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "from_iterable":
        function = rewriter._value(node.func.value)
        function = itertools.chain.from_iterable if function is itertools.chain else None
    if function is None or any(isinstance(each, ast.Starred) for each in node.args):
        return None
    if function is functools.reduce and not node.keywords:
        return _reduced(rewriter, node)
    found = _found(function, node)
    if found is None:
        return None
    made, arguments = found
    rewriter.changed = True
    return placed(node, rewriter._call(made.__name__, made, *arguments))


def _found(function: Any, node: ast.Call) -> tuple[Any, list[ast.expr]] | None:
    """Return what is called instead, with its arguments."""
    try:
        plain = iterators.CALLS.get((function, len(node.args)))
    except TypeError:  # what cannot be hashed
        return None
    names = [each.arg for each in node.keywords]
    if plain is not None and not names:
        return plain, node.args
    if function is itertools.count and not names and len(node.args) < 3:
        return iterators.count, [*node.args, *(ast.Constant(1), ast.Constant(1))][:2] if (
            node.args
        ) else [ast.Constant(0), ast.Constant(1)]
    if function is itertools.product and names == ["repeat"] and len(node.args) == 1:
        length = _constant(node.keywords[0].value)
        return (iterators.REPEATED[length], node.args) if length in iterators.REPEATED else None
    if len(node.args) == 2 and not names:
        made = iterators.OF_LENGTH.get((function, _constant(node.args[1])))
        return None if made is None else (made, node.args[:1])
    return None


def _constant(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def item_getter(rewriter: Rewriting, node: ast.expr) -> ast.expr:
    """Return the lambda that `operator.itemgetter(1)` is; other expressions as they are."""
    known = isinstance(node, ast.Call) and rewriter._value(node.func) is operator.itemgetter
    if not known or not isinstance(node, ast.Call) or node.keywords or not node.args:
        return node
    if not all(isinstance(each, ast.Constant) for each in node.args):
        return node
    rewriter.changed = True
    parts: list[ast.expr] = [
        ast.Subscript(ast.Name(ITEM, ast.Load()), each, ast.Load()) for each in node.args
    ]
    value = parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load())
    parameters = ast.arguments([], [ast.arg(ITEM)], None, [], [], None, [])
    return placed(node, ast.Lambda(parameters, value))


def _reduced(rewriter: Rewriting, node: ast.Call) -> ast.AST | None:
    """Return the loop that `functools.reduce(f, values)` is, also with a first value."""
    if len(node.args) not in (2, 3):
        return None
    step = _step(node.args[0])
    if step is None:
        return None
    source = node.args[1]
    generator = generator_of(rewriter, source)
    values: ast.expr = source
    if generator is not None:
        values = ast.ListComp(generator.elt, generator.generators)
    lines = LOOP if len(node.args) == 2 else LOOP_FROM
    body = (
        Filling({"values": values, "step": step, "first": node.args[-1]})
        .visit(ast.parse(lines))
        .body
    )
    for statement in body:
        for each in ast.walk(statement):  # the template has places of its own
            for attribute in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
                each.__dict__.pop(attribute, None)
    if len(node.args) == 2:
        leave = ast.Expr(rewriter._call("bail_out", builtin_functions.bail_out))
        body.insert(1, ast.If(Filling({}).visit(ast.parse(EMPTY, mode="eval").body), [leave], []))
    used = ast.Tuple([values, step, *node.args[2:]], ast.Load())
    return lifted(rewriter, node, used, body)


def _step(function: ast.expr) -> ast.expr | None:
    """Return what makes the next total of the last one and an item."""
    total, item = ast.Name(TOTAL, ast.Load()), ast.Name(ITEM, ast.Load())
    if isinstance(function, ast.Name | ast.Attribute):
        return ast.Call(function, [total, item], [])
    if not isinstance(function, ast.Lambda):
        return None
    parameters = function.args
    others = (*parameters.defaults, parameters.vararg, parameters.kwarg, *parameters.kwonlyargs)
    names = [each.arg for each in parameters.args]
    if len(names) != 2 or any(others) or set(names) & stored_names(function.body):
        return None
    return _Renaming({names[0]: TOTAL, names[1]: ITEM}).visit(function.body)  # type: ignore[no-any-return]


EMPTY = f"len({LIBRARY}all) == 0"
LOOP = f"""
{LIBRARY}all = [{LIBRARY}one for {LIBRARY}one in values]
{TOTAL} = {LIBRARY}all[0]
for {LIBRARY}place in range(1, len({LIBRARY}all)):
    {ITEM} = {LIBRARY}all[{LIBRARY}place]
    {TOTAL} = step
return {TOTAL}
"""
LOOP_FROM = f"""
{LIBRARY}all = [{LIBRARY}one for {LIBRARY}one in values]
{TOTAL} = first
for {ITEM} in {LIBRARY}all:
    {TOTAL} = step
return {TOTAL}
"""


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.copy_location(ast.Name(self.names.get(node.id, node.id), node.ctx), node)


def of_dict(rewriter: Rewriting, node: ast.Call, name: str) -> ast.Call:
    """Return what stands for `dict(d)` and `list(dict.fromkeys(values))`; else the call."""
    given = node.args[0]
    if name == "dict" and isinstance(given, ast.Name):
        rewriter.changed = True
        return placed(node, rewriter._call("dict", dict_copies.dict_of, given))
    if name == "dict" or not isinstance(given, ast.Call) or given.keywords or len(given.args) != 1:
        return node
    function = given.func
    if not isinstance(function, ast.Attribute) or function.attr != "fromkeys":
        return node
    if rewriter._builtin(function.value) != "dict":
        return node
    rewriter.changed = True
    return placed(node, rewriter._call("distinct", iterators.distinct, given.args[0]))
