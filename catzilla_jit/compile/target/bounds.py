"""Array indices out of bounds, with NumPy's words: Numba's check says neither index nor axis."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

from catzilla_jit.compile.target import stand_ins
from catzilla_jit.compile.target.context import TaskCallConv

_numbas = cgutils.do_boundscheck


def check(
    context: Any, builder: ir.IRBuilder, index: ir.Value, length: ir.Value, axis: Any = None
) -> None:
    """Leave for an index out of bounds that has been counted from the beginning.

    In place of Numba's function, for all its users in the process; others have Numba's check.
    """
    convention = context.call_conv
    known = isinstance(convention, TaskCallConv) and convention.site_of(builder) is not None
    if not known or not isinstance(axis, int):
        _numbas(context, builder, index, length, axis)
        return
    with builder.if_then(builder.icmp_unsigned(">=", index, length), likely=False):
        negative = builder.icmp_signed("<", index, index.type(0))
        given = builder.select(negative, builder.sub(index, length), index)
        convention.leave_with(builder, stand_ins.OutOfBounds, given, length, index.type(axis))


cgutils.do_boundscheck = check
