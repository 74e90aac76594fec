"""Which integers only ever say where in an array something is.

They need no check of overflow: beyond 64 bits lies no item of any array, and whether an index is
within bounds is what `boundscheck` asks. A check would keep LLVM from vectorizing the loop; the
promise that the result fits tells it that i - 1 is no negative index. Sums, differences and
products count, and what they are made of, as long as nothing else reads them.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numba.core import ir, types

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.lowering.overflow import ASSUMED

POSSIBLE = (types.Integer, types.BaseTuple)


def index_variables(blocks: Iterable[Any], typemap: dict[str, Any]) -> frozenset[str]:
    """Return the variables that are read, and only to index an array."""
    statements = [inst for block in blocks for inst in block.body]
    found = {name for name, type_ in typemap.items() if isinstance(type_, POSSIBLE)}
    while True:
        others = {name for inst in statements for name in _read_by(inst, typemap, found)}
        if not others & found:
            return frozenset(found)
        found -= others


def _read_by(inst: Any, typemap: dict[str, Any], found: set[str]) -> set[str]:
    """Return what a statement reads for anything but an index."""
    if isinstance(inst, ir.SetItem):
        read = {inst.target.name, inst.value.name}
        return read if _is_array(inst.target, typemap) else read | {inst.index.name}
    if not isinstance(inst, ir.Assign):
        return {variable.name for variable in inst.list_vars()}
    value = inst.value
    if isinstance(value, ir.Expr) and value.op == "getitem" and _is_array(value.value, typemap):
        return {value.value.name}
    if inst.target.name in found and _makes_index(value):
        return set()
    if isinstance(value, ir.Var):
        return {value.name}
    return {v.name for v in value.list_vars()} if isinstance(value, ir.Expr) else set()


def _is_array(variable: Any, typemap: dict[str, Any]) -> bool:
    return isinstance(typemap[variable.name], types.Array)


def _makes_index(value: Any) -> bool:
    if number_kinds.source_of(value) is not None:
        return True
    if not isinstance(value, ir.Expr):
        return False
    return value.op == "build_tuple" or (
        value.op in ("binop", "inplace_binop") and value.fn in ASSUMED
    )
