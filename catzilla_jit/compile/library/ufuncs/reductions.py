"""Reductions of arrays, by the loops that NumPy reduces with, in NumPy's order.

The dimensions of an array without gaps are taken together where they are reduced together, or kept
together. An array in Fortran order is one in C order from the other end; of a table with gaps the
dimension with the larger stride is the outer one. A line that is reduced is one call of the loop,
whose output has a step of 0 (the loop of `add` adds pairwise then); otherwise whole lines are
combined, one after the other.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy
from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.np import arrayobj

from catzilla_jit.compile.library.ufuncs import calls, nest, signatures
from catzilla_jit.compile.library.ufuncs.late import late_intrinsic
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
Axis = int | tuple[int, ...] | None


def places_of(array: Any, axis: Axis) -> frozenset[int] | None:
    """Return the dimensions that are reduced; None where there are none such."""
    if axis is ALL:
        return frozenset(range(array.ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    if not given or not all(-array.ndim <= each < array.ndim for each in given):
        return None
    found = frozenset(each % array.ndim for each in given)
    return found if len(found) == len(given) else None


def result_type(name: str, array: Any, axis: Axis, keeps: bool) -> Any:
    """Return the Numba type of a reduction, None where it is not known."""
    if not isinstance(array, types.Array) or not array.aligned or array.ndim == 0:
        return None
    if name not in ELEMENTS or array.dtype not in ELEMENTS[name] or _loop(name, array) is None:
        return None
    places = places_of(array, axis)
    if places is None:
        return None
    if array.layout == "A" and array.ndim > 1:
        whole = len(places) == 2 and array.dtype in FLOATS and UFUNCS[name][1] is not None
        if array.ndim > 2 or (whole and not takes_lines()):
            return None
    dimensions = array.ndim if keeps else array.ndim - len(places)
    if dimensions == 0:
        return array.dtype
    order: Any = "F" if array.layout == "F" and dimensions > 1 else "C"
    return types.Array(array.dtype, dimensions, order)


def _loop(name: str, array: Any) -> signatures.Chosen | None:
    return signatures.choose(UFUNCS[name][0], (array, array))


def is_certain(name: str, array: Any, axis: Axis) -> bool:
    """Tell whether a reduction has an answer for all shapes, and for zeros of both signs."""
    places = places_of(array, axis)
    if places is None:
        return True
    if array.layout == "A" and array.ndim > 1:
        return len(places) < array.ndim or array.dtype not in FLOATS
    reduced = [i in places for i in range(array.ndim)]
    if array.layout == "F":
        reduced.reverse()
    groups = [each for i, each in enumerate(reduced) if i == 0 or each != reduced[i - 1]]
    return len(groups) < 3 or (len(groups) == 3 and not groups[-1])


#: So many items NumPy copies to a buffer, to reduce all of a table with gaps.
BUFFER = 8192


@functools.cache
def takes_lines() -> bool:
    """Tell whether this NumPy reduces all of a small table with gaps like a line of its items."""
    values = (numpy.arange(4 * 37 * 41) * 0.618034 % 1.0 - 0.3).reshape(74, 82)
    tables = [values[::2, ::2], values[:18:2, ::2], values[::2, :6:2]]
    return all(
        numpy.add.reduce(each, axis=None) == numpy.add.reduce(each.ravel())
        for table in tables
        for each in (table, table.astype(numpy.float32)[:, 1:])
    )


@functools.cache
def reduction(name: str, axis: Axis, keeps: bool, less: int = 0) -> Any:
    """Return what reduces an array along axes, or all of it; keeps: with dimensions of 1.

    less: a mean is the sum divided by so many fewer than were added.
    """

    def reduced(_typing: Any, array: Any) -> Any:
        result = result_type(name, array, axis, keeps)
        if result is None:
            raise errors.TypingError(f"the {name} of {array} is not known")
        return result(array), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _Reduction(context, builder, name, signature, values[0], axis, less).write()

    made = late_intrinsic(reduced, f"{name}_of_array")
    NAMES[made], AXES[made] = name, axis
    return made


#: The reductions, and their axes, by what computes them.
NAMES: dict[Any, str] = {}
AXES: dict[Any, Axis] = {}


class _Reduction:
    """Writes one reduction."""

    def __init__(
        self,
        context: Any,
        builder: Any,
        name: str,
        signature: Any,
        value: Any,
        axis: Axis,
        less: int,
    ) -> None:
        self.context, self.builder, self.name, self.less = context, builder, name, less
        self.type_ = signature.args[0]
        self.result = signature.return_type
        places = places_of(self.type_, axis)
        chosen = _loop(name, self.type_)
        assert chosen is not None
        assert places is not None
        self.places = places
        self.loop, self.begin = chosen.loop, UFUNCS[name][1]
        self.array = context.make_array(self.type_)(context, builder, value)
        self.shape = cgutils.unpack_tuple(builder, self.array.shape, self.type_.ndim)
        self.strides = cgutils.unpack_tuple(builder, self.array.strides, self.type_.ndim)
        self.size = INT64(context.get_abi_sizeof(context.get_data_type(self.type_.dtype)))
        kept = [each for i, each in enumerate(self.shape) if i not in places]
        self.count = self._product(kept)
        self.length = self._product([self.shape[i] for i in sorted(places)])

    def _product(self, lengths: Sequence[ir.Value]) -> ir.Value:
        return functools.reduce(self.builder.mul, lengths, ONE)

    def write(self) -> ir.Value:
        builder = self.builder
        if self.begin is None or self.name == "mean":
            fewest = INT64(self.less)
            nothing = builder.icmp_signed("<=", self.length, fewest)
            calls.leave(self.context, builder, nothing, "a reduction of too few items")
        self._leave_orders()
        made, self.out = self._output()
        float_status.clear(builder)
        if self._is_with_gaps():
            self._with_gaps()
        else:
            self._without_gaps()
        if self.name == "mean":
            self._divide()
        float_status.collect(builder)
        if made is not None:
            return made._getvalue()
        return self.context.unpack_value(builder, self.result, self.out)

    def _leave_orders(self) -> None:
        """Leave where NumPy takes the items in an order of its own."""
        builder = self.builder
        if self._is_with_gaps():
            if self._is_taken_as_line():
                several = builder.icmp_signed(">", self.length, INT64(BUFFER))
                calls.leave(self.context, builder, several, "a large table with gaps")
            return
        groups = self._groups()
        # What has one item only does not keep NumPy from taking what is beside it together.
        inside = groups[1:] if len(groups) > 3 else groups[1:-1]
        if len(groups) > 3 or (len(groups) == 3 and groups[-1].reduced):
            alone = [builder.icmp_signed("==", each.length, ONE) for each in inside]
            apart = functools.reduce(builder.or_, alone)
            calls.leave(self.context, builder, apart, "a dimension of one item")

    def _is_with_gaps(self) -> bool:
        return self.type_.ndim == 2 and self.type_.layout == "A"

    def _is_taken_as_line(self) -> bool:
        all_ = len(self.places) == 2 and self.begin is not None
        return all_ and self.type_.dtype in FLOATS

    def _output(self) -> tuple[Any, ir.Value]:
        if not isinstance(self.result, types.Array):
            data_type = self.context.get_data_type(self.type_.dtype)
            return None, cgutils.alloca_once(self.builder, data_type)
        every = self.result.ndim == self.type_.ndim
        shape = [
            ONE if i in self.places else length
            for i, length in enumerate(self.shape)
            if every or i not in self.places
        ]
        made = arrayobj._empty_nd_impl(self.context, self.builder, self.result, shape)
        return made, made.data

    def _at(self, data: ir.Value, *offsets: tuple[ir.Value, ir.Value]) -> ir.Value:
        """Return a place, so many times a stride after another."""
        builder, total = self.builder, ZERO
        for number, stride in offsets:
            total = builder.add(total, builder.mul(number, stride))
        return builder.gep(builder.bitcast(data, nest.BYTES), [total])

    def _copy(self, source: ir.Value, target: ir.Value) -> None:
        pointer = self.context.get_data_type(self.type_.dtype).as_pointer()
        item = self.builder.load(self.builder.bitcast(source, pointer))
        self.builder.store(item, self.builder.bitcast(target, pointer))

    def _fill(self, begin: int) -> None:
        """Write the number that the reductions begin with."""
        builder = self.builder
        value = self.context.get_constant(self.type_.dtype, begin)
        with cgutils.for_range(builder, self.count) as each:
            target = self._at(self.out, (each.index, self.size))
            builder.store(value, builder.bitcast(target, value.type.as_pointer()))

    def _without_gaps(self) -> None:
        groups = self._groups()
        if self.begin is not None:
            self._fill(self.begin)
        else:
            self._first_items(groups)
        last = groups[-1]
        if len(groups) > 1 and not last.reduced and len(groups) <= 3:
            one = self.builder.icmp_signed("==", last.length, ONE)
            with self.builder.if_else(one) as (lines, rows):
                with lines:
                    self._nest(groups[:-1])
                with rows:
                    self._nest(groups)
        else:
            self._nest(groups)

    def _groups(self) -> list[_Group]:
        """Return the dimensions from the outer to the inner one, neighbours of a kind together."""
        order = range(self.type_.ndim)
        if self.type_.layout == "F":
            order = order[::-1]
        builder = self.builder
        groups: list[_Group] = []
        for i in order:
            reduced = i in self.places
            if groups and groups[-1].reduced == reduced:
                length = builder.mul(groups.pop().length, self.shape[i])
            else:
                length = self.shape[i]
            groups.append(_Group(length, reduced))
        step = self.strides[0] if self.type_.ndim == 1 else self.size
        target = self.size
        for each in reversed(groups):
            each.source, step = step, builder.mul(step, each.length)
            if not each.reduced:
                each.target, target = target, builder.mul(target, each.length)
        return groups

    def _first_items(self, groups: Sequence[_Group]) -> None:
        kept = [each for each in groups if not each.reduced]
        with cgutils.loop_nest(self.builder, [each.length for each in kept], INT64) as indices:
            pairs = list(zip(indices, kept, strict=True))
            source = self._at(self.array.data, *((i, each.source) for i, each in pairs))
            self._copy(source, self._at(self.out, *((i, each.target) for i, each in pairs)))

    def _nest(self, groups: Sequence[_Group]) -> None:
        """Call the loop for each line; the first items have been taken where there is no number."""
        builder, inner = self.builder, groups[-1]
        outer = groups[:-1]
        with cgutils.loop_nest(builder, [each.length for each in outer], INT64) as indices:
            pairs = list(zip(indices, outer, strict=True))
            source = self._at(self.array.data, *((i, each.source) for i, each in pairs))
            target = self._at(self.out, *((i, each.target) for i, each in pairs))
            first: ir.Value = ir.IntType(1)(int(self.begin is None))
            for index, each in pairs:
                if each.reduced:
                    first = builder.and_(first, builder.icmp_signed("==", index, ZERO))
            taken = builder.select(first, ONE if inner.reduced else inner.length, ZERO)
            count = builder.sub(inner.length, taken)
            with builder.if_then(builder.icmp_signed(">", count, ZERO)):
                source = self._at(source, (taken, inner.source))
                steps = [inner.target, inner.source, inner.target]
                nest.call(builder, self.loop, [target, source, target], [count], steps)

    def _with_gaps(self) -> None:
        builder = self.builder
        data, shape = self.array.data, list(self.shape)
        targets = [ZERO if i in self.places else self.size for i in range(2)]
        if self.begin is not None:
            self._fill(self.begin)
        elif len(self.places) == 2:
            self._copy(data, self.out)
        else:
            (place,) = self.places
            with cgutils.for_range(builder, self.count) as each:
                source = self._at(data, (each.index, self.strides[1 - place]))
                self._copy(source, self._at(self.out, (each.index, self.size)))
            data = self._at(data, (ONE, self.strides[place]))
            shape[place] = builder.sub(shape[place], ONE)
        turned = self._is_turned()

        def ordered(pair: Sequence[ir.Value]) -> list[ir.Value]:
            outer, inner = pair
            return [builder.select(turned, inner, outer), builder.select(turned, outer, inner)]

        if self._is_taken_as_line():
            self._as_line(ordered(shape), ordered(self.strides))
            return
        out = ordered(targets)
        nest.call_each(
            builder, self.loop, [self.out, data, self.out], ordered(shape),
            [out, ordered(self.strides), out],
        )  # fmt: skip
        if self.begin is None and len(self.places) == 2 and self.type_.dtype in FLOATS:
            self._leave_zero()

    def _as_line(self, shape: Sequence[ir.Value], strides: Sequence[ir.Value]) -> None:
        """Reduce a copy of all items, in their order in memory."""
        builder, context = self.builder, self.context
        line = types.Array(self.type_.dtype, 1, "C")
        kept = arrayobj._empty_nd_impl(context, builder, line, [self.length])
        with cgutils.loop_nest(builder, shape, INT64) as indices:
            source = self._at(self.array.data, *zip(indices, strides, strict=True))
            place = builder.add(builder.mul(indices[0], shape[1]), indices[1])
            self._copy(source, self._at(kept.data, (place, self.size)))
        with builder.if_then(builder.icmp_signed(">", self.length, ZERO)):
            steps = [ZERO, self.size, ZERO]
            nest.call(builder, self.loop, [self.out, kept.data, self.out], [self.length], steps)
        context.nrt.decref(builder, line, kept._getvalue())

    def _is_turned(self) -> ir.Value:
        """Tell whether the second dimension is the outer one."""
        builder = self.builder
        first, second = (calls.absolute(builder, each) for each in self.strides)
        turned = builder.icmp_signed("<", first, second)
        for length, stride in zip(self.shape, (first, second), strict=True):
            turned = builder.and_(turned, calls.counts(builder, stride, length))
        return turned

    def _leave_zero(self) -> None:
        """Which of two zeros it is depends on places."""
        builder = self.builder
        number = builder.load(self.out)
        zero = builder.fcmp_ordered("==", number, number.type(0.0))
        calls.leave(self.context, builder, zero, "which of two zeros an extreme is")

    def _divide(self) -> None:
        """Divide the sums, in double precision, as NumPy does."""
        builder, wide = self.builder, ir.DoubleType()
        data_type = self.context.get_data_type(self.type_.dtype)
        length = builder.sitofp(builder.sub(self.length, INT64(self.less)), wide)
        with cgutils.for_range(builder, self.count) as each:
            place = builder.bitcast(
                self._at(self.out, (each.index, self.size)), data_type.as_pointer()
            )
            item = builder.load(place)
            item = item if data_type == wide else builder.fpext(item, wide)
            item = builder.fdiv(item, length)
            builder.store(item if data_type == wide else builder.fptrunc(item, data_type), place)


@dataclasses.dataclass(slots=True)
class _Group:
    """Dimensions that are gone over as one, and the steps in the array and in the result."""

    length: ir.Value
    reduced: bool
    source: ir.Value = ZERO
    target: ir.Value = ZERO
