"""Operators between two values: who answers for the types; what is refused or watched."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

from llvmlite import ir as llvm
from numba.core import types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.number_kinds import COMPLEX, FLOAT, kind
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.lowering import containers, float_operations, integers, items
from catzilla_jit.compile.lowering.bail_out import BailingLower
from catzilla_jit.compile.lowering.integers import DIVISIONS, POWERS, SHIFTS

#: Numba's own lowering of an operator.
Plain = Callable[[Any, Any, Any], llvm.Value]


def binop(lower: BailingLower, resty: Any, expr: Any, op: Any, plain: Plain) -> llvm.Value:
    """Write `left op right`; `plain` is Numba's way."""
    left, right = expr.lhs.name, expr.rhs.name
    ranks = (kind(lower.typeof(left)), kind(lower.typeof(right)))
    if op in (operator.is_, operator.is_not):
        containers.refuse_identity(lower, left, right)
    if op is operator.contains:
        _refuse_member_of_other_kind(lower, left, right)
        containers.bail_at_doubtful_member(lower, left, right)
        lower.members.look_for(left, right)
    if op in (operator.mul, operator.imul):
        _bail_at_endless_repetition(lower, left, right)
    if op in number_kinds.COMPARISON:
        containers.bail_at_doubtful_items(lower, left, right)
    if isinstance(resty, types.List):
        containers.refuse_lossy(lower, resty, resty, [left, right])
    if op in POWERS and COMPLEX in ranks:
        refuse_complex_power(lower)
    if None in ranks or COMPLEX in ranks:
        return plain(resty, expr, op)
    if left in lower.numpys or right in lower.numpys:
        return _of_numpys(lower, resty, expr, op, plain)
    return _of_pythons(lower, resty, expr, op, plain)


def refuse_complex_power(lower: BailingLower) -> NoReturn:
    """Give up: the last digit is another one."""
    message = "a power of complex numbers differs from Python's in the last digit"
    lower.refuse(rules.LAST_DIGIT, message, "multiply instead")


def _of_pythons(lower: BailingLower, resty: Any, expr: Any, op: Any, plain: Plain) -> llvm.Value:
    left, right = expr.lhs.name, expr.rhs.name
    ranks = (kind(lower.typeof(left)), kind(lower.typeof(right)))
    if op in DIVISIONS:
        lower.check_divisor(DIVISIONS[op], FLOAT in ranks, left, right)
    if FLOAT not in ranks:
        return integers.operation(lower, resty, expr, op, left, right)
    if op in POWERS:
        return float_operations.power(lower, resty, expr, left, right)
    if op in number_kinds.COMPARISON and ranks[0] != ranks[1]:
        lower.need_exact_in_float("the comparison of a large integer", left, right)
    return float_operations.watched(lower, plain(resty, expr, op), expr, op)


def _of_numpys(lower: BailingLower, resty: Any, expr: Any, op: Any, plain: Plain) -> llvm.Value:
    """Do as NumPy does: nothing is raised; what is not a plain operation is Python's."""
    right = expr.rhs.name
    if op in DIVISIONS and number_kinds.is_integral(lower.typeof(right)):
        lower.bail_if(lower.equals(right, 0), "a division by zero of NumPy")
        if number_kinds.is_integral(lower.typeof(expr.lhs.name)):
            lowest = lower.builder.and_(
                lower.equals(expr.lhs.name, -(2**63)), lower.equals(right, -1)
            )
            lower.bail_if(lowest, "the quotient of NumPy's lowest integer")
    elif op in DIVISIONS and DIVISIONS[op] is operator.truediv:
        left_value, right_value = (
            lower.operand(name, types.float64) for name in (expr.lhs.name, right)
        )
        if resty == types.float64:
            return lower.builder.fdiv(left_value, right_value)
    if op in POWERS or op in SHIFTS:
        return _of_pythons(lower, resty, expr, op, plain)
    return plain(resty, expr, op)


def _bail_at_endless_repetition(lower: BailingLower, *names: str) -> None:
    for sequence, times in (names, reversed(names)):
        repeats = isinstance(lower.typeof(sequence), items.SEQUENCES)
        if repeats and number_kinds.is_integral(lower.typeof(times)):
            lower.bail_if(items.is_too_long(lower, sequence, times), "a repetition")


def _refuse_member_of_other_kind(lower: BailingLower, container: str, item: str) -> None:
    """Numba casts to the type of the members before it looks: 1.5 would be in {1, 2}."""
    type_, own = lower.typeof(container), lower.typeof(item)
    if isinstance(type_, types.DictType):
        containers.refuse_lossy_keys(lower, type_, [item])
    for member in number_kinds.items(type_):
        lesser = isinstance(type_, types.Set) and (kind(member) or 0) < (kind(own) or 0)
        if lesser or (isinstance(member, types.BaseTuple) and number_kinds.lossy(own, member)):
            message = "the container holds numbers of another kind than the one looked for"
            lower.refuse(rules.NUMBER_KIND, message, "convert it first")
