"""Functions of NumPy on whole vectors and matrices, as calls of the loops that NumPy calls.

`@`, `numpy.dot` and `numpy.linalg`: each is a generalised ufunc, whose loop gets the sizes and
strides of its core dimensions. What the Python functions around them check first is
checked here, and left to Python.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy
from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.core.extending import intrinsic
from numba.np import arrayobj

from catzilla_jit.compile.library.ufuncs import calls, nest, signatures
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
            calls.leave(
                self._context, self._builder, ir.IntType(1)(1), "a matrix without an answer"
            )


# -- products


def product_type(left: Any, right: Any) -> Any:
    """Return what `left @ right` is of vectors and matrices, None for others."""
    given = (left, right)
    if not all(
        isinstance(each, types.Array) and each.ndim in (1, 2) and each.aligned for each in given
    ):
        return None
    chosen = signatures.choose("matmul", given)
    if chosen is None or left.dtype != right.dtype or left.dtype == types.boolean:
        return None
    dimensions = left.ndim + right.ndim - 2
    return types.Array(chosen.makes[0], dimensions, "C") if dimensions else chosen.makes[0]


def _product(context: Any, builder: ir.IRBuilder, signature: Any, values: Any) -> ir.Value:
    chosen = signatures.choose("matmul", signature.args)
    assert chosen is not None
    left, right = (
        calls.operand(context, builder, type_, value, type_.dtype)
        for type_, value in zip(signature.args, values, strict=True)
    )
    rows = left.shape[0] if len(left.shape) == 2 else ONE
    columns = right.shape[1] if len(right.shape) == 2 else ONE
    differs = builder.icmp_signed("!=", left.shape[-1], right.shape[0])
    calls.leave(context, builder, differs, "matrices that do not fit each other")
    shape = [rows] * (len(left.shape) - 1) + [columns] * (len(right.shape) - 1)
    out = Output(context, builder, signature.return_type, shape)
    made = list(out.strides)
    float_status.clear(builder)
    strides = [
        left.strides[0] if len(left.shape) == 2 else ZERO, left.strides[-1],
        right.strides[0], right.strides[1] if len(right.shape) == 2 else ZERO,
        made.pop(0) if len(left.shape) == 2 else ZERO,
        made.pop(0) if len(right.shape) == 2 else ZERO,
    ]  # fmt: skip
    call_once(
        builder, chosen, [left.data, right.data, out.data], [rows, left.shape[-1], columns], strides
    )
    float_status.collect(builder)
    return out.value()


@intrinsic
def matmul(_typing: Any, left: Any, right: Any) -> Any:
    """Compute `left @ right`."""
    result = product_type(left, right)
    if result is None:
        raise errors.TypingError(f"the product of {left} and {right} is not known")
    return result(left, right), _product


@intrinsic
def dot(_typing: Any, left: Any, right: Any) -> Any:
    """Compute `numpy.dot(left, right)` of arrays without gaps."""
    result = product_type(left, right)
    if result is None or "A" in (left.layout, right.layout):
        raise errors.TypingError(f"the dot product of {left} and {right} is not known")
    if left.dtype not in (types.float64, types.complex128):
        raise errors.TypingError(f"the dot product of {left} and {right} is not known")
    return result(left, right), _product


# -- linear algebra


def _of_square(name: str, dimensions: int) -> Any:
    """Return what calls a loop for one square matrix."""

    def of_matrix(_typing: Any, matrix: Any) -> Any:
        chosen = _chosen(name, (matrix,), 2)
        result = chosen.makes[0]
        if dimensions:
            result = types.Array(result, dimensions, "C")
        return result(matrix), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        chosen = signatures.choose(name, signature.args)
        assert chosen is not None
        given = calls.operand(context, builder, signature.args[0], values[0], chosen.takes[0])
        _leave_unless_square(context, builder, given)
        size = given.shape[0]
        out = Output(context, builder, signature.return_type, [size] * dimensions)
        float_status.clear(builder)
        strides = [*given.strides, *out.strides]
        call_once(builder, chosen, [given.data, out.data], [size], strides)
        if name == "linalg.det":
            float_status.collect(builder)
        else:
            out.leave_if_invalid()
        return out.value()

    of_matrix.__name__ = of_matrix.__qualname__ = name.partition(".")[2]
    return intrinsic(of_matrix)


def _leave_unless_square(context: Any, builder: ir.IRBuilder, matrix: calls.Operand) -> None:
    differs = builder.icmp_signed("!=", *matrix.shape)
    calls.leave(context, builder, differs, "a matrix that is not square")


def _chosen(name: str, given: tuple[Any, ...], dimensions: int) -> signatures.Chosen:
    first = given[0]
    known = all(
        isinstance(each, types.Array) and each.aligned and each.dtype == first.dtype
        for each in given
    )
    chosen = None
    if known and first.ndim == dimensions and first.dtype in MATRICES:
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
    _chosen(name, (matrix, right), 2)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        chosen = signatures.choose(name, signature.args)
        assert chosen is not None
        left, given = (
            calls.operand(context, builder, type_, value, type_.dtype)
            for type_, value in zip(signature.args, values, strict=True)
        )
        _leave_unless_square(context, builder, left)
        differs = builder.icmp_signed("!=", left.shape[0], given.shape[0])
        calls.leave(context, builder, differs, "matrices that do not fit each other")
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
