"""`numpy.linalg` functions with several results: the loops that they call, with their steps.

A matrix that has no answer is found by its loop, which says `invalid`: then the function is left,
and NumPy raises. Empty matrices are left to NumPy.
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

from catzilla_jit.compile.library.ufuncs import calls, signatures
from catzilla_jit.compile.library.ufuncs.cores import MATRICES, Output, call_once, let_go
from catzilla_jit.compile.library.ufuncs.late import late_intrinsic
from catzilla_jit.compile.target import float_status

INT64 = ir.IntType(64)
ONE, ZERO = INT64(1), INT64(0)
#: The classes of the results, which are tuples with names in NumPy 2.
_RESULTS = {
    "eig": "EigResult", "eigh": "EighResult", "svd": "SVDResult", "slogdet": "SlogdetResult",
    "qr": "QRResult",
}  # fmt: skip


def result_class(name: str) -> Any:
    """Return the class of the tuples that a function returns, None in NumPy 1."""
    return getattr(getattr(numpy.linalg, "_linalg", None), _RESULTS[name], None)


def _tuple_type(name: str, kinds: Sequence[Any]) -> Any:
    class_ = result_class(name)
    if class_ is None:
        return types.Tuple(tuple(kinds))
    made = types.NamedUniTuple if len(set(kinds)) == 1 else types.NamedTuple
    if made is types.NamedUniTuple:
        return types.NamedUniTuple(kinds[0], len(kinds), class_)
    return types.NamedTuple(tuple(kinds), class_)


def _chosen(name: str, given: tuple[Any, ...]) -> signatures.Chosen | None:
    """Return the loop for matrices of one type; integers count as floats."""
    for each in given:
        if isinstance(each, types.Array) and not (each.aligned and each.dtype in KINDS):
            return None
    return signatures.choose(name, given)


KINDS = (*MATRICES, types.int64)


def _matrix(
    context: Any, builder: ir.IRBuilder, type_: Any, value: ir.Value, wanted: Any, *, square: bool
) -> calls.Operand:
    found = calls.operand(context, builder, type_, value, wanted)
    if square:
        differs = builder.icmp_signed("!=", *found.shape)
        calls.leave(context, builder, differs, "a matrix that is not square")
    for length in found.shape:
        nothing = builder.icmp_signed("==", length, ZERO)
        calls.leave(context, builder, nothing, "an empty matrix")
    return found


def _made(name: str, typed: Callable[..., Any]) -> Any:
    def of_matrix(_typing: Any, matrix: Any) -> Any:
        return typed(matrix)

    return late_intrinsic(of_matrix, name)


def _unknown(name: str, *given: Any) -> errors.TypingError:
    return errors.TypingError(f"{name} is not known for {', '.join(map(str, given))}")


@functools.cache
def square(name: str, loop: str, dimensions: tuple[int, ...]) -> Any:
    """Return what calls a loop for a square matrix; dimensions: those of each result."""

    def typed(matrix: Any) -> Any:
        known = isinstance(matrix, types.Array) and matrix.ndim == 2
        chosen = _chosen(loop, (matrix,)) if known else None
        if chosen is None:
            raise _unknown(name, matrix)
        kinds = [
            types.Array(each, n, "C") if n else each
            for each, n in zip(chosen.makes, dimensions, strict=True)
        ]
        return _tuple_type(name, kinds)(matrix), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        chosen = _chosen(loop, signature.args)
        assert chosen is not None
        given = _matrix(
            context, builder, signature.args[0], values[0], chosen.takes[0], square=True
        )
        size = given.shape[0]
        result = signature.return_type
        outputs = [
            Output(context, builder, type_, [size] * n)
            for type_, n in zip(result.types, dimensions, strict=True)
        ]
        return _finished(context, builder, chosen, result, [given], [size], outputs)

    return _made(name, typed)


def _finished(
    context: Any,
    builder: ir.IRBuilder,
    chosen: signatures.Chosen,
    result: Any,
    given: list[calls.Operand],
    sizes: list[ir.Value],
    outputs: list[Output],
) -> ir.Value:
    """Call the loop and return the tuple of its results."""
    float_status.clear(builder)
    pointers = [each.data for each in (*given, *outputs)]
    strides = [step for each in (*given, *outputs) for step in each.strides]
    call_once(builder, chosen, pointers, sizes, strides)
    let_go(context, builder, given)
    if chosen.name == "linalg.slogdet":  # which has an answer for each matrix
        float_status.collect(builder)
    else:
        outputs[0].leave_if_invalid(outputs[1:])
    return context.make_tuple(builder, result, [each.value() for each in outputs])


@functools.cache
def singular(full: bool) -> Any:
    """Return what computes `numpy.linalg.svd` of a matrix."""
    loop = "linalg.svd_f" if full else "linalg.svd_s"

    def typed(matrix: Any) -> Any:
        known = isinstance(matrix, types.Array) and matrix.ndim == 2
        chosen = _chosen(loop, (matrix,)) if known else None
        if chosen is None:
            raise _unknown("svd", matrix)
        left, values, right = chosen.makes
        kinds = [types.Array(left, 2, "C"), types.Array(values, 1, "C"), types.Array(right, 2, "C")]
        return _tuple_type("svd", kinds)(matrix), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        chosen = _chosen(loop, signature.args)
        assert chosen is not None
        given = _matrix(
            context, builder, signature.args[0], values[0], chosen.takes[0], square=False
        )
        rows, columns = given.shape
        least = _least(builder, rows, columns)
        shapes = [[rows, rows if full else least], [least], [columns if full else least, columns]]
        result = signature.return_type
        outputs = [
            Output(context, builder, type_, shape)
            for type_, shape in zip(result.types, shapes, strict=True)
        ]
        return _finished(context, builder, chosen, result, [given], [rows, columns, least], outputs)

    return _made("svd", typed)


def _least(builder: ir.IRBuilder, first: ir.Value, second: ir.Value) -> ir.Value:
    return builder.select(builder.icmp_signed("<", first, second), first, second)


def _is_table(matrix: Any) -> bool:
    return isinstance(matrix, types.Array) and matrix.ndim == 2


def _line(
    name: str, loop: str, *, square: bool = False, fits: Callable[[Any], bool] = _is_table
) -> Any:
    """Return what calls a loop that makes a line of a matrix, as long as its shorter side."""

    def typed(matrix: Any) -> Any:
        chosen = _chosen(loop, (matrix,)) if fits(matrix) else None
        if chosen is None:
            raise _unknown(name, matrix)
        return types.Array(chosen.makes[0], 1, "C")(matrix), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        chosen = _chosen(loop, signature.args)
        assert chosen is not None
        given = _matrix(
            context, builder, signature.args[0], values[0], chosen.takes[0], square=square
        )
        least = given.shape[0] if square else _least(builder, *given.shape)
        sizes = [least] if square else [*given.shape, least]
        out = Output(context, builder, signature.return_type, [least])
        return _only(context, builder, chosen, [given], sizes, out)

    return _made(name, typed)


singular_values = _line("svd", "linalg.svd")
eigenvalues = _line("eigvals", "linalg.eigvals", square=True)


# -- the factors Q and R


def _is_plain(matrix: Any) -> bool:
    known = _is_table(matrix) and matrix.dtype == types.float64
    return known and matrix.layout == "C" and matrix.aligned


#: It writes the factors over the matrix, as LAPACK keeps them, and returns the rest of them.
raw_factors = _line("qr", "linalg.qr_r_raw", fits=_is_plain)


@intrinsic
def reduced_factor(_typing: Any, matrix: Any, rest: Any) -> Any:
    """Return Q, of what `raw_factors` has made: as many columns as `rest` has items."""
    chosen = _chosen("linalg.qr_reduced", (matrix, rest)) if _is_plain(matrix) else None
    if chosen is None:
        raise _unknown("qr", matrix)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        assert chosen is not None
        given = [
            calls.operand(context, builder, type_, value, wanted)
            for type_, value, wanted in zip(signature.args, values, chosen.takes, strict=True)
        ]
        sizes = [*given[0].shape, *given[1].shape]
        out = Output(context, builder, signature.return_type, [sizes[0], sizes[2]])
        return _only(context, builder, chosen, given, sizes, out)

    return types.Array(types.float64, 2, "C")(matrix, rest), code


def _only(
    context: Any,
    builder: ir.IRBuilder,
    chosen: signatures.Chosen,
    given: list[calls.Operand],
    sizes: list[ir.Value],
    out: Output,
) -> ir.Value:
    """Call a loop with one result, and return that."""
    float_status.clear(builder)
    strides = [step for each in (*given, out) for step in each.strides]
    call_once(builder, chosen, [*(each.data for each in given), out.data], sizes, strides)
    let_go(context, builder, given)
    out.leave_if_invalid()
    return out.value()


# -- least squares


@intrinsic
def least_squares(_typing: Any, matrix: Any, right: Any, limit: Any) -> Any:
    """Compute `numpy.linalg.lstsq`; limit: `rcond`, below 0 for the default."""
    known = isinstance(matrix, types.Array) and isinstance(right, types.Array)
    known = known and matrix.ndim == 2 and right.ndim in (1, 2)
    known = known and {matrix.dtype, right.dtype} <= {types.float64, types.int64}
    line = types.Array(types.float64, 1, "C")
    given = (types.Array(types.float64, 2, "C"),) * 2
    chosen = _chosen("linalg.lstsq", (*given, types.float64)) if known else None
    if chosen is None or not matrix.aligned or not right.aligned:
        raise _unknown("lstsq", matrix, right)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        assert chosen is not None
        return _least_squares(context, builder, chosen, signature, values)

    solution = types.Array(types.float64, right.ndim, "C")
    result = types.Tuple((solution, line, chosen.makes[2], line))
    return result(matrix, right, types.float64), code


def _least_squares(
    context: Any, builder: ir.IRBuilder, chosen: signatures.Chosen, signature: Any, values: Any
) -> ir.Value:
    left = _matrix(context, builder, signature.args[0], values[0], types.float64, square=False)
    right = _matrix(context, builder, signature.args[1], values[1], types.float64, square=False)
    rows, columns = left.shape
    differs = builder.icmp_signed("!=", rows, right.shape[0])
    calls.leave(context, builder, differs, "a matrix of another shape")
    several = len(right.shape) == 2
    count = right.shape[1] if several else ONE
    most = builder.select(builder.icmp_signed("<", rows, columns), columns, rows)
    wide = ir.DoubleType()
    usual = builder.fmul(wide(numpy.finfo(float).eps), builder.sitofp(most, wide))
    negative = builder.fcmp_ordered("<", values[2], wide(0.0))
    limit = cgutils.alloca_once_value(builder, builder.select(negative, usual, values[2]))
    result = signature.return_type
    least = _least(builder, rows, columns)
    x = Output(context, builder, result.types[0], [columns, count] if several else [columns])
    residuals = Output(context, builder, result.types[1], [count])
    rank = Output(context, builder, result.types[2], [])
    singular = Output(context, builder, result.types[3], [least])
    strides = [
        *left.strides, right.strides[0], right.strides[1] if several else ZERO,
        x.strides[0], x.strides[1] if several else ZERO, *residuals.strides, *singular.strides,
    ]  # fmt: skip
    float_status.clear(builder)
    pointers = [left.data, right.data, limit]
    pointers += [each.data for each in (x, residuals, rank, singular)]
    call_once(builder, chosen, pointers, [rows, columns, count, least], strides)
    let_go(context, builder, [left, right])
    x.leave_if_invalid([residuals, singular])
    found = builder.sext(rank.value(), INT64)
    none = builder.or_(
        builder.icmp_signed("!=", found, columns), builder.icmp_signed("<=", rows, columns)
    )
    told = _shortened(context, builder, residuals, none, count)
    parts = [x.value(), told, rank.value(), singular.value()]
    return context.make_tuple(builder, result, parts)


def _shortened(
    context: Any, builder: ir.IRBuilder, line: Output, none: ir.Value, count: ir.Value
) -> ir.Value:
    """Return a line, or one without items in its place."""
    type_ = types.Array(types.float64, 1, "C")
    kept = builder.select(none, ZERO, count)
    made = arrayobj._empty_nd_impl(context, builder, type_, [kept])
    with cgutils.for_range(builder, kept) as each:
        item = builder.load(builder.gep(line.data, [each.index]))
        builder.store(item, builder.gep(made.data, [each.index]))
    context.nrt.decref(builder, type_, line.value())
    return made._getvalue()
