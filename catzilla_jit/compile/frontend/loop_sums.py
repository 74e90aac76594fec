"""The sums of a parallel loop: variables that the iterations add to, in any order.

Sums, products, `|`, `&`, `^`, largest and smallest values. Such a variable is assigned by one kind
of operation, and nothing else in the loop reads it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.frontend.loop_flow import assigned_in, read_in

#: The operation of each sum.
Sums = dict[str, str]
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "+", ast.Mult: "*", ast.BitOr: "|", ast.BitAnd: "&", ast.BitXor: "^",
}  # fmt: skip
SIGNS: dict[str, ast.operator] = {
    "+": ast.Add(), "*": ast.Mult(), "|": ast.BitOr(), "&": ast.BitAnd(), "^": ast.BitXor(),
}  # fmt: skip
#: What changes nothing is the value so far.
SAME = ("max", "min")


def joining(name: str, operation: str, value: ast.expr) -> ast.stmt:
    """Return the statement that adds a value to a sum."""
    if operation in SAME:
        arguments: list[ast.expr] = [ast.Name(name, ast.Load()), value]
        call = ast.Call(ast.Name(operation, ast.Load()), arguments, [])
        return ast.Assign([ast.Name(name, ast.Store())], call)
    return ast.AugAssign(ast.Name(name, ast.Store()), SIGNS[operation], value)


def sums_of(
    loop: ast.For,
    builtin: Callable[[ast.AST], str | None],
    refuse: Callable[[str, ast.AST, str, str], None],
) -> Sums:
    """Return the sums of a loop; refuse one that is used otherwise as well.

    builtin: tells which builtin function an expression is.
    """
    found: dict[str, list[tuple[ast.stmt, str]]] = {}
    others: set[str] = assigned_in([loop.target])
    for statement in _statements(loop.body):
        adding = _adding(statement, builtin)
        if adding is not None:
            found.setdefault(adding[0], []).append((statement, adding[1]))
        elif not isinstance(statement, ast.FunctionDef):
            others |= _assigned_by(statement)
    sums: Sums = {}
    for name, each in sorted(found.items()):
        if name in others:  # a variable of the iteration
            continue
        operations = {operation for _, operation in each}
        if len(operations) > 1:
            message = f"{name} is the {' and '.join(sorted(operations))} of a parallel loop at once"
            refuse(rules.LOOP_CARRIED, each[1][0], message, "use one variable for each")
        sums[name] = operations.pop()
        _check_reads(loop, name, [statement for statement, _ in each], refuse)
    return sums


def _check_reads(
    loop: ast.For,
    name: str,
    adding: list[ast.stmt],
    refuse: Callable[[str, ast.AST, str, str], None],
) -> None:
    """Refuse a sum that something reads before the loop is over."""
    for statement in _statements(loop.body):
        reads = any(name in read_in(each) for each in _own_parts(statement))
        if statement in adding:
            reads = name in read_in(_added(statement))
        if reads:
            message = f"an iteration of a parallel loop reads the sum {name}"
            advice = "read it behind the loop; what iterations hand on cannot run in parallel"
            refuse(rules.LOOP_CARRIED, statement, message, advice)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body, and those inside them."""
    for statement in body:
        yield statement
        if not isinstance(statement, ast.FunctionDef):
            for part in ast.iter_child_nodes(statement):
                if isinstance(part, ast.stmt):
                    yield from _statements([part])
                elif isinstance(part, ast.ExceptHandler | ast.match_case):
                    yield from _statements(part.body)


def _own_parts(statement: ast.stmt) -> list[ast.AST]:
    """Return the parts of a statement that are no statements."""
    inner = (ast.stmt, ast.ExceptHandler, ast.match_case)
    if isinstance(statement, ast.FunctionDef):
        return [statement]
    return [each for each in ast.iter_child_nodes(statement) if not isinstance(each, inner)]


def _assigned_by(statement: ast.stmt) -> set[str]:
    named = {each.name for each in ast.iter_child_nodes(statement) if _is_named(each)}  # type: ignore[attr-defined]
    return assigned_in(_own_parts(statement)) | named


def _is_named(node: ast.AST) -> bool:
    return isinstance(node, ast.ExceptHandler) and node.name is not None


def _adding(
    statement: ast.stmt, builtin: Callable[[ast.AST], str | None]
) -> tuple[str, str] | None:
    """Return the variable and the operation of a statement that adds to a sum."""
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        operation = OPERATORS.get(type(statement.op))
        return None if operation is None else (statement.target.id, operation)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, value = statement.targets[0], statement.value
    if not isinstance(target, ast.Name):
        return None
    if isinstance(value, ast.Call) and len(value.args) == 2 and not value.keywords:
        name, first = builtin(value.func), value.args[0]
        is_extreme = name in SAME and isinstance(first, ast.Name) and first.id == target.id
        return (target.id, str(name)) if is_extreme else None
    operations = set()
    while isinstance(value, ast.BinOp):  # total + x - y
        operations.add(OPERATORS.get(type(value.op)))
        value = value.left
    named = isinstance(value, ast.Name) and value.id == target.id
    operation = operations.pop() if named and len(operations) == 1 else None
    return None if operation is None else (target.id, operation)


def _added(statement: ast.stmt) -> ast.AST:
    """Return what a statement adds, without the sum."""
    if isinstance(statement, ast.AugAssign):
        return statement.value
    assert isinstance(statement, ast.Assign)
    value, parts = statement.value, []
    if isinstance(value, ast.Call):
        return value.args[1]
    while isinstance(value, ast.BinOp):
        parts.append(value.right)
        value = value.left
    return ast.Tuple(list(parts), ast.Load())
