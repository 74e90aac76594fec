"""Keys of `sorted`, `sort`, `max` and `min`, and what else these are given by name.

A builtin function as a key becomes a lambda. `max` and `min` with a key or a default become a loop
in a function of its own, as generator expressions do.
"""

from __future__ import annotations

import ast

from catzilla_jit.compile.frontend.library_calls import item_getter
from catzilla_jit.compile.frontend.rewrite_generators import generator_of, lifted
from catzilla_jit.compile.frontend.rewriting import (
    LIBRARY,
    Filling,
    Rewriting,
    loaded_names,
    placed,
    stored_names,
)
from catzilla_jit.compile.library import builtin_functions, list_sorts

#: Builtin functions of one argument that compiled code knows.
KEYS = {"len", "abs", "str", "int", "float", "ord", "sum", "max", "min", "round", "bool"}
ITEM = f"{LIBRARY}item"


def plain_key(rewriter: Rewriting, node: ast.expr) -> ast.expr:
    """Return a key that is a lambda in the place of a builtin function."""
    node = item_getter(rewriter, node)
    known = rewriter._builtin(node) in KEYS
    if isinstance(node, ast.Attribute) and rewriter._builtin(node.value) == "str":
        known = node.attr in ("lower", "upper", "strip")
    if not known:
        return node
    rewriter.changed = True
    arguments = ast.arguments([], [ast.arg(ITEM)], None, [], [], None, [])
    return placed(node, ast.Lambda(arguments, _applied(node, ast.Name(ITEM, ast.Load()))))


def _applied(key: ast.expr, item: ast.expr) -> ast.expr:
    """Return the key of an item."""
    if isinstance(key, ast.Attribute) and isinstance(key.value, ast.Name) and key.value.id == "str":
        return ast.Call(ast.Attribute(item, key.attr, ast.Load()), [], [])
    return ast.Call(key, [item], [])


def extreme(rewriter: Rewriting, node: ast.Call, name: str) -> ast.AST:
    """Return a loop for `max(values, key=..., default=...)`, or the call itself."""
    given = {each.arg: each.value for each in node.keywords}
    if "key" in given:
        given["key"] = _of_dict(item_getter(rewriter, given["key"]), node.args)
    several = len(node.args) > 1 and set(given) == {"key"}
    if several and not any(isinstance(each, ast.Starred) for each in node.args):
        node.args = [placed(node, ast.List(node.args, ast.Load()))]
    if len(node.args) != 1 or not given or not set(given) <= {"key", "default"}:
        return node
    default = given.get("default")
    if default is not None and not isinstance(default, ast.Constant | ast.Name):
        return node
    source, key = node.args[0], _key_of_item(given.get("key"))
    generator = generator_of(rewriter, source)
    if key is None or (generator is not None and "key" in given):
        return node  # items would be made, and might raise, before the first key
    items = source if generator is None else ast.ListComp(generator.elt, generator.generators)
    loop = ast.parse(LOOP.format(sign=">" if name == "max" else "<"))
    statements = Filling({f"{LIBRARY}items": items, f"{LIBRARY}key": key}).visit(loop).body
    nothing: ast.stmt = ast.Expr(rewriter._call("bail_out", builtin_functions.bail_out))
    if default is not None:
        nothing = ast.Return(default)
    empty = ast.parse(f"if len({LIBRARY}values) == 0:\n    pass").body[0]
    assert isinstance(empty, ast.If)
    empty.body = [nothing]
    statements.insert(1, empty)
    for statement in statements:
        for each in ast.walk(statement):  # the template has places of its own
            for attribute in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
                each.__dict__.pop(attribute, None)
    used: ast.expr = ast.Tuple([source, key, *([default] if default else [])], ast.Load())
    return lifted(rewriter, node, used, statements)


def _of_dict(key: ast.expr, values: list[ast.expr]) -> ast.expr:
    """Return the lambda that `d.get` is where the keys of `d` are gone over."""
    known = isinstance(key, ast.Attribute) and key.attr == "get" and len(values) == 1
    if not known or not isinstance(key, ast.Attribute) or not isinstance(key.value, ast.Name):
        return key
    if not isinstance(values[0], ast.Name) or values[0].id != key.value.id:
        return key
    parameters = ast.arguments([], [ast.arg(ITEM)], None, [], [], None, [])
    found = ast.Subscript(key.value, ast.Name(ITEM, ast.Load()), ast.Load())
    return placed(key, ast.Lambda(parameters, found))


#: What `max` or `min` do; `items` and `key` are put in.
LOOP = f"""
{LIBRARY}values = [{ITEM} for {ITEM} in {LIBRARY}items]
{LIBRARY}best = {ITEM} = {LIBRARY}values[0]
{LIBRARY}best_key = {LIBRARY}key
for {LIBRARY}place in range(1, len({LIBRARY}values)):
    {ITEM} = {LIBRARY}values[{LIBRARY}place]
    {LIBRARY}other_key = {LIBRARY}key
    if {LIBRARY}other_key {{sign}} {LIBRARY}best_key:
        {LIBRARY}best = {ITEM}
        {LIBRARY}best_key = {LIBRARY}other_key
return {LIBRARY}best
"""


def _key_of_item(key: ast.expr | None) -> ast.expr | None:
    """Return the key of the item as an expression; None for what is not known."""
    item = ast.Name(ITEM, ast.Load())
    if key is None:
        return item
    if not isinstance(key, ast.Lambda):
        return _applied(key, item) if isinstance(key, ast.Name | ast.Attribute) else None
    parameters = key.args
    others = (*parameters.defaults, parameters.vararg, parameters.kwarg, *parameters.kwonlyargs)
    if len(parameters.args) != 1 or any(others):
        return None
    if parameters.args[0].arg in stored_names(key.body):  # a comprehension in it has its own
        return None
    return _Renaming(parameters.args[0].arg).visit(key.body)  # type: ignore[no-any-return]


def of_sort(rewriter: Rewriting, node: ast.Call, makes_list: bool) -> ast.Call:
    """Return a sort with a key that can be compiled; makes_list: it is `sorted`."""
    for each in node.keywords:
        if each.arg == "key":
            each.value = plain_key(rewriter, each.value)
    return _by_listed_keys(rewriter, node) if makes_list else node


def _by_listed_keys(rewriter: Rewriting, node: ast.Call) -> ast.Call:
    """Return a call with a list of the keys where the key names a variable of the function.

    Numba has functions as keys that stand alone. Python makes all keys before it compares any.
    """
    given = {each.arg: each.value for each in node.keywords}
    key = given.get("key")
    if (
        not isinstance(key, ast.Lambda)
        or len(node.args) != 1
        or not set(given) <= {"key", "reverse"}
    ):
        return node
    parameters = {each.arg for each in key.args.args}
    if not (loaded_names(key.body) - parameters) & rewriter.locals:
        return node
    applied = _key_of_item(key)
    items = node.args[0]
    if applied is None or isinstance(items, ast.GeneratorExp | ast.Starred):
        return node
    held = f"{LIBRARY}sorted"
    lines = ast.parse(LISTED if "reverse" in given else LISTED.replace("reverse", "False"))
    reverse = given.get("reverse", ast.Constant(False))
    filled = {f"{LIBRARY}items": items, f"{LIBRARY}key": applied, "reverse": reverse}
    statements = Filling(filled).visit(lines).body
    for statement in statements:
        for each in ast.walk(statement):  # the template has places of its own
            for attribute in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
                each.__dict__.pop(attribute, None)
    rewriter.values[f"{held}_items"] = list_sorts.as_items
    rewriter.values[f"{held}_by"] = list_sorts.by_keys
    used = ast.Tuple([items, applied, reverse], ast.Load())
    made = lifted(rewriter, node, used, statements)
    return made if isinstance(made, ast.Call) else node


#: What `sorted` does with a list of keys; `items`, `key` and `reverse` are put in.
LISTED = f"""
{LIBRARY}values = {LIBRARY}sorted_items({LIBRARY}items)
return {LIBRARY}sorted_by({LIBRARY}values, [{LIBRARY}key for {ITEM} in {LIBRARY}values], reverse)
"""


class _Renaming(ast.NodeTransformer):
    """Calls the parameter of a key what the item is called."""

    def __init__(self, parameter: str) -> None:
        self.parameter = parameter

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return (
            ast.copy_location(ast.Name(ITEM, node.ctx), node) if node.id == self.parameter else node
        )
