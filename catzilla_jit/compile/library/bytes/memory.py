"""The smallest steps of compiled code on bytes: load, store, compare, search, go on to the next.

None of them looks whether an index is inside; that is for `read.py` and `build.py`,
which alone may use them.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic, lower_builtin
from numba.core.imputils import RefType, impl_ret_borrowed, impl_ret_new_ref, iternext_impl

from catzilla_jit.compile.datamodel.bytes_type import (
    BYTES,
    INT64,
    ByteString,
    ByteStringIterator,
    byte_string,
    view,
)

INT8, INT32 = ir.IntType(8), ir.IntType(32)


@lower_builtin("getiter", ByteString)
def _iterate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    state = context.make_helper(builder, signature.return_type)
    state.index = cgutils.alloca_once_value(builder, INT64(0))
    state.data = values[0]
    context.nrt.incref(builder, byte_string, values[0])
    return impl_ret_new_ref(context, builder, signature.return_type, state._getvalue())


@lower_builtin("iternext", ByteStringIterator)
@iternext_impl(RefType.UNTRACKED)
def _next(context: Any, builder: Any, signature: Any, values: Any, result: Any) -> None:
    state = context.make_helper(builder, signature.args[0], value=values[0])
    data = view(context, builder, state.data)
    index = builder.load(state.index)
    valid = builder.icmp_signed("<", index, data.length)
    result.set_valid(valid)
    with builder.if_then(valid):
        result.yield_(_load(builder, data, index))
        builder.store(builder.add(index, INT64(1)), state.index)


def _load(builder: Any, data: Any, index: Any) -> Any:
    return builder.zext(builder.load(builder.gep(data.data, [index])), INT64)


def _byte_at(_context: Any, data: Any, index: Any) -> Any:
    """Return the number at a place."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _load(builder, view(context, builder, values[0]), values[1])

    return types.int64(byte_string, types.int64), generate


def _part_of(_context: Any, data: Any, start: Any, length: Any) -> Any:
    """Return `length` bytes from `start` on, which share the memory."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        part = view(context, builder, values[0])
        whole = builder.icmp_signed("==", part.length, values[2])
        part.parent = builder.select(whole, part.parent, cgutils.get_null_value(BYTES))
        part.data = builder.gep(part.data, [values[1]])
        part.length = values[2]
        return impl_ret_borrowed(context, builder, byte_string, part._getvalue())

    return byte_string(byte_string, types.int64, types.int64), generate


def _blank(_context: Any, length: Any) -> Any:
    """Return new bytes, to be filled in by `put` before anybody else has them."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        made = view(context, builder)
        made.meminfo = context.nrt.meminfo_alloc(builder, values[0])
        made.data = context.nrt.meminfo_data(builder, made.meminfo)
        made.length = values[0]
        return impl_ret_new_ref(context, builder, byte_string, made._getvalue())

    return byte_string(types.int64), generate


def _put(_context: Any, data: Any, index: Any, number: Any) -> Any:
    """Set the number at a place of `blank` bytes."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target = builder.gep(view(context, builder, values[0]).data, [values[1]])
        builder.store(builder.trunc(values[2], INT8), target)
        return context.get_dummy_value()

    return types.void(byte_string, types.int64, types.int64), generate


def _put_all(_context: Any, data: Any, index: Any, source: Any) -> Any:
    """Copy bytes to a place of `blank` ones."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        given = view(context, builder, values[2])
        target = builder.gep(view(context, builder, values[0]).data, [values[1]])
        cgutils.raw_memcpy(builder, target, given.data, given.length, INT64(1))
        return context.get_dummy_value()

    return types.void(byte_string, types.int64, byte_string), generate


def _difference(_context: Any, left: Any, start: Any, right: Any, length: Any) -> Any:
    """Return what `memcmp` says of bytes from `start` on and others from their beginning."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        first, second = (view(context, builder, values[each]).data for each in (0, 2))
        kind = ir.FunctionType(INT32, [BYTES, BYTES, INT64])
        compare = cgutils.get_or_insert_function(builder.module, kind, "memcmp")
        return builder.call(compare, [builder.gep(first, [values[1]]), second, values[3]])

    return types.int32(byte_string, types.int64, byte_string, types.int64), generate


def _place_of(_context: Any, data: Any, number: Any, start: Any, end: Any) -> Any:
    """Return the first place of a number from `start` to before `end`, or -1."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        base = view(context, builder, values[0]).data
        kind = ir.FunctionType(BYTES, [BYTES, INT32, INT64])
        search = cgutils.get_or_insert_function(builder.module, kind, "memchr")
        begin, length = builder.gep(base, [values[2]]), builder.sub(values[3], values[2])
        found = builder.call(search, [begin, builder.trunc(values[1], INT32), length])
        place = builder.sub(builder.ptrtoint(found, INT64), builder.ptrtoint(base, INT64))
        return builder.select(cgutils.is_null(builder, found), INT64(-1), place)

    return types.int64(byte_string, types.int64, types.int64, types.int64), generate


def _memory_of(_context: Any, data: Any) -> Any:
    """Return the address, while the value itself is kept by who asks."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return view(context, builder, values[0]).data

    return types.voidptr(byte_string), generate


memory_of: Any = intrinsic(_memory_of)
byte_at: Any = intrinsic(_byte_at)
part_of: Any = intrinsic(_part_of)
blank: Any = intrinsic(_blank)
put: Any = intrinsic(_put)
put_all: Any = intrinsic(_put_all)
difference: Any = intrinsic(_difference)
place_of: Any = intrinsic(_place_of)
