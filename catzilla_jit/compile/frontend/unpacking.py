"""Lists that are taken apart: `a, b = text.split()`, `first, *rest = values`, `zip(*rows)`.

Numba takes tuples apart, whose lengths it knows. Here a list is held in a variable, its length is
compared with the number of names, and its items are assigned; what does not fit leaves the kernel.
"""

from __future__ import annotations

import ast

from catzilla_jit.compile.frontend.rewrite_generators import generator_of
from catzilla_jit.compile.frontend.rewriting import LIBRARY, Rewriting, placed
from catzilla_jit.compile.library import builtin_functions, iterators

#: Methods of texts that return lists.
LISTING = {"split", "rsplit", "splitlines"}
#: Builtins that return lists, and those that may be called for more items than there are names.
LISTS, PLAIN = {"sorted", "list"}, {"int", "float", "str", "len", "abs", "ord", "chr", "bool"}
#: Calls that only go over what they are given.
GOING_OVER = {"list", "sum", "max", "min", "sorted", "any", "all", "len", "zip", "enumerate", "set"}


def taken_apart(rewriter: Rewriting, node: ast.Assign) -> list[ast.stmt] | None:
    """Return statements that assign the items of a list to names; None for other assignments."""
    target = node.targets[0]
    if len(node.targets) != 1 or not isinstance(target, ast.Tuple | ast.List):
        return None
    stars = [i for i, each in enumerate(target.elts) if isinstance(each, ast.Starred)]
    parts = [each.value if isinstance(each, ast.Starred) else each for each in target.elts]
    if not all(isinstance(each, ast.Name) for each in parts) or len(stars) > 1:
        return None
    values = _copy(node.value) if stars else _list(rewriter, node.value)
    if values is None:
        return None
    rewriter.changed = True
    rewriter.kept += 1
    held = f"{LIBRARY}held{rewriter.kept}"
    count = len(parts) - len(stars)
    size = ast.Call(ast.Name("len", ast.Load()), [ast.Name(held, ast.Load())], [])
    sign: ast.cmpop = ast.Lt() if stars else ast.NotEq()
    leave = ast.Expr(rewriter._call("bail_out", builtin_functions.bail_out))
    made: list[ast.stmt] = [
        ast.Assign([ast.Name(held, ast.Store())], values),
        ast.If(ast.Compare(size, [sign], [ast.Constant(count)]), [leave], []),
    ]
    for place, part in enumerate(parts):
        made.append(ast.Assign([part], _item(held, place, len(parts), stars)))
    return [placed(node, each) for each in made]


def _item(held: str, place: int, count: int, stars: list[int]) -> ast.expr:
    """Return what the name in a place is assigned."""
    behind = count - 1 - place
    index: ast.expr = ast.Constant(place)
    if stars and place > stars[0]:
        index = ast.UnaryOp(ast.USub(), ast.Constant(count - place))
    elif place in stars:
        end = ast.UnaryOp(ast.USub(), ast.Constant(behind)) if behind else None
        index = ast.Slice(ast.Constant(place), end)
    return ast.Subscript(ast.Name(held, ast.Load()), index, ast.Load())


def _copy(value: ast.expr) -> ast.expr:
    item = f"{LIBRARY}part"
    loop = ast.comprehension(ast.Name(item, ast.Store()), value, [], 0)
    return ast.ListComp(ast.Name(item, ast.Load()), [loop])


def _list(rewriter: Rewriting, value: ast.expr) -> ast.expr | None:
    """Return an expression for a list, if it is sure to be one; of `map` what it gives."""
    if isinstance(value, ast.ListComp):
        return value
    if not isinstance(value, ast.Call):
        return None
    if isinstance(value.func, ast.Attribute) and value.func.attr in LISTING:
        return value
    name = rewriter._builtin(value.func)
    if name in LISTS:
        return value
    if name == "map" and value.args and rewriter._builtin(value.args[0]) in PLAIN:
        generator = generator_of(rewriter, value)
        return None if generator is None else ast.ListComp(generator.elt, generator.generators)
    return None


def columns(rewriter: Rewriting, loop: ast.For | ast.comprehension, body: list[ast.AST]) -> None:
    """Have a loop over `zip(*rows)` go over lists, where the loop only goes over these in turn."""
    call = loop.iter
    if not isinstance(call, ast.Call) or rewriter._builtin(call.func) != "zip":
        return
    given = {each.arg: getattr(each.value, "value", None) for each in call.keywords}
    if given not in ({}, {"strict": False}):
        return
    if len(call.args) != 1 or not isinstance(call.args[0], ast.Starred):
        return
    if not isinstance(loop.target, ast.Name):
        return
    name = loop.target.id
    if all(_goes_over(rewriter, name, each) for each in body):
        rewriter.changed = True
        loop.iter = placed(call, rewriter._call("columns", iterators.columns, call.args[0].value))


def of_one_length(rewriter: Rewriting, call: ast.Call) -> None:
    """Have `zip(..., strict=True)` leave the kernel for lengths that differ; else it is plain.

    Python finds that out behind the shortest, so what is done up to there must be undone by nobody.
    """
    given = {each.arg: each.value for each in call.keywords}
    strict = given.get("strict")
    if list(given) != ["strict"] or not isinstance(strict, ast.Constant):
        return
    if strict.value is True:
        if not all(isinstance(each, ast.Name) for each in call.args):
            return
        for place in range(1, len(call.args)):
            same = rewriter._call(
                "same_length", iterators.same_length, *call.args[place - 1 : place + 1]
            )
            call.args[place - 1] = placed(call, same)
    elif strict.value is not False:
        return
    call.keywords, rewriter.changed = [], True


def _goes_over(rewriter: Rewriting, name: str, tree: ast.AST) -> bool:
    """Tell whether all that is done with a variable is to go over its items."""
    fine: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and rewriter._builtin(node.func) in GOING_OVER:
            fine |= {id(each) for each in node.args}
        elif isinstance(node, ast.comprehension | ast.For):
            fine.add(id(node.iter))
        elif isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            fine.add(id(node.value))
    named = [each for each in ast.walk(tree) if isinstance(each, ast.Name) and each.id == name]
    return all(isinstance(each.ctx, ast.Load) and id(each) in fine for each in named)
