"""Tuples and lists of numbers that are assigned to a part of an array, as lines to be read once.

`out[i] = x, y, z` makes no array in compiled code: the line lies on the stack, or is the memory of
the list.
"""

# Numba and llvmlite are annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.arraydecl import get_array_index_type
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.cpython.listobj import ListInstance
from numba.np import arrayobj

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.target.deferred_library import is_deferring

INT64 = ir.IntType(64)
PLAIN = (types.float64, types.int64, types.boolean)


@infer_global(operator.setitem)
class _Row(AbstractTemplate):
    """A part of an array may be assigned numbers of several types, and a table, too.

    Numba knows lines and numbers of one type; `lowering/overlap.py` writes either. In tasks alone.
    """

    def generic(self, args: Any, _kws: Any) -> Any:
        array, index, value = args
        if not isinstance(array, types.Array):
            return None
        if not array.mutable or kind(value) is None or not is_deferring():
            return None
        found = get_array_index_type(array, index)
        if found is None or not isinstance(found.result, types.Array) or found.advanced:
            return None
        return types.none(array, found.index, value)


def is_basic(index: Any) -> bool:
    """Tell whether an index picks a part of an array by slices and integers."""
    parts = index.types if isinstance(index, types.BaseTuple) else (index,)
    return all(isinstance(each, types.Integer | types.SliceType) for each in parts)


def kind(given: Any, index: Any = types.int64) -> int | None:
    """Return the widest kind of the numbers in a tuple or list; None for what has others.

    index: where they are assigned; None too if that picks no part of an array.
    """
    if not is_basic(index):
        return None
    if isinstance(given, types.BaseTuple):
        items = [types.unliteral(each) for each in given]
    elif isinstance(given, types.List):
        items = [given.dtype]
    else:
        return None
    if not items or any(each not in PLAIN for each in items):
        return None
    kinds = [number_kinds.kind(each) for each in items]
    return max(each for each in kinds if each is not None)


def line_type(given: Any, target: Any) -> Any:
    """Return the type of the line as which a tuple or list is read; None if it is not."""
    widest, own = kind(given), number_kinds.kind(target.dtype)
    if widest is None or own is None or target.dtype not in PLAIN or widest > own:
        return None
    dtype = target.dtype if isinstance(given, types.BaseTuple) else given.dtype
    return types.Array(dtype, 1, "C")


def line(context: Any, builder: ir.IRBuilder, given: Any, value: ir.Value, type_: Any) -> ir.Value:
    """Return the items as an array without memory of its own."""
    if isinstance(given, types.List):
        items = ListInstance(context, builder, given, value)
        data, count = items.data, items.size
    else:
        data = stored(context, builder, given, value, type_.dtype)
        count = INT64(len(given))
    size = INT64(context.get_abi_sizeof(context.get_data_type(type_.dtype)))
    made = context.make_array(type_)(context, builder)
    arrayobj.populate_array(
        made, data=data, shape=[count], strides=[size], itemsize=size, meminfo=None
    )
    return made._getvalue()


def stored(context: Any, builder: ir.IRBuilder, given: Any, value: ir.Value, item: Any) -> ir.Value:
    """Write the numbers of a tuple to the stack, as items of a type that follow each other."""
    place = cgutils.alloca_once(builder, context.get_data_type(item), size=len(given))
    for i, own in enumerate(given):
        number = context.cast(builder, builder.extract_value(value, i), own, item)
        context.pack_value(builder, item, number, builder.gep(place, [INT64(i)]))
    return place
