"""Operators like `a += b` on arrays, by the loops that NumPy calls with `a` as the output."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from catzilla_jit.compile.library.ufuncs import assignment, calls, nest, signatures
from catzilla_jit.compile.target import float_status

NAMES = {
    operator.iadd: "add", operator.isub: "subtract", operator.imul: "multiply",
    operator.itruediv: "divide",
}  # fmt: skip


def is_known(op: Any, target: Any, value: Any, *, strong: bool = False) -> bool:
    """Tell whether `write` does what NumPy does; strong: the value is a number of NumPy's."""
    if op not in NAMES or not isinstance(target, types.Array) or target.ndim == 0:
        return False
    chosen = signatures.choose(NAMES[op], (target, value), (False, strong))
    if chosen is None or not target.aligned or not target.mutable:
        return False
    if {target.dtype} != {chosen.takes[0], *chosen.makes}:
        return False  # NumPy converts what the loop makes
    if not isinstance(value, types.Array):
        return True
    same = value.dtype == chosen.takes[1]
    return value.aligned and 0 < value.ndim <= target.ndim and (same or value.ndim == 1)


def write(
    context: Any,
    builder: ir.IRBuilder,
    op: Any,
    given: tuple[Any, Any],
    values: tuple[Any, Any],
    refuse: Callable[[Any, Any], None],
) -> None:
    """Compute the operation into the first array; a second one that overlaps it is copied first.

    refuse: writes code that raises where the shapes of the two do not fit.
    """
    chosen = signatures.choose(NAMES[op], given)
    assert chosen is not None
    float_status.clear(builder)
    target = calls.operand(context, builder, given[0], values[0], chosen.takes[0])
    kept = None
    if isinstance(given[1], types.Array):
        array = context.make_array(given[1])(context, builder, values[1])
        refuse(target.shape, cgutils.unpack_tuple(builder, array.shape, given[1].ndim))
        kept = assignment.copied_if_overlapping(context, builder, given, values)
    value = kept.value() if kept is not None else values[1]
    operand = calls.operand(context, builder, given[1], value, chosen.takes[1])
    if not calls.is_exact(chosen):
        calls.leave_backward(context, builder, [target, operand], target.shape)
    strides = calls.strides_in(builder, operand, target.shape)
    nest.call_each(
        builder, chosen.loop, [target.data, operand.data, target.data], target.shape,
        [target.strides, strides, target.strides],
    )  # fmt: skip
    if operand.kept is not None:
        context.nrt.decref(builder, *operand.kept)
    if kept is not None:
        context.nrt.decref(builder, given[1], kept.value())
    float_status.collect(builder)
