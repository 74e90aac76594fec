"""Generator functions that a task consumes: what must hold so that a pause loses nothing.

Numba keeps the variables of a generator while it is paused, but not the bits that stand beside them
(`shadow.py`), and makes all that is yielded one type. Where that would show, it is refused.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numba.core import ir, types

from catzilla_jit.compile.analysis.origins import has_numpy
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.diagnostics import rules
from catzilla_jit.compile.lowering.bail_out import BailingLower

ADVICE = "return a list"
#: What is gone through by an index, so that nothing has to be remembered beside it.
PLAIN = (
    types.RangeType, types.List, types.UnicodeType, types.StringLiteral, types.BaseTuple, GivenList,
)  # fmt: skip


def check(lower: BailingLower, calls_loops: bool) -> None:
    """Refuse a generator that would go on otherwise than Python's."""
    if lower.generator_info is None:
        return
    shadows = (lower.shadow_kind, lower.shadow_unbound, lower.shadow_origin)
    if any(each.names for each in shadows):
        message = "a generator has a variable of two kinds of numbers, or without a first value"
        lower.refuse(rules.GENERATOR, message, ADVICE)
    if calls_loops:
        lower.refuse(rules.GENERATOR, "a generator computes with arrays", ADVICE)
    yielded = lower.fndesc.restype.yield_type
    for statement in _assignments(lower):
        value = statement.value
        if isinstance(value, ir.Yield):
            name = value.value.name
            if types.unliteral(lower.typeof(name)) != yielded or has_numpy(lower.origins[name]):
                message = "a generator yields values of several types, or NumPy's"
                lower.refuse(rules.GENERATOR, message, ADVICE, statement.loc)
        iterates = isinstance(value, ir.Expr) and value.op == "getiter"
        if iterates and not isinstance(lower.typeof(value.value.name), PLAIN):
            message = "a generator loops over something else than a range, list or text"
            lower.refuse(rules.GENERATOR, message, ADVICE, statement.loc)


def _assignments(lower: BailingLower) -> Iterator[Any]:
    for block in lower.blocks.values():
        yield from block.find_insts(ir.Assign)
