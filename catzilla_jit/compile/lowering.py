"""Lowering of task code: arithmetic that gives Python's answer or says that it cannot.

Numba lowers typed IR to LLVM one expression at a time; here the arithmetic expressions are taken
over. Integer results are checked (`checks.py`), division by zero raises with this Python's own
message, negative shifts raise. What does not fit leaves the kernel with STATUS_OVERFLOW. Only
code of the user is lowered this way: Numba's own functions keep Numba's arithmetic.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import lowering, types
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import BaseNativeLowering

from catzilla_jit.compile import checks
from catzilla_jit.compile.options import Options

DIVISIONS = {
    operator.truediv: operator.truediv,
    operator.itruediv: operator.truediv,
    operator.floordiv: operator.floordiv,
    operator.ifloordiv: operator.floordiv,
    operator.mod: operator.mod,
    operator.imod: operator.mod,
}
SHIFTS = {operator.lshift, operator.ilshift, operator.rshift, operator.irshift}
POWERS = {operator.pow, operator.ipow}
#: Beyond this an integer is not a float exactly.
EXACT_IN_FLOAT = 2**53


class TaskLower(lowering.Lower):
    """Numba's lowering with checked arithmetic."""

    def init(self) -> None:
        super().init()
        self.options: Options = self.metadata["program"].options

    def lower_binop(self, resty: Any, expr: Any, op: Any) -> ir.Value:
        left, right = expr.lhs.name, expr.rhs.name
        kinds = (_kind(self.typeof(left)), _kind(self.typeof(right)))
        if None in kinds:
            return super().lower_binop(resty, expr, op)
        if op in DIVISIONS:
            self._refuse_zero_divisor(DIVISIONS[op], kinds, right)
        if kinds == ("int", "int"):
            return self._integers(resty, expr, op)
        return super().lower_binop(resty, expr, op)

    def lower_expr(self, resty: Any, expr: Any) -> ir.Value:
        if expr.op == "unary" and expr.fn in checks.UNARY:
            return self._unary(resty, expr, expr.fn, expr.value.name)
        if expr.op == "call" and self._calls(expr, abs) and len(expr.args) == 1 and not expr.kws:
            return self._unary(resty, expr, abs, expr.args[0].name)
        return super().lower_expr(resty, expr)

    # -- integers

    def _integers(self, resty: Any, expr: Any, op: Any) -> ir.Value:
        signature = self.fndesc.calltypes[expr]
        type_ = signature.return_type
        if op in (operator.truediv, operator.itruediv):
            self._need_exact_in_float(expr.lhs.name, expr.rhs.name)
        if op not in checks.BINARY or not isinstance(type_, types.Integer):
            return super().lower_binop(resty, expr, op)
        left, right = self._operand(expr.lhs.name, type_), self._operand(expr.rhs.name, type_)
        if op in SHIFTS:
            self._refuse_negative_shift(right, expr.rhs.name)
        if op in POWERS:
            self._leave_if(
                self._negative(right, expr.rhs.name), "an integer power with a negative exponent"
            )
        result, failed = checks.BINARY[op](self.builder, left, right, type_.signed)
        self._leave_if(failed, "the result of an integer operation")
        return self.context.cast(self.builder, result, type_, resty)

    def _unary(self, resty: Any, expr: Any, op: Any, name: str) -> ir.Value:
        type_ = self.fndesc.calltypes[expr].return_type
        if _kind(self.typeof(name)) != "int" or not isinstance(type_, types.Integer):
            return super().lower_expr(resty, expr)
        result, failed = checks.UNARY[op](self.builder, self._operand(name, type_), type_.signed)
        self._leave_if(failed, "the result of an integer operation")
        return self.context.cast(self.builder, result, type_, resty)

    def _operand(self, name: str, type_: Any) -> ir.Value:
        """Load a variable as `type_`; a literal becomes an LLVM constant."""
        own = self.typeof(name)
        if isinstance(own, types.IntegerLiteral):
            return self.context.get_constant(type_, own.literal_value)
        return self.context.cast(self.builder, self.loadvar(name), own, type_)

    def _calls(self, expr: Any, function: Callable[..., Any]) -> bool:
        callee = self.typeof(expr.func.name)
        return isinstance(callee, types.Function) and callee.typing_key is function

    # -- leaving

    def _leave_if(self, condition: ir.Value, what: str) -> None:
        """Leave with STATUS_OVERFLOW where the condition holds; no handler of the task sees it."""
        if self.options.overflow == "wrap":
            return
        with self.builder.if_then(condition, likely=False):
            message = f"{what} does not fit compiled code"
            self.call_conv.return_overflow(
                self.builder, message, self.loc, self.func_ir.func_id.func_name
            )

    def _raise_if(self, condition: ir.Value, error: type[Exception], message: str) -> None:
        with self.builder.if_then(condition, likely=False):
            self.return_exception(error, (message,), loc=self.loc)

    def _refuse_zero_divisor(self, op: Any, kinds: tuple[Any, Any], right: str) -> None:
        type_ = self.typeof(right)
        if "complex" in kinds or (isinstance(type_, types.IntegerLiteral) and type_.literal_value):
            return
        value = self.context.cast(self.builder, self.loadvar(right), type_, _wide(type_))
        zero = value.type(0)
        compare = self.builder.icmp_signed if kinds[1] == "int" else self.builder.fcmp_ordered
        self._raise_if(
            compare("==", value, zero),
            ZeroDivisionError,
            zero_division_message(op, "float" in kinds),
        )

    def _refuse_negative_shift(self, amount: ir.Value, name: str) -> None:
        self._raise_if(self._negative(amount, name), ValueError, "negative shift count")

    def _negative(self, value: ir.Value, name: str) -> ir.Value:
        own = self.typeof(name)
        if not _signed(own) or (isinstance(own, types.IntegerLiteral) and own.literal_value >= 0):
            return checks.FALSE
        return self.builder.icmp_signed("<", value, value.type(0))

    def _need_exact_in_float(self, *names: str) -> None:
        """Python divides integers exactly and rounds once; two roundings before could differ."""
        for name in names:
            type_ = self.typeof(name)
            if (
                isinstance(type_, types.IntegerLiteral)
                and abs(type_.literal_value) <= EXACT_IN_FLOAT
            ):
                continue
            if not isinstance(type_, types.Integer) or type_.bitwidth < 64:
                continue
            value = self.loadvar(name)
            shifted = self.builder.add(value, value.type(EXACT_IN_FLOAT)) if type_.signed else value
            limit = value.type(2 * EXACT_IN_FLOAT if type_.signed else EXACT_IN_FLOAT)
            self._leave_if(
                self.builder.icmp_unsigned(">", shifted, limit), "the quotient of large integers"
            )


def _kind(type_: Any) -> str | None:
    """Tell the kind of number; None for what is no number."""
    if isinstance(type_, types.Integer | types.Boolean | types.BooleanLiteral):
        return "int"
    if isinstance(type_, types.Float):
        return "float"
    return "complex" if isinstance(type_, types.Complex) else None


def _signed(type_: Any) -> bool:
    return isinstance(type_, types.Integer) and bool(type_.signed)


def _wide(type_: Any) -> Any:
    return (
        types.int64
        if isinstance(type_, types.Boolean | types.BooleanLiteral)
        else types.unliteral(type_)
    )


@functools.cache
def zero_division_message(op: Any, floats: bool) -> str:
    """Return what this Python says about a division by zero; the words differ between versions."""
    one = 1.0 if floats else 1
    try:
        op(one, one - one)
    except ZeroDivisionError as error:
        return str(error)
    raise AssertionError("dividing by zero did not raise")


@register_pass(mutates_CFG=True, analysis_only=False)
class TaskLowering(BaseNativeLowering):
    """The lowering pass that uses TaskLower."""

    _name: Any = "task_lowering"

    @property
    def lowering_class(self) -> type[TaskLower]:
        return TaskLower
