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
from catzilla_jit.compile.lowering.shadow import BIT, ShadowBits
from catzilla_jit.compile.target.loop_marks import with_origin


class ShadowOrigin(ShadowBits):
    """The bits of one function."""

    def __init__(self, lower: Any, origins: Origins) -> None:
        super().__init__(lower, origins.numbers(EITHER))
        self.origins = origins
        self._unknown: set[str] = set()
        blocks = lower.blocks.values()
        self._find_unknown([each for block in blocks for each in block.find_insts(ir.Assign)])

    def _find_unknown(self, assignments: list[Any]) -> None:
        """Find the variables whose bits nothing tells."""
        while True:
            further = {
                each.target.name
                for each in assignments
                if each.target.name in self.names - self._unknown and not self._is_told(each.value)
            }
            if not further:
                return
            self._unknown |= further

    def _is_told(self, value: Any) -> bool:
        if not isinstance(value, ir.Expr) or value.op == "cast":
            return not isinstance(value, ir.Arg) and not self._operands(value) & self._unknown
        if value.op == "call" and self._called(value) is with_origin:
            return True
        told = value.op in ("binop", "inplace_binop", "unary", "null", "undef")
        told = told or self._is_extreme(value)
        return told and not self._operands(value) & self._unknown

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

    def bit(self, name: str) -> llvm.Value:
        """Tell, at run time, whether Python made the number."""
        if name in self.names:
            return self.read(name)
        return BIT(self.origins[name] != NUMPY)

    def assigned(self, target: str, value: Any, bit: llvm.Value | None) -> None:
        """Set the bit of a variable that was just assigned; `bit` where the value decided it."""
        if target not in self.names or target in self._unknown:
            return
        if bit is None:
            bit = BIT(1)
            for operand in sorted(self._operands(value)):
                bit = self.lower.builder.and_(bit, self.bit(operand))
            if not self._operands(value):
                bit = BIT(self.origins.of_value(target, value) != NUMPY)
        self.write(target, bit)
