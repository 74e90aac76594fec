"""Items and rows of tables that masks and arrays of numbers pick, and what is written to them.

    a[mask], a[mask, :], a[places, 1:3]     rows, or parts of them
    a[:, mask], a[1:3, places]              columns, or parts of them
    a[mask, 0], a[2, places]                items of one column or row
    a[rows, columns], a[(places,)]          items, one by one
    a[mask_of_the_table]                    items, in C order

All of it is checked before anything is made or written: what is out of bounds, or does not fit,
leaves the function, and NumPy raises. Lines that are picked from by one array are `indexing.py`'s.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.core.extending import intrinsic
from numba.cpython import slicing
from numba.np import arrayobj

from catzilla_jit.compile.library.ufuncs import assignment, calls, indexing, nest, signatures

INT64 = ir.IntType(64)
ONE, ZERO = INT64(1), INT64(0)
Body = Callable[[ir.Value, ir.Value], None]


# -- types


def _is_index(type_: Any) -> bool:
    known = isinstance(type_, types.Array) and type_.ndim == 1 and type_.aligned
    return known and type_.dtype in (types.int64, types.boolean)


def _parts(index: Any) -> tuple[Any, ...]:
    return tuple(map(types.unliteral, index.types)) if isinstance(index, types.BaseTuple) else ()


def kind_of(array: Any, index: Any) -> str | None:
    """Return how an index picks: "rows", "columns", "line", "pairs" or "mask"; else None."""
    if not isinstance(array, types.Array) or not array.aligned or array.ndim not in (1, 2):
        return None
    if array.dtype not in signatures.DTYPES:
        return None
    parts = _parts(index)
    if array.ndim == 1:
        return "line" if len(parts) == 1 and _is_index(parts[0]) else None
    if isinstance(index, types.Array) and index.ndim == 2 and index.aligned:
        return "mask" if index.dtype == types.boolean else None
    if _is_index(index):
        return "rows"
    if len(parts) == 1 and _is_index(parts[0]):
        return "rows"
    if len(parts) != 2:
        return None
    arrays = [_is_index(each) for each in parts]
    if all(arrays):
        return "pairs" if all(each.dtype == types.int64 for each in parts) else None
    if arrays[0] and parts[1] == types.slice2_type:
        return "rows"
    if arrays[1] and parts[0] == types.slice2_type:
        return "columns"
    other = parts[1] if arrays[0] else parts[0]
    return "line" if any(arrays) and other == types.int64 else None


def picked_type(array: Any, index: Any) -> Any:
    """Return the Numba type of `array[index]`, None where it is not known."""
    kind = kind_of(array, index)
    if kind is None or (kind == "rows" and array.layout != "C"):
        return None  # of other tables NumPy's rows may lie in another order
    if kind == "columns":
        return types.Array(array.dtype, 2, "F") if array.layout in ("C", "F") else None
    return types.Array(array.dtype, 2 if kind == "rows" else 1, "C")


def is_written(array: Any, index: Any, value: Any) -> bool:
    """Tell whether `write_part` does `array[index] = value` as NumPy does."""
    kind = kind_of(array, index)
    if kind is None or not array.mutable:
        return False
    given = (index, *_parts(index))
    if any(isinstance(each, types.Array) and each.dtype == array.dtype for each in given):
        return False  # which it may overlap
    if isinstance(value, types.Array):
        if kind == "columns":
            return False
        dimensions = (1, 2) if kind == "rows" else (1,)
        return value.aligned and value.dtype == array.dtype and value.ndim in dimensions
    return indexing.takes(array, value)


# -- places


@dataclasses.dataclass(slots=True)
class _Picked:
    """What is picked: `count` places in memory, each of `width` items."""

    count: ir.Value
    width: ir.Value
    step: ir.Value  # between the items of a place
    each: Callable[[Body], None]  # calls a body with the number of a place, and where it is


class _Walk:
    """The code that goes over the places of one array."""

    def __init__(self, context: Any, builder: ir.IRBuilder, given: Any, values: Any) -> None:
        self.context, self.builder = context, builder
        self.array, self.index = given[:2]
        self.value = values[1]
        source = calls.operand(context, builder, self.array, values[0], self.array.dtype)
        self.at = builder.bitcast(source.data, nest.BYTES)
        self.shape, self.strides = list(source.shape), list(source.strides)

    def picked(self) -> _Picked:
        kind = kind_of(self.array, self.index)
        if kind == "mask":
            return self._by_table()
        parts = _parts(self.index)
        values = [self.value]
        if parts:
            values = list(cgutils.unpack_tuple(self.builder, self.value, len(parts)))
        else:
            parts = (self.index,)
        if kind == "pairs":
            return self._by_pairs(
                [self._operand(*each) for each in zip(parts, values, strict=True)]
            )
        axis = 0 if _is_index(parts[0]) else 1
        width, step = ONE, ZERO
        if kind == "rows":
            width, step = self.shape[1], self.strides[1]
            if len(parts) == 2:
                width = self._sliced(parts[1], values[1], 1)
        elif kind == "columns":
            width, step = self._sliced(parts[0], values[0], 0), self.strides[0]
        elif len(parts) == 2:
            self._move(1 - axis, values[1 - axis])
        places = self._operand(parts[axis], values[axis])
        length, stride = self.shape[axis], self.strides[axis]
        if parts[axis].dtype == types.boolean:
            indexing.leave_unfit_mask(self.context, self.builder, places.shape[0], length, axis)
            return self._by_mask(places, length, stride, width, step)
        self._leave_outside(places, length, axis)

        def each(body: Body) -> None:
            with cgutils.for_range(self.builder, places.shape[0]) as one:
                number = indexing.offset(self.builder, places, one.index, length)
                body(one.index, self._moved(self.at, number, stride))

        return _Picked(places.shape[0], width, step, each)

    def _operand(self, type_: Any, value: ir.Value) -> calls.Operand:
        return calls.operand(self.context, self.builder, type_, value, type_.dtype)

    def _moved(self, at: ir.Value, number: ir.Value, stride: ir.Value) -> ir.Value:
        return self.builder.gep(at, [self.builder.mul(number, stride)])

    def _leave(self, condition: ir.Value, what: str) -> None:
        calls.leave(self.context, self.builder, condition, what)

    def _leave_outside(self, places: calls.Operand, length: ir.Value, axis: int) -> None:
        indexing.leave_outside(self.context, self.builder, places, length, axis)

    def _move(self, axis: int, index: ir.Value) -> None:
        """Go to the row or column that an integer picks."""
        indexing.leave_if_outside(self.context, self.builder, index, self.shape[axis], axis)
        number = indexing.counted(self.builder, index, self.shape[axis])
        self.at = self._moved(self.at, number, self.strides[axis])

    def _sliced(self, type_: Any, value: ir.Value, axis: int) -> ir.Value:
        """Go to the first row or column of a slice, and return how many there are."""
        bounds = self.context.make_helper(self.builder, type_, value)
        slicing.fix_slice(self.builder, bounds, self.shape[axis])
        length = slicing.get_slice_length(self.builder, bounds)
        empty = self.builder.icmp_signed("==", length, ZERO)
        first = self.builder.select(empty, ZERO, bounds.start)
        self.at = self._moved(self.at, first, self.strides[axis])
        return length

    def _flag(self, places: calls.Operand, indices: Any) -> ir.Value:
        at = self.builder.bitcast(places.data, nest.BYTES)
        for index, stride in zip(indices, places.strides, strict=True):
            at = self._moved(at, index, stride)
        return self.builder.icmp_signed("!=", self.builder.load(at), ir.IntType(8)(0))

    def _by_mask(
        self, places: Any, length: ir.Value, stride: ir.Value, width: ir.Value, step: ir.Value
    ) -> _Picked:
        def address(indices: Any) -> ir.Value:
            return self._moved(self.at, indices[0], stride)

        return self._flagged(places, [length], address, width, step)

    def _by_table(self) -> _Picked:
        places = self._operand(self.index, self.value)
        for own, length in zip(places.shape, self.shape, strict=True):
            self._leave(self.builder.icmp_signed("!=", own, length), "a mask of another shape")

        def address(indices: Any) -> ir.Value:
            row = self._moved(self.at, indices[0], self.strides[0])
            return self._moved(row, indices[1], self.strides[1])

        return self._flagged(places, self.shape, address, ONE, ZERO)

    def _flagged(
        self, places: Any, shape: Any, address: Any, width: ir.Value, step: ir.Value
    ) -> _Picked:
        """Return the places at which a mask is true."""
        builder = self.builder

        def each(body: Body) -> None:
            taken = cgutils.alloca_once_value(builder, ZERO)
            builder.store(ZERO, taken)
            nest_ = cgutils.loop_nest(builder, shape, INT64)
            with nest_ as indices, builder.if_then(self._flag(places, indices)):
                number = builder.load(taken)
                body(number, address(indices))
                builder.store(builder.add(number, ONE), taken)

        total = cgutils.alloca_once_value(builder, ZERO)
        builder.store(ZERO, total)
        with cgutils.loop_nest(builder, shape, INT64) as indices:
            flag = builder.zext(self._flag(places, indices), INT64)
            builder.store(builder.add(builder.load(total), flag), total)
        return _Picked(builder.load(total), width, step, each)

    def _by_pairs(self, places: list[calls.Operand]) -> _Picked:
        count = places[0].shape[0]
        differs = self.builder.icmp_signed("!=", count, places[1].shape[0])
        self._leave(differs, "an index of another length")
        for axis, one in enumerate(places):
            self._leave_outside(one, self.shape[axis], axis)

        def each(body: Body) -> None:
            with cgutils.for_range(self.builder, count) as one:
                at = self.at
                for axis in range(2):
                    number = indexing.offset(
                        self.builder, places[axis], one.index, self.shape[axis]
                    )
                    at = self._moved(at, number, self.strides[axis])
                body(one.index, at)

        return _Picked(count, ONE, ZERO, each)

    def copy_items(self, picked: _Picked, at: ir.Value, from_: ir.Value, steps: Any) -> None:
        """Copy the items of one place; steps: of what is written, and of what is read."""
        builder = self.builder
        pointer = self.context.get_data_type(self.array.dtype).as_pointer()
        with cgutils.for_range(builder, picked.width) as one:
            into, out = (
                builder.bitcast(self._moved(place, one.index, step), pointer)
                for place, step in zip((at, from_), steps, strict=True)
            )
            builder.store(builder.load(out), into)


# -- the two operations


def _taken(array: Any, index: Any) -> Any:
    result = picked_type(array, index)
    if result is None:
        raise errors.TypingError(f"items of {array} at {index} are not known")

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        walk = _Walk(context, builder, signature.args, values)
        picked = walk.picked()
        shape = [picked.count, picked.width][: result.ndim]
        if result.layout == "F":  # columns lie one after the other, as NumPy's do
            shape.reverse()
        made = arrayobj._empty_nd_impl(context, builder, result, shape)
        data = builder.bitcast(made.data, nest.BYTES)
        size = INT64(context.get_abi_sizeof(context.get_data_type(result.dtype)))
        row = builder.mul(picked.width, size)

        def body(number: ir.Value, at: ir.Value) -> None:
            into = builder.gep(data, [builder.mul(number, row)])
            walk.copy_items(picked, into, at, (size, picked.step))

        picked.each(body)
        return made._getvalue()

    return result(array, index), code


@intrinsic
def take_part(_typing: Any, array: Any, index: Any) -> Any:
    """Make an array of what an index picks."""
    return _taken(array, index)


@intrinsic
def write_part(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Write a number, or the items of an array, to what an index picks."""
    value = types.unliteral(value)
    if not is_written(array, index, value):
        raise errors.TypingError(f"items of {array} at {index} are not written")

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        walk = _Walk(context, builder, signature.args, values)
        picked = walk.picked()
        source, steps = _value(context, builder, walk, picked, value, values)

        def body(number: ir.Value, at: ir.Value) -> None:
            out = builder.gep(source, [builder.mul(number, steps[0])])
            walk.copy_items(picked, at, out, (picked.step, steps[1]))

        picked.each(body)
        return context.get_dummy_value()

    return types.none(array, index, value), code


def _value(
    context: Any, builder: ir.IRBuilder, walk: _Walk, picked: _Picked, type_: Any, values: Any
) -> tuple[ir.Value, list[ir.Value]]:
    """Return where the items to write are, and the steps from place to place and inside one."""
    if not isinstance(type_, types.Array):
        number = context.cast(builder, values[2], type_, walk.array.dtype)
        place = cgutils.alloca_once(builder, context.get_data_type(walk.array.dtype))
        context.pack_value(builder, walk.array.dtype, number, place)
        return builder.bitcast(place, nest.BYTES), [ZERO, ZERO]
    overlap = assignment.overlaps(context, builder, (walk.array, type_), (values[0], values[2]))
    calls.leave(context, builder, overlap, "a value that overlaps what it is written to")
    source = calls.operand(context, builder, type_, values[2], type_.dtype)
    wanted = [picked.count, picked.width]
    if kind_of(walk.array, walk.index) != "rows":
        wanted = [picked.count]
    missing = len(wanted) - len(source.shape)
    steps = [ZERO] * missing
    for own, stride, length in zip(source.shape, source.strides, wanted[missing:], strict=True):
        one = builder.icmp_signed("==", own, ONE)
        differs = builder.and_(builder.icmp_signed("!=", own, length), builder.not_(one))
        calls.leave(context, builder, differs, "another number of values")
        steps.append(builder.select(one, ZERO, stride))
    return builder.bitcast(source.data, nest.BYTES), [*steps, ZERO][:2]
