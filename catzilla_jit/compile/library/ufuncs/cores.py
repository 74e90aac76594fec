"""Functions of NumPy on whole vectors and matrices, as calls of the loops that NumPy calls.

`@`, `numpy.dot` and `numpy.linalg`: each is a generalised ufunc, whose loop gets the sizes and
strides of its core dimensions. What the Python functions around them check first is
checked here, and left to Python.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy
from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.core.extending import intrinsic
from numba.np import arrayobj

from catzilla_jit.compile.library.ufuncs import assignment, calls, nest, signatures
from catzilla_jit.compile.target import float_status

INT64 = ir.IntType(64)
ONE, ZERO = INT64(1), INT64(0)
#: What the matrices may hold.
MATRICES = (types.float64, types.complex128)


def call_once(
    builder: ir.IRBuilder,
    chosen: signatures.Chosen,
    pointers: Sequence[ir.Value],
    dimensions: Sequence[ir.Value],
    strides: Sequence[ir.Value],
) -> None:
    """Call a loop once; strides: of all core dimensions of all operands."""
    steps = [ZERO] * len(pointers) + list(strides)
    nest.call(builder, chosen.loop, pointers, [ONE, *dimensions], steps)


def let_go(context: Any, builder: ir.IRBuilder, operands: Sequence[calls.Operand]) -> None:
    for each in operands:
        if each.kept is not None:
            context.nrt.decref(builder, *each.kept)


class Output:
    """The array, or the number, that a loop writes to."""

    def __init__(self, context: Any, builder: ir.IRBuilder, type_: Any, shape: Any) -> None:
        self._context, self._builder, self._type = context, builder, type_
        if isinstance(type_, types.Array):
            self._array = arrayobj._empty_nd_impl(context, builder, type_, shape)
            self.data = self._array.data
            self.strides = cgutils.unpack_tuple(builder, self._array.strides, type_.ndim)
        else:
            self._array, self.strides = None, []
            self.data = cgutils.alloca_once(builder, context.get_data_type(type_))

    def value(self) -> ir.Value:
        if self._array is not None:
            return self._array._getvalue()
        return self._context.unpack_value(self._builder, self._type, self.data)

    def let_go(self) -> None:
        if self._array is not None:
            self._context.nrt.decref(self._builder, self._type, self.value())

    def leave_if_invalid(self, others: Sequence[Output] = ()) -> None:
        """Leave where the loop has said that the matrix is none that it can do."""
        with self._builder.if_then(float_status.is_invalid(self._builder), likely=False):
            for each in (self, *others):
                each.let_go()
            always = ir.IntType(1)(1)
            calls.leave(self._context, self._builder, always, "a matrix without an answer")


# -- products


def product_type(left: Any, right: Any) -> Any:
    """Return what `left @ right` is of vectors, matrices and stacks of these, None for others."""
    given = (left, right)
    if not all(
        isinstance(each, types.Array) and each.ndim in (1, 2, 3) and each.aligned for each in given
    ):
        return None
    stacked = max(left.ndim, right.ndim) == 3
    if stacked and min(left.ndim, right.ndim) == 1:
        return None
    chosen = signatures.choose("matmul", given)
    if chosen is None or left.dtype != right.dtype or left.dtype == types.boolean:
        return None
    dimensions = 3 if stacked else left.ndim + right.ndim - 2
    return types.Array(chosen.makes[0], dimensions, "C") if dimensions else chosen.makes[0]


def _product(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
    chosen = signatures.choose("matmul", signature.args)
    assert chosen is not None
    left, right = (
        calls.operand(context, builder, type_, value, type_.dtype)
        for type_, value in zip(signature.args, values, strict=True)
    )
    lines = [len(each.shape) == 1 for each in (left, right)]
    rows = ONE if lines[0] else left.shape[-2]
    columns = ONE if lines[1] else right.shape[-1]
    common = left.shape[-1]
    differs = builder.icmp_signed("!=", common, right.shape[0 if lines[1] else -2])
    calls.leave(context, builder, differs, "a matrix of another shape")
    stack = _stack(context, builder, [left, right])
    shape = [] if stack is None else [stack]
    shape += [rows] * (not lines[0]) + [columns] * (not lines[1])
    out = Output(context, builder, signature.return_type, shape)
    made = list(out.strides[-2:] if stack is not None else out.strides)
    float_status.clear(builder)
    strides = [
        ZERO if lines[0] else left.strides[-2], left.strides[-1],
        right.strides[0 if lines[1] else -2], ZERO if lines[1] else right.strides[-1],
        ZERO if lines[0] else made.pop(0), ZERO if lines[1] else made.pop(0),
    ]  # fmt: skip
    with cgutils.for_range(builder, ONE if stack is None else stack) as each:
        pointers = [
            _of_stack(builder, place.data, place, each.index, stack)
            for place in (left, right, calls.Operand(out.data, shape, out.strides))
        ]
        call_once(builder, chosen, pointers, [rows, common, columns], strides)
    float_status.collect(builder)
    return out.value()


def _stack(
    context: Any, builder: ir.IRBuilder, operands: Sequence[calls.Operand]
) -> ir.Value | None:
    """Return how many matrices a stack has; leave where two stacks do not fit."""
    lengths = [each.shape[0] for each in operands if len(each.shape) == 3]
    if not lengths:
        return None
    first, last = lengths[0], lengths[-1]
    single = builder.icmp_signed("==", first, ONE)
    apart = builder.and_(
        builder.icmp_signed("!=", first, last),
        builder.not_(builder.or_(single, builder.icmp_signed("==", last, ONE))),
    )
    calls.leave(context, builder, apart, "a stack of another length")
    return builder.select(single, last, first)


def _of_stack(
    builder: ir.IRBuilder,
    data: ir.Value,
    place: calls.Operand,
    index: ir.Value,
    stack: ir.Value | None,
) -> ir.Value:
    """Return where a matrix of a stack begins; a single one stands for all."""
    if stack is None or len(place.shape) < 3:
        return data
    one = builder.icmp_signed("==", place.shape[0], ONE)
    offset = builder.select(one, ZERO, builder.mul(index, place.strides[0]))
    return builder.gep(builder.bitcast(data, nest.BYTES), [offset])


@intrinsic
def matmul(_typing: Any, left: Any, right: Any) -> Any:
    """Compute `left @ right`."""
    result = product_type(left, right)
    if result is None:
        raise errors.TypingError(f"the product of {left} and {right} is not known")
    return result(left, right), _product


@intrinsic
def dot(_typing: Any, left: Any, right: Any) -> Any:
    """Compute `numpy.dot(left, right)` of lines and tables."""
    result = product_type(left, right)
    known = result is not None and max(left.ndim, right.ndim) < 3
    if not known or left.dtype not in (types.float64, types.complex128):
        raise errors.TypingError(f"the dot product of {left} and {right} is not known")

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        _leave_unfit(context, builder, signature.args, values)
        held = [
            _as_dot_takes_it(context, builder, type_, value)
            for type_, value in zip(signature.args, values, strict=True)
        ]
        found = _product(context, builder, signature, held)
        for type_, value in zip(signature.args, held, strict=True):
            if type_.layout == "A":
                context.nrt.decref(builder, type_, value)
        return found

    return result(left, right), code


def _leave_unfit(context: Any, builder: ir.IRBuilder, given: Any, values: Any) -> None:
    """Leave, before anything is copied, where two arrays have no product.

    And where NumPy has other calls than the product's: for what has one item, complex columns by
    rows, and where a table that may have gaps meets a length of 1.
    """
    left, right = (
        cgutils.unpack_tuple(
            builder, context.make_array(type_)(context, builder, value).shape, type_.ndim
        )
        for type_, value in zip(given, values, strict=True)
    )
    unfit = builder.icmp_signed("!=", left[-1], right[0])
    one = [builder.icmp_signed("==", length, ONE) for length in (*left, *right)]
    if any(type_.ndim == 2 and type_.layout == "A" for type_ in given):
        unfit = functools.reduce(builder.or_, one, unfit)
    elif len(one) > 2:
        scaled = one[len(left) - 1]
        if given[0].dtype != types.complex128 and len(one) == 4:
            scaled = builder.and_(scaled, builder.or_(one[0], one[3]))
        unfit = builder.or_(unfit, scaled)
    calls.leave(context, builder, unfit, "matrices that are multiplied by another call")


def _as_dot_takes_it(context: Any, builder: ir.IRBuilder, type_: Any, value: ir.Value) -> ir.Value:
    """Return an array, or a copy of a line that goes back and of a table with gaps.

    NumPy copies such lines, and not all such tables; the products of their copies have its bits.
    To be let go of.
    """
    if type_.layout != "A":
        return value
    array = context.make_array(type_)(context, builder, value)
    shape = cgutils.unpack_tuple(builder, array.shape, type_.ndim)
    strides = cgutils.unpack_tuple(builder, array.strides, type_.ndim)
    if type_.ndim == 1:
        copies = builder.icmp_signed("<=", strides[0], ZERO)
    else:
        copies = builder.not_(_is_gapless(builder, array.itemsize, shape, strides))
    kept = cgutils.alloca_once_value(builder, value)
    with builder.if_else(copies) as (some, none):
        with some:
            whole = types.Array(type_.dtype, type_.ndim, "C")
            copy = assignment.copied(context, builder, type_, value, whole)
            builder.store(context.cast(builder, copy, whole, type_), kept)
        with none:
            context.nrt.incref(builder, type_, value)
    return builder.load(kept)


def _is_gapless(builder: ir.IRBuilder, size: ir.Value, shape: Any, strides: Any) -> ir.Value:
    """Tell whether the rows, or the columns, of a table lie one behind the other."""

    def lie(inner: int, outer: int) -> ir.Value:
        length = builder.mul(size, shape[inner])
        return builder.and_(
            builder.icmp_signed("==", strides[inner], size),
            builder.icmp_signed("==", strides[outer], length),
        )

    return builder.or_(lie(1, 0), lie(0, 1))


# -- linear algebra


def _of_square(name: str, dimensions: int) -> Any:
    """Return what calls a loop for one square matrix, or for each of a stack."""

    def of_matrix(_typing: Any, matrix: Any) -> Any:
        chosen = _chosen(name, (matrix,), (2, 3))
        result = chosen.makes[0]
        if dimensions or matrix.ndim == 3:
            result = types.Array(result, dimensions + matrix.ndim - 2, "C")
        return result(matrix), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        chosen = signatures.choose(name, signature.args)
        assert chosen is not None
        given = calls.operand(context, builder, signature.args[0], values[0], chosen.takes[0])
        _leave_unless_square(context, builder, given)
        size = given.shape[-1]
        stack = given.shape[0] if len(given.shape) == 3 else None
        shape = [] if stack is None else [stack]
        out = Output(context, builder, signature.return_type, shape + [size] * dimensions)
        made = list(out.strides)
        apart = ZERO if stack is None else made.pop(0)
        float_status.clear(builder)
        strides = [*given.strides[-2:], *made]
        with cgutils.for_range(builder, ONE if stack is None else stack) as each:
            source = _of_stack(builder, given.data, given, each.index, stack)
            target = builder.gep(
                builder.bitcast(out.data, nest.BYTES), [builder.mul(each.index, apart)]
            )
            call_once(builder, chosen, [source, target], [size], strides)
        if name == "linalg.det":
            float_status.collect(builder)
        else:
            out.leave_if_invalid()
        return out.value()

    of_matrix.__name__ = of_matrix.__qualname__ = name.partition(".")[2]
    return intrinsic(of_matrix)


def _leave_unless_square(context: Any, builder: ir.IRBuilder, matrix: calls.Operand) -> None:
    differs = builder.icmp_signed("!=", *matrix.shape[-2:])
    calls.leave(context, builder, differs, "a matrix that is not square")


def _chosen(name: str, given: tuple[Any, ...], dimensions: tuple[int, ...]) -> signatures.Chosen:
    first = given[0]
    known = all(
        isinstance(each, types.Array) and each.aligned and each.dtype == first.dtype
        for each in given
    )
    chosen = None
    if known and first.ndim in dimensions and first.dtype in MATRICES:
        chosen = signatures.choose(name, given)
    if chosen is None:
        shown = ", ".join(map(str, given))
        raise errors.TypingError(f"{name} is not known for {shown}")
    return chosen


@intrinsic
def solve(_typing: Any, matrix: Any, right: Any) -> Any:
    """Compute `numpy.linalg.solve(matrix, right)`."""
    name = "linalg.solve1" if getattr(right, "ndim", 0) == 1 else "linalg.solve"
    if getattr(right, "ndim", 0) not in (1, 2):
        raise errors.TypingError(f"the solution for {right} is not known")
    _chosen(name, (matrix, right), (2,))

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        chosen = signatures.choose(name, signature.args)
        assert chosen is not None
        left, given = (
            calls.operand(context, builder, type_, value, type_.dtype)
            for type_, value in zip(signature.args, values, strict=True)
        )
        _leave_unless_square(context, builder, left)
        differs = builder.icmp_signed("!=", left.shape[0], given.shape[0])
        calls.leave(context, builder, differs, "a matrix of another shape")
        out = Output(context, builder, signature.return_type, given.shape)
        float_status.clear(builder)
        strides = [*left.strides, *given.strides, *out.strides]
        pointers = [left.data, given.data, out.data]
        call_once(builder, chosen, pointers, [left.shape[0], *given.shape[1:]], strides)
        out.leave_if_invalid()
        return out.value()

    return types.Array(right.dtype, right.ndim, "C")(matrix, right), code


FUNCTIONS: dict[tuple[Any, int], Callable[..., Any]] = {
    (numpy.matmul, 2): matmul, (numpy.dot, 2): dot,
    (numpy.linalg.inv, 1): _of_square("linalg.inv", 2),
    (numpy.linalg.det, 1): _of_square("linalg.det", 0),
    (numpy.linalg.cholesky, 1): _of_square("linalg.cholesky_lo", 2),
    (numpy.linalg.eigvalsh, 1): _of_square("linalg.eigvalsh_lo", 1),
    (numpy.linalg.solve, 2): solve,
}  # fmt: skip
