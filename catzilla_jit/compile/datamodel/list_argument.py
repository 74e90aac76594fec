"""A list that a task is given: a copy of the caller's that compiled code can only read.

The copy is made when the task is submitted, by `pack`. Compiled code must not change it, because
the caller's list would stay as it was, nor return it, because the caller would get another list.
So it has a type of its own, `GivenList`, with the operations that read; what else is done to it is
refused while the types are inferred, and the task runs as Python. In memory it is Numba's list:
most operations are those of Numba's list on the same value, and what they make (a slice, a copy) is
an ordinary list. Where Python would compare or join items of different types nothing is offered.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc"

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy
from llvmlite import ir
from numba.core import cgutils, types, typing
from numba.core.datamodel.models import ListModel
from numba.core.extending import (
    NativeValue,
    intrinsic,
    lower_builtin,
    overload,
    overload_method,
    register_jitable,
    register_model,
    unbox,
)
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.builtins import normalize_1d_index
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.cpython.listobj import ListInstance

from catzilla_jit.compile.datamodel.bytes_type import byte_string

#: Where CPython keeps the number in a float.
FLOAT_VALUE = 16
#: Items that equal what has their value. Of floats a NaN is an exception, of tuples parts may be.
COMPARED = {types.int64, types.boolean, types.unicode_type, types.float64, byte_string}
NUMBERS = {types.int64, types.boolean, types.float64, types.complex128}
INT64 = ir.IntType(64)
MINUS_ONE = INT64(-1)


class GivenList(types.SimpleIterableType):
    """The type of a list argument."""

    mutable = False

    def __init__(self, dtype: types.Type) -> None:
        self.dtype = dtype
        self.list = types.List(dtype)
        super().__init__(f"list[{dtype}]", types.ListIter(self.list))

    @property
    def key(self) -> Any:
        return self.dtype


@register_model(GivenList)
class GivenListModel(ListModel):
    """In memory it is Numba's list."""

    def __init__(self, manager: Any, type_: GivenList) -> None:
        super().__init__(manager, type_.list)


def item_types(*containers: Any) -> set[Any]:
    """Return the types of the items of lists, given or made; empty if one is no list."""
    known = all(isinstance(each, GivenList | types.List) for each in containers)
    return {each.dtype for each in containers} if known else set()


# --- what Numba's list does on the same value -------------------------------------------------


@infer_global(len)
class _Length(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return typing.signature(types.intp, *args) if isinstance(args[0], GivenList) else None


@infer_global(operator.truth)
class _Truth(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return typing.signature(types.boolean, *args) if isinstance(args[0], GivenList) else None


@infer_global(operator.getitem)
class _Item(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        given, index = args
        if not isinstance(given, GivenList):
            return None
        index = normalize_1d_index(index)
        if isinstance(index, types.SliceType):
            return typing.signature(given.list, given, index)
        known = isinstance(index, types.Integer)
        return typing.signature(given.dtype, given, index) if known else None


def _as_of_list(operation: Any, *more: Any) -> None:
    @lower_builtin(operation, GivenList, *more)
    def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        given, *rest = signature.args
        same = typing.signature(signature.return_type, given.list, *rest)
        return context.get_function(operation, same)(builder, values)


_as_of_list(len)
_as_of_list("getiter")
_as_of_list(operator.getitem, types.Integer)
_as_of_list(operator.getitem, types.SliceType)


@lower_builtin(bool, GivenList)
@lower_builtin(operator.truth, GivenList)
def _truth(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    size = ListInstance(context, builder, signature.args[0].list, values[0]).size
    return builder.icmp_unsigned("!=", size, size.type(0))


# --- the rest, written in terms of the list ---------------------------------------------------


def _as_list(_context: Any, given: Any) -> Any:
    """Return the list that is in memory: only for code here, which does not change it."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return impl_ret_borrowed(context, builder, signature.return_type, values[0])

    if isinstance(given, GivenList):
        return given.list(given), generate
    return (given(given), generate) if isinstance(given, types.List) else None


as_list: Any = intrinsic(_as_list)


def _compares(given: GivenList, item: types.Type) -> bool:
    return types.unliteral(item) == given.dtype and given.dtype in COMPARED


@register_jitable
def checked(item):
    """Return an item; leave the kernel with a NaN, which Python finds by its identity."""
    if item != item:
        raise ValueError("a NaN is looked for")
    return item


@overload(operator.not_)
def _is_empty(given):
    return (lambda given: len(given) == 0) if isinstance(given, GivenList) else None


@overload(operator.contains)
def _contains(given, item):
    if isinstance(given, GivenList) and _compares(given, item):
        return lambda given, item: checked(item) in as_list(given)
    return None


@overload_method(GivenList, "index")
def _index(given, item):
    if _compares(given, item):
        return lambda given, item: as_list(given).index(checked(item))
    return None


@overload_method(GivenList, "count")
def _count(given, item):
    if _compares(given, item):
        return lambda given, item: as_list(given).count(checked(item))
    return None


@overload_method(GivenList, "copy")
def _copy(given):
    return lambda given: as_list(given)[:]


@overload(operator.mul)
def _repeated(given, times):
    if isinstance(given, GivenList) and isinstance(times, types.Integer):
        return lambda given, times: as_list(given) * times
    return None


def _pairs(operation: Any, body: Callable[..., Any]) -> None:
    """Give an operation of two lists, of which one is given, its meaning."""

    def meaning(left, right):
        items = item_types(left, right)
        given = isinstance(left, GivenList) or isinstance(right, GivenList)
        fits = operation is operator.add or items <= COMPARED - {types.float64}
        return body if given and fits and len(items) == 1 else None

    overload(operation)(meaning)


_pairs(operator.add, lambda left, right: as_list(left) + as_list(right))
_pairs(operator.eq, lambda left, right: as_list(left) == as_list(right))
_pairs(operator.ne, lambda left, right: as_list(left) != as_list(right))
_pairs(operator.lt, lambda left, right: as_list(left) < as_list(right))
_pairs(operator.le, lambda left, right: as_list(left) <= as_list(right))
_pairs(operator.gt, lambda left, right: as_list(left) > as_list(right))
_pairs(operator.ge, lambda left, right: as_list(left) >= as_list(right))


@overload(numpy.array)
@overload(numpy.asarray)
def _as_array(object, dtype=None):
    if not isinstance(object, GivenList) or object.dtype not in NUMBERS:
        return None
    if dtype is None or isinstance(dtype, types.NoneType | types.Omitted):
        return lambda object, dtype=None: numpy.array(_not_empty(as_list(object)))
    return lambda object, dtype=None: numpy.array(as_list(object), dtype)


@register_jitable
def _not_empty(values):
    """Return a list; leave the kernel with an empty one, of which NumPy makes floats."""
    if len(values) == 0:
        raise ValueError("an array of nothing")
    return values


# --- from Python -----------------------------------------------------------------------------


@unbox(GivenList)
def _copied(type_: GivenList, value: Any, c: Any) -> NativeValue:
    """Copy a list whose items are known to be of the type; an integer may still be too large."""
    builder = c.builder
    failed = cgutils.alloca_once_value(builder, cgutils.true_bit)
    result = cgutils.alloca_once(builder, c.context.get_value_type(type_), zfill=True)
    size = c.pyapi.list_size(value)
    made, copy = ListInstance.allocate_ex(c.context, builder, type_.list, size)
    with builder.if_else(made) as (if_made, otherwise):
        with if_made:
            copy.size = size  # the items are zeros, which may be released
            builder.store(cgutils.false_bit, failed)
            with cgutils.for_range(builder, size) as loop:
                native = _item_of(c, type_.dtype, c.pyapi.list_getitem(value, loop.index))
                with builder.if_then(native.is_error, likely=False):
                    builder.store(cgutils.true_bit, failed)
                    loop.do_break()
                copy.inititem(loop.index, native.value, incref=False)
            with builder.if_else(builder.load(failed), likely=False) as (if_failed, if_whole):
                with if_failed:
                    c.context.nrt.decref(builder, type_.list, copy.value)
                with if_whole:
                    builder.store(copy.value, result)
        with otherwise:
            c.pyapi.err_set_string("PyExc_MemoryError", "no memory for a list argument")
    return NativeValue(builder.load(result), is_error=builder.load(failed))


def _item_of(c: Any, type_: types.Type, item: Any) -> NativeValue:
    """Unbox an item; what lists mostly hold without Numba's detours."""
    builder = c.builder
    if type_ == types.float64:
        address = builder.gep(item, [INT64(FLOAT_VALUE)])
        pointer = builder.bitcast(address, ir.DoubleType().as_pointer())
        return NativeValue(builder.load(pointer))
    if type_ == types.int64:
        number = c.pyapi.long_as_longlong(item)
        failed = cgutils.alloca_once_value(builder, cgutils.false_bit)
        with builder.if_then(builder.icmp_signed("==", number, MINUS_ONE), likely=False):
            builder.store(c.pyapi.c_api_error(), failed)
        return NativeValue(number, is_error=builder.load(failed))
    native = c.unbox(type_, item)
    if native.cleanup is not None:
        native.cleanup()
    return native
