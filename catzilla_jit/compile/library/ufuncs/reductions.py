"""Reductions of arrays without gaps, by the loops that NumPy reduces with, in NumPy's order.

An array in C order is taken as three dimensions: those before the axis, the axis, those after it.
Where nothing is after it, each line is one call of the loop, whose output has a step of 0 (the loop
of `add` adds pairwise then); otherwise whole lines are combined, one after the other. An array in
Fortran order is one in C order from the other end.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.core.extending import intrinsic
from numba.core.registry import cpu_target
from numba.np import arrayobj

from catzilla_jit.compile.library.ufuncs import calls, nest, signatures
from catzilla_jit.compile.target import float_status

INT64 = ir.IntType(64)
ONE, ZERO = INT64(1), INT64(0)
#: The ufunc of each reduction, and what it begins with; None is the first item.
UFUNCS: dict[str, tuple[str, int | None]] = {
    "sum": ("add", 0), "mean": ("add", 0), "prod": ("multiply", 1),
    "max": ("maximum", None), "min": ("minimum", None),
}  # fmt: skip
FLOATS = (types.float64, types.float32)
#: The elements of arrays that each can reduce: sums of short integers have another type.
ELEMENTS: dict[str, tuple[Any, ...]] = {
    "sum": (*FLOATS, types.int64), "mean": FLOATS, "prod": (*FLOATS, types.int64),
    "max": (*FLOATS, types.int64), "min": (*FLOATS, types.int64),
}  # fmt: skip
#: The axis of a reduction of all items.
ALL = None


def result_type(name: str, array: Any, axis: int | None, keeps: bool) -> Any:
    """Return the Numba type of a reduction, None where it is not known."""
    if not isinstance(array, types.Array) or not array.aligned or array.ndim == 0:
        return None
    if name not in ELEMENTS or array.dtype not in ELEMENTS[name] or _loop(name, array) is None:
        return None
    if array.layout == "A" and array.ndim > 1:
        return None
    if axis is not ALL and not -array.ndim <= axis < array.ndim:
        return None
    dimensions = array.ndim if keeps else 0 if axis is ALL else array.ndim - 1
    if dimensions == 0:
        return array.dtype
    return types.Array(array.dtype, dimensions, array.layout if dimensions > 1 else "C")


def _loop(name: str, array: Any) -> signatures.Chosen | None:
    return signatures.choose(UFUNCS[name][0], (array, array))


@functools.cache
def reduction(name: str, axis: int | None, keeps: bool) -> Any:
    """Return what reduces an array along an axis, or all of it; keeps: with a dimension of 1."""

    def reduced(_typing: Any, array: Any) -> Any:
        result = result_type(name, array, axis, keeps)
        if result is None:
            raise errors.TypingError(f"the {name} of {array} is not known")
        return result(array), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _Reduction(context, builder, name, signature, values[0], axis).write()

    reduced.__name__ = reduced.__qualname__ = f"{name}_of_array"
    made = intrinsic(reduced)
    cpu_target.typing_context.refresh()  # a compilation is under way, which knows those before
    NAMES[made] = name
    return made


#: The reductions, by what computes them.
NAMES: dict[Any, str] = {}


class _Reduction:
    """Writes one reduction."""

    def __init__(
        self, context: Any, builder: Any, name: str, signature: Any, value: Any, axis: int | None
    ) -> None:
        self.context, self.builder, self.name = context, builder, name
        self.type_ = signature.args[0]
        self.result = signature.return_type
        self.axis = axis
        chosen = _loop(name, self.type_)
        assert chosen is not None
        self.loop, self.begin = chosen.loop, UFUNCS[name][1]
        self.array = context.make_array(self.type_)(context, builder, value)
        self.shape = cgutils.unpack_tuple(builder, self.array.shape, self.type_.ndim)
        self.size = INT64(context.get_abi_sizeof(context.get_data_type(self.type_.dtype)))
        self.outer, self.length, self.inner = self._three()
        self.step = self.size
        if self.type_.ndim == 1:
            (self.step,) = cgutils.unpack_tuple(builder, self.array.strides, 1)

    def _three(self) -> tuple[ir.Value, ir.Value, ir.Value]:
        if self.axis is ALL:
            return ONE, self._product(self.shape), ONE
        shape, place = self.shape, self.axis % self.type_.ndim
        if self.type_.layout == "F":
            shape, place = shape[::-1], self.type_.ndim - 1 - place
        return self._product(shape[:place]), shape[place], self._product(shape[place + 1 :])

    def _product(self, lengths: Any) -> ir.Value:
        return functools.reduce(self.builder.mul, lengths, ONE)

    def write(self) -> ir.Value:
        builder = self.builder
        if self.begin is None or self.name == "mean":
            nothing = builder.icmp_signed("==", self.length, ZERO)
            calls.leave(self.context, builder, nothing, "a reduction of no items")
        made, self.out = self._output()
        self.count = builder.mul(self.outer, self.inner)
        float_status.clear(builder)
        self._fill()
        if isinstance(self.inner, ir.Constant):
            self._lines()
        else:
            alone = builder.icmp_signed("==", self.inner, ONE)
            with builder.if_else(alone) as (one, several):
                with one:
                    self._lines()
                with several:
                    self._rows()
        if self.name == "mean":
            self._divide()
        float_status.collect(builder)
        if made is not None:
            return made._getvalue()
        return self.context.unpack_value(builder, self.result, self.out)

    def _output(self) -> tuple[Any, ir.Value]:
        data_type = self.context.get_data_type(self.type_.dtype)
        if not isinstance(self.result, types.Array):
            return None, cgutils.alloca_once(self.builder, data_type)
        if self.result.ndim == self.type_.ndim:
            place = None if self.axis is ALL else self.axis % self.type_.ndim
            shape = [ONE if place in (None, i) else length for i, length in enumerate(self.shape)]
        else:
            assert self.axis is not ALL
            place = self.axis % self.type_.ndim
            shape = [length for i, length in enumerate(self.shape) if i != place]
        made = arrayobj._empty_nd_impl(self.context, self.builder, self.result, shape)
        return made, made.data

    def _at(self, data: ir.Value, offset: ir.Value) -> ir.Value:
        return self.builder.gep(self.builder.bitcast(data, nest.BYTES), [offset])

    def _source(self, outer: ir.Value, place: ir.Value) -> ir.Value:
        """Return where a line of items begins."""
        builder = self.builder
        number = builder.add(builder.mul(outer, self.length), place)
        return self._at(self.array.data, builder.mul(builder.mul(number, self.inner), self.step))

    def _fill(self) -> None:
        """Write what the reductions begin with."""
        builder, type_ = self.builder, self.type_.dtype
        pointer = self.context.get_data_type(type_).as_pointer()
        if self.begin is not None:
            value = self.context.get_constant(type_, self.begin)
            with cgutils.for_range(builder, self.count) as each:
                target = self._at(self.out, builder.mul(each.index, self.size))
                builder.store(value, builder.bitcast(target, pointer))
            return
        with cgutils.loop_nest(builder, [self.outer, self.inner], INT64) as (outer, inner):
            source = self._source(outer, ZERO)
            source = builder.gep(source, [builder.mul(inner, self.size)])
            place = builder.add(builder.mul(outer, self.inner), inner)
            target = self._at(self.out, builder.mul(place, self.size))
            item = builder.load(builder.bitcast(source, pointer))
            builder.store(item, builder.bitcast(target, pointer))

    def _lines(self) -> None:
        """Reduce each line by one call."""
        builder = self.builder
        skipped = ONE if self.begin is None else ZERO
        count = builder.sub(self.length, skipped)
        with (
            builder.if_then(builder.icmp_signed(">", count, ZERO)),
            cgutils.for_range(builder, self.outer) as each,
        ):
            target = self._at(self.out, builder.mul(each.index, self.size))
            source = self._source(each.index, skipped)
            self._call(target, source, count, [ZERO, self.step, ZERO])

    def _rows(self) -> None:
        """Combine whole lines, one after the other."""
        builder = self.builder
        skipped = ONE if self.begin is None else ZERO
        steps = [self.size] * 3
        with (
            builder.if_then(builder.icmp_signed(">", self.inner, ZERO)),
            cgutils.loop_nest(builder, [self.outer, builder.sub(self.length, skipped)], INT64) as (
                outer,
                place,
            ),
        ):
            offset = builder.mul(builder.mul(outer, self.inner), self.size)
            source = self._source(outer, builder.add(place, skipped))
            self._call(self._at(self.out, offset), source, self.inner, steps)

    def _call(self, target: ir.Value, source: ir.Value, count: ir.Value, steps: Any) -> None:
        nest.call(self.builder, self.loop, [target, source, target], [count], steps)

    def _divide(self) -> None:
        """Divide the sums, in double precision, as NumPy does."""
        builder, wide = self.builder, ir.DoubleType()
        data_type = self.context.get_data_type(self.type_.dtype)
        length = builder.sitofp(self.length, wide)
        with cgutils.for_range(builder, self.count) as each:
            place = builder.bitcast(
                self._at(self.out, builder.mul(each.index, self.size)), data_type.as_pointer()
            )
            item = builder.load(place)
            item = item if data_type == wide else builder.fpext(item, wide)
            item = builder.fdiv(item, length)
            builder.store(item if data_type == wide else builder.fptrunc(item, data_type), place)
