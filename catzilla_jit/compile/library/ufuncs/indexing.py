"""Items of lines, and rows of tables, that an array of numbers picks; what is written to such.

An index that is out of bounds, or a number of values that does not fit, leaves the function: the
exception is NumPy's.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
from typing import Any

from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.core.extending import intrinsic
from numba.np import arrayobj

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.library.ufuncs import assignment, calls, nest, signatures
from catzilla_jit.compile.target import stand_ins

INT64 = ir.IntType(64)
ONE, ZERO = INT64(1), INT64(0)


def picked_type(array: Any, index: Any) -> Any:
    """Return the Numba type of `array[index]`, None where it is not known."""
    places = _is_line(index, types.int64) or _is_table_of_places(index)
    if not places or not isinstance(array, types.Array):
        return None
    known = array.aligned and array.dtype in signatures.DTYPES
    if not known or array.ndim not in (1, 2) or (array.ndim == 2 and array.layout != "C"):
        return None
    return types.Array(array.dtype, array.ndim + index.ndim - 1, "C")


def is_written(array: Any, index: Any, value: Any) -> bool:
    """Tell whether `write_items` does `array[index] = value` as NumPy does."""
    if not _is_line(array, *signatures.DTYPES) or not array.mutable:
        return False
    if not _is_line(index, types.int64, types.boolean):
        return False
    if isinstance(value, types.Array):
        return value.ndim == 1 and value.aligned and value.dtype == array.dtype
    return takes(array, value)


def takes(array: Any, value: Any) -> bool:
    """Tell whether a number becomes an item of an array without a loss that Python has not."""
    given, taken = number_kinds.kind(value), number_kinds.kind(array.dtype)
    plain = (types.int64, types.float64, types.boolean)
    if types.unliteral(value) not in plain or array.dtype not in plain:
        return types.unliteral(value) == array.dtype
    return given is not None and taken is not None and given <= taken


def _is_line(type_: Any, *elements: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.ndim == 1 and type_.aligned
    return known and type_.dtype in elements


def _is_table_of_places(type_: Any) -> bool:
    """Tell whether it is a table of indices that lie one after the other: NumPy keeps the order."""
    known = isinstance(type_, types.Array) and type_.ndim == 2 and type_.aligned
    return known and type_.layout == "C" and type_.dtype == types.int64


def offset(
    builder: ir.IRBuilder, index: calls.Operand, place: ir.Value, length: ir.Value
) -> ir.Value:
    """Return one of the indices, counted from the beginning."""
    return counted(builder, _given(builder, index, place), length)


def _given(builder: ir.IRBuilder, index: calls.Operand, place: ir.Value) -> ir.Value:
    distance = builder.mul(place, index.strides[0])
    at = builder.gep(builder.bitcast(index.data, nest.BYTES), [distance])
    return builder.load(builder.bitcast(at, INT64.as_pointer()))


def counted(builder: ir.IRBuilder, number: ir.Value, length: ir.Value) -> ir.Value:
    """Return an index from the beginning for one that may be from the end."""
    negative = builder.icmp_signed("<", number, ZERO)
    return builder.select(negative, builder.add(number, length), number)


def leave_outside(
    context: Any, builder: ir.IRBuilder, places: calls.Operand, length: ir.Value, axis: int = 0
) -> None:
    """Leave where an index is out of bounds, before anything is made or written."""
    with cgutils.for_range(builder, places.shape[0]) as each:
        leave_if_outside(context, builder, _given(builder, places, each.index), length, axis)


def leave_if_outside(
    context: Any, builder: ir.IRBuilder, index: ir.Value, length: ir.Value, axis: int
) -> None:
    """Leave where an index, as it was given, is out of bounds."""
    outside = builder.icmp_unsigned(">=", counted(builder, index, length), length)
    with builder.if_then(outside, likely=False):
        context.call_conv.leave_with(builder, stand_ins.OutOfBounds, index, length, INT64(axis))


def leave_unfit_mask(
    context: Any, builder: ir.IRBuilder, own: ir.Value, length: ir.Value, axis: int = 0
) -> None:
    """Leave where a mask is not as long as its axis. NumPy takes an empty one."""
    differs = builder.icmp_signed("!=", own, length)
    empty = builder.and_(differs, builder.icmp_signed("==", own, ZERO))
    calls.leave(context, builder, empty, "a mask of another length")
    with builder.if_then(differs, likely=False):
        context.call_conv.leave_with(builder, stand_ins.OtherMask, length, own, INT64(axis))


def _operand(context: Any, builder: ir.IRBuilder, type_: Any, value: ir.Value) -> calls.Operand:
    return calls.operand(context, builder, type_, value, type_.dtype)


@intrinsic
def take_items(_typing: Any, array: Any, index: Any) -> Any:
    """Make an array of the items, or rows, at these places."""
    result = picked_type(array, index)
    if result is None:
        raise errors.TypingError(f"items of {array} at {index} are not known")

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        source, places = (
            _operand(context, builder, type_, value)
            for type_, value in zip(signature.args, values, strict=True)
        )
        shape = [*places.shape, *source.shape[1:]]
        count = places.shape[0]
        if len(places.shape) == 2:
            count = builder.mul(count, places.shape[1])
            places = dataclasses.replace(places, shape=[count], strides=[places.strides[1]])
        leave_outside(context, builder, places, source.shape[0])
        made = arrayobj._empty_nd_impl(context, builder, result, shape)
        item = context.get_data_type(result.dtype)
        size = context.get_abi_sizeof(item)
        rows = signature.args[0].ndim == 2
        width = source.shape[1] if rows else ONE
        with cgutils.for_range(builder, count) as each:
            number = offset(builder, places, each.index, source.shape[0])
            at = builder.gep(builder.bitcast(source.data, nest.BYTES),
                             [builder.mul(number, source.strides[0])])  # fmt: skip
            into = builder.gep(made.data, [builder.mul(each.index, width)])
            if not rows:
                builder.store(builder.load(builder.bitcast(at, item.as_pointer())), into)
            else:
                cgutils.raw_memcpy(builder, into, builder.bitcast(at, item.as_pointer()), width,
                                   size)  # fmt: skip
        return made._getvalue()

    return result(array, index), code


@intrinsic
def write_items(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a number, or the items of a line one after the other, to these places."""
    value = types.unliteral(value)
    if not is_written(array, index, value):
        raise errors.TypingError(f"items of {array} at {index} are not written")

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _written(context, builder, signature.args, values)
        return context.get_dummy_value()

    return types.none(array, index, value), code


def _written(context: Any, builder: ir.IRBuilder, given: Any, values: Any) -> None:
    array, index, value = given
    target = _operand(context, builder, array, values[0])
    held: list[tuple[Any, ir.Value]] = []  # copies of what is written to while it is read

    def apart(place: int) -> calls.Operand:
        pairs = ((array, given[place]), (values[0], values[place]))
        kept = assignment.copied_if_overlapping(context, builder, *pairs)
        held.append((given[place], kept.value()))
        return _operand(context, builder, given[place], kept.value())

    if index.dtype == array.dtype:
        places = apart(1)
    else:
        places = _operand(context, builder, index, values[1])
    if not isinstance(value, types.Array):
        number = context.cast(builder, values[2], value, array.dtype)
        place = cgutils.alloca_once(builder, context.get_data_type(array.dtype))
        context.pack_value(builder, array.dtype, number, place)
        source = calls.Operand(place)
    elif index.dtype == types.boolean:  # NumPy copies nothing here
        pairs = ((array, value), (values[0], values[2]))
        overlap = assignment.overlaps(context, builder, *pairs)
        calls.leave(context, builder, overlap, "a value that overlaps what it is written to")
        source = _operand(context, builder, value, values[2])
    else:
        source = apart(2)
    _write_line(context, builder, given, target, places, source)
    for each in held:
        context.nrt.decref(builder, *each)


def _write_line(
    context: Any,
    builder: ir.IRBuilder,
    given: Any,
    target: calls.Operand,
    places: calls.Operand,
    source: calls.Operand,
) -> None:
    """Write to each place; what does not fit is found before anything is written."""
    masked = given[1].dtype == types.boolean
    if masked:
        leave_unfit_mask(context, builder, places.shape[0], target.shape[0])
    count = _count(builder, places, masked)
    step = ZERO
    if source.shape:
        one = builder.icmp_signed("==", source.shape[0], ONE)
        differs = builder.icmp_signed("!=", source.shape[0], count)
        unfit = builder.and_(differs, builder.not_(one))
        calls.leave(context, builder, unfit, "another number of values")
        step = builder.select(one, ZERO, source.strides[0])
    if not masked:
        leave_outside(context, builder, places, target.shape[0])
    taken = cgutils.alloca_once_value(builder, ZERO)
    pointer = context.get_data_type(given[0].dtype).as_pointer()
    with cgutils.for_range(builder, places.shape[0]) as each:
        number, wanted = each.index, calls.TRUE
        if masked:
            wanted = _flag(builder, places, each.index)
        else:
            number = offset(builder, places, each.index, target.shape[0])
        with builder.if_then(wanted):
            at, into = (
                builder.bitcast(
                    builder.gep(builder.bitcast(data, nest.BYTES), [builder.mul(i, by)]), pointer
                )
                for data, i, by in (
                    (source.data, builder.load(taken), step),
                    (target.data, number, target.strides[0]),
                )
            )
            builder.store(builder.load(at), into)
            builder.store(builder.add(builder.load(taken), ONE), taken)


def _flag(builder: ir.IRBuilder, places: calls.Operand, index: ir.Value) -> ir.Value:
    at = builder.gep(builder.bitcast(places.data, nest.BYTES),
                     [builder.mul(index, places.strides[0])])  # fmt: skip
    return builder.icmp_signed("!=", builder.load(at), ir.IntType(8)(0))


def _count(builder: ir.IRBuilder, places: calls.Operand, masked: bool) -> ir.Value:
    if not masked:
        return places.shape[0]
    total = cgutils.alloca_once_value(builder, ZERO)
    with cgutils.for_range(builder, places.shape[0]) as each:
        flag = builder.zext(_flag(builder, places, each.index), INT64)
        builder.store(builder.add(builder.load(total), flag), total)
    return builder.load(total)
