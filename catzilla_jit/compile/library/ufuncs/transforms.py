"""`numpy.fft` along an axis of arrays in C order, and of lines: a call of NumPy's loop per line."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir
from numba.core import cgutils, errors, types

from catzilla_jit.compile.library.ufuncs import calls, nest, signatures
from catzilla_jit.compile.library.ufuncs.cores import Output, call_once, let_go
from catzilla_jit.compile.library.ufuncs.late import late_intrinsic
from catzilla_jit.compile.target import float_status

INT64, DOUBLE = ir.IntType(64), ir.DoubleType()
ONE = INT64(1)
#: What each takes and makes.
ELEMENTS = {
    "fft": (types.complex128, types.complex128), "ifft": (types.complex128, types.complex128),
    "rfft": (types.float64, types.complex128), "irfft": (types.complex128, types.float64),
}  # fmt: skip
INVERSE = {"ifft", "irfft"}
#: What the results are multiplied by: by the direction, and by `norm`.
FACTORS = {"backward": ("one", "whole"), "ortho": ("root", "root"), "forward": ("whole", "one")}


def result_type(name: str, array: Any, axis: int) -> Any:
    """Return the Numba type of a transform, None where it is not known."""
    if not isinstance(array, types.Array) or not array.aligned or array.ndim == 0:
        return None
    taken, made = ELEMENTS[name]
    known = (types.int64, types.float64, types.complex128)[: 2 if taken == types.float64 else 3]
    if array.dtype not in known or not -array.ndim <= axis < array.ndim:
        return None
    if (array.ndim > 1 and array.layout != "C") or _loops(name) is None:
        return None
    return types.Array(made, array.ndim, "C")


@functools.cache
def transform(name: str, axis: int, norm: str, sized: bool) -> Any:
    """Return what transforms an array along an axis; sized: a second argument is the length."""

    def typed(array: Any, *length: Any) -> Any:
        result = result_type(name, array, axis)
        if result is None or (length and types.unliteral(length[0]) != types.int64):
            raise errors.TypingError(f"numpys_fft.{name} is not known for {array}")
        return result(array, *map(types.unliteral, length)), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _written(context, builder, signature, values, name, axis, norm)

    def of_array(_typing: Any, array: Any) -> Any:
        return typed(array)

    def of_length(_typing: Any, array: Any, length: Any) -> Any:
        return typed(array, length)

    function = of_length if sized else of_array
    return late_intrinsic(function, name)


def _loops(name: str) -> list[signatures.Chosen] | None:
    """Return the loops of a transform: one, or those for an even and an odd number of items."""
    names = ["fft.rfft_n_even", "fft.rfft_n_odd"] if name == "rfft" else [f"fft.{name}"]
    line = types.Array(ELEMENTS[name][0], 1, "C")
    found = [signatures.choose(each, (line, types.float64)) for each in names]
    known = [each for each in found if each is not None]
    return known if len(known) == len(names) else None


def _written(
    context: Any,
    builder: ir.IRBuilder,
    signature: Any,
    values: Any,
    name: str,
    axis: int,
    norm: str,
) -> ir.Value:
    type_, result = signature.args[0], signature.return_type
    place = axis % type_.ndim
    float_status.clear(builder)
    given = calls.operand(context, builder, type_, values[0], ELEMENTS[name][0])
    size = values[1] if len(values) > 1 else given.shape[place]
    if name == "irfft" and len(values) == 1:
        size = builder.mul(builder.sub(size, ONE), INT64(2))
    too_short = builder.icmp_signed("<", size, ONE)
    calls.leave(context, builder, too_short, "a transform of no items")
    half = builder.add(builder.sdiv(size, INT64(2)), ONE)
    shape = list(given.shape)
    shape[place] = half if name == "rfft" else size
    out = Output(context, builder, result, shape)
    factor = _factor(builder, FACTORS[norm][name in INVERSE], size)
    loops = _loops(name)
    assert loops is not None
    outer = [i for i in range(type_.ndim) if i != place]
    with cgutils.loop_nest(builder, [shape[i] for i in outer], INT64) as indices:
        pointers = [
            _moved(
                builder,
                data,
                [(index, strides[i]) for i, index in zip(outer, indices, strict=True)],
            )
            for data, strides in ((given.data, given.strides), (out.data, out.strides))
        ]
        arguments = (
            [pointers[0], factor, pointers[1]],
            [given.shape[place], shape[place]],
            [given.strides[place], out.strides[place]],
        )
        if len(loops) == 1:
            call_once(builder, loops[0], *arguments)
        else:
            even = builder.icmp_signed("==", builder.and_(size, ONE), INT64(0))
            with builder.if_else(even) as (for_even, for_odd):
                with for_even:
                    call_once(builder, loops[0], *arguments)
                with for_odd:
                    call_once(builder, loops[1], *arguments)
    let_go(context, builder, [given])
    float_status.collect(builder)
    return out.value()


def _factor(builder: ir.IRBuilder, kind: str, size: ir.Value) -> ir.Value:
    number = builder.sitofp(size, DOUBLE)
    if kind == "root":
        number = builder.call(builder.module.declare_intrinsic("llvm.sqrt", [DOUBLE]), [number])
    one = DOUBLE(1.0)
    return cgutils.alloca_once_value(builder, one if kind == "one" else builder.fdiv(one, number))


def _moved(builder: ir.IRBuilder, data: ir.Value, steps: Any) -> ir.Value:
    offset = INT64(0)
    for index, stride in steps:
        offset = builder.add(offset, builder.mul(index, stride))
    return builder.gep(builder.bitcast(data, nest.BYTES), [offset])
