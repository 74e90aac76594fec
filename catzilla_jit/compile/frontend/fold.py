"""What the types of the arguments decide is decided before the function is compiled.

    if x is None: x = default()      goes, or is all that is left
    y = x if x.ndim == 2 else x[None]    becomes one of the two

A branch that is never taken for these types need not compile, and does not give its variables a
second type. The walk goes through the statements in order, with what is known of each variable at
its place; a loop forgets what it assigns. What cannot be decided stays as it is.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Mapping
from typing import Any

from catzilla_jit.compile.frontend.fact import PLAIN, Fact, lasting
from catzilla_jit.compile.frontend.known import Facts
from catzilla_jit.compile.frontend.rewriting import LIBRARY, placed, stored_names

#: What is known of the variables at a place; None: it is never reached.
Names = dict[str, Fact] | None
Replace = Callable[[ast.expr, Facts], ast.expr | None]
ReplaceStatement = Callable[[ast.stmt, Facts], list[ast.stmt] | None]

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
#: Statements that stay as they are.
OTHERS = (ast.Match, ast.AsyncFor, ast.AsyncWith)


def fold(
    tree: ast.FunctionDef,
    known: Mapping[str, Fact],
    facts: Facts,
    replace: Replace | None = None,
    statements: ReplaceStatement | None = None,
) -> ast.FunctionDef | None:
    """Return a function without what is never reached; None if nothing is decided.

    known: of the parameters. replace: gives what stands for a call or an attribute, None for
    itself. statements: the same of a statement. The tree itself stays as it is.
    """
    if any(isinstance(each, ast.Global | ast.Nonlocal) for each in ast.walk(tree)):
        return None
    folder = _Folder(facts, _bound_otherwise(tree), replace, statements)
    made = copy.deepcopy(tree)
    constants = {name: fact for name, fact in known.items() if type(fact.constant) in PLAIN}
    facts.names = {name: fact for name, fact in known.items() if name not in folder.never}
    folder.constants = constants.keys() & facts.names.keys()
    made.body = folder.block(made.body) or [placed(tree, ast.Pass())]
    if not folder.changed or _loses_variables(tree, made):
        return None
    return made


def _bound_otherwise(tree: ast.FunctionDef) -> set[str]:
    """Return the variables that something else than a plain assignment or a loop binds."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            found.add(node.id)
        elif isinstance(node, ast.NamedExpr):
            found.add(node.target.id)
        elif isinstance(node, ast.MatchMapping):
            found.add(node.rest or "")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {each.asname or each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, _NAMING) and node is not tree:
            found.add(node.name or "")
    return found


_NAMING = ast.FunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar


def _loses_variables(before: ast.FunctionDef, after: ast.FunctionDef) -> bool:
    """Tell whether a name that is still read would not be the function's own any more."""
    arguments = before.args
    given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parameters = {each.arg for each in (*given, arguments.vararg, arguments.kwarg) if each}
    names = [each for each in ast.walk(after) if isinstance(each, ast.Name)]
    read = {each.id for each in names if isinstance(each.ctx, ast.Load)}
    return bool(read & (_bound(before) - _bound(after) - parameters))


def _bound(tree: ast.FunctionDef) -> set[str]:
    return stored_names(tree) | _bound_otherwise(tree)


class _Folder:
    """The walk over one function."""

    def __init__(
        self,
        facts: Facts,
        never: set[str],
        replace: Replace | None,
        statements: ReplaceStatement | None,
    ) -> None:
        """never: the variables of which nothing is to be known."""
        self.replace = replace
        self._replace_statement = statements
        self.facts = facts
        self.never = never
        self.changed = False
        self.constants: set[str] = set()  # parameters that are constants

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Return what is left of statements that follow each other; `facts` is as behind them."""
        made: list[ast.stmt] = []
        for index, statement in enumerate(statements):
            made += self._statement(statement)
            if self._dead:
                self.changed |= index + 1 < len(statements)
                break
        return made

    @property
    def _dead(self) -> bool:
        return _END in self.facts.names

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        made = self._replace_statement(node, self.facts) if self._replace_statement else None
        if made is not None:
            self.changed = True
            return self.block(made)
        if isinstance(node, ast.If):
            return self._if(node)
        if isinstance(node, ast.For | ast.While):
            return [self._loop(node)]
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            return [self._assignment(node)]
        if isinstance(node, ast.Try):
            return [self._try(node)]
        if isinstance(node, ast.With):
            return [self._with(node)]
        if isinstance(node, ast.Assert) and self.facts.truth(node.test) is True:
            self.changed = True
            return []
        if isinstance(node, (*SCOPES, *OTHERS)):
            self._forget(node)
            return [node]
        _Expressions(self).generic_visit(node)
        self._forget(node)
        if isinstance(node, ast.Return | ast.Raise | ast.Break | ast.Continue):
            self.facts.names = {_END: _ENDED}
        return [node]

    def _if(self, node: ast.If) -> list[ast.stmt]:
        truth = self.facts.truth(node.test)
        if truth is not None:
            self.changed = True
            return self.block(node.body if truth else node.orelse)
        node.test = self._expression(node.test)
        self._forget(node.test)
        before = dict(self.facts.names)
        node.body = self.block(node.body) or [placed(node, ast.Pass())]
        after, self.facts.names = self.facts.names, before
        node.orelse = self.block(node.orelse)
        self.facts.names = _joined(after, self.facts.names)
        return [node]

    def _loop(self, node: ast.For | ast.While) -> ast.stmt:
        if isinstance(node, ast.For):
            node.iter = self._expression(node.iter)
        told = self._told_by(node) if isinstance(node, ast.For) else {}
        self._forget(node)
        before = dict(self.facts.names)
        self.facts.names |= {name: fact for name, fact in told.items() if name not in self.never}
        if isinstance(node, ast.While):
            node.test = self._expression(node.test)
        node.body = self.block(node.body) or [placed(node, ast.Pass())]
        self.facts.names = dict(before)
        node.orelse = self.block(node.orelse)
        self.facts.names = before
        return node

    def _told_by(self, node: ast.For) -> dict[str, Fact]:
        """Return what is known of the variables of a loop over values that are written out."""
        zipped = isinstance(node.iter, ast.Call) and self.facts.object(node.iter.func) is zip
        targets, sources = [node.target], [node.iter]
        if zipped and isinstance(node.iter, ast.Call) and isinstance(node.target, ast.Tuple):
            targets, sources = node.target.elts, node.iter.args
        found: dict[str, Fact] = {}
        for target, source in zip(targets, sources, strict=False):
            if not isinstance(target, ast.Name) or not isinstance(source, ast.List | ast.Tuple):
                continue
            facts = [self.facts.of(each) for each in source.elts]
            if facts and facts[0] is not None and all(each == facts[0] for each in facts):
                found[target.id] = facts[0]
        return found

    def _with(self, node: ast.With) -> ast.stmt:
        for item in node.items:
            item.context_expr = self._expression(item.context_expr)
        self._forget(node)
        before = dict(self.facts.names)
        node.body = self.block(node.body) or [placed(node, ast.Pass())]
        self.facts.names = before  # it may go on behind what it raised
        return node

    def _try(self, node: ast.Try) -> ast.stmt:
        self._forget(node)
        before = dict(self.facts.names)
        parts = [node.body, node.orelse, node.finalbody, *(each.body for each in node.handlers)]
        for part in parts:
            self.facts.names = dict(before)
            part[:] = self.block(part) or ([placed(node, ast.Pass())] if part else [])
        self.facts.names = before
        return node

    def _assignment(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> ast.stmt:
        pairs = _pairs(node) if isinstance(node, ast.Assign) else []
        found = {name: self.facts.of(value) for name, value in pairs}
        if node.value is not None:
            node.value = self._expression(node.value)
        if isinstance(node, ast.Assign) and all(isinstance(t, ast.Name) for t in node.targets):
            now = self.facts.of(node.value)  # as it is written by now
            found = {name: now if fact is None else fact for name, fact in found.items()}
        self._expressions_in_targets(node)
        self._forget(node)
        for name, fact in found.items():
            kept = None if fact is None else lasting(fact)
            if kept is not None and name not in self.never:
                self.facts.names[name] = kept
        return node

    def _expressions_in_targets(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        visit = _Expressions(self).visit
        if isinstance(node, ast.Assign):
            node.targets = [visit(each) for each in node.targets]
        else:
            node.target = visit(node.target)

    def _forget(self, node: ast.AST) -> None:
        for name in stored_names(node):
            self.facts.names.pop(name, None)
            self.constants.discard(name)

    def _expression(self, node: ast.expr) -> ast.expr:
        made: ast.expr = _Expressions(self).visit(node)
        return made


#: In the place of a variable: the place is never reached.
_END, _ENDED = "", Fact(None)


def _joined(first: dict[str, Fact], second: dict[str, Fact]) -> dict[str, Fact]:
    """Return what is known behind two ways."""
    if _END in first or _END in second:
        return second if _END in first else first
    return {name: fact for name, fact in first.items() if second.get(name) == fact}


def _pairs(node: ast.Assign) -> list[tuple[str, ast.expr]]:
    """Return the variables of an assignment, with the expressions that they are given."""
    found = []
    for target in node.targets:
        if isinstance(target, ast.Name):
            found.append((target.id, node.value))
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            both = list(zip(target.elts, node.value.elts, strict=False))
            if len(target.elts) == len(node.value.elts):
                found += [(each.id, value) for each, value in both if isinstance(each, ast.Name)]
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Call):
            found += [
                (each.id, ast.Subscript(node.value, ast.Constant(i), ast.Load()))
                for i, each in enumerate(target.elts)
                if isinstance(each, ast.Name)
            ]
    return found


class _Expressions(ast.NodeTransformer):
    """Decides the choices inside expressions, and puts constant arguments in their places."""

    def __init__(self, folder: _Folder) -> None:
        self.folder = folder
        self.facts = folder.facts

    def _replaceable(self, node: ast.expr) -> ast.AST:
        known = self.facts.answer(node)
        if known is not None:
            self.folder.changed = True
            return placed(node, ast.Constant(known))
        replace = self.folder.replace
        made = replace(node, self.facts) if replace is not None else None
        if made is None:
            return self.generic_visit(node)
        self.folder.changed = True
        if isinstance(node, ast.Call) and any(made is each for each in node.args):
            kept: ast.AST = self.visit(made)
            return kept
        return self.generic_visit(placed(node, made))

    visit_Call = visit_Attribute = visit_Subscript = visit_BinOp = visit_Compare = _replaceable

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        truth = self.facts.truth(node.test)
        if truth is None:
            return self.generic_visit(node)
        self.folder.changed = True
        made: ast.AST = self.visit(node.body if truth else node.orelse)
        return made

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """Leave out what does not decide, and what is behind that which does."""
        ends = isinstance(node.op, ast.Or)
        kept: list[ast.expr] = []
        for each in node.values:
            truth = self.facts.truth(each)
            last = each is node.values[-1]
            if truth is None or truth is ends or last:
                kept.append(self.visit(each))
            if truth is ends:
                break
        if len(kept) == len(node.values):
            node.values = kept
            return node
        self.folder.changed = True
        return kept[0] if len(kept) == 1 else placed(node, ast.BoolOp(node.op, kept))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not isinstance(node.ctx, ast.Load) or node.id not in self.folder.constants:
            return node
        fact = self.facts.names.get(node.id)
        if fact is None or type(fact.constant) not in PLAIN:
            return node
        self.folder.changed = True
        return placed(node, ast.Constant(fact.constant))

    def _scope(self, node: ast.AST) -> ast.AST:
        return node  # its names may be others, and are read later

    visit_FunctionDef = visit_Lambda = visit_ClassDef = _scope

    def _comprehension(self, node: ast.AST) -> ast.AST:
        """Names that a comprehension binds are its own."""
        outer, constants = self.facts.names, self.folder.constants
        hidden = stored_names(node)
        self.facts.names = {name: fact for name, fact in outer.items() if name not in hidden}
        self.folder.constants = constants - hidden
        made = self.generic_visit(node)
        self.facts.names, self.folder.constants = outer, constants
        return made

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def with_constants(
    tree: ast.FunctionDef, values: Mapping[str, Any], names: dict[str, Any]
) -> ast.FunctionDef:
    """Return a function in which parameters are constants, wherever they are read.

    names: is told the names of those that are no literals.
    """
    made = copy.deepcopy(tree)
    bound = _bound(tree) | {
        each.arg
        for node in ast.walk(tree)
        if isinstance(node, SCOPES) and node is not tree
        for each in ast.walk(node)
        if isinstance(each, ast.arg)
    }
    shown: dict[str, ast.expr] = {}
    for name, value in values.items():
        if type(value) in PLAIN:
            shown[name] = ast.Constant(value)
        else:
            names[f"{LIBRARY}default_{name}"] = value
            shown[name] = ast.Name(f"{LIBRARY}default_{name}", ast.Load())
    _Constants({name: each for name, each in shown.items() if name not in bound}).visit(made)
    # What is given another value later begins with the constant.
    first: list[ast.stmt] = [
        placed(tree, ast.Assign([ast.Name(name, ast.Store())], value))
        for name, value in shown.items()
        if name in bound
    ]
    made.body[:0] = first
    return made


class _Constants(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if not isinstance(node.ctx, ast.Load) or node.id not in self.values:
            return node
        return placed(node, copy.copy(self.values[node.id]))
