"""Mixed variables at run time: a flag beside the variable says that its kind is the lesser one.

`total = 0` before `total += 0.5` makes `total` a float for Numba; where the loop does not run,
Python has the integer 0. The flag is true as long as Python's value is of a lesser kind.
Arithmetic goes on with it; any other use of a flagged value (a return, a print, a call) leaves
the kernel, and Python answers. Flags are one bit each and vanish where nothing reads them.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterator
from typing import Any

from llvmlite import ir as llvm
from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.analysis.origins import has_numpy
from catzilla_jit.compile.lowering import gathered
from catzilla_jit.compile.lowering.shadow import BIT, ShadowBits

#: Calls that answer the same for 1 and 1.0 and for True and 1.
INDIFFERENT_CALLS = {
    abs, max, min, int, float, bool, complex, range,
    *(value for value in vars(math).values() if callable(value)),
}  # fmt: skip
#: What NumPy's bools are to these, Python's are: not so to arithmetic, an index, a range.
FAIR_CALLS = {int, float, bool, complex, max, min}
FAIR_OPERATORS = number_kinds.DIVISION | number_kinds.BITWISE | number_kinds.COMPARISON
INDIFFERENT_OPERATORS = (
    number_kinds.ARITHMETIC | number_kinds.DIVISION | number_kinds.BITWISE | number_kinds.COMPARISON
)


class ShadowKind(ShadowBits):
    """The flags of one function."""

    def __init__(self, lower: Any) -> None:
        self.typemap = lower.fndesc.typemap
        self._gathering = gathered.names(lower)
        super().__init__(lower, number_kinds.mixed_variables(lower.blocks.values(), self.typemap))

    def lesser(self, name: str, type_: Any) -> llvm.Value:
        """Tell, at run time, whether a variable's value is of a lesser kind than `type_`."""
        own = number_kinds.kind(self.typemap[name])
        if own is not None and own < (number_kinds.kind(type_) or 0):
            return BIT(1)
        if name in self.names:
            return self.read(name)
        return BIT(0)

    def assigned(self, target: str, value: Any, flag: llvm.Value | None) -> None:
        """Set the flag of a variable that was just assigned; `flag` where the value decided it."""
        if target not in self.names:
            return
        builder, type_ = self.lower.builder, self.typemap[target]
        operands = number_kinds.lesser_when_all(value, self.typemap, number_kinds.kind(type_) or 0)
        if flag is None:
            flag = BIT(0) if operands is None else BIT(1)
            for operand in operands or ():
                flag = builder.and_(flag, self.lesser(operand, type_))
        self.write(target, flag)

    def seen_by(self, statement: Any) -> Iterator[str]:
        """Yield the mixed variables whose kind the statement makes visible."""
        if not self.names or isinstance(statement, ir.Del | ir.Branch | ir.Jump):
            return
        seen = self.names
        if self._is_indifferent(statement):
            seen = frozenset() if _is_fair_to_bools(self.typemap, statement) else self._numpys_bools
        for variable in statement.list_vars() if seen else ():
            target = getattr(statement, "target", None)
            if variable.name in seen and variable is not target:
                yield variable.name

    @functools.cached_property
    def _numpys_bools(self) -> frozenset[str]:
        """The mixed variables that may hold a bool of NumPy's, whose sum is a bool again."""
        bools = number_kinds.possible_bools(self.lower.blocks.values(), self.typemap)
        origins = self.lower.origins
        return frozenset(name for name in bools & self.names if has_numpy(origins[name]))

    def _is_indifferent(self, statement: Any) -> bool:
        if isinstance(statement, ir.SetItem | ir.StaticSetItem):
            target = self.typemap[statement.target.name]
            written = isinstance(target, types.Array | types.Record)
            return written and statement.target.name not in self._gathering
        if not isinstance(statement, ir.Assign):
            return False
        value = statement.value
        if number_kinds.source_of(value) is not None:
            # An assignment to a wider or equal number carries the flag on.
            return number_kinds.kind(self.typemap[statement.target.name]) is not None
        if not isinstance(value, ir.Expr):
            return True
        if value.op in ("binop", "inplace_binop", "unary"):
            return value.op == "unary" or value.fn in INDIFFERENT_OPERATORS
        if value.op in ("getitem", "static_getitem"):
            return True
        return value.op == "call" and number_kinds.called(self.typemap, value) in INDIFFERENT_CALLS


def _is_fair_to_bools(typemap: dict[str, Any], statement: Any) -> bool:
    """Tell whether a statement comes to the same for a bool of NumPy's and for one of Python's."""
    value = getattr(statement, "value", None)
    if not isinstance(statement, ir.Assign) or not isinstance(value, ir.Expr):
        return isinstance(statement, ir.Assign)
    if value.op in ("cast", "phi"):
        return True
    if value.op in ("binop", "inplace_binop"):
        return value.fn in FAIR_OPERATORS
    if value.op == "unary":
        return value.fn is operator.not_
    return value.op == "call" and number_kinds.called(typemap, value) in FAIR_CALLS
