"""Generator expressions that are consumed at once, as lists or as loops."""

from __future__ import annotations

import ast
import inspect
import types as pytypes

from catzilla_jit.compile.frontend.rewriting import (
    LIBRARY,
    OWN_VALUES,
    Rewriting,
    loaded_names,
    placed,
)
from catzilla_jit.compile.frontend.syntax import code_of
from catzilla_jit.compile.library import builtin_functions


def _loops(generators: list[ast.comprehension], body: ast.stmt) -> ast.stmt:
    for each in reversed(generators):
        for test in reversed(each.ifs):
            body = ast.If(test, [body], [])
        body = ast.For(each.target, each.iter, [body], [])
    return body


def _binds_names(node: ast.AST) -> bool:
    return any(isinstance(each, ast.NamedExpr | ast.Lambda | ast.Await) for each in ast.walk(node))


def function_of(tree: ast.FunctionDef, like: pytypes.FunctionType) -> pytypes.FunctionType | None:
    """Make a function without free variables that names what `like` names."""
    plain = pytypes.FunctionType(_no_code.__code__, like.__globals__)
    plain.__code__ = plain.__code__.replace(
        co_filename=like.__code__.co_filename, co_flags=plain.__code__.co_flags
    )
    code = code_of(tree, plain)
    return None if code is None else pytypes.FunctionType(code, like.__globals__, tree.name)


def _no_code() -> None: ...


def one_generator(rewriter: Rewriting, node: ast.Call) -> bool:
    return (
        len(node.args) == 1
        and not node.keywords
        and generator_of(rewriter, node.args[0]) is not None
    )


def generator_of(rewriter: Rewriting, node: ast.AST) -> ast.GeneratorExp | None:
    """Return a generator expression, also for `map(f, xs)` and `filter(f, xs)`."""
    if isinstance(node, ast.GeneratorExp):
        return node
    if isinstance(node, ast.Call) and inspect.isgeneratorfunction(rewriter._value(node.func)):
        item = ast.Name(f"{LIBRARY}item", ast.Load())
        loop = ast.comprehension(ast.Name(item.id, ast.Store()), node, [], 0)
        return placed(node, ast.GeneratorExp(item, [loop]))
    if not isinstance(node, ast.Call) or node.keywords or len(node.args) < 2:
        return None
    name = rewriter._builtin(node.func)
    if len(node.args) > 2:
        return _of_several(node) if name == "map" else None
    if name not in ("map", "filter") or not isinstance(node.args[0], ast.Name | ast.Attribute):
        return None
    item = ast.Name(f"{LIBRARY}item", ast.Load())
    call = ast.Call(node.args[0], [item], [])
    target = ast.Name(item.id, ast.Store())
    tests: list[ast.expr] = [call] if name == "filter" else []
    value: ast.expr = item if name == "filter" else call
    loop = ast.comprehension(target, node.args[1], tests, 0)
    return placed(node, ast.GeneratorExp(value, [loop]))


def _of_several(node: ast.Call) -> ast.GeneratorExp | None:
    """Return a generator expression for `map(f, xs, ys)`."""
    function, *sources = node.args
    starred = any(isinstance(each, ast.Starred) for each in sources)
    if starred or not isinstance(function, ast.Name | ast.Attribute):
        return None
    names = [f"{LIBRARY}item{place}" for place in range(len(sources))]
    call = ast.Call(function, [ast.Name(each, ast.Load()) for each in names], [])
    target = ast.Tuple([ast.Name(each, ast.Store()) for each in names], ast.Store())
    together = ast.Call(ast.Name("zip", ast.Load()), sources, [])
    loop = ast.comprehension(target, together, [], 0)
    return placed(node, ast.GeneratorExp(call, [loop]))


def as_list(rewriter: Rewriting, node: ast.expr) -> ast.expr:
    generator = generator_of(rewriter, node)
    if generator is None:
        return node
    rewriter.changed = True
    return placed(node, ast.ListComp(generator.elt, generator.generators))


def as_list_of_bytes(rewriter: Rewriting, node: ast.expr) -> ast.expr:
    """Return a list in the place of a generator; what is no byte fails in its turn."""
    generator = generator_of(rewriter, node)
    assert generator is not None
    generator.elt = placed(node, rewriter._call("byte", builtin_functions.byte, generator.elt))
    return as_list(rewriter, generator)


def short_circuit(rewriter: Rewriting, node: ast.Call, name: str) -> ast.AST:
    """Turn any(...) and all(...) into a loop that stops where Python's does."""
    generator = generator_of(rewriter, node.args[0])
    assert generator is not None
    stop = name == "any"
    test = generator.elt if stop else ast.UnaryOp(ast.Not(), generator.elt)
    body: ast.stmt = ast.If(test, [ast.Return(ast.Constant(stop))], [])
    loop = _loops(generator.generators, body)
    return lifted(rewriter, node, generator, [loop, ast.Return(ast.Constant(not stop))])


def first_of(rewriter: Rewriting, node: ast.Call) -> ast.AST:
    """Turn `next(... for ...)` into a loop that stops at the first; without one Python raises."""
    generator = generator_of(rewriter, node.args[0])
    default = node.args[1] if len(node.args) > 1 else None
    plain = default.operand if isinstance(default, ast.UnaryOp) else default
    if generator is None or not isinstance(plain, ast.Constant | ast.Name | None):
        return node
    loop = _loops(generator.generators, ast.Return(generator.elt))
    last: ast.stmt = ast.Return(default)
    if default is None:
        last = ast.Expr(rewriter._call("bail_out", builtin_functions.bail_out))
    used = ast.Tuple([generator, *([default] if default else [])], ast.Load())
    nothing = ast.Raise(ast.Call(ast.Name("RuntimeError", ast.Load()), [], []))
    return lifted(rewriter, node, used, [loop, last, *([] if default else [nothing])])


def lifted(rewriter: Rewriting, node: ast.AST, generator: ast.AST, body: list[ast.stmt]) -> ast.AST:
    """Make a function of the statements and call it with the local variables they use."""
    used = sorted(loaded_names(generator) & rewriter.locals)
    if _binds_names(generator):
        return node
    name = f"{LIBRARY}{len(rewriter.values)}_{rewriter.function.__name__}"
    parameters = ast.arguments([], [ast.arg(each) for each in used], None, [], [], None, [])
    tree = placed(node, ast.FunctionDef(name, parameters, body, []))
    made = function_of(tree, rewriter.function)
    if made is None:
        return node
    rewriter.changed = True
    made.__dict__[OWN_VALUES] = rewriter.values  # it may call another that was lifted out of it
    rewriter.values[name] = made
    arguments: list[ast.expr] = [ast.Name(each, ast.Load()) for each in used]
    return placed(node, ast.Call(ast.Name(name, ast.Load()), arguments, []))
