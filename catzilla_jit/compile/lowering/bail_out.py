"""How code leaves the kernel where it has not Python's answer, and how compiling is refused."""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from typing import Any, NoReturn

from llvmlite import ir as llvm
from numba.core import errors, lowering, types

from catzilla_jit.compile.analysis.number_kinds import FLOAT, kind
from catzilla_jit.compile.analysis.origins import EITHER, Origins
from catzilla_jit.compile.diagnostics.reason import Reason
from catzilla_jit.compile.lowering.shadow_kind import Mixture
from catzilla_jit.compile.lowering.shadow_origin import Doubts
from catzilla_jit.compile.options import Options

#: Beyond this an integer is not a float exactly.
EXACT_IN_FLOAT = 2**53


def compare(
    builder: llvm.IRBuilder, type_: Any, sign: str, left: llvm.Value, right: llvm.Value
) -> llvm.Value:
    """Compare two numbers of one type; false where one is NaN."""
    if kind(type_) == FLOAT:
        return builder.fcmp_ordered(sign, left, right)
    signed = isinstance(type_, types.Integer) and type_.signed
    return (builder.icmp_signed if signed else builder.icmp_unsigned)(sign, left, right)


@functools.cache
def zero_division_message(op: Any, floating: bool) -> str:
    """Return what this Python says about a division by zero; the words differ between versions."""
    one = 1.0 if floating else 1
    try:
        op(one, one - one)
    except ZeroDivisionError as error:
        return str(error)
    raise AssertionError("dividing by zero did not raise")


class BailingLower(lowering.Lower):
    """Numba's lowering, which can leave the kernel and refuse to go on."""

    # made by TaskLower
    options: Options
    mixture: Mixture
    doubts: Doubts
    origins: Origins
    indices: frozenset[str]
    _target: str
    _flag_of_result: llvm.Value | None
    _bit_of_result: llvm.Value | None

    def _refuse(self, code: str, message: str, advice: str, loc: Any = None) -> NoReturn:
        """Give up compiling: the types at hand cannot have Python's answer."""
        loc = loc or (self.func_ir.loc if isinstance(self.loc, int) else self.loc)  # no line yet
        reason = Reason(code, loc.line, message, advice, file=loc.filename)
        self.metadata["program"].reasons.append(reason)
        raise errors.UnsupportedError(str(reason), loc=loc)

    def _leave_if(self, condition: llvm.Value, what: str) -> None:
        """Leave with STATUS_OVERFLOW where the condition holds; no handler of the task sees it."""
        if isinstance(condition, llvm.Constant) and not condition.constant:
            return
        with self.builder.if_then(condition, likely=False):
            message = f"{what} does not fit compiled code"
            function = self.func_ir.func_id.func_name
            self.call_conv.return_overflow(self.builder, message, self.loc, function)

    def _leave_if_overflow(self, failed: llvm.Value) -> None:
        if self.options.overflow == "check":
            self._leave_if(failed, "the result of an integer operation")

    def _raise_if(self, condition: llvm.Value, error: type[Exception], message: str) -> None:
        if isinstance(condition, llvm.Constant) and not condition.constant:
            return
        with self.builder.if_then(condition, likely=False):
            self.return_exception(error, (message,), loc=self.loc)

    def _refuse_zero_divisor(self, op: Any, floating: bool, left: str, right: str) -> None:
        type_ = self.typeof(right)
        if isinstance(type_, types.IntegerLiteral) and type_.literal_value:
            return
        zero = self._is(right, 0)
        if right in self.mixture.names or EITHER in (self.origins[right], self.origins[left]):
            # The words depend on the kind, and NumPy has no words at all.
            self._leave_if(zero, "a division by zero")
        self._raise_if(zero, ZeroDivisionError, zero_division_message(op, floating))

    def _need_exact_in_float(self, what: str, *names: str) -> None:
        for name in names:
            type_ = self.typeof(name)
            if (
                isinstance(type_, types.IntegerLiteral)
                and abs(type_.literal_value) <= EXACT_IN_FLOAT
            ):
                continue
            self._leave_inexact(type_, self.loadvar(name), what)

    def _operand(self, name: str, type_: Any) -> llvm.Value:
        """Load a variable as `type_`; a literal becomes an LLVM constant."""
        own = self.typeof(name)
        if isinstance(own, types.IntegerLiteral):
            return self.context.get_constant(type_, own.literal_value)
        return self.context.cast(self.builder, self.loadvar(name), own, type_)

    def _is(self, name: str, constant: int) -> llvm.Value:
        wide = types.float64 if kind(self.typeof(name)) == FLOAT else types.int64
        return compare(
            self.builder,
            wide,
            "==",
            self._operand(name, wide),
            self.context.get_constant(wide, constant),
        )
