"""Arithmetic of `int | None`: the number is taken out of the optional before it is computed with.

So is the int that a member of an IntEnum is.

Numba lowers an operator on an optional number, or array, with its own arithmetic, in the middle of
which the number is taken out. Here that becomes a statement of its own, so that what goes by the
types of the operands sees numbers. A None leaves the kernel there, and Python answers.

    y = x * 2        becomes        $some.0 = cast(x, int64); y = $some.0 * 2
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from typing import Any

from numba.core import ir, types
from numba.core.compiler_machinery import register_pass

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.diagnostics.refuse import refuse
from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.passes.base import TaskPass, is_users

#: They ask whether there is a number.
ASKING = {operator.is_, operator.is_not}
#: Functions to which a member of an IntEnum is the int that it is.
TAKING = {int, float, abs, range, *(each for each in vars(math).values() if callable(each))}


@register_pass(mutates_CFG=False, analysis_only=False)
class Optionals(TaskPass):
    """Runs first of all that looks at typed IR."""

    _name: Any = "task_optionals"

    def run_pass(self, state: Any) -> bool:
        if not is_users(state):
            return False
        return _Unwrapping(state).run()


class _Unwrapping:
    """The walk over one function."""

    def __init__(self, state: Any) -> None:
        self.blocks = state.func_ir.blocks.values()
        self.typemap = state.typemap
        self.calltypes = state.calltypes
        self.typingctx = state.typingctx
        self.unit: CompilationUnit = state.metadata["unit"]
        self.count = 0

    def run(self) -> bool:
        for block in self.blocks:
            block.body = [new for old in block.body for new in self._statements(old)]
        return self.count > 0

    def _statements(self, statement: Any) -> Iterator[Any]:
        """Yield what stands for a statement: what takes numbers out, then the statement."""
        if isinstance(statement, ir.Assign) and isinstance(statement.value, ir.Expr):
            self._refuse_in_place(statement)
            names = self._taken_out(statement.value)
            if names:
                yield from self._unwrapped(statement, names)
        yield statement

    def _refuse_in_place(self, statement: Any) -> None:
        """Numba adds to a copy of a container that may be None."""
        expr = statement.value
        type_ = self.typemap[expr.lhs.name] if expr.op == "inplace_binop" else None
        held = type_.type if isinstance(type_, types.Optional) else None
        if isinstance(held, types.List | types.Set | types.DictType):
            message = "a container that may be None is changed in place"
            advice = "use its methods: values.extend(others)"
            refuse(self.unit.findings.reasons, rules.OPTIONAL, statement.loc, message, advice)

    def _taken_out(self, expr: Any) -> set[str]:
        """Return the optionals among the operands of which the operation takes the value."""
        if expr.op in ("binop", "inplace_binop"):
            operands = [] if expr.fn in ASKING else [expr.lhs, expr.rhs]
        elif expr.op == "unary":
            operands = [expr.value]
        elif expr.op == "call" and isinstance(self.typemap[expr.func.name], types.Function):
            operands = [] if expr.kws or expr.vararg else list(expr.args)
        else:
            return set()
        taken = self.calltypes[expr].args if operands else ()
        found = {
            each.name
            for each, type_ in zip(operands, taken, strict=False)
            if _is_taken_out(self.typemap[each.name]) and not isinstance(type_, types.Optional)
        }
        if expr.op == "call" and number_kinds.called(self.typemap, expr) not in TAKING:
            found = {n for n in found if not isinstance(self.typemap[n], types.IntEnumMember)}
        return found

    def _unwrapped(self, statement: Any, names: set[str]) -> Iterator[Any]:
        """Yield the statements that take values out; give the operation what they make."""
        expr = statement.value
        made = {}
        for name in sorted(names):
            type_ = _number(self.typemap[name])
            some = ir.Var(statement.target.scope, f"$some.{self.count}", statement.loc)
            self.count += 1
            self.typemap[some.name] = type_
            made[name] = some
            source = ir.Var(statement.target.scope, name, statement.loc)
            yield ir.Assign(ir.Expr.cast(source, statement.loc), some, statement.loc)
        signature = self.calltypes.pop(expr)
        new = _with_operands(expr, made)
        self.calltypes[new] = self._signature(new, signature, statement.loc)
        statement.value = new

    def _signature(self, expr: Any, before: Any, loc: Any) -> Any:
        """Return the signature for plain numbers, whose result must be of the same type."""
        if expr.op == "call":
            given = tuple(self.typemap[each.name] for each in expr.args)
            found = self.typemap[expr.func.name].get_call_type(self.typingctx, given, {})
        else:
            operands = [expr.value] if expr.op == "unary" else [expr.lhs, expr.rhs]
            given = tuple(self.typemap[each.name] for each in operands)
            found = self.typingctx.resolve_function_type(expr.fn, given, {})
        if found is None or found.return_type != before.return_type:
            shown = ", ".join(type_names.of(types.unliteral(each)) for each in given)
            message = f"the operands may be None (otherwise they are {shown})"
            advice = "convert them first: int(x)"
            refuse(self.unit.findings.reasons, rules.OPTIONAL, loc, message, advice)
        return found


def _with_operands(expr: Any, made: dict[str, Any]) -> Any:
    """Return a copy of an expression with other variables in the places of some operands."""

    def of(variable: Any) -> Any:
        return made.get(variable.name, variable)

    if expr.op == "binop":
        return ir.Expr.binop(expr.fn, of(expr.lhs), of(expr.rhs), expr.loc)
    if expr.op == "inplace_binop":
        left, right = of(expr.lhs), of(expr.rhs)
        return ir.Expr.inplace_binop(expr.fn, expr.immutable_fn, left, right, expr.loc)
    if expr.op == "unary":
        return ir.Expr.unary(expr.fn, of(expr.value), expr.loc)
    return ir.Expr.call(expr.func, [of(each) for each in expr.args], expr.kws, expr.loc)


def _number(type_: Any) -> Any:
    return type_.dtype if isinstance(type_, types.IntEnumMember) else type_.type


def _is_taken_out(type_: Any) -> bool:
    if isinstance(type_, types.IntEnumMember):
        return True
    if not isinstance(type_, types.Optional):
        return False
    return number_kinds.kind(type_.type) is not None or isinstance(type_.type, types.Array)
