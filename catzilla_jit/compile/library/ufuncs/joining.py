"""Arrays joined to a new one, as `numpy.concatenate`, `stack` and their kin do.

Arrays are lines, or in C order: the result is in C order then. The items of each part are written
by the function that writes parts of arrays (`assignment.py`).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import numpy
from llvmlite import ir
from numba.core import cgutils, errors, types
from numba.np import arrayobj, numpy_support

from catzilla_jit.compile.library.ufuncs import (
    assignment,
    calls,
    conversions,
    nest,
    number_rows,
    signatures,
)
from catzilla_jit.compile.library.ufuncs.late import late_intrinsic

INT64 = ir.IntType(64)
ONE, ZERO = INT64(1), INT64(0)
#: The functions that take numbers beside arrays.
WITH_NUMBERS = {"hstack", "append", "r_"}
#: What `numpy.r_` and `numpy.c_` join here; other numbers give way to arrays in ways of their own.
PLAIN = {types.float64, types.int64, types.boolean, types.complex128}


@functools.cache
def joining(name: str, axis: int, count: int) -> Any:
    """Return what joins so many arrays as a function of NumPy does."""

    def typed(given: tuple[Any, ...]) -> Any:
        given = tuple(map(types.unliteral, given))
        result = result_type(name, axis, given)
        if result is None:
            raise errors.TypingError(f"{name} is not known for {', '.join(map(str, given))}")
        return result(*given), code

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _written(context, builder, signature, values, name, axis)

    return of_count(name, count, typed)


def of_count(name: str, count: int, typed: Any) -> Any:
    """Return an intrinsic of so many arguments, which `typed` is called with."""
    names = ", ".join(f"x{i}" for i in range(count))
    space: dict[str, Any] = {"typed": typed}
    exec(f"def joined(_typing, {names}):\n    return typed(({names},))", space)
    function = space["joined"]
    function.__module__ = __name__
    return late_intrinsic(function, name)


HANDED = "handed over"
#: What numbers may be written to an array of a type, beside those of the type itself.
WRITTEN: dict[Any, tuple[Any, ...]] = {
    types.float64: (types.boolean, types.int64, types.float32),
    types.int64: (types.boolean,),
    types.complex128: (types.boolean, types.int64, types.float64),
}


@functools.cache
def array_of(shape: tuple[int, ...], wanted: Any) -> Any:
    """Return what makes an array of numbers that are written out, or of rows of one shape.

    Rows are arrays, or tuples of numbers, as lists of constants are.

    wanted: the type of the items, None for the one that NumPy takes, HANDED for that which the
    last argument means.
    """
    count = functools.reduce(operator.mul, shape)

    def typed(given: tuple[Any, ...]) -> Any:
        given = tuple(map(types.unliteral, given))
        if wanted is HANDED:
            own = conversions.told(given[-1])
            return _typed(given, given[:-1], own) if own is not None else _unknown(given)
        return _typed(given, given, wanted)

    def _unknown(given: Any) -> Any:
        raise errors.TypingError(f"array is not known for {', '.join(map(str, given))}")

    def _typed(all_: Any, given: Any, wanted: Any) -> Any:
        if isinstance(given[0], types.Array | types.BaseTuple) and len(shape) == 1:
            result = result_type("stack", 0, given)
            code = _stacked
            if result is not None and wanted not in (None, result.dtype):
                rows = all(isinstance(each, types.BaseTuple) for each in given)
                fits = rows and result.dtype in WRITTEN.get(wanted, ())
                result = types.Array(wanted, 2, "C") if fits else None
        else:
            item = _item(given, wanted)
            result = None if item is None else types.Array(item, len(shape), "C")
            code = _numbers
        return _unknown(all_) if result is None else (result(*all_), code)

    def _stacked(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        own = signature.return_type(*signature.args[:count])
        return _written(context, builder, own, values[:count], "stack", 0)

    def _numbers(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        result = signature.return_type
        lengths = [INT64(each) for each in shape]
        made = arrayobj._empty_nd_impl(context, builder, result, lengths)
        numbers = list(zip(signature.args, values, strict=True))[:count]
        for i, (type_, value) in enumerate(numbers):
            number = context.cast(builder, value, type_, result.dtype)
            context.pack_value(builder, result.dtype, number, builder.gep(made.data, [INT64(i)]))
        return made._getvalue()

    return of_count("array", count + (wanted is HANDED), typed)


def _item(given: tuple[Any, ...], wanted: Any) -> Any:
    """Return the type of an array of numbers, None where it is not known."""
    if not signatures.DTYPES.issuperset(given):
        return None
    dtypes = [numpy.dtype(str(numpy_support.as_dtype(each))) for each in given]
    item = numpy_support.from_dtype(numpy.result_type(*dtypes)) if wanted is None else wanted
    plain = all(each == item or each in WRITTEN.get(item, ()) for each in given)
    return item if plain else None


def result_type(name: str, axis: int, given: tuple[Any, ...]) -> Any:
    """Return the Numba type of what is joined, None where it is not known."""
    elements = []
    for each in given:
        if isinstance(each, types.BaseTuple):
            elements.append(listed(each))
            continue
        plain = isinstance(each, types.Array) and each.aligned and each.ndim > 0
        if plain and each.ndim > 1 and each.layout != "C":
            return None
        if not plain and (isinstance(each, types.Array) or name not in WITH_NUMBERS):
            return None
        elements.append(each.dtype if plain else each)
    known = PLAIN if name in ("r_", "c_") else signatures.DTYPES
    if not known.issuperset(elements) or _place(name, axis, given) is None:
        return None
    dtypes = [numpy.dtype(str(numpy_support.as_dtype(each))) for each in elements]
    item = numpy_support.from_dtype(numpy.result_type(*dtypes))
    if item not in signatures.DTYPES:
        return None
    return types.Array(item, len(_inserted(name, axis, given[0])) + _dimensions(given[0]), "C")


def listed(type_: Any) -> Any:
    """Return the type of the line that a tuple, or a list that is written out, of numbers is."""
    given = tuple(map(types.unliteral, type_.types)) if len(type_) else ()
    plain = given and {types.float64, types.int64, types.boolean}.issuperset(given)
    return _item(given, None) if plain else None


def _dimensions(type_: Any) -> int:
    return type_.ndim if isinstance(type_, types.Array) else 1


def _inserted(name: str, axis: int, type_: Any) -> list[int]:
    """Return where an array gets a dimension of 1 first."""
    dimensions = _dimensions(type_)
    if name == "stack":
        return [axis % (dimensions + 1)]
    if dimensions == 1 and name in ("vstack", "column_stack", "c_"):
        return [int(name != "vstack")]
    return []


def _place(name: str, axis: int, given: tuple[Any, ...]) -> int | None:
    """Return the dimension along which is joined; None where the arrays do not fit."""
    dimensions = {_dimensions(each) + len(_inserted(name, axis, each)) for each in given}
    if len(dimensions) != 1:
        return None
    (most,) = dimensions
    if name == "append" and most != 1:
        return None
    if name == "hstack":
        axis = 0 if most == 1 else 1
    axis = {"vstack": 0, "column_stack": 1, "c_": most - 1}.get(name, axis)
    return axis % most if -most <= axis < most else None


def _written(
    context: Any, builder: ir.IRBuilder, signature: Any, values: Any, name: str, axis: int
) -> ir.Value:
    result = signature.return_type
    place = _place(name, axis, signature.args)
    assert place is not None
    parts = [
        _part(context, builder, type_, value, _inserted(name, axis, type_))
        for type_, value in zip(signature.args, values, strict=True)
    ]
    shape = list(parts[0].shape)
    wrong: ir.Value = calls.FALSE
    for each in parts[1:]:
        for i, length in enumerate(each.shape):
            if i != place or name == "stack":
                wrong = builder.or_(wrong, builder.icmp_signed("!=", length, parts[0].shape[i]))
        shape[place] = builder.add(shape[place], each.shape[place])
    calls.leave(context, builder, wrong, "an array of another shape")
    made = arrayobj._empty_nd_impl(context, builder, result, shape)
    strides = cgutils.unpack_tuple(builder, made.strides, result.ndim)
    at = builder.bitcast(made.data, nest.BYTES)
    for each, type_ in zip(parts, signature.args, strict=True):
        target = calls.Operand(at, each.shape, strides)
        item = listed(type_) if isinstance(type_, types.BaseTuple) else None
        item = item or getattr(type_, "dtype", type_)
        assignment.write_items(context, builder, result.dtype, item, target, each)
        at = builder.gep(at, [builder.mul(each.shape[place], strides[place])])
    return made._getvalue()


def _part(
    context: Any, builder: ir.IRBuilder, type_: Any, value: ir.Value, inserted: Sequence[int]
) -> calls.Operand:
    if isinstance(type_, types.BaseTuple):
        found = _of_tuple(context, builder, type_, value)
    elif not isinstance(type_, types.Array):
        place = cgutils.alloca_once(builder, context.get_data_type(type_))
        context.pack_value(builder, type_, value, place)
        return calls.Operand(place, [ONE], [ZERO])
    else:
        found = calls.operand(context, builder, type_, value, type_.dtype)
    shape, strides = list(found.shape), list(found.strides)
    for each in inserted:
        shape.insert(each, ONE)
        strides.insert(each, ZERO)
    return calls.Operand(found.data, shape, strides)


def _of_tuple(context: Any, builder: ir.IRBuilder, type_: Any, value: ir.Value) -> calls.Operand:
    """Return numbers of a tuple as items in memory that follow each other."""
    item = listed(type_)
    size = context.get_abi_sizeof(context.get_data_type(item))
    place = number_rows.stored(context, builder, type_, value, item)
    return calls.Operand(place, [INT64(len(type_))], [INT64(size)])
