"""Variables that may have no value yet where they are read: Python raises UnboundLocalError there.

Numba reads a zero instead. Its own IR says where a variable has no value: an assignment of the
expression `null`, put on the paths that do not assign it. A bit beside each such variable tells at
run time whether the last assignment was one; reading it then leaves the kernel, and Python raises.
Copies that join the paths of one variable carry the bit on.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llvmlite import ir as llvm
from numba.core import ir

from catzilla_jit.compile.lowering.shadow import BIT, ShadowBits


class ShadowUnbound(ShadowBits):
    """The bits of one function."""

    def __init__(self, lower: Any) -> None:
        super().__init__(lower, unbound_variables(lower.blocks.values()))

    def read_by(self, statement: Any) -> Iterator[llvm.Value]:
        """Yield the bits of the variables whose value a statement needs."""
        if not self.names or isinstance(statement, ir.Del) or _joins(statement):
            return
        target = getattr(statement, "target", None) if isinstance(statement, ir.Assign) else None
        for variable in statement.list_vars():
            if variable.name in self.names and variable is not target:
                yield self.read(variable.name)

    def assigned(self, statement: Any) -> None:
        """Set the bit of the variable that was just assigned."""
        if statement.target.name not in self.names:
            return
        bit: llvm.Value = BIT(_is_null(statement.value))
        if _joins(statement) and statement.value.name in self.names:
            bit = self.read(statement.value.name)
        self.write(statement.target.name, bit)


def unbound_variables(blocks: Iterable[Any]) -> frozenset[str]:
    """Return the variables that may be read without a value."""
    assignments = [inst for block in blocks for inst in block.find_insts(ir.Assign)]
    found = {each.target.name for each in assignments if _is_null(each.value)}
    joins = [each for each in assignments if _joins(each)]
    while True:
        further = {each.target.name for each in joins if each.value.name in found} - found
        if not further:
            return frozenset(found)
        found |= further


def _is_null(value: Any) -> bool:
    return isinstance(value, ir.Expr) and value.op == "null"


def _joins(statement: Any) -> bool:
    """Tell whether a statement copies one version of a variable to another."""
    return (
        isinstance(statement, ir.Assign)
        and isinstance(statement.value, ir.Var)
        and statement.value.unversioned_name == statement.target.unversioned_name
    )
