"""Parallel loops: `for i in prange(n)` becomes a call of a function that runs a part of it.

    for i in prange(n):                   def part(first, last, total, bit, x):
        total += x[i]                         for i in range(first, last):
                                                  total += x[i]
                                              return total, is_pythons(total, bit)

                                          r = part(0, n, total, True, x)
                                          total += with_origin(r[0], r[1])

The lowering (`lowering/loops.py`) has the call run all parts, on whichever workers; a *sum*, here
`total`, begins in each part as what changes nothing, and `merge` adds up what two parts give. What
the iterations share is handed in; what else they assign is their own. Loops that would not give
what they give in order are refused: those that are left early (CZ115), and those whose iterations
depend on each other (CZ116).
"""

from __future__ import annotations

import ast
import dataclasses
import types as pytypes
from collections.abc import Callable
from typing import Any, NoReturn

from numba import prange

from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.frontend.loop_flow import BEHIND, Flow, assigned_in, read_in
from catzilla_jit.compile.frontend.loop_origins import python_names
from catzilla_jit.compile.frontend.loop_sums import SAME, Sums, joining, sums_of
from catzilla_jit.compile.frontend.names import is_filled
from catzilla_jit.compile.frontend.rewrite_generators import function_of
from catzilla_jit.compile.frontend.rewriting import LIBRARY, OWN_VALUES, Rewriting, placed
from catzilla_jit.compile.target.loop_marks import is_pythons, with_origin

#: The attribute of a part that says what it is a part of.
LOOP = "__cz_loop__"
FIRST, LAST, COUNT = f"{LIBRARY}first", f"{LIBRARY}last", f"{LIBRARY}count"
Refuse = Callable[..., NoReturn]


@dataclasses.dataclass(frozen=True)
class ParallelLoop:
    """What is known of a loop beside its code."""

    line: int
    sums: Sums  # the operation by the variable
    merge: pytypes.FunctionType | None  # of the sums of two parts
    plain: frozenset[str]  # what it is handed that Python has made for sure
    from_zero: bool  # its first number is no negative one


def means_prange(rewriter: Rewriting, node: ast.AST) -> bool:
    """Tell whether an expression is `numba.prange`."""
    if isinstance(node, ast.Name) and node.id in rewriter.function.__code__.co_freevars:
        return closed_over(rewriter.function).get(node.id) is prange
    return rewriter._value(node) is prange


def closed_over(function: pytypes.FunctionType) -> dict[str, Any]:
    """Return the values of a function's closure."""
    pairs = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in pairs if is_filled(cell)}


def take_loops(rewriter: Rewriting, tree: ast.FunctionDef, refuse: Refuse) -> None:
    """Put calls in the place of the parallel loops of a function; refuse those that cannot be."""
    taker = _Taker(rewriter, refuse)
    if not any(taker.is_parallel(each) for each in ast.walk(tree)):
        return
    Flow(taker.private, taker.complain).run(tree.body)
    taker.take(tree, python_names(tree, rewriter, taker.is_parallel))


class _Taker:
    """Takes the loops of one function, and those inside them."""

    def __init__(self, rewriter: Rewriting, refuse: Refuse) -> None:
        self.rewriter = rewriter
        self._refuse = refuse
        self._sums: dict[int, Sums] = {}  # by the identity of the loop
        self._closed = closed_over(rewriter.function)
        self._taken = 0  # loops, each of which has a number

    def refuse(self, code: str, node: ast.AST, message: str, advice: str) -> NoReturn:
        """Give up on the function."""
        file = self.rewriter.function.__code__.co_filename
        self._refuse(code, getattr(node, "lineno", None), message, advice, file)

    # --- what a loop does -----------------------------------------------------------------------

    def is_parallel(self, node: ast.AST) -> bool:
        return (
            isinstance(node, ast.For)
            and isinstance(node.iter, ast.Call)
            and means_prange(self.rewriter, node.iter.func)
        )

    def private(self, node: ast.For) -> set[str] | None:
        """Return the variables of a parallel loop that belong to one iteration; None of others."""
        if not self.is_parallel(node):
            return None
        self._check_form(node)
        return assigned_in([node.target, *node.body]) - self.sums(node).keys()

    def sums(self, node: ast.For) -> Sums:
        if id(node) not in self._sums:
            self._sums[id(node)] = sums_of(node, self.rewriter._builtin, self.refuse)
        return self._sums[id(node)]

    def complain(self, node: ast.AST, name: str, why: str) -> None:
        """Refuse a variable that is read where it has no value of its own."""
        if why == BEHIND:
            message = f"{name} is read behind the parallel loop that assigns it"
            advice = "assign it again before it is read, or use another name in the loop"
        else:
            message = f"an iteration of a parallel loop reads {name} before it has assigned it"
            advice = "assign it first in each iteration; sums are written total += x"
        self.refuse(rules.LOOP_CARRIED, node, message, advice)

    def _check_form(self, node: ast.For) -> None:
        call = node.iter
        assert isinstance(call, ast.Call)
        starred = any(isinstance(each, ast.Starred) for each in call.args)
        if call.keywords or starred or not 1 <= len(call.args) <= 3:
            message = "prange is called otherwise than with one, two or three numbers"
            self.refuse(rules.LOOP_FORM, node, message, "write prange(start, stop)")
        if not isinstance(node.target, ast.Name):
            message = "a parallel loop counts in something other than a variable"
            self.refuse(rules.LOOP_FORM, node, message, "write for i in prange(n)")
        if node.orelse:
            message = "a parallel loop has an `else`"
            self.refuse(rules.LOOP_FORM, node, message, "put the statements behind the loop")
        yields = (ast.Yield, ast.YieldFrom)
        if any(isinstance(each, yields) for part in node.body for each in ast.walk(part)):
            message = "a parallel loop has a `yield`"
            self.refuse(rules.LOOP_FORM, node, message, "fill an array, and go over that")
        left = _leaves(node.body)
        if left is not None:
            message = f"a parallel loop is left by `{type(left).__name__.lower()}`"
            advice = "let all iterations run, and keep what was found in an array"
            self.refuse(rules.LOOP_FORM, left, message, advice)

    # --- what becomes of it -----------------------------------------------------------------------

    def take(self, tree: ast.FunctionDef, plain: frozenset[str]) -> None:
        """Take the outermost parallel loops of a function, or of a part."""
        local = {each.arg for each in ast.walk(tree.args) if isinstance(each, ast.arg)}
        local |= assigned_in(tree.body)
        taker, take = self, self._call_of

        class Visitor(ast.NodeTransformer):
            def visit_For(self, node: ast.For) -> Any:
                if taker.is_parallel(node):
                    return [placed(node, each) for each in take(node, local, plain)]
                return self.generic_visit(node)

            def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
                return node

        tree.body = Visitor().generic_visit(ast.Module(tree.body, [])).body  # type: ignore[attr-defined]

    def _call_of(self, node: ast.For, local: set[str], plain: frozenset[str]) -> list[ast.stmt]:
        """Make the function of a part; return the statements that stand for the loop."""
        assert isinstance(node.iter, ast.Call)
        assert isinstance(node.target, ast.Name)
        sums = self.sums(node)
        used = set().union(*map(read_in, node.body))
        closed = used & self._closed.keys() - local
        self.rewriter.values.update({name: self._closed[name] for name in closed})
        own = assigned_in([node.target, *node.body])
        shared = sorted((used & local) - own - sums.keys() - self.rewriter.values.keys())
        self._taken += 1
        number = self._taken
        before, bounds, given = _bounds(node.iter.args, number)
        bits = {name: f"{LIBRARY}bit_{name}" for name in sums}
        names = [FIRST, LAST, *given, *sums, *bits.values(), *shared]
        known = frozenset(plain & set(shared)) | {*given, *sums}
        part = self._function(node, names, self._part(node, given, bits))
        self.take(part, plain)
        start = bounds[0]
        from_zero = isinstance(start, ast.Constant) and type(start.value) is int
        facts = ParallelLoop(node.lineno, sums, self._merge(node, sums), known, from_zero)
        made = self._made(part)
        made.__dict__[LOOP] = facts
        called = f"{LIBRARY}loop{number}"
        self.rewriter.values[called] = made
        self.rewriter.changed = True
        arguments = [*bounds, *map(_name, [*given, *sums])]
        arguments += [ast.Constant(True) for _ in sums] + list(map(_name, shared))
        call = ast.Call(_name(called), arguments, [])
        return [*before, *self._results(call, sums, f"{LIBRARY}sums{number}")]

    def _function(self, node: ast.For, names: list[str], body: list[ast.stmt]) -> ast.FunctionDef:
        parameters = ast.arguments([], [ast.arg(each) for each in names], None, [], [], None, [])
        return placed(node, ast.FunctionDef(self.rewriter.function.__name__, parameters, body, []))

    def _made(self, tree: ast.FunctionDef) -> pytypes.FunctionType:
        made = function_of(tree, self.rewriter.function)
        assert made is not None
        made.__qualname__ = self.rewriter.function.__qualname__
        made.__dict__[OWN_VALUES] = self.rewriter.values
        return made

    def _part(self, node: ast.For, given: list[str], bits: dict[str, str]) -> list[ast.stmt]:
        """Return the body of the function that runs a part."""
        assert isinstance(node.target, ast.Name)
        self.rewriter.values[f"{LIBRARY}range"] = range
        counter = COUNT if given else node.target.id
        body = node.body
        if given:
            start, step = map(_name, given)
            index = ast.BinOp(start, ast.Add(), ast.BinOp(_name(COUNT), ast.Mult(), step))
            body = [ast.Assign([_store(node.target.id)], index), *body]
        numbers = ast.Call(_name(f"{LIBRARY}range"), [_name(FIRST), _name(LAST)], [])
        loop = ast.For(_store(counter), numbers, body, [])
        told = [
            self.rewriter._call("is_pythons", is_pythons, _name(name), _name(bit))
            for name, bit in bits.items()
        ]
        result = ast.Tuple([*map(_name, bits), *told], ast.Load()) if bits else None
        return [loop, ast.Return(result)]

    def _results(self, call: ast.Call, sums: Sums, kept: str) -> list[ast.stmt]:
        """Return the call, and what adds its sums to those before."""
        if not sums:
            return [ast.Expr(call)]
        made: list[ast.stmt] = [ast.Assign([_store(kept)], call)]
        for index, (name, operation) in enumerate(sums.items()):
            parts = [
                ast.Subscript(_name(kept), ast.Constant(at), ast.Load())
                for at in (index, index + len(sums))
            ]
            value = self.rewriter._call("with_origin", with_origin, *parts)
            made.append(joining(name, operation, value))
        return made

    def _merge(self, node: ast.For, sums: Sums) -> pytypes.FunctionType | None:
        """Make the function of the sums of a part and those of a later one."""
        if not sums:
            return None
        kinds = ("earlier", "later", "earlier_bit", "later_bit")
        names = [[f"{LIBRARY}{kind}_{name}" for name in sums] for kind in kinds]
        earlier, later, earlier_bits, later_bits = names
        body: list[ast.stmt] = []
        for place, operation in enumerate(sums.values()):
            body += _merging(operation, *(each[place] for each in names))
        body.append(ast.Return(ast.Tuple([*map(_name, [*earlier, *earlier_bits])], ast.Load())))
        parameters = [*earlier, *earlier_bits, *later, *later_bits]
        return self._made(self._function(node, parameters, body))


def _merging(
    operation: str, earlier: str, later: str, earlier_bit: str, later_bit: str
) -> list[ast.stmt]:
    """Return what adds a later sum to an earlier one, with the bits of who made them."""
    if operation in SAME:
        sign = ast.Gt() if operation == "max" else ast.Lt()
        test = ast.Compare(_name(later), [sign], [_name(earlier)])
        taken: list[ast.stmt] = [
            ast.Assign([_store(earlier)], _name(later)),
            ast.Assign([_store(earlier_bit)], _name(later_bit)),
        ]
        return [ast.If(test, taken, [])]
    other: ast.stmt = ast.If(
        ast.UnaryOp(ast.Not(), _name(later_bit)),
        [ast.Assign([_store(earlier_bit)], ast.Constant(False))],
        [],
    )
    return [joining(earlier, operation, _name(later)), other]


def _bounds(given: list[ast.expr], number: int) -> tuple[list[ast.stmt], list[ast.expr], list[str]]:
    """Return what is computed before, the first and the last number, and what else is handed in."""
    if len(given) < 3:
        return [], [ast.Constant(0), *given][-2:], []
    names = [f"{LIBRARY}{name}{number}" for name in ("start", "stop", "step")]
    before: list[ast.stmt] = [
        ast.Assign([_store(name)], value) for name, value in zip(names, given, strict=True)
    ]
    numbers = ast.Call(_name(f"{LIBRARY}range"), [*map(_name, names)], [])
    length = ast.Call(ast.Name("len", ast.Load()), [numbers], [])
    return before, [ast.Constant(0), length], [names[0], names[2]]


def _leaves(body: list[ast.stmt], inner: bool = False) -> ast.AST | None:
    """Return the statement that leaves a loop early, if there is one."""
    for node in body:
        if isinstance(node, ast.Return) or (isinstance(node, ast.Break) and not inner):
            return node
        if isinstance(node, ast.FunctionDef):
            continue
        deeper = inner or isinstance(node, ast.For | ast.While)
        for field in ("body", "orelse", "finalbody", "handlers", "cases"):
            parts = getattr(node, field, None) or []
            if isinstance(parts, list):
                found = _leaves(parts, (deeper and field == "body") or inner)
                if found is not None:
                    return found
    return None


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _store(name: str) -> ast.expr:
    return ast.Name(name, ast.Store())
