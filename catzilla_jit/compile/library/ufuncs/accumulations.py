"""`ufunc.accumulate` of arrays, by the loop of the ufunc: each result is an operand of the next."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.np import arrayobj

from catzilla_jit.compile.library.ufuncs import nest, signatures
from catzilla_jit.compile.library.ufuncs.late import late_intrinsic
from catzilla_jit.compile.target import float_status

INT64 = ir.IntType(64)
ONE, ZERO = INT64(1), INT64(0)
#: Short integers are added and multiplied as int64: those are left to NumPy.
ELEMENTS = (types.float64, types.float32, types.int64, types.complex128)
UFUNCS = ("add", "multiply", "maximum", "minimum", "fmax", "fmin", "subtract")


def result_type(name: str, array: Any, axis: int) -> Any:
    """Return the Numba type of the result, None where it is not known."""
    if not isinstance(array, types.Array) or not array.aligned or array.dtype not in ELEMENTS:
        return None
    if array.ndim == 0 or (array.ndim > 1 and array.layout != "C"):
        return None
    if not -array.ndim <= axis < array.ndim:
        return None
    chosen = signatures.choose(name, (array, array))
    if chosen is None or {*chosen.takes, *chosen.makes} != {array.dtype}:
        return None
    return types.Array(array.dtype, array.ndim, "C")


@functools.cache
def accumulation(name: str, axis: int) -> Any:
    """Return what accumulates the items of an array along an axis by a ufunc of two."""

    def accumulated(_typing: Any, array: Any) -> Any:
        result = result_type(name, array, axis)
        if result is None:
            raise errors.TypingError(f"numpy.{name}.accumulate is not known for {array}")
        return result(array), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _written(context, builder, name, signature, values[0], axis)

    return late_intrinsic(accumulated, f"{name}_accumulate")


def _written(
    context: Any, builder: ir.IRBuilder, name: str, signature: Any, value: ir.Value, axis: int
) -> ir.Value:
    type_, result = signature.args[0], signature.return_type
    chosen = signatures.choose(name, (type_, type_))
    assert chosen is not None
    place = axis % type_.ndim
    source = context.make_array(type_)(context, builder, value)
    shape, own = (
        cgutils.unpack_tuple(builder, each, type_.ndim) for each in (source.shape, source.strides)
    )
    made = arrayobj._empty_nd_impl(context, builder, result, shape)
    steps = cgutils.unpack_tuple(builder, made.strides, type_.ndim)
    outer = [i for i in range(type_.ndim) if i != place]
    pointer = context.get_data_type(type_.dtype).as_pointer()
    step, into_step = own[place], steps[place]
    float_status.clear(builder)
    some = builder.icmp_signed(">", shape[place], ZERO)
    with (
        builder.if_then(some),
        cgutils.loop_nest(builder, [shape[i] for i in outer], INT64) as indices,
    ):
        out, into = (builder.bitcast(each, nest.BYTES) for each in (source.data, made.data))
        for i, index in zip(outer, indices, strict=True):
            out = builder.gep(out, [builder.mul(index, own[i])])
            into = builder.gep(into, [builder.mul(index, steps[i])])
        first = builder.load(builder.bitcast(out, pointer))
        builder.store(first, builder.bitcast(into, pointer))
        rest = builder.sub(shape[place], ONE)
        with builder.if_then(builder.icmp_signed(">", rest, ZERO)):
            pointers = [into, builder.gep(out, [step]), builder.gep(into, [into_step])]
            nest.call(builder, chosen.loop, pointers, [rest], [into_step, step, into_step])
    float_status.collect(builder)
    return made._getvalue()
