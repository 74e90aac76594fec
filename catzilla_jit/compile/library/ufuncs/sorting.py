"""`numpy.sort` and `argsort` by the functions that NumPy sorts a line with."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from typing import Any

from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.np import arrayobj, numpy_support

from catzilla_jit.compile.library.ufuncs import assignment, nest
from catzilla_jit.compile.library.ufuncs.late import late_intrinsic
from catzilla_jit.compile.target import numpy_sorts

INT32, INT64 = ir.IntType(32), ir.IntType(64)
PLACES = types.int64


def result_type(array: Any, axis: int, of_places: bool, kind: str) -> Any:
    """Return the Numba type of what is sorted, None where it is not known."""
    if not isinstance(array, types.Array) or not array.aligned or array.ndim == 0:
        return None
    if not -array.ndim <= axis < array.ndim or (array.ndim > 1 and array.layout == "A"):
        return None
    if _symbol(array.dtype, of_places, kind) is None:
        return None
    if of_places:
        return types.Array(PLACES, array.ndim, "C")
    return types.Array(array.dtype, array.ndim, "C" if array.ndim == 1 else array.layout)


def _symbol(element: Any, of_places: bool, kind: str) -> str | None:
    try:
        code = numpy_support.as_dtype(element).char
    except errors.NumbaNotImplementedError:
        return None
    return numpy_sorts.symbol(of_places, kind, code) if kind in numpy_sorts.KINDS else None


@functools.cache
def sorting(axis: int, of_places: bool, kind: str) -> Any:
    """Return what sorts a copy of an array along an axis, or tells the places of the items."""

    def ordered(_typing: Any, array: Any) -> Any:
        result = result_type(array, axis, of_places, kind)
        if result is None:
            raise errors.TypingError(f"the order of {array} is not known")
        return result(array), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _Sorting(context, builder, signature, values[0], axis, of_places, kind).write()

    return late_intrinsic(ordered, "argsort" if of_places else "sort")


class _Sorting:
    """Writes one call: each line is copied to a buffer, which is sorted."""

    def __init__(
        self,
        context: Any,
        builder: Any,
        signature: Any,
        value: Any,
        axis: int,
        of_places: bool,
        kind: str,
    ) -> None:
        self.context, self.builder = context, builder
        self.type_, self.result = signature.args[0], signature.return_type
        self.value, self.axis, self.of_places = value, axis % self.type_.ndim, of_places
        name = _symbol(self.type_.dtype, of_places, kind)
        assert name is not None
        arguments = [nest.BYTES] * (2 if of_places else 1) + [INT64, nest.BYTES]
        function_type = ir.FunctionType(INT32, arguments)
        self.function = cgutils.get_or_insert_function(builder.module, function_type, name)

    def write(self) -> ir.Value:
        builder, context = self.builder, self.context
        source = context.make_array(self.type_)(context, builder, self.value)
        self.shape = cgutils.unpack_tuple(builder, source.shape, self.type_.ndim)
        self.length = self.shape[self.axis]
        if self.of_places or self.type_.ndim > 1:
            made = arrayobj._empty_nd_impl(context, builder, self.result, self.shape)
            self._lines(source, made)
            return made._getvalue()
        value = assignment.copied(context, builder, self.type_, self.value, self.result)
        made = context.make_array(self.result)(context, builder, value)
        self._call(made.data)
        return value

    def _lines(self, source: Any, made: Any) -> None:
        """Sort each line in buffers; the result is another array."""
        builder, context = self.builder, self.context
        dimensions = self.type_.ndim
        own = cgutils.unpack_tuple(builder, source.strides, dimensions)
        steps = cgutils.unpack_tuple(builder, made.strides, dimensions)
        line = types.Array(self.type_.dtype, 1, "C")
        kept = arrayobj._empty_nd_impl(context, builder, line, [self.length])
        outer = [i for i in range(dimensions) if i != self.axis]
        with cgutils.loop_nest(builder, [self.shape[i] for i in outer], INT64) as indices:
            into, out = made.data, source.data
            for i, index in zip(outer, indices, strict=True):
                into = self._moved(into, index, steps[i])
                out = self._moved(out, index, own[i])
            item = self.type_.dtype
            self._copy(kept.data, self._size(item), out, own[self.axis], item)
            if self.of_places:
                self._places(kept.data, into, steps[self.axis])
            else:
                self._call(kept.data)
                self._copy(into, steps[self.axis], kept.data, self._size(item), item)
        context.nrt.decref(builder, line, kept._getvalue())

    def _places(self, data: ir.Value, into: ir.Value, step: ir.Value) -> None:
        """Write the places of the items of a line in their order."""
        builder, context = self.builder, self.context
        line = types.Array(PLACES, 1, "C")
        places = arrayobj._empty_nd_impl(context, builder, line, [self.length])
        with cgutils.for_range(builder, self.length) as each:
            builder.store(each.index, builder.gep(places.data, [each.index]))
        self._call(data, places.data)
        self._copy(into, step, places.data, self._size(PLACES), PLACES)
        context.nrt.decref(builder, line, places._getvalue())

    def _size(self, type_: Any) -> ir.Value:
        return INT64(self.context.get_abi_sizeof(self.context.get_data_type(type_)))

    def _moved(self, at: ir.Value, number: ir.Value, stride: ir.Value) -> ir.Value:
        builder = self.builder
        return builder.gep(builder.bitcast(at, nest.BYTES), [builder.mul(number, stride)])

    def _copy(
        self, into: ir.Value, step: ir.Value, out: ir.Value, own: ir.Value, type_: Any
    ) -> None:
        builder = self.builder
        pointer = self.context.get_data_type(type_).as_pointer()
        with cgutils.for_range(builder, self.length) as each:
            places = [
                builder.bitcast(self._moved(at, each.index, stride), pointer)
                for at, stride in ((into, step), (out, own))
            ]
            builder.store(builder.load(places[1]), places[0])

    def _call(self, *lines: ir.Value) -> None:
        pointers = [self.builder.bitcast(each, nest.BYTES) for each in lines]
        nothing = ir.Constant(nest.BYTES, None)
        self.builder.call(self.function, [*pointers, self.length, nothing])
