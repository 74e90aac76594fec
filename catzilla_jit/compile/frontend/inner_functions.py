"""Inner functions, as functions of the module: what they share they are given.

So it is done with those that call themselves, and those with a generator expression, which only the
source of a function of the module is rewritten for.

    def count(graph, start):                       def count(graph, start):
        seen = set()                                   seen = set()
        def visit(v):                                  visit(start, graph, seen)
            seen.add(v)                    becomes     return len(seen)
            for w in graph[v]:
                if w not in seen:                  def visit(v, graph, seen): ...
                    visit(w)                           ... visit(w, graph, seen)
        visit(start)
        return len(seen)

The variables of the outer function that inner ones read cannot be assigned while those run, so each
call passes what they hold. So it is done where inner functions are called and nothing else, assign
none of the outer variables, and have constants as defaults.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator

from catzilla_jit.compile.frontend.rewriting import LIBRARY, Filling, stored_names

#: What makes a scope of its own, whose names are looked up otherwise.
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


#: What the functions are called by; in tracebacks they have their own names.
PREFIX = f"{LIBRARY}inner_"


class Inner:
    """One inner function, and what it shares with the outer one."""

    def __init__(self, tree: ast.FunctionDef) -> None:
        self.tree = tree
        arguments = tree.args
        self.parameters = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        self.own = {*self.parameters, *stored_names(tree)}
        self.named = {e.id for e in ast.walk(tree) if isinstance(e, ast.Name)}
        self.shared: set[str] = set()

    def has_generator(self) -> bool:
        return any(isinstance(each, ast.GeneratorExp) for each in ast.walk(self.tree))

    def is_liftable(self) -> bool:
        """Tell whether its parameters and statements are plain."""
        arguments = self.tree.args
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or self.tree.decorator_list:
            return False
        if not all(isinstance(each, ast.Constant) for each in arguments.defaults):
            return False
        inside = [each for each in ast.walk(self.tree) if each is not self.tree]
        odd = (*SCOPES, ast.Nonlocal, ast.Global, ast.Yield, ast.YieldFrom, ast.Await)
        return not any(isinstance(each, odd) for each in inside)


def lifted(
    tree: ast.FunctionDef, free: Iterable[str], never: Callable[[], ast.expr]
) -> dict[str, ast.FunctionDef]:
    """Take inner functions out of a function, where one of them wants it; return them by name.

    Calls in the tree, and in the functions, pass what these share with the outer function. free:
    the variables of the functions around the outer one; never: makes a test that is never true.
    """
    found = {each.name: Inner(each) for each in tree.body if isinstance(each, ast.FunctionDef)}
    wanted = any(_recurs(name, found) or inner.has_generator() for name, inner in found.items())
    if not wanted or not all(inner.is_liftable() for inner in found.values()):
        return {}
    if not _are_only_called(tree, set(found)) or _hides_names(tree, found):
        return {}
    outer = {a.arg for a in (*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs)}
    outer |= stored_names(ast.Module([each for each in tree.body if not _is_inner(each)], []))
    if not _share(found, outer | set(free)):
        return {}
    calls = _Calls(found)
    tree.body = [each for each in tree.body if not _is_inner(each)]
    tree.body = [calls.visit(each) for each in _seeded(tree, found, never())]
    for inner in found.values():
        inner.tree.body = [calls.visit(each) for each in inner.tree.body]
        more = [ast.arg(name) for name in sorted(inner.shared)]
        # In front: parameters with defaults stand behind.
        inner.tree.args.args = [*more, *inner.tree.args.args]
    return {PREFIX + name: inner.tree for name, inner in found.items()}


def _is_inner(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef)


def _recurs(name: str, found: dict[str, Inner]) -> bool:
    """Tell whether a function comes to call itself."""
    reached: set[str] = set()
    rest = [name]
    while rest:
        for each in found[rest.pop()].named & found.keys():
            if each == name:
                return True
            if each not in reached:
                reached.add(each)
                rest.append(each)
    return False


def _are_only_called(tree: ast.FunctionDef, names: set[str]) -> bool:
    called = {id(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
    uses = [each for each in ast.walk(tree) if isinstance(each, ast.Name) and each.id in names]
    starred = any(
        isinstance(each, ast.Call)
        and isinstance(each.func, ast.Name)
        and each.func.id in names
        and any(isinstance(argument, ast.Starred) for argument in each.args)
        for each in ast.walk(tree)
    )
    return not starred and all(id(each) in called for each in uses)


def _hides_names(tree: ast.FunctionDef, found: dict[str, Inner]) -> bool:
    """Tell whether a function is defined twice, or called before its definition."""
    inner = [each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)][1:]
    if len(inner) != len(set(inner)) or len(inner) != len(found):
        return True
    defined: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            defined.add(statement.name)
            continue
        named = {each.id for each in ast.walk(statement) if isinstance(each, ast.Name)}
        if named & found.keys() - defined:
            return True
        if defined & stored_names(statement):
            return True
    scopes = [each for each in ast.walk(tree) if isinstance(each, ast.Lambda)]
    return bool(scopes) and any(
        isinstance(each, ast.Name) and each.id in found
        for scope in scopes
        for each in ast.walk(scope)
    )


def _share(found: dict[str, Inner], outer: set[str]) -> bool:
    """Find what each function needs, for itself and for those it calls; False if names collide."""
    for inner in found.values():
        inner.shared = (inner.named & outer) - inner.own - found.keys()
    changed = True
    while changed:
        changed = False
        for inner in found.values():
            for name in inner.named & found.keys():
                further = found[name].shared - inner.shared
                if further & inner.own:  # there the name is another variable
                    return False
                if further:
                    inner.shared |= further
                    changed = True
    return True


def _seeded(tree: ast.FunctionDef, found: dict[str, Inner], never: ast.expr) -> list[ast.stmt]:
    """Return the body with the types of containers that are filled by an inner function alone.

    Before the first call stands, behind a test that is never true, what the inner function does.
    """
    body: list[ast.stmt] = []
    done: set[str] = set()
    for statement in tree.body:
        for call in ast.walk(statement):
            name = _called(call)
            if isinstance(call, ast.Call) and name in found and name not in done:
                done.add(name)
                fills = list(_fills(found[name], call))
                if fills:
                    body.append(ast.copy_location(ast.If(never, fills, []), statement))
        body.append(statement)
    return body


def _called(node: ast.AST) -> str:
    """Return the name of the function that is called by position; empty for everything else."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.keywords:
        return ""
    return node.func.id


def _fills(inner: Inner, call: ast.Call) -> Iterator[ast.stmt]:
    """Yield what an inner function puts into containers, in the words of its caller."""
    defaults = inner.tree.args.defaults
    words: dict[str, ast.expr] = {}
    if defaults:
        words.update(zip(inner.parameters[-len(defaults) :], defaults, strict=True))
    words.update(zip(inner.parameters, call.args, strict=False))
    known = words.keys() | inner.shared
    for node in ast.walk(inner.tree):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            if isinstance(function, ast.Attribute) and function.attr in FILLING:
                parts = [function.value, *node.value.args]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            parts = [node.targets[0].value, node.targets[0].slice, node.value]
        names = {e.id for part in parts for e in ast.walk(part) if isinstance(e, ast.Name)}
        own = isinstance(parts[0], ast.Name) and parts[0].id in inner.shared if parts else False
        if own and not names & inner.own - known:
            assert isinstance(node, ast.stmt)
            yield Filling(words).visit(copy.deepcopy(node))


#: Methods that put something into a container.
FILLING = {"append", "add"}


class _Calls(ast.NodeTransformer):
    """Passes what the functions share."""

    def __init__(self, found: dict[str, Inner]) -> None:
        self.found = found

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        inner = self.found.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if inner is not None:
            more: list[ast.expr] = [ast.Name(each, ast.Load()) for each in sorted(inner.shared)]
            assert isinstance(node.func, ast.Name)
            node.func = ast.copy_location(ast.Name(PREFIX + node.func.id, ast.Load()), node.func)
            node.args = [*(ast.copy_location(each, node) for each in more), *node.args]
        return node
