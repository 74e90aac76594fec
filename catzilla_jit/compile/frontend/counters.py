"""A local `Counter`, or `defaultdict` of a number, as the dict that it is.

    found = Counter(text)                    found = counted(text)
    for k, n in found.most_common(2):        for k, n in most_common(found, 2):
        total += found[k]          becomes       total += count(found, k)
    seen = defaultdict(int)                  seen = {}
    seen[k] += 1                             seen[k] = seen.get(k, 0) + 1

It is done where a variable holds nothing but these, and where all that is done with it is known
here and gives nobody the dict itself, whose class is another. What is asked of a `defaultdict` is
put in with its default, as Python does; nothing of that can be seen if the function fails, unless
it catches what has failed, so functions with a `try` are left alone.
"""

from __future__ import annotations

import ast
import collections
import copy
from typing import Any

from catzilla_jit.compile.frontend.rewrite_generators import as_list
from catzilla_jit.compile.frontend.rewriting import LIBRARY, Rewriting, placed
from catzilla_jit.compile.library import counts

#: What may be done by methods that dicts have as well, with the least and most arguments.
OF_DICTS = {"items": (0, 0), "keys": (0, 0), "values": (0, 0), "get": (1, 2), "pop": (1, 2)}
#: Builtins that only go over the keys.
GOING_OVER = {"len", "list", "sorted", "sum", "max", "min", "dict", "set", "any", "all", "bool"}


def take_counters(rewriter: Rewriting, tree: ast.FunctionDef) -> None:
    """Turn the counters of a function into dicts."""
    nodes = list(ast.walk(tree))
    if any(isinstance(each, ast.Try) for each in nodes):
        return
    made = {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and node.value is not None
        and _default(rewriter, node.value) is not None
        for target in _targets(node)
    }
    changed = _Direct(rewriter)
    defaults = {name: _default(rewriter, value) for name, value in made.items()}
    for each in nodes:
        if isinstance(each, ast.arg):
            defaults.pop(each.arg, None)
        inner = isinstance(each, ast.FunctionDef | ast.ClassDef) and each is not tree
        if inner or isinstance(each, ast.Global | ast.Nonlocal):
            for name in [e.id for e in ast.walk(each) if isinstance(e, ast.Name)]:
                defaults.pop(name, None)
    while True:
        uses = _Uses(rewriter, {k: v for k, v in defaults.items() if v is not None})
        uses.visit(tree)
        unknown = {
            each.id
            for each in nodes
            if isinstance(each, ast.Name) and each.id in defaults and id(each) not in uses.known
        }
        if not unknown:
            break
        defaults = {k: v for k, v in defaults.items() if k not in unknown}
    held = {k: v for k, v in defaults.items() if v is not None}
    if held:
        rewriter.changed = True
        _Change(rewriter, held).visit(tree)
    changed.visit(tree)


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.Name]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [each for each in targets if isinstance(each, ast.Name) and len(targets) == 1]


class Default:
    """What a key that is missing stands for, and whether asking puts it in."""

    def __init__(self, value: ast.expr, puts: bool) -> None:
        self.value = value
        self.puts = puts


def _default(rewriter: Rewriting, value: ast.expr) -> Default | None:
    """Return the default of what an expression makes; None where it makes no counter."""
    if not isinstance(value, ast.Call) or value.keywords:
        return None
    function = rewriter._value(value.func)
    if function is collections.Counter and len(value.args) < 2:
        starred = any(isinstance(each, ast.Starred) for each in value.args)
        return None if starred else Default(ast.Constant(0), False)
    if function is not collections.defaultdict or len(value.args) != 1:
        return None
    (makes,) = value.args
    if rewriter._builtin(makes) == "list":
        return Default(ast.List([], ast.Load()), True)
    known: dict[str | None, Any] = {"int": 0, "float": 0.0, "str": "", "bool": False}
    name = rewriter._builtin(makes)
    if name in known:
        return Default(ast.Constant(known[name]), True)
    if isinstance(makes, ast.Lambda) and isinstance(makes.body, ast.Constant):
        numbers = type(makes.body.value) in (int, float, str, bool)
        return Default(makes.body, True) if numbers and not makes.args.args else None
    return None


class _Uses(ast.NodeVisitor):
    """Finds the places where a counter is used in a way that is known."""

    def __init__(self, rewriter: Rewriting, held: dict[str, Default]) -> None:
        self.rewriter = rewriter
        self.held = held
        self.known: set[int] = set()

    def _is_held(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Name) and node.id in self.held

    def _note(self, *nodes: ast.AST | None) -> None:
        self.known |= {id(each) for each in nodes if self._is_held(each)}

    def visit_Assign(self, node: ast.Assign) -> None:
        if _default(self.rewriter, node.value) is not None:
            self._note(*_targets(node))
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and _default(self.rewriter, node.value) is not None:
            self._note(node.target)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        target = node.target
        if not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Slice):
            self.generic_visit(node)
            return
        if not any(map(self._is_held, ast.walk(target.slice))):
            self._note(target.value)
        self.visit(target.slice)
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Del) and not isinstance(node.slice, ast.Slice):
            self._note(node.value)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        if all(isinstance(each, ast.In | ast.NotIn) for each in node.ops):
            self._note(*node.comparators)
        both = (node.left, *node.comparators)
        equality = len(both) == 2 and isinstance(node.ops[0], ast.Eq | ast.NotEq)
        if equality and all(map(self._is_counter, both)):
            self._note(*both)
        self.generic_visit(node)

    def _is_counter(self, node: ast.expr) -> bool:
        held = self._is_held(node) and not self._of(node).puts
        return held or _makes_counter(self.rewriter, node)

    def _of(self, node: ast.expr) -> Default:
        assert isinstance(node, ast.Name)
        return self.held[node.id]

    def visit_Call(self, node: ast.Call) -> None:
        function = node.func
        plain = not any(isinstance(each, ast.Starred) for each in node.args)
        if isinstance(function, ast.Attribute) and self._is_held(function.value) and plain:
            least, most = OF_DICTS.get(function.attr, (9, 0))
            if function.attr == "most_common" and not self._of(function.value).puts:
                least, most = 0, 1
            if least <= len(node.args) <= most and not node.keywords:
                self._note(function.value)
        elif self.rewriter._builtin(function) in GOING_OVER and len(node.args) == 1:
            self._note(node.args[0])
        for each in node.keywords:  # max(found, key=found.get)
            value = each.value
            if each.arg == "key" and isinstance(value, ast.Attribute) and value.attr == "get":
                self._note(value.value)
        self.generic_visit(node)

    def visit_While(self, node: ast.While | ast.If | ast.IfExp) -> None:
        self._truth(node.test)
        self.generic_visit(node)

    visit_If = visit_IfExp = visit_While

    def _truth(self, node: ast.expr) -> None:
        self._note(node)
        if isinstance(node, ast.BoolOp):
            for each in node.values:
                self._truth(each)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._truth(node.operand)

    def visit_For(self, node: ast.For) -> None:
        self._note(node.iter)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._note(node.iter)
        self.generic_visit(node)


class _Change(ast.NodeTransformer):
    """Puts dicts and calls of functions in the place of the counters."""

    def __init__(self, rewriter: Rewriting, held: dict[str, Default]) -> None:
        self.rewriter = rewriter
        self.held = held
        self.keys = 0

    def _is_held(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Name) and node.id in self.held

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        if any(self._is_held(each) for each in node.targets):
            node.value = self._dict(node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if not self._is_held(node.target) or node.value is None:
            return node
        return placed(node, ast.Assign([node.target], self._dict(node.value)))

    def _dict(self, value: ast.expr) -> ast.expr:
        assert isinstance(value, ast.Call)
        if self.rewriter._value(value.func) is collections.defaultdict or not value.args:
            return placed(value, ast.Dict([], []))
        return _counted(self.rewriter, value)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)  # which leaves the counter itself where it is named
        target = node.target
        if not isinstance(target, ast.Subscript) or not isinstance(target.value, ast.Name):
            return node
        if not self._is_held(target.value):
            return node
        self.keys += 1
        name = target.value.id
        key = ast.Name(f"{LIBRARY}key{self.keys}_{name}", ast.Load())
        held = ast.Name(name, ast.Load())
        default = copy.deepcopy(self.held[name].value)
        old: ast.expr = ast.Call(ast.Attribute(held, "get", ast.Load()), [key, default], [])
        item = ast.Subscript(ast.Name(name, ast.Load()), key, ast.Store())
        made: list[ast.stmt] = [ast.Assign([ast.Name(key.id, ast.Store())], target.slice)]
        if self.held[name].puts and any(map(self._is_held, ast.walk(node.value))):
            # What is added may put in a key as well, behind this one.
            missing = ast.Compare(key, [ast.NotIn()], [held])
            made.append(ast.If(missing, [ast.Assign([copy.copy(item)], default)], []))
            old = ast.Subscript(held, key, ast.Load())
        made.append(ast.Assign([item], ast.BinOp(old, node.op, node.value)))
        return [placed(node, each) for each in made]

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not self._is_held(node.value) or not isinstance(node.ctx, ast.Load):
            return node
        assert isinstance(node.value, ast.Name)
        default = self.held[node.value.id]
        if not default.puts:
            return placed(node, self.rewriter._call("count", counts.count, node.value, node.slice))
        value = copy.deepcopy(default.value)
        asked = self.rewriter._call("asked", counts.asked, node.value, node.slice, value)
        return placed(node, asked)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        both = (node.left, *node.comparators)
        if not any(map(self._is_held, both)) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            return node
        return _compared(self.rewriter, node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        if not isinstance(function, ast.Attribute) or not self._is_held(function.value):
            return node
        if function.attr != "most_common":
            return node
        return _most_common(self.rewriter, node, function.value)


def _counted(rewriter: Rewriting, node: ast.expr) -> ast.expr:
    """Return the dict in the place of `Counter(values)`."""
    assert isinstance(node, ast.Call)
    values = [as_list(rewriter, each) for each in node.args]
    return placed(node, rewriter._call("counter", counts.counter, *values))


def _makes_counter(rewriter: Rewriting, node: ast.expr) -> bool:
    """Tell whether an expression is `Counter(values)`."""
    called = isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
    made = isinstance(node, ast.Call) and rewriter._value(node.func)
    return called and made is collections.Counter


def _compared(rewriter: Rewriting, node: ast.Compare) -> ast.expr:
    """Return a comparison of counts, of variables or of counters that are made for it."""
    given = [
        _counted(rewriter, each) if _makes_counter(rewriter, each) else each
        for each in (node.left, *node.comparators)
    ]
    same = rewriter._call("same_counts", counts.same_counts, *given)
    made = same if isinstance(node.ops[0], ast.Eq) else ast.UnaryOp(ast.Not(), same)
    return placed(node, made)


def _most_common(rewriter: Rewriting, node: ast.Call, held: ast.expr) -> ast.expr:
    function: Any = counts.most_common_of if node.args else counts.most_common
    return placed(node, rewriter._call(function.__name__, function, held, *node.args))


class _Direct(ast.NodeTransformer):
    """Changes what is asked of a `Counter(values)` that no variable holds."""

    def __init__(self, rewriter: Rewriting) -> None:
        self.rewriter = rewriter

    def _is_counter(self, node: ast.expr) -> bool:
        return _makes_counter(self.rewriter, node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        both = (node.left, *node.comparators)
        signs = len(both) == 2 and isinstance(node.ops[0], ast.Eq | ast.NotEq)
        if not signs or not all(map(self._is_counter, both)):
            return node
        self.rewriter.changed = True
        return _compared(self.rewriter, node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        function = node.func
        over = self.rewriter._builtin(function) in GOING_OVER and len(node.args) == 1
        if over and self._is_counter(node.args[0]):
            self.rewriter.changed = True
            node.args = [_counted(self.rewriter, node.args[0])]
        if not isinstance(function, ast.Attribute) or not self._is_counter(function.value):
            return node
        if function.attr in OF_DICTS:
            self.rewriter.changed = True
            function.value = _counted(self.rewriter, function.value)
        if function.attr == "most_common" and len(node.args) < 2 and not node.keywords:
            self.rewriter.changed = True
            return _most_common(self.rewriter, node, _counted(self.rewriter, function.value))
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not self._is_counter(node.value) or not isinstance(node.ctx, ast.Load):
            return node
        self.rewriter.changed = True
        counter = _counted(self.rewriter, node.value)
        return placed(node, self.rewriter._call("count", counts.count, counter, node.slice))
