"""Makes a program that shows a difference as small as can be, keeping the difference.

Each step proposes smaller programs, the smallest first; a child runs them until one differs in the
same way, which is where the next step begins.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import time
from collections.abc import Iterator

from differential.children import Outcome, outcomes
from differential.program import Program

AT_ONCE = 40


def reduced(found: Outcome, seconds: float) -> Outcome:
    """Return the smallest program that was found in that time to differ as this one does."""
    assert found.find is not None
    how, end = found.find["how"], time.monotonic() + seconds
    tried = {found.program.source}
    while time.monotonic() < end:
        better = None
        batch: list[Program] = []
        for program in smaller(found.program):
            if program.source in tried:
                continue
            tried.add(program.source)
            batch.append(program)
            if len(batch) == AT_ONCE:
                better = _first(batch, how, end)
                batch = []
                if better is not None or time.monotonic() > end:
                    break
        if better is None and batch:
            better = _first(batch, how, end)
        if better is None:
            return found
        found = better
    return found


def _first(batch: list[Program], how: str, end: float) -> Outcome | None:
    for outcome in outcomes(batch, how):
        if (outcome.find or {}).get("how") == how:
            return outcome
        if time.monotonic() > end:
            return None
    return None


def smaller(program: Program) -> Iterator[Program]:
    """Yield the program with one thing less, the shortest first."""
    tree = ast.parse(program.source)
    found = {ast.unparse(each): each for each in _trees(tree)}
    present = ast.unparse(tree)
    for source in sorted(found, key=len):
        if len(source) < len(present):
            yield dataclasses.replace(program, source=source)
    yield from _without_parameters(program, tree)


def _without_parameters(program: Program, tree: ast.Module) -> Iterator[Program]:
    function = tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    used = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
    for i, parameter in enumerate(function.args.args):
        if parameter.arg not in used:
            shorter = copy.deepcopy(tree)
            last = shorter.body[-1]
            assert isinstance(last, ast.FunctionDef)
            del last.args.args[i]
            kinds = program.parameters[:i] + program.parameters[i + 1 :]
            source = ast.unparse(ast.fix_missing_locations(shorter))
            yield dataclasses.replace(program, source=source, parameters=kinds)


def _trees(tree: ast.Module) -> Iterator[ast.Module]:
    """Yield copies of the tree with one thing less."""
    nodes = list(ast.walk(tree))
    for index, node in enumerate(nodes):
        for field in ("body", "orelse", "handlers", "finalbody"):
            statements = getattr(node, field, None)
            if not isinstance(statements, list):
                continue
            for i, statement in enumerate(statements):
                if node is tree and i == len(statements) - 1:
                    continue  # the function itself
                inner = getattr(statement, "body", None)
                yield _with(tree, index, field, i, [])
                if isinstance(inner, list) and not isinstance(
                    statement, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler
                ):
                    yield _with(tree, index, field, i, inner)
        if isinstance(node, ast.JoinedStr):
            continue  # only texts and formatted values stand there; those come by themselves
        for field, value in ast.iter_fields(node):
            values = value if isinstance(value, list) else [value]
            for i, each in enumerate(values):
                if isinstance(each, ast.expr) and field not in (
                    "annotation",
                    "returns",
                    "format_spec",
                ):
                    for other in _expressions(each):
                        yield _with(tree, index, field, i, [other])


def _expressions(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what may stand in the place of an expression."""
    if isinstance(node, ast.Name | ast.Constant) or not isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        return
    for child in ast.walk(node):
        read = isinstance(getattr(child, "ctx", ast.Load()), ast.Load)
        alone = isinstance(child, ast.expr) and not isinstance(child, ast.FormattedValue)
        if alone and child is not node and read:
            yield child
    for constant in (0, 1, 2.5, "", True):
        yield ast.Constant(constant)


def _with(
    tree: ast.Module, index: int, field: str, place: int, made: list[ast.stmt] | list[ast.expr]
) -> ast.Module:
    """Return a copy in which these nodes stand in the place of one."""
    changed = copy.deepcopy(tree)
    node = list(ast.walk(changed))[index]
    value = getattr(node, field)
    copies = copy.deepcopy(made)
    if not isinstance(value, list):
        setattr(node, field, copies[0] if copies else None)
    else:
        value[place : place + 1] = copies
        if not value and field == "body":
            value.append(ast.Pass())
    return ast.fix_missing_locations(changed)
