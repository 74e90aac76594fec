"""Functions of NumPy that choose between items: `maximum`, `minimum`, `clip` and `where`.

Which of 0.0 and -0.0 `maximum` gives depends on where in a call of its loop the two are: so the
loop is called only where NumPy is known to divide arrays into the same calls. It is never a part of
an expression that is computed block by block.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy
from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.core.extending import intrinsic
from numba.np import arrayobj, numpy_support

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.library.ufuncs import calls, elementwise, nest, signatures
from catzilla_jit.compile.target import float_status

INT64 = ir.IntType(64)
CLIP = "umath.clip"
#: With numbers that are NaN NumPy 1 clips in another way.
CLIPS = numpy.lib.NumpyVersion(numpy.__version__) >= "2.0.0"


def _unknown(name: str, given: tuple[Any, ...]) -> errors.TypingError:
    return errors.TypingError(f"numpy.{name} is not known for {', '.join(map(str, given))}")


def _by_numba(typing: Any, name: str, given: tuple[Any, ...]) -> Any:
    """Return the signature and code of Numba's own, for integers in fields of packed records."""
    function = typing.resolve_value_type(getattr(numpy, name))
    fields = any(isinstance(each, types.Array) and not each.aligned for each in given)
    elements = {types.unliteral(getattr(each, "dtype", each)) for each in given}
    if not fields or elements != {types.int64}:
        raise _unknown(name, given)
    out = (types.none,) if name == "clip" else ()  # what is left out is none to Numba's typing
    inner = function.get_call_type(typing, (*map(types.unliteral, given), *out), {})

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        rest = [context.get_dummy_value() for _ in out]
        return context.get_function(function, inner)(builder, [*values, *rest])

    return inner.return_type(*map(types.unliteral, given)), code


def _is_divided_alike(name: str, given: tuple[Any, ...]) -> bool:
    """Tell whether NumPy calls a loop for these arrays as `calls.elementwise` does."""
    chosen = signatures.choose(name, given)
    if chosen is None or number_kinds.kind(chosen.makes[0]) != number_kinds.FLOAT:
        return chosen is not None
    arrays = [each for each in given if isinstance(each, types.Array)]
    if any(each.dtype != chosen.makes[0] for each in arrays):
        return False  # NumPy converts a buffer at a time
    dimensions = max((each.ndim for each in arrays), default=0)
    if dimensions < 2:
        return True
    if len(arrays) == 1:
        return arrays[0].layout in ("C", "F")
    return all(each.layout == "C" and each.ndim == dimensions for each in arrays)


def needs_one_shape(function: Any, given: tuple[Any, ...]) -> bool:
    """Tell whether a call is left to NumPy where two tables have different shapes."""
    tables = [each for each in given if isinstance(each, types.Array) and each.ndim > 1]
    floats = any(number_kinds.kind(each.dtype) == number_kinds.FLOAT for each in tables)
    return function in EXTREMES.values() and len(tables) > 1 and floats


def _leave_other_shapes(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> None:
    shapes = [
        cgutils.unpack_tuple(
            builder, context.make_array(type_)(context, builder, value).shape, type_.ndim
        )
        for type_, value in zip(signature.args, values, strict=True)
    ]
    for first, second in zip(*shapes, strict=True):
        differs = builder.icmp_signed("!=", first, second)
        calls.leave(context, builder, differs, "a table of another shape")


def _extreme(name: str) -> Any:
    def extreme(typing: Any, left: Any, right: Any) -> Any:
        given = (left, right)
        result = elementwise.result_type(name, given)
        if result is None or not _is_divided_alike(name, given):
            return _by_numba(typing, name, given)
        return result(*given), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        chosen = signatures.choose(name, signature.args)
        assert chosen is not None
        if needs_one_shape(EXTREMES[name], signature.args):
            _leave_other_shapes(context, builder, signature, values)
        return calls.elementwise(context, builder, chosen, signature, values)

    extreme.__name__ = extreme.__qualname__ = name
    return intrinsic(extreme)


#: What stands for each of those whose zeros depend on places.
EXTREMES: dict[str, Any] = {name: _extreme(name) for name in ("maximum", "minimum", "fmax", "fmin")}


def _clip(typing: Any, values: Any, low: Any, high: Any) -> Any:
    given = (values, low, high)
    bounds = [each for each in (low, high) if not isinstance(each, types.NoneType)]
    name = CLIP if len(bounds) == 2 else "minimum" if bounds == [high] else "maximum"
    taken = (values, *bounds)
    result = elementwise.result_type(name, taken) if bounds and CLIPS else None
    if result is None or (name != CLIP and not _is_divided_alike(name, taken)):
        return _by_numba(typing, "clip", given)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kept = [
            (type_, value)
            for type_, value in zip(signature.args, values, strict=True)
            if not isinstance(type_, types.NoneType)
        ]
        types_ = tuple(type_ for type_, _ in kept)
        chosen = signatures.choose(name, types_)
        assert chosen is not None
        inner = signature.return_type(*types_)
        return calls.elementwise(context, builder, chosen, inner, [value for _, value in kept])

    return result(*given), code


_clip.__name__ = _clip.__qualname__ = CLIP


# -- where


@functools.cache
def where_type(
    given: tuple[types.Type, ...], strong: tuple[bool, ...] = (False, False, False)
) -> Any:
    """Return the type of the items that `numpy.where` gives, as NumPy says; None if not known."""
    samples = []
    for each, own in zip(given, strong, strict=True):
        element = types.unliteral(getattr(each, "dtype", each))
        if element not in signatures.DTYPES:
            return None
        sample = numpy.zeros(1, str(numpy_support.as_dtype(element)))
        weak = not isinstance(each, types.Array) and not own and element in signatures.WEAK
        samples.append(sample if isinstance(each, types.Array) else sample[0])
        if weak:
            samples[-1] = signatures.WEAK[element](0)
    found = numpy_support.from_dtype(numpy.where(samples[0] != 0, *samples[1:]).dtype)
    return found if found in signatures.DTYPES else None


def _where(_typing: Any, condition: Any, first: Any, second: Any) -> Any:
    given = (condition, first, second)
    arrays = [each for each in given if isinstance(each, types.Array)]
    item = where_type(tuple(map(types.unliteral, given)))
    fine = bool(arrays) and all(each.ndim > 0 for each in arrays)
    flags = (types.boolean, types.int64, types.float64)
    fine = fine and types.unliteral(getattr(condition, "dtype", condition)) in flags
    for each in given[1:]:
        if not isinstance(each, types.Array) and item not in (*signatures.WEAK, types.boolean):
            fine = fine and (types.unliteral(each), item) == (types.float64, types.float32)
    if item is None or not fine:
        raise _unknown("where", given)
    dimensions = max(each.ndim for each in arrays)
    return types.Array(item, dimensions, signatures.layout(given))(*given), _where_code


_where.__name__ = _where.__qualname__ = "where"


def _where_code(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
    result = signature.return_type
    sources = [
        _Source(context, builder, type_, value, wanted)
        for type_, value, wanted in zip(
            signature.args, values, (types.boolean, result.dtype, result.dtype), strict=True
        )
    ]
    operands = [each.operand for each in sources]
    shape = calls.broadcast(context, builder, operands, result.ndim)
    strides = [calls.strides_in(builder, each, shape) for each in operands]
    if result.layout == "C":
        calls.leave_other_order(context, builder, operands, strides, shape)
    made = arrayobj._empty_nd_impl(context, builder, result, shape)
    axes = list(range(result.ndim) if result.layout == "C" else range(result.ndim - 1, -1, -1))
    steps = cgutils.unpack_tuple(builder, made.strides, result.ndim)
    with cgutils.loop_nest(builder, [shape[i] for i in axes[:-1]], INT64) as indices:
        rows = [_moved(builder, each.data, indices, [own[i] for i in axes[:-1]])
                for each, own in zip(operands, strides, strict=True)]  # fmt: skip
        target = _moved(builder, made.data, indices, [steps[i] for i in axes[:-1]])
        inner = [own[axes[-1]] for own in strides]
        dense: ir.Value = calls.TRUE
        for each, step in zip(sources, inner, strict=True):
            if each.is_array:
                dense = builder.and_(dense, builder.icmp_signed("==", step, each.size))
        length = shape[axes[-1]]
        with builder.if_else(dense) as (without, gaps):
            with without:
                sizes = [each.size for each in sources]
                _choose(context, builder, sources, rows, sizes, (result.dtype, target), length)
            with gaps:
                _choose(context, builder, sources, rows, inner, (result.dtype, target), length)
    return made._getvalue()


class _Source:
    """An array or a number that `where` reads, as items of the wanted type."""

    def __init__(
        self, context: Any, builder: ir.IRBuilder, type_: Any, value: ir.Value, wanted: Any
    ) -> None:
        self.context, self.builder, self.wanted = context, builder, wanted
        self.is_array = isinstance(type_, types.Array)
        self.type_ = types.unliteral(getattr(type_, "dtype", type_))
        self.size = INT64(context.get_abi_sizeof(context.get_data_type(self.type_)))
        if self.is_array:
            self.align = None if type_.aligned else 1
            array = context.make_array(type_)(context, builder, value)
            shape, strides = (
                cgutils.unpack_tuple(builder, each, type_.ndim)
                for each in (array.shape, array.strides)
            )
            self.operand = calls.Operand(array.data, shape, strides, type_.layout)
        else:
            self.number = context.cast(builder, value, type_, wanted)
            self._leave_lost(value)
            self.operand = calls.Operand(ir.Constant(nest.BYTES, None))

    def _leave_lost(self, value: ir.Value) -> None:
        """NumPy warns where a number is none of single precision."""
        if (self.type_, self.wanted) != (types.float64, types.float32):
            return
        builder = self.builder
        infinite = [
            builder.fcmp_ordered("==", builder.call(self._absolute(each.type), [each]),
                                 ir.Constant(each.type, float("inf")))
            for each in (self.number, value)
        ]  # fmt: skip
        lost = builder.and_(infinite[0], builder.not_(infinite[1]))
        lost = builder.and_(lost, float_status.can_run_again(builder))
        calls.leave(self.context, builder, lost, "a number beyond single precision")

    def _absolute(self, type_: ir.Type) -> ir.Function:
        return self.builder.module.declare_intrinsic("llvm.fabs", [type_])

    def item(self, row: ir.Value, index: ir.Value, step: ir.Value) -> ir.Value:
        if not self.is_array:
            return self.number
        place = _moved(self.builder, row, [index], [step])
        pointer = self.context.get_data_type(self.type_).as_pointer()
        found = self.context.unpack_value(
            self.builder, self.type_, self.builder.bitcast(place, pointer), self.align
        )
        return self.context.cast(self.builder, found, self.type_, self.wanted)


def _choose(
    context: Any,
    builder: ir.IRBuilder,
    sources: Sequence[_Source],
    rows: Sequence[ir.Value],
    steps: Sequence[ir.Value],
    target: tuple[Any, ir.Value],
    length: ir.Value,
) -> None:
    """Write one line of the result, which has no gaps."""
    type_, begin = target
    data_type = context.get_data_type(type_)
    size = INT64(context.get_abi_sizeof(data_type))
    with cgutils.for_range(builder, length) as each:
        flag, first, second = (
            source.item(row, each.index, step)
            for source, row, step in zip(sources, rows, steps, strict=True)
        )
        place = builder.bitcast(
            _moved(builder, begin, [each.index], [size]), data_type.as_pointer()
        )
        context.pack_value(builder, type_, builder.select(flag, first, second), place)


def _moved(builder: ir.IRBuilder, at: ir.Value, indices: Any, strides: Any) -> ir.Value:
    offset = INT64(0)
    for index, stride in zip(indices, strides, strict=True):
        offset = builder.add(offset, builder.mul(index, stride))
    return builder.gep(builder.bitcast(at, nest.BYTES), [offset])


WHERE: Any = intrinsic(_where)
_CLIP: Any = intrinsic(_clip)
FUNCTIONS: dict[tuple[Any, int], Any] = {
    **{(getattr(numpy, name), 2): made for name, made in EXTREMES.items()},
    (numpy.clip, 3): _CLIP,
    (numpy.where, 3): WHERE,
}
METHODS: dict[tuple[str, int], Any] = {("clip", 2): _CLIP}


def is_same(function: Any, given: tuple[Any, ...], strong: tuple[bool, ...]) -> bool:
    """Tell whether a function of NumPy makes the same if some numbers are NumPy's own."""
    if function is WHERE:
        types_ = tuple(map(types.unliteral, given))
        return where_type(types_) == where_type(types_, strong)
    kept = [each for each in zip(given, strong, strict=True) if each[0] != types.none]
    name = function.__name__ if len(kept) == len(given) else "maximum"  # clip without a bound
    return signatures.is_same(
        name, tuple(type_ for type_, _ in kept), tuple(own for _, own in kept)
    )
