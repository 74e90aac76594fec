"""Numbers that are NumPy's or Python's: a bit beside the variable says at run time which.

`total = 0.0` before `total += values[i]` is a float of Python until the loop runs, and a
`numpy.float64` from then on. A bit is true as long as Python made the number. A task that returns
NumPy's numbers leaves its machine code where the bit is set, and Python answers. Bits vanish where
nothing reads them.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from llvmlite import ir as llvm
from numba.core import ir

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.origins import EITHER, NUMPY, Origins
from catzilla_jit.compile.lowering import call_bits
from catzilla_jit.compile.lowering.shadow import BIT, ShadowBits
from catzilla_jit.compile.target.loop_marks import with_origin


class ShadowOrigin(ShadowBits):
    """The bits of one function."""

    def __init__(self, lower: Any, origins: Origins) -> None:
        super().__init__(lower, origins.numbers(EITHER))
        self.origins = origins
        blocks = lower.blocks.values()
        assignments = [each for block in blocks for each in block.find_insts(ir.Assign)]
        self._telling: dict[int, str | None] = {}
        self._unknown = self._not_told(assignments, by_caller=False)
        helper = bool(self.names) and call_bits.is_helper(lower)
        #: The same if the caller tells whose the arguments are.
        self._untold = self._not_told(assignments, by_caller=True) if helper else self._unknown

    def _not_told(self, assignments: list[Any], *, by_caller: bool) -> set[str]:
        """Return the variables whose bits nothing tells; by_caller: the caller's are told."""
        unknown: set[str] = set()
        while True:
            further = {
                each.target.name
                for each in assignments
                if each.target.name in self.names - unknown
                and not self._is_told(each.value, unknown, by_caller)
            }
            if not further:
                return unknown
            unknown |= further

    def _is_told(self, value: Any, unknown: set[str], by_caller: bool) -> bool:
        if isinstance(value, ir.Arg):
            return by_caller and value.index < call_bits.MOST
        if not isinstance(value, ir.Expr) or value.op == "cast":
            return not self._operands(value) & unknown
        if value.op == "call" and self._called(value) is with_origin:
            return True
        told = value.op in ("binop", "inplace_binop", "unary", "null", "undef")
        told = told or self._is_extreme(value) or self._is_told_of(value)
        return told and not self._operands(value) & unknown

    def _is_told_of(self, value: Any) -> bool:
        return value.op == "call" and self.called_to_tell(value) is not None

    def called_to_tell(self, call: Any) -> str | None:
        """Return the symbol of the helper that a call calls, if its result has a bit."""
        if id(call) not in self._telling:
            self._telling[id(call)] = call_bits.symbol_of_telling(self.lower, call)
        return self._telling[id(call)]

    def _is_extreme(self, value: Any) -> bool:
        return value.op == "call" and self._called(value) in (max, min)

    def _called(self, value: Any) -> Any:
        return number_kinds.called(self.origins.typemap, value)

    def _operands(self, value: Any) -> set[str]:
        source = number_kinds.source_of(value)
        if source is not None:
            return {source}
        if not isinstance(value, ir.Expr):
            return set()
        if value.op == "call":
            return {each.name for each in value.args}
        return {each.name for each in value.list_vars()}

    def is_known(self, name: str) -> bool:
        """Tell whether `bit` answers for a variable."""
        return name not in self._unknown

    def tells(self, name: str) -> bool:
        """Tell whether `bit` answers for a variable where the caller tells of the arguments."""
        return name not in self._untold

    def bit(self, name: str) -> llvm.Value:
        """Tell, at run time, whether Python made the number."""
        if name in self.names:
            return self.read(name)
        return BIT(self.origins[name] != NUMPY)

    def assigned(self, target: str, value: Any, bit: llvm.Value | None) -> None:
        """Set the bit of a variable that was just assigned; `bit` where the value decided it."""
        if target not in self.names or target in self._untold:
            return
        if bit is None and isinstance(value, ir.Arg):
            bit = call_bits.given(self.lower, value.index)
        if bit is None:
            bit = BIT(1)
            for operand in sorted(self._operands(value)):
                bit = self.lower.builder.and_(bit, self.bit(operand))
            if not self._operands(value):
                bit = BIT(self.origins.of_value(target, value) != NUMPY)
        self.write(target, bit)
