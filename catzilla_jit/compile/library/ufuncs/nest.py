"""LLVM code that calls a loop of NumPy's for arrays of any number of dimensions.

Caller: `calls.py`, which has the operands broadcast to one shape. The function that goes over the
outer dimensions is written once per module, number of dimensions and number of operands.
"""

# llvmlite is not annotated, Numba in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir
from numba.core import cgutils

from catzilla_jit.compile.target.numpy_loops import Loop

INT64 = ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()
LOOP = ir.FunctionType(
    ir.VoidType(), [BYTES.as_pointer(), INT64.as_pointer(), INT64.as_pointer(), BYTES]
)


def function_of(module: ir.Module, loop: Loop) -> tuple[ir.Value, ir.Value]:
    """Return the C function of a loop, and its data."""
    function = cgutils.get_or_insert_function(module, LOOP, loop.function)
    if loop.data is None:
        return function, ir.Constant(BYTES, None)
    if loop.data not in module.globals:
        ir.GlobalVariable(module, BYTES.pointee, loop.data)
    return function, module.globals[loop.data]


def call(
    builder: ir.IRBuilder,
    loop: Loop,
    pointers: Sequence[ir.Value],
    dimensions: Sequence[ir.Value],
    steps: Sequence[ir.Value],
) -> None:
    """Call a loop once."""
    function, data = function_of(builder.module, loop)
    arguments = [
        stored(builder, [builder.bitcast(each, BYTES) for each in pointers], BYTES),
        stored(builder, dimensions, INT64),
        stored(builder, steps, INT64),
    ]
    builder.call(function, [*arguments, data])


def call_each(
    builder: ir.IRBuilder,
    loop: Loop,
    pointers: Sequence[ir.Value],
    shape: Sequence[ir.Value],
    strides: Sequence[Sequence[ir.Value]],
) -> None:
    """Call a loop for all items of operands of one shape: the last dimension is the inner one."""
    if len(shape) < 2:
        length = shape[0] if shape else INT64(1)
        steps = [each[0] if shape else INT64(0) for each in strides]
        with builder.if_then(builder.icmp_signed(">", length, INT64(0))):
            call(builder, loop, pointers, [length], steps)
        return
    function, data = function_of(builder.module, loop)
    nest = _nest(builder.module, len(shape), len(pointers))
    arguments = [
        stored(builder, [builder.bitcast(each, BYTES) for each in pointers], BYTES),
        stored(builder, shape, INT64),
        stored(builder, [step for each in strides for step in each], INT64),
    ]
    builder.call(nest, [function, data, *arguments])


def stored(builder: ir.IRBuilder, values: Sequence[ir.Value], type_: ir.Type) -> ir.Value:
    place = cgutils.alloca_once(builder, type_, size=INT64(len(values)))
    for index, value in enumerate(values):
        builder.store(value, builder.gep(place, [INT64(index)]))
    return place


def _nest(module: ir.Module, dimensions: int, operands: int) -> ir.Function:
    """Write `void f(loop, data, pointers, shape, strides)`, strides by operand, then dimension."""
    name = f"cz_numpy_nest.{dimensions}.{operands}"
    if name in module.globals:
        return module.globals[name]
    words = INT64.as_pointer()
    type_ = ir.FunctionType(
        ir.VoidType(), [LOOP.as_pointer(), BYTES, BYTES.as_pointer(), words, words]
    )
    function = ir.Function(module, type_, name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    loop, data, pointers, shape_at, strides_at = function.args

    def loaded(at: ir.Value, index: int) -> ir.Value:
        return builder.load(builder.gep(at, [INT64(index)]))

    shape = [loaded(shape_at, i) for i in range(dimensions)]
    strides = [
        [loaded(strides_at, operand * dimensions + i) for i in range(dimensions)]
        for operand in range(operands)
    ]
    bases = [loaded(pointers, operand) for operand in range(operands)]
    total = shape[0]
    for each in shape[1:]:
        total = builder.mul(total, each)
    with builder.if_then(builder.icmp_signed("==", total, INT64(0))):
        builder.ret_void()
    flat, steps = _flattened(builder, shape, strides)
    with builder.if_then(flat):
        call_at(builder, loop, data, bases, total, steps)
        builder.ret_void()
    inner = [each[-1] for each in strides]
    with cgutils.loop_nest(builder, shape[:-1], INT64) as indices:
        moved = []
        for base, own in zip(bases, strides, strict=True):
            offset = INT64(0)
            for index, stride in zip(indices, own[:-1], strict=True):
                offset = builder.add(offset, builder.mul(index, stride))
            moved.append(builder.gep(base, [offset]))
        call_at(builder, loop, data, moved, shape[-1], inner)
    builder.ret_void()
    return function


def call_at(
    builder: ir.IRBuilder,
    loop: ir.Value,
    data: ir.Value,
    pointers: Sequence[ir.Value],
    length: ir.Value,
    steps: Sequence[ir.Value],
) -> None:
    arguments = [
        stored(builder, pointers, BYTES),
        stored(builder, [length], INT64),
        stored(builder, steps, INT64),
    ]
    builder.call(loop, [*arguments, data])


def _flattened(
    builder: ir.IRBuilder, shape: Sequence[ir.Value], strides: Sequence[Sequence[ir.Value]]
) -> tuple[ir.Value, list[ir.Value]]:
    """Tell whether all dimensions can be gone over as one, and with which steps."""
    one = INT64(1)
    flat: ir.Value = ir.IntType(1)(1)
    length = shape[-1]  # of the dimensions looked at so far
    steps = [each[-1] for each in strides]
    for i in range(len(shape) - 2, -1, -1):
        fits = builder.icmp_signed("==", shape[i], one)
        nothing = builder.icmp_signed("==", length, one)
        match: ir.Value = ir.IntType(1)(1)
        for step, own in zip(steps, strides, strict=True):
            same = builder.icmp_signed("==", own[i], builder.mul(step, length))
            match = builder.and_(match, same)
        flat = builder.and_(flat, builder.or_(fits, builder.or_(nothing, match)))
        steps = [
            builder.select(nothing, own[i], step) for step, own in zip(steps, strides, strict=True)
        ]
        length = builder.mul(length, shape[i])
    return flat, steps
