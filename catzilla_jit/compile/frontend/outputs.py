"""What a function of NumPy writes into an array that it is given becomes an assignment.

    np.add(x, y, out=z)                    z[:] = np.add(x, y)
    z = np.divide(x, y, out=np.zeros_like(x), where=y != 0)
                                           z = np.zeros_like(x); m = y != 0; z[m] = x[m] / y[m]

In that order: what is computed first stays first. Only where a call is all of a statement, and of
functions that go item by item; for automatic mode, where answers are NumPy's.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy

from catzilla_jit.compile.frontend import list_operands
from catzilla_jit.compile.frontend.fact import SCALARS, Fact
from catzilla_jit.compile.frontend.known import Facts
from catzilla_jit.compile.frontend.rewriting import LIBRARY, placed
from catzilla_jit.compile.library import builtin_functions

#: Which zero they give depends on where in a call of their loop the items are.
PLACED = (numpy.maximum, numpy.minimum, numpy.fmax, numpy.fmin)


class Outputs:
    """Finds such statements; `call` makes a call of a function of the library."""

    def __init__(self, call: Callable[..., ast.Call]) -> None:
        self._call = call
        self._made = 0  # variables

    def replaced(self, node: ast.stmt, facts: Facts) -> list[ast.stmt] | None:
        """Return what stands for a statement, None for itself."""
        assigned = list_operands.assigned(node, facts, list_operands.converter(self._call))
        if assigned is not None:
            return [placed(node, assigned)]
        call = getattr(node, "value", None)
        if not isinstance(node, ast.Expr | ast.Assign | ast.Return):
            return None
        if not isinstance(call, ast.Call) or (isinstance(node, ast.Assign) and not _names(node)):
            return None
        if any(isinstance(each, ast.Starred) for each in call.args):
            return None
        told = {each.arg: each.value for each in call.keywords}
        out, where = told.pop("out", None), told.pop("where", None)
        given = None if None in told else _arguments(call, told, facts)
        if given is None:
            return None
        if out is None:
            out = given.pop() if _has_place(given, facts.object(call.func)) else None
        elif _has_place(given, facts.object(call.func)):
            return None
        if out is None:
            return None
        made = self._written(call, given, out, where, facts)
        if made is None:
            return None
        statements, array = made
        if not isinstance(node, ast.Expr):
            node.value = array
            statements.append(node)
        return [placed(node, each) for each in statements]

    def _written(
        self,
        call: ast.Call,
        given: list[ast.expr],
        out: ast.expr,
        where: ast.expr | None,
        facts: Facts,
    ) -> tuple[list[ast.stmt], ast.expr] | None:
        """Return the statements, and the array that they write to."""
        target, mask = facts.of(out), None if where is None else facts.of(where)
        known = [facts.of(each) for each in given]
        if target is None or not target.ndim or not target.is_array:
            return None
        if not all(_fits(each, target.ndim, whole=where is not None) for each in known):
            return None
        if where is not None and not _is_mask(mask, target.ndim):
            return None
        if any(facts.object(call.func) is each for each in PLACED):
            return None  # `passes/outputs.py` knows where its items lie
        statements: list[ast.stmt] = []
        values = [self._held(each, statements) for each in given]
        array = self._held(out, statements)
        index: ast.expr = ast.Slice(None, None, None)
        if where is not None:
            index = self._held(where, statements)
            values = [
                ast.Subscript(value, index, ast.Load()) if fact is not None and fact.is_array
                else value
                for value, fact in zip(values, known, strict=True)
            ]  # fmt: skip
        function = call.func
        if isinstance(function, ast.Attribute) and _is_method(call, facts):
            function, values = ast.Attribute(values[0], function.attr, ast.Load()), values[1:]
        result: ast.expr = ast.Call(function, values, [])
        if where is None and any(fact is not None and fact.is_array for fact in known):
            result = self._held(result, statements)
            shapes = [ast.Attribute(each, "shape", ast.Load()) for each in (result, array)]
            checked = self._call("fits", builtin_functions.leave_unless_it_fits, *shapes)
            statements.append(ast.Expr(checked))
        place = ast.Subscript(array, index, ast.Store())
        return [*statements, ast.Assign([place], result)], array

    def _held(self, value: ast.expr, statements: list[ast.stmt]) -> ast.expr:
        """Return a value that is computed once; a variable or a constant is one already."""
        if isinstance(value, ast.Name | ast.Constant):
            return value
        self._made += 1
        name = f"{LIBRARY}out{self._made}"
        statements.append(ast.Assign([ast.Name(name, ast.Store())], value))
        return ast.Name(name, ast.Load())


def _names(node: ast.Assign) -> bool:
    return all(isinstance(each, ast.Name) for each in node.targets)


def _is_method(call: ast.Call, facts: Facts) -> bool:
    """Tell whether what is called is `clip` of an array."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "clip":
        return False
    holder = facts.of(call.func.value)
    return holder is not None and holder.is_array


def _arguments(
    call: ast.Call, told: dict[str | None, ast.expr], facts: Facts
) -> list[ast.expr] | None:
    """Return what a function is given beside its output, in its order; None for other functions."""
    given = list(call.args)
    function = facts.object(call.func)
    clips = function is numpy.clip
    if isinstance(call.func, ast.Attribute) and _is_method(call, facts):
        given, clips = [call.func.value, *given], True
    if clips:
        names = {"a": 0, "a_min": 1, "min": 1, "a_max": 2, "max": 2}
        bounds: list[Any] = [*given, *[None] * (3 - len(given))]
        for name, value in told.items():
            place = names.get(str(name))
            if place is None or place >= len(bounds) or bounds[place] is not None:
                return None
            bounds[place] = value
        filled = [ast.Constant(None) if each is None else each for each in bounds]
        return filled if len(filled) == 3 and bounds[0] is not None else None
    if not isinstance(function, numpy.ufunc) or function.signature is not None or told:
        return None
    return given if function.nout == 1 and 0 <= len(given) - function.nin <= 1 else None


def _has_place(given: list[ast.expr], function: Any) -> bool:
    """Tell whether the last of the arguments is the output."""
    return isinstance(function, numpy.ufunc) and len(given) > function.nin


def _fits(fact: Fact | None, dimensions: int, *, whole: bool) -> bool:
    """Tell whether an operand has no more dimensions than the output; whole: as many, or none."""
    if fact is None:
        return False
    if fact.is_array:
        own = fact.ndim or dimensions + 1
        return own == dimensions if whole else own <= dimensions
    if fact.is_constant and fact.constant is None:
        return not whole
    return bool(fact.classes) and all(issubclass(kind, SCALARS) for kind in fact.classes)


def _is_mask(fact: Fact | None, dimensions: int) -> bool:
    return fact is not None and fact.is_array and fact.dtype == bool and fact.ndim == dimensions
