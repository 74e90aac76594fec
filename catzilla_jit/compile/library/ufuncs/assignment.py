"""LLVM code that writes one array into another of the same or more dimensions, as NumPy does.

Caller: `lowering/overlap.py`, which has the part of the target as an array of its own. The function
that goes over the items is written once per module, number of dimensions and types of items.
"""

# Numba and llvmlite are annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.np import arrayobj

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.library.ufuncs import calls, nest

INT64 = ir.IntType(64)
ONE, ZERO = INT64(1), INT64(0)
#: Called with the condition for which the source does not fit, and both shapes.
Refusal = Callable[[ir.Value, Sequence[ir.Value], Sequence[ir.Value]], None]


def is_known(target: Any, source: Any) -> bool:
    """Tell whether `assign` writes arrays of one of these types to the other."""
    both = (target, source)
    if not all(isinstance(each, types.Array) and each.aligned for each in both):
        return False
    if any(number_kinds.kind(each.dtype) is None for each in both):
        return False
    return 0 < source.ndim <= target.ndim


def assign(
    context: Any,
    builder: ir.IRBuilder,
    given: tuple[Any, Any],
    values: tuple[ir.Value, ir.Value],
    refuse: Refusal,
) -> None:
    """Write the second array to the first; one that overlaps it is copied first."""
    target, source = (_operand(context, builder, *each) for each in zip(given, values, strict=True))
    refuse(_is_unfit(builder, target, source), source.shape, target.shape)
    into, out = (each.dtype for each in given)
    function = _function(context, builder.module, len(target.shape), into, out)
    overlaps = _overlaps(context, builder, target, source, given)
    if len(target.shape) == 1:  # NumPy copies no line of the same direction first
        signs = builder.xor(target.strides[0], source.strides[0])
        overlaps = builder.and_(overlaps, builder.icmp_signed("<", signs, ZERO))
        target, source = _in_order(builder, target, source)
    with builder.if_else(overlaps, likely=False) as (some, none):
        with some:
            type_ = types.Array(out, len(source.shape), "C")
            made = arrayobj._empty_nd_impl(context, builder, type_, source.shape)
            copy = _operand(context, builder, type_, made._getvalue())
            keep = _function(context, builder.module, len(source.shape), out, out)
            _write(builder, keep, copy, source)
            _write(builder, function, target, copy)
            context.nrt.decref(builder, type_, made._getvalue())
        with none:
            _write(builder, function, target, source)


def _in_order(
    builder: ir.IRBuilder, target: calls.Operand, source: calls.Operand
) -> tuple[calls.Operand, calls.Operand]:
    """Return two lines from the end where NumPy begins there: what it reads may be written to."""
    (count,), (step,) = target.shape, target.strides
    own = builder.select(builder.icmp_signed("==", source.shape[0], ONE), ZERO, source.strides[0])
    places = [builder.bitcast(each.data, nest.BYTES) for each in (target, source)]
    steps = [step, own]

    def turned(condition: ir.Value) -> None:
        last = builder.sub(count, ONE)
        for i in range(2):
            end = builder.gep(places[i], [builder.mul(last, steps[i])])
            places[i] = builder.select(condition, end, places[i])
            steps[i] = builder.select(condition, builder.neg(steps[i]), steps[i])

    turned(builder.icmp_signed("<", step, ZERO))
    into, out = (builder.ptrtoint(each, INT64) for each in places)
    reach = builder.add(out, builder.mul(count, steps[1]))
    before = builder.icmp_unsigned("<", out, into)
    turned(builder.and_(before, builder.icmp_unsigned(">", reach, into)))
    ordered = (calls.Operand(at, [count], [by]) for at, by in zip(places, steps, strict=True))
    first, second = ordered
    return first, calls.Operand(second.data, [count], second.strides)


class Kept:
    """An array in a place of its own, as it was or copied."""

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self._builder = builder
        self.place = cgutils.alloca_once_value(builder, value)

    def value(self) -> ir.Value:
        return self._builder.load(self.place)


def copied_if_overlapping(
    context: Any, builder: ir.IRBuilder, given: tuple[Any, Any], values: tuple[ir.Value, ir.Value]
) -> Kept:
    """Return the second array, or a copy where the first overlaps it; a reference to let go of."""
    target, source = (_operand(context, builder, *each) for each in zip(given, values, strict=True))
    kept = Kept(builder, values[1])
    overlaps = _overlaps(context, builder, target, source, given)
    with builder.if_else(overlaps, likely=False) as (some, none):
        with some:
            order: Any = "F" if given[1].layout == "F" else "C"
            type_ = types.Array(given[1].dtype, given[1].ndim, order)
            copy = copied(context, builder, given[1], values[1], type_)
            builder.store(context.cast(builder, copy, type_, given[1]), kept.place)
        with none:
            context.nrt.incref(builder, given[1], values[1])
    return kept


def overlaps(
    context: Any, builder: ir.IRBuilder, given: tuple[Any, Any], values: tuple[ir.Value, ir.Value]
) -> ir.Value:
    """Tell whether two arrays have memory in common, by where they begin and end."""
    target, source = (_operand(context, builder, *each) for each in zip(given, values, strict=True))
    return _overlaps(context, builder, target, source, given)


def _overlaps(
    context: Any,
    builder: ir.IRBuilder,
    target: calls.Operand,
    source: calls.Operand,
    given: tuple[Any, Any],
) -> ir.Value:
    ends = [
        _ends(context, builder, array, type_.dtype)
        for array, type_ in zip((target, source), given, strict=True)
    ]
    return builder.and_(
        builder.icmp_unsigned("<", ends[0][0], ends[1][1]),
        builder.icmp_unsigned("<", ends[1][0], ends[0][1]),
    )


def copied(
    context: Any, builder: ir.IRBuilder, given: Any, value: ir.Value, result: Any
) -> ir.Value:
    """Return a new array with the items of another."""
    source = _operand(context, builder, given, value)
    made = arrayobj._empty_nd_impl(context, builder, result, source.shape)
    target = _operand(context, builder, result, made._getvalue())
    function = _function(context, builder.module, given.ndim, result.dtype, given.dtype)
    _write(builder, function, target, source)
    return made._getvalue()


def write_items(
    context: Any,
    builder: ir.IRBuilder,
    into: Any,
    out: Any,
    target: calls.Operand,
    source: calls.Operand,
) -> None:
    """Write items of the type `out` to memory of as many dimensions for those of `into`."""
    function = _function(context, builder.module, len(target.shape), into, out)
    _write(builder, function, target, source)


def _operand(context: Any, builder: ir.IRBuilder, type_: Any, value: ir.Value) -> calls.Operand:
    array = context.make_array(type_)(context, builder, value)
    shape = cgutils.unpack_tuple(builder, array.shape, type_.ndim)
    return calls.Operand(
        array.data, shape, cgutils.unpack_tuple(builder, array.strides, type_.ndim)
    )


def _is_unfit(builder: ir.IRBuilder, target: calls.Operand, source: calls.Operand) -> ir.Value:
    wrong: ir.Value = calls.FALSE
    for own, length in zip(source.shape, target.shape[-len(source.shape) :], strict=True):
        differs = builder.icmp_signed("!=", own, length)
        wrong = builder.or_(wrong, builder.and_(differs, builder.icmp_signed("!=", own, ONE)))
    return wrong


def _ends(
    context: Any, builder: ir.IRBuilder, array: calls.Operand, type_: Any
) -> tuple[ir.Value, ir.Value]:
    """Return between which addresses an array lies."""
    begin = builder.ptrtoint(array.data, INT64)
    size = context.get_abi_sizeof(context.get_data_type(type_))
    end = builder.add(begin, INT64(size))
    for length, stride in zip(array.shape, array.strides, strict=True):
        reach = builder.mul(builder.sub(length, ONE), stride)
        back = builder.icmp_signed("<", reach, ZERO)
        begin = builder.add(begin, builder.select(back, reach, ZERO))
        end = builder.add(end, builder.select(back, ZERO, reach))
    return begin, end


def _write(
    builder: ir.IRBuilder, function: ir.Function, target: calls.Operand, source: calls.Operand
) -> None:
    missing = len(target.shape) - len(source.shape)
    steps = [ZERO] * missing
    for own, stride in zip(source.shape, source.strides, strict=True):
        steps.append(builder.select(builder.icmp_signed("==", own, ONE), ZERO, stride))
    words = [nest.stored(builder, each, INT64) for each in (target.shape, target.strides, steps)]
    data = [builder.bitcast(each.data, nest.BYTES) for each in (target, source)]
    builder.call(function, [*data, *words])


def _function(context: Any, module: ir.Module, dimensions: int, into: Any, out: Any) -> ir.Function:
    """Write `void f(target, source, shape, target_strides, source_strides)`."""
    name = f"cz_assign.{dimensions}.{into}.{out}"
    if name in module.globals:
        return module.globals[name]
    words = INT64.as_pointer()
    type_ = ir.FunctionType(ir.VoidType(), [nest.BYTES, nest.BYTES, words, words, words])
    function = ir.Function(module, type_, name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    target, source, *places = function.args
    shape, steps, own = (
        [builder.load(builder.gep(place, [INT64(i)])) for i in range(dimensions)]
        for place in places
    )
    sizes = [INT64(context.get_abi_sizeof(context.get_data_type(each))) for each in (into, out)]
    with cgutils.loop_nest(builder, shape[:-1], INT64) as indices:
        rows = [
            _moved(builder, at, indices, strides[:-1])
            for at, strides in ((target, steps), (source, own))
        ]
        full = [
            builder.icmp_signed("==", strides[-1], size)
            for strides, size in zip((steps, own), sizes, strict=True)
        ]
        with builder.if_else(builder.and_(*full)) as (dense, sparse):
            with dense:
                _row(context, builder, rows, shape[-1], sizes, (into, out))
            with sparse:
                _row(context, builder, rows, shape[-1], [steps[-1], own[-1]], (into, out))
    builder.ret_void()
    return function


def _row(
    context: Any, builder: ir.IRBuilder, rows: Any, length: ir.Value, steps: Any, kinds: Any
) -> None:
    into, out = kinds
    with cgutils.for_range(builder, length) as each:
        places = [
            builder.bitcast(
                _moved(builder, at, [each.index], [step]),
                context.get_data_type(kind).as_pointer(),
            )
            for at, step, kind in zip(rows, steps, kinds, strict=True)
        ]
        item = context.unpack_value(builder, out, places[1])
        context.pack_value(builder, into, context.cast(builder, item, out, into), places[0])


def _moved(builder: ir.IRBuilder, at: ir.Value, indices: Any, strides: Any) -> ir.Value:
    offset = ZERO
    for index, stride in zip(indices, strides, strict=True):
        offset = builder.add(offset, builder.mul(index, stride))
    return builder.gep(at, [offset])
