"""Shadow bits: one bit beside a variable that says at run time what its type cannot say.

Each kind of them decides for which variables, and when a bit is set: `shadow_kind.py`,
`shadow_origin.py`, `shadow_unbound.py`. A bit vanishes from the code where nothing reads it.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from llvmlite import ir as llvm
from numba.core import cgutils

BIT = llvm.IntType(1)


class ShadowBits:
    """The bits of one function, false at its begin; `names` are the variables that have one."""

    def __init__(self, lower: Any, names: AbstractSet[str]) -> None:
        self.lower = lower
        self.names = names
        self._slots: dict[str, llvm.Value] = {}

    def read(self, name: str) -> llvm.Value:
        """Return the bit of a variable as it is now."""
        return self.lower.builder.load(self._slot(name))

    def write(self, name: str, bit: llvm.Value) -> None:
        """Set the bit of a variable."""
        self.lower.builder.store(bit, self._slot(name))

    def _slot(self, name: str) -> llvm.Value:
        if name not in self._slots:
            self._slots[name] = cgutils.alloca_once(self.lower.builder, BIT, zfill=True)
        return self._slots[name]
