"""How code leaves the kernel where it has not Python's answer, and how compiling is refused."""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from llvmlite import ir as llvm
from numba.core import cgutils, lowering, types

from catzilla_jit.compile.analysis.number_kinds import COMPLEX, FLOAT, INT, kind
from catzilla_jit.compile.analysis.origins import EITHER, Origins
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.diagnostics.refuse import refuse
from catzilla_jit.compile.frontend.own_functions import is_own
from catzilla_jit.compile.lowering import float_checks
from catzilla_jit.compile.lowering.shadow_kind import ShadowKind
from catzilla_jit.compile.lowering.shadow_origin import ShadowOrigin
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.slots import NO_ANSWER
from catzilla_jit.compile.target import stand_ins

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


def packed_text(context: Any, builder: llvm.IRBuilder, value: llvm.Value) -> tuple[Any, ...]:
    """Return three integers whose bytes are the length of an ASCII text, and the text.

    The length is TOO_LONG for a text that does not go into the others, or is not ASCII.
    """
    byte, word = llvm.IntType(8), llvm.IntType(64)
    text = context.make_helper(builder, types.unicode_type, value)
    place = cgutils.alloca_once(builder, word, size=word(3))
    for index in range(3):
        builder.store(word(0), builder.gep(place, [word(index)]))
    short = builder.icmp_unsigned("<=", text.length, word(stand_ins.LONGEST))
    fits = builder.and_(short, builder.icmp_unsigned("!=", text.is_ascii, text.is_ascii.type(0)))
    count = builder.select(fits, text.length, word(0))
    begin = builder.bitcast(place, byte.as_pointer())
    cgutils.raw_memcpy(builder, builder.gep(begin, [word(1)]), text.data, count, 1)
    length = builder.select(fits, text.length, word(stand_ins.TOO_LONG))
    builder.store(builder.trunc(length, byte), begin)
    return tuple(builder.load(builder.gep(place, [word(index)])) for index in range(3))


class BailingLower(lowering.Lower):
    """Numba's lowering, which can leave the kernel and refuse to go on."""

    # made by TaskLower
    options: Options
    shadow_kind: ShadowKind
    shadow_origin: ShadowOrigin
    origins: Origins
    indices: frozenset[str]
    _target: str
    _flag_of_result: llvm.Value | None
    _bit_of_result: llvm.Value | None
    _tells: bool

    def refuse(self, code: str, message: str, advice: str, loc: Any = None) -> NoReturn:
        """Give up compiling: the types at hand cannot have Python's answer."""
        loc = loc or (self.func_ir.loc if isinstance(self.loc, int) else self.loc)  # no line yet
        refuse(self.metadata["unit"].findings.reasons, code, loc, message, advice)

    def bail_if(self, condition: llvm.Value, what: str) -> None:
        """Leave with STATUS_OVERFLOW where the condition holds; no handler of the task sees it."""
        if isinstance(condition, llvm.Constant) and not condition.constant:
            return
        with self.builder.if_then(condition, likely=False):
            message = f"{what} {NO_ANSWER}"
            function = self.func_ir.func_id.func_name
            self.call_conv.return_overflow(self.builder, message, self.loc, function)

    def bail_calling(
        self, condition: llvm.Value, what: str, function: Any, names: Sequence[str]
    ) -> None:
        """Leave as `bail_if` does; a task that cannot run again raises what Python's function does.

        Numbers of which the types do not tell what Python has are left as others are.
        """
        described = self.described_call(function, names, what)
        if described is None:
            self.bail_if(condition, what)
            return
        with self.builder.if_then(condition, likely=False):
            name = self.func_ir.func_id.func_name
            called, numbers = described
            self.call_conv.leave_calling(self.builder, called, numbers(), self.loc, name)

    def described_call(
        self, function: Any, names: Sequence[str], what: str
    ) -> tuple[tuple[Any, str, str], Callable[[], tuple[llvm.Value, ...]]] | None:
        """Return what `stand_ins.Called` is made of, None where nobody would see it.

        The numbers are written where the code leaves, by the function that is returned.
        """
        if function is None or not 0 < len(names) <= 3 or not self.metadata["unit"].may_run_once:
            return None
        message = f"{what} {NO_ANSWER}"
        if [self.typeof(name) for name in names] == [types.unicode_type]:
            text = self.loadvar(names[0])
            return (function, "s", message), lambda: packed_text(self.context, self.builder, text)
        ranks = [kind(self.typeof(name)) for name in names]
        if any(name in self.shadow_kind.names for name in names) or not set(ranks) <= {INT, FLOAT}:
            return None
        numbers = [
            self.operand(name, types.float64 if rank == FLOAT else types.int64)
            for name, rank in zip(names, ranks, strict=True)
        ]
        kinds = "".join("d" if rank == FLOAT else "q" for rank in ranks)
        word = llvm.IntType(64)
        return (function, kinds, message), lambda: tuple(
            self.builder.bitcast(number, word) for number in numbers
        )

    def leave_if(
        self, condition: llvm.Value, stand_in: type[IndexError], *numbers: llvm.Value
    ) -> None:
        """Leave as `bail_if` does, with an exception of NumPy's that has numbers."""
        with self.builder.if_then(condition, likely=False):
            self.call_conv.leave_with(self.builder, stand_in, *numbers)

    def bail_as(self, condition: llvm.Value, error: type[Exception], message: str) -> None:
        """Leave as `bail_if` does, with the exception that Python raises."""
        with self.builder.if_then(condition, likely=False):
            function = self.func_ir.func_id.func_name
            self.call_conv.return_user_exc(self.builder, error, (message,), self.loc, function)

    def bail_if_overflow(self, failed: llvm.Value) -> None:
        if self.options.overflow == "check":
            self.bail_if(failed, "the result of an integer operation")

    def raise_if(self, condition: llvm.Value, error: type[Exception], message: str) -> None:
        if isinstance(condition, llvm.Constant) and not condition.constant:
            return
        if is_own(self.func_ir.func_id.func):  # the traceback would not show the user's line
            self.bail_if(condition, "an exception of a library function")
            return
        with self.builder.if_then(condition, likely=False):
            self.return_exception(error, (message,), loc=self.loc)

    def check_divisor(self, op: Any, floating: bool, left: str, right: str) -> None:
        type_ = self.typeof(right)
        if isinstance(type_, types.IntegerLiteral) and type_.literal_value:
            return
        zero = self.equals(right, 0)
        if right in self.shadow_kind.names or EITHER in (self.origins[right], self.origins[left]):
            # The words depend on the kind, and NumPy has no words at all.
            self.bail_if(zero, "a division by zero")
        self.raise_if(zero, ZeroDivisionError, zero_division_message(op, floating))

    def need_exact_in_float(self, what: str, *names: str) -> None:
        for name in names:
            type_ = self.typeof(name)
            if (
                isinstance(type_, types.IntegerLiteral)
                and abs(type_.literal_value) <= EXACT_IN_FLOAT
            ):
                continue
            self.bail_at_inexact(type_, self.loadvar(name), what)

    def operand(self, name: str, type_: Any) -> llvm.Value:
        """Load a variable as `type_`; a literal becomes an LLVM constant."""
        own = self.typeof(name)
        if isinstance(own, types.IntegerLiteral):
            return self.context.get_constant(type_, own.literal_value)
        return self.context.cast(self.builder, self.loadvar(name), own, type_)

    def equals(self, name: str, constant: int) -> llvm.Value:
        wide = types.float64 if kind(self.typeof(name)) == FLOAT else types.int64
        return compare(
            self.builder,
            wide,
            "==",
            self.operand(name, wide),
            self.context.get_constant(wide, constant),
        )

    def refuse_as_lossy(self, container: Any) -> NoReturn:
        what = f"a {type_names.of(container)} is given a number of another kind"
        self.refuse(rules.NUMBER_KIND, what, "convert it first")

    def bail_at_inexact(self, type_: Any, value: llvm.Value, what: str) -> None:
        """Leave with an integer that need not be a float exactly."""
        if not isinstance(type_, types.Integer) or type_.bitwidth < 64:
            return
        shifted = self.builder.add(value, value.type(EXACT_IN_FLOAT)) if type_.signed else value
        limit = value.type(2 * EXACT_IN_FLOAT if type_.signed else EXACT_IN_FLOAT)
        self.bail_if(self.builder.icmp_unsigned(">", shifted, limit), what)

    def bail_at_inexact_items(self, left: tuple[Any, Any], right: tuple[Any, Any]) -> None:
        """Leave where two tuples have a large integer and a float in one place."""
        if not isinstance(right[0], types.BaseTuple):
            return
        for index, pair in enumerate(zip(left[0].types, right[0].types, strict=False)):
            values = [self.builder.extract_value(each[1], index) for each in (left, right)]
            if isinstance(pair[0], types.BaseTuple):
                self.bail_at_inexact_items((pair[0], values[0]), (pair[1], values[1]))
            elif FLOAT in map(kind, pair):
                for type_, value in zip(pair, values, strict=True):
                    self.bail_at_inexact(type_, value, "a comparison of a large integer")

    def bail_at_nan(self, type_: Any, value: llvm.Value, what: str) -> None:
        """Leave with a NaN, alone or in a tuple."""
        if kind(type_) == FLOAT:
            self.bail_if(float_checks.is_nan(self.builder, value), what)
        elif kind(type_) == COMPLEX:
            number = self.context.make_complex(self.builder, type_, value)
            for part in (number.real, number.imag):
                self.bail_if(float_checks.is_nan(self.builder, part), what)
        elif isinstance(type_, types.BaseTuple):
            for index, item in enumerate(type_.types):
                self.bail_at_nan(item, self.builder.extract_value(value, index), what)

    def bail_at_nan_keys(self, names: list[str]) -> None:
        """Python finds the NaN that went in by its identity."""
        for name in names:
            self.bail_at_nan(self.typeof(name), self.loadvar(name), "a NaN as a key")
