"""Views of arrays that NumPy makes without looking at an item."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numpy
from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.core.extending import intrinsic
from numba.np import arrayobj

from catzilla_jit.compile.library.ufuncs import calls, nest, signatures

INT64 = ir.IntType(64)
ZERO = INT64(0)
#: NumPy's diagonals are views that nobody may write to.
IS_READ_ONLY = not numpy.zeros((2, 2)).diagonal().flags.writeable


def diagonal_type(array: Any) -> Any:
    """Return the Numba type of a diagonal of a table, None where it is not known."""
    known = isinstance(array, types.Array) and array.ndim == 2 and array.aligned
    if not known or not IS_READ_ONLY or array.dtype not in signatures.DTYPES:
        return None
    return types.Array(array.dtype, 1, "A", readonly=True)


def windows_type(array: Any) -> Any:
    """Return the Numba type of the windows of a line, None where it is not known."""
    known = isinstance(array, types.Array) and array.ndim == 1 and array.aligned
    if not known or array.dtype not in signatures.DTYPES:
        return None
    return types.Array(array.dtype, 2, "A", readonly=True)


@intrinsic(prefer_literal=True)
def diagonal(_typing: Any, array: Any, offset: Any) -> Any:
    """Return the items of a diagonal where they are; offset: to the right, a constant."""
    result = diagonal_type(array)
    if result is None or not isinstance(offset, types.IntegerLiteral):
        raise errors.TypingError(f"the diagonal of {array} is not known")
    across, down = max(offset.literal_value, 0), max(-offset.literal_value, 0)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        source = context.make_array(signature.args[0])(context, builder, values[0])
        shape = cgutils.unpack_tuple(builder, source.shape, 2)
        strides = cgutils.unpack_tuple(builder, source.strides, 2)
        lengths = [
            builder.sub(length, INT64(skipped))
            for length, skipped in zip(shape, (down, across), strict=True)
        ]
        shorter = builder.icmp_signed("<", *lengths)
        count = builder.select(shorter, *lengths)
        none = builder.icmp_signed("<", count, ZERO)
        count = builder.select(none, ZERO, count)
        moved = builder.add(
            builder.mul(INT64(down), strides[0]), builder.mul(INT64(across), strides[1])
        )
        begin = builder.select(builder.icmp_signed("==", count, ZERO), ZERO, moved)
        at = builder.gep(builder.bitcast(source.data, nest.BYTES), [begin])
        made = context.make_array(result)(context, builder)
        arrayobj.populate_array(
            made,
            data=builder.bitcast(at, source.data.type),
            shape=cgutils.pack_array(builder, [count]),
            strides=cgutils.pack_array(builder, [builder.add(*strides)]),
            itemsize=source.itemsize,
            meminfo=source.meminfo,
        )
        return arrayobj.impl_ret_borrowed(context, builder, result, made._getvalue())

    return result(array, offset), code


@intrinsic
def windows(_typing: Any, array: Any, length: Any) -> Any:
    """Return the windows of a line, one item apart, where its items are."""
    result = windows_type(array)
    if result is None or types.unliteral(length) != types.int64:
        raise errors.TypingError(f"windows of {array} are not known")

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        source = context.make_array(signature.args[0])(context, builder, values[0])
        (items,) = cgutils.unpack_tuple(builder, source.shape, 1)
        (stride,) = cgutils.unpack_tuple(builder, source.strides, 1)
        # As unsigned numbers lengths below zero are too long as well.
        too_long = builder.icmp_unsigned(">", values[1], items)
        calls.leave(context, builder, too_long, "windows that are longer than the line")
        count = builder.add(builder.sub(items, values[1]), INT64(1))
        made = context.make_array(result)(context, builder)
        arrayobj.populate_array(
            made,
            data=source.data,
            shape=cgutils.pack_array(builder, [count, values[1]]),
            strides=cgutils.pack_array(builder, [stride, stride]),
            itemsize=source.itemsize,
            meminfo=source.meminfo,
        )
        return arrayobj.impl_ret_borrowed(context, builder, result, made._getvalue())

    return result(array, types.int64), code
