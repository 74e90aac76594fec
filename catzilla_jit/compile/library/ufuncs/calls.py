"""LLVM code of one call of a ufunc: operands, broadcasting, the result, the call, the status."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.np import arrayobj

from catzilla_jit.compile.library.ufuncs import nest
from catzilla_jit.compile.library.ufuncs.signatures import Chosen
from catzilla_jit.compile.slots import NO_ANSWER
from catzilla_jit.compile.target import float_status

INT64 = ir.IntType(64)
TRUE, FALSE = ir.IntType(1)(1), ir.IntType(1)(0)


@dataclasses.dataclass(slots=True)
class Operand:
    """What a loop reads or writes: a place in memory; a number has no dimensions."""

    data: ir.Value
    shape: Sequence[ir.Value] = ()
    strides: Sequence[ir.Value] = ()
    layout: str = ""
    kept: tuple[types.Type, ir.Value] | None = None  # a copy, to be let go of
    backward: ir.Value | None = None  # whether the array went back in memory; None: it cannot


def elementwise(
    context: Any, builder: ir.IRBuilder, chosen: Chosen, signature: Any, values: Sequence[ir.Value]
) -> ir.Value:
    """Call the loop for all items; return the array or number that it makes."""
    float_status.clear(builder)
    result = signature.return_type
    operands = [
        operand(context, builder, type_, value, wanted)
        for type_, value, wanted in zip(signature.args, values, chosen.takes, strict=True)
    ]
    if not isinstance(result, types.Array):
        place = cgutils.alloca_once(builder, context.get_data_type(result))
        nest.call(
            builder, chosen.loop, [each.data for each in operands] + [place], [INT64(1)],
            [INT64(0)] * (len(operands) + 1),
        )  # fmt: skip
        float_status.collect(builder)
        return context.unpack_value(builder, result, place)
    shape = broadcast(context, builder, operands, result.ndim)
    if not is_exact(chosen):
        leave_backward(context, builder, operands, shape)
    strides = [strides_in(builder, each, shape) for each in operands]
    if result.layout == "C":
        leave_other_order(context, builder, operands, strides, shape)
    made = arrayobj._empty_nd_impl(context, builder, result, shape)
    axes = range(result.ndim) if result.layout == "C" else range(result.ndim - 1, -1, -1)
    made_strides = cgutils.unpack_tuple(builder, made.strides, result.ndim)
    nest.call_each(
        builder,
        chosen.loop,
        [*(each.data for each in operands), made.data],
        [shape[i] for i in axes],
        [[each[i] for i in axes] for each in (*strides, made_strides)],
    )
    for each in operands:
        if each.kept is not None:
            context.nrt.decref(builder, *each.kept)
    float_status.collect(builder)
    return made._getvalue()


def leave(
    context: Any,
    builder: ir.IRBuilder,
    condition: ir.Value,
    what: str,
    kind: type[Exception] | None = None,
) -> None:
    """Leave the function where the condition holds, so that Python answers.

    what: is in the message of a task that cannot be run again, which raises OverflowError; with
    `kind` that is the exception of Python's, and `what` its text.
    """
    message = what if kind is not None else f"{what} {NO_ANSWER}"
    with builder.if_then(condition, likely=False):
        context.call_conv.return_user_exc(builder, kind or OverflowError, (message,))


def operand(
    context: Any, builder: ir.IRBuilder, type_: Any, value: ir.Value, wanted: Any
) -> Operand:
    """Return where a value lies, as elements of the wanted type."""
    if not isinstance(type_, types.Array):
        own = types.unliteral(type_)
        number = context.cast(builder, value, own, wanted)
        if isinstance(wanted, types.Integer) and isinstance(own, types.Integer) and own != wanted:
            _leave_unfit(context, builder, value, own, number, wanted)
        place = cgutils.alloca_once(builder, context.get_data_type(wanted))
        context.pack_value(builder, wanted, number, place)
        return Operand(place)
    array = context.make_array(type_)(context, builder, value)
    shape = cgutils.unpack_tuple(builder, array.shape, type_.ndim)
    strides = cgutils.unpack_tuple(builder, array.strides, type_.ndim)
    if type_.dtype == wanted:
        made = Operand(array.data, shape, strides, type_.layout)
    else:
        made = _cast(context, builder, type_, array, shape, strides, wanted)
    if type_.layout == "A":
        made.backward = _goes_back(builder, shape, strides)
    return made


def _leave_unfit(
    context: Any, builder: ir.IRBuilder, value: ir.Value, own: Any, number: ir.Value, wanted: Any
) -> None:
    """Python's integer has to fit the type of the array; NumPy raises OverflowError."""
    back = context.cast(builder, number, wanted, own)
    wrong = builder.icmp_signed("!=", back, value)
    if not wanted.signed:
        wrong = builder.or_(wrong, builder.icmp_signed("<", value, value.type(0)))
    leave(context, builder, wrong, "an integer beyond the type of an array")


def _cast(
    context: Any,
    builder: ir.IRBuilder,
    type_: Any,
    array: Any,
    shape: Any,
    strides: Any,
    wanted: Any,
) -> Operand:
    """Return a copy with other elements, in the same order in memory."""
    layout: Any = "F" if type_.layout == "F" and type_.ndim > 1 else "C"
    copy_type = types.Array(wanted, type_.ndim, layout)
    copy = arrayobj._empty_nd_impl(context, builder, copy_type, shape)
    own = cgutils.unpack_tuple(builder, copy.strides, type_.ndim)
    with cgutils.loop_nest(builder, shape, INT64) as indices:
        source = _place(context, builder, type_.dtype, array.data, indices, strides)
        target = _place(context, builder, wanted, copy.data, indices, own)
        item = context.unpack_value(builder, type_.dtype, source)
        context.pack_value(
            builder, wanted, context.cast(builder, item, type_.dtype, wanted), target
        )
    # The order of the result is that of the array, not of its copy.
    fits = "C" if type_.layout == "A" and type_.ndim < 2 else type_.layout
    kept = (copy_type, copy._getvalue())
    result = Operand(copy.data, shape, own, fits, kept)
    if fits == "A":
        leave_other_order(
            context, builder, [Operand(array.data, shape, strides, "A")], [strides], shape
        )
        result.layout = "C"
    return result


def _place(
    context: Any, builder: ir.IRBuilder, type_: Any, data: ir.Value, indices: Any, strides: Any
) -> ir.Value:
    offset = INT64(0)
    for index, stride in zip(indices, strides, strict=True):
        offset = builder.add(offset, builder.mul(index, stride))
    at = builder.gep(builder.bitcast(data, nest.BYTES), [offset])
    return builder.bitcast(at, context.get_data_type(type_).as_pointer())


def broadcast(
    context: Any, builder: ir.IRBuilder, operands: Sequence[Operand], dimensions: int
) -> list[ir.Value]:
    """Return the shape that the operands have together; leave where they have none."""
    if len([each for each in operands if each.shape]) == 1:
        return list(next(each.shape for each in operands if each.shape))
    shape: list[ir.Value] = [INT64(1)] * dimensions
    wrong: ir.Value = FALSE
    for each in operands:
        offset = dimensions - len(each.shape)
        for i, length in enumerate(each.shape):
            before = shape[offset + i]
            own_one = builder.icmp_signed("==", length, INT64(1))
            other_one = builder.icmp_signed("==", before, INT64(1))
            differs = builder.icmp_signed("!=", length, before)
            either = builder.or_(own_one, other_one)
            wrong = builder.or_(wrong, builder.and_(differs, builder.not_(either)))
            shape[offset + i] = builder.select(own_one, before, length)
    leave(context, builder, wrong, "a shape that others cannot be broadcast to")
    return shape


def strides_in(
    builder: ir.IRBuilder, operand: Operand, shape: Sequence[ir.Value]
) -> list[ir.Value]:
    """Return the strides of an operand in the common shape: none where it has one item."""
    missing = len(shape) - len(operand.shape)
    found: list[ir.Value] = [INT64(0)] * missing
    for own, stride, length in zip(operand.shape, operand.strides, shape[missing:], strict=True):
        is_one = builder.icmp_signed("==", own, INT64(1))
        repeated = builder.and_(is_one, builder.icmp_signed("!=", length, INT64(1)))
        found.append(builder.select(repeated, INT64(0), stride))
    return found


def leave_other_order(
    context: Any,
    builder: ir.IRBuilder,
    operands: Sequence[Operand],
    strides: Sequence[Sequence[ir.Value]],
    shape: Sequence[ir.Value],
) -> None:
    """Leave where NumPy would not make its result in C order.

    It orders two dimensions by the strides of its operands: one that has a larger stride in the
    first is enough to keep them, one without a stride in both has no say.
    """
    tables = [each for each in operands if len(each.shape) > 1]
    if all(each.layout == "C" for each in tables):
        return
    wrong: ir.Value = FALSE
    for i in range(len(shape)):
        for j in range(i + 1, len(shape)):
            keeps, says = FALSE, FALSE
            for each in strides:
                first, second = (absolute(builder, each[place]) for place in (i, j))
                has_both = builder.and_(
                    counts(builder, first, shape[i]), counts(builder, second, shape[j])
                )
                larger = builder.icmp_signed(">=", first, second)
                keeps = builder.or_(keeps, builder.and_(has_both, larger))
                says = builder.or_(says, has_both)
            wrong = builder.or_(wrong, builder.and_(says, builder.not_(keeps)))
    # A task with side effects cannot be run again: there the values are NumPy's, in another order.
    wrong = builder.and_(wrong, float_status.can_run_again(builder))
    leave(context, builder, wrong, "the order of an array in memory")


#: What gives each item the same bits, whichever way a loop goes.
EXACT = {
    "add", "subtract", "multiply", "divide", "negative", "positive", "absolute", "fabs", "sqrt",
    "square", "reciprocal", "floor", "ceil", "trunc", "rint", "sign", "copysign", "conjugate",
    "deg2rad", "radians", "rad2deg", "degrees", "nextafter", "heaviside", "isnan", "isinf",
    "isfinite", "signbit", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
    "logical_and", "logical_or", "logical_xor", "logical_not",
}  # fmt: skip
EXACT_OF_COMPLEX = {"add", "subtract", "negative", "positive", "conjugate", "equal", "not_equal"}


def is_exact(chosen: Chosen) -> bool:
    """Tell whether the items do not depend on the way in which a loop goes over memory."""
    if all(isinstance(each, types.Integer | types.Boolean) for each in chosen.takes):
        return True
    complex_ = any(isinstance(each, types.Complex) for each in chosen.takes)
    return chosen.name in (EXACT_OF_COMPLEX if complex_ else EXACT)


def leave_backward(
    context: Any, builder: ir.IRBuilder, operands: Sequence[Operand], shape: Sequence[ir.Value]
) -> None:
    """Leave where NumPy may go over an operand in another way than its strides tell.

    Loops have other last digits where one operand goes back and another does not. Lines of one
    length that need no conversion are handed over as they are; all else NumPy's iterator turns, or
    copies a buffer at a time.
    """
    arrays = [each for each in operands if each.shape]
    back = [each.backward for each in arrays if each.backward is not None]
    if not back:
        return
    wrong = functools.reduce(builder.or_, back)
    if len(shape) == 1 and all(each.kept is None for each in arrays):
        lengths = [each.shape[0] for each in arrays]
        differ = [builder.icmp_signed("!=", lengths[0], each) for each in lengths[1:]]
        wrong = builder.and_(wrong, functools.reduce(builder.or_, differ, FALSE))
    leave(context, builder, wrong, "an array that goes back in memory")


def _goes_back(
    builder: ir.IRBuilder, shape: Sequence[ir.Value], strides: Sequence[ir.Value]
) -> ir.Value:
    """Tell whether some dimension of several items has a negative stride."""
    found: ir.Value = FALSE
    for length, stride in zip(shape, strides, strict=True):
        negative = builder.icmp_signed("<", stride, INT64(0))
        several = builder.icmp_signed(">", length, INT64(1))
        found = builder.or_(found, builder.and_(negative, several))
    return found


def counts(builder: ir.IRBuilder, stride: ir.Value, length: ir.Value) -> ir.Value:
    """Tell whether a stride says something of the order."""
    moves = builder.icmp_signed("!=", stride, INT64(0))
    return builder.and_(moves, builder.icmp_signed("!=", length, INT64(1)))


def absolute(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    negative = builder.icmp_signed("<", value, INT64(0))
    return builder.select(negative, builder.neg(value), value)
