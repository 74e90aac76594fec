"""Bytes, as compiled code has them: a pointer, a length, and who keeps that memory.

Numba's own type for `bytes` is an array of uint8 whose items wrap; this one has Python's ints. A
value never changes, so a slice shares the memory of what it was cut from. Who keeps the memory:

* `meminfo`, a reference of Numba's: of what the task made, and of the items of lists and dicts;
* `owner`, the same of an argument, but borrowed: the payload holds the argument until the task has
  ended. A kernel that raises lets go of nothing, and would else keep the caller's object for good;
* neither: the code, whose constant it is.

What outlives the task (a result, an exception) must not borrow: `owned` sees to that, as `lent`
makes an argument a borrowed one. `parent` is the Python object of which the value is all, or null;
the caller gets it back. What compiled code does with bytes is in `library/bytes/memory.py` (the
smallest steps), `library/bytes/read.py` and `library/bytes/build.py`.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc"

from __future__ import annotations

import hashlib
import types as pytypes
from collections.abc import Iterator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel.models import StructModel
from numba.core.extending import (
    NativeValue,
    box,
    register_model,
    typeof_impl,
    unbox,
)
from numba.core.imputils import lower_constant
from numba.cpython.listobj import ListInstance

INT64 = ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()


class ByteString(types.IterableType, types.Hashable):
    """The type of bytes."""

    mutable = False

    def __init__(self) -> None:
        super().__init__("bytes")

    @property
    def iterator_type(self) -> Any:
        return ByteStringIterator()


class ByteStringIterator(types.SimpleIteratorType):
    def __init__(self) -> None:
        super().__init__("iter(bytes)", types.int64)


byte_string = ByteString()


@register_model(ByteString)
class ByteStringModel(StructModel):
    def __init__(self, manager: Any, type_: ByteString) -> None:
        members = [
            ("data", types.voidptr),
            ("length", types.int64),
            ("meminfo", types.MemInfoPointer(types.voidptr)),
            ("owner", types.voidptr),
            ("parent", types.voidptr),
        ]
        super().__init__(manager, type_, members)


@register_model(ByteStringIterator)
class ByteStringIteratorModel(StructModel):
    def __init__(self, manager: Any, type_: ByteStringIterator) -> None:
        members = [("index", types.EphemeralPointer(types.int64)), ("data", byte_string)]
        super().__init__(manager, type_, members)


def view(context: Any, builder: Any, value: Any = None) -> Any:
    """Return a value's members by name; without one, those of a value to be filled in."""
    return cgutils.create_struct_proxy(byte_string)(context, builder, value=value)


# --- constants --------------------------------------------------------------------------------


class Constant(bytes):
    """Bytes of the code, in the place of Python's: for those Numba has a type of its own."""

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        return bytes, (bytes(self),)  # what an exception carries is Python's again


def as_constant(value: Any) -> Any:
    """Return a constant as compiled code has it: bytes, also in tuples and in code."""
    if type(value) is bytes:
        return Constant(value)
    if type(value) is tuple:
        made = tuple(map(as_constant, value))
        return made if any(a is not b for a, b in zip(made, value, strict=True)) else value
    if isinstance(value, pytypes.CodeType):
        constants = as_constant(value.co_consts)
        return value if constants is value.co_consts else value.replace(co_consts=constants)
    return value


@typeof_impl.register(Constant)
def _type_of(value: Any, context: Any) -> Any:
    return byte_string


@lower_constant(ByteString)
def _constant(context: Any, builder: Any, type_: Any, value: bytes) -> Any:
    made = view(context, builder)
    name = f"cz.{hashlib.sha256(value).hexdigest()[:32]}"
    made.data = context.insert_const_bytes(builder.module, bytes(value) + b"\0", name)
    made.length = INT64(len(value))
    return made._getvalue()


# --- borrowed and owned -----------------------------------------------------------------------


def _leaves(type_: Any) -> Iterator[Any]:
    """Yield what tuples, optionals and lists are made of in the end."""
    if isinstance(type_, types.BaseTuple):
        for each in type_.types:
            yield from _leaves(each)
    elif isinstance(type_, types.Optional):
        yield from _leaves(type_.type)
    elif isinstance(type_, types.List):
        yield from _leaves(type_.dtype)
    else:
        yield type_


def holds_bytes(type_: Any) -> bool:
    """Tell whether there are bytes in a value of this type, but for dicts and sets."""
    return any(isinstance(leaf, ByteString) for leaf in _leaves(type_))


def hides_bytes(type_: Any) -> bool:
    """Tell whether there are bytes where `owned` does not come, in a dict or set."""
    return any(map(_hides, _leaves(type_)))


def _hides(type_: Any) -> bool:
    if isinstance(type_, types.DictType):
        kinds = (type_.key_type, type_.value_type)
        return any(holds_bytes(kind) or hides_bytes(kind) for kind in kinds)
    return isinstance(type_, types.Set) and holds_bytes(type_.dtype)


def lent(context: Any, builder: Any, type_: Any, value: Any) -> Any:
    """Return an argument as the kernel borrows it; lists and dicts hold their items."""
    if not holds_bytes(type_):
        return value
    if isinstance(type_, types.BaseTuple):
        return _each(builder, type_, value, lambda kind, item: lent(context, builder, kind, item))
    if isinstance(type_, types.Optional):
        inner = context.make_helper(builder, type_, value)
        inner.data = lent(context, builder, type_.type, inner.data)
        return inner._getvalue()
    if isinstance(type_, ByteString):
        given = view(context, builder, value)
        given.owner, given.meminfo = given.meminfo, cgutils.get_null_value(given.meminfo.type)
        return given._getvalue()
    return value


def owned(context: Any, builder: Any, type_: Any, value: Any) -> Any:
    """Return a value as one that lives on: what it borrows it holds from now on."""
    if not holds_bytes(type_):
        return value
    if isinstance(type_, types.BaseTuple):
        return _each(builder, type_, value, lambda kind, item: owned(context, builder, kind, item))
    if isinstance(type_, types.Optional):
        inner = context.make_helper(builder, type_, value)
        with builder.if_then(inner.valid):
            inner.data = owned(context, builder, type_.type, inner.data)
        return inner._getvalue()
    if isinstance(type_, types.List):
        items = ListInstance(context, builder, type_, value)
        with cgutils.for_range(builder, items.size) as loop:
            item = owned(context, builder, type_.dtype, items.getitem(loop.index))
            items.inititem(loop.index, item, incref=False)
        return value
    held = view(context, builder, value)
    borrows = cgutils.is_null(builder, held.meminfo)
    null = cgutils.get_null_value(BYTES)
    _hold(builder, builder.select(borrows, held.owner, null))
    held.meminfo = builder.select(borrows, held.owner, held.meminfo)
    return held._getvalue()


def _each(builder: Any, type_: Any, value: Any, change: Any) -> Any:
    for index, kind in enumerate(type_.types):
        item = change(kind, builder.extract_value(value, index))
        value = builder.insert_value(value, item, index)
    return value


def _hold(builder: Any, meminfo: Any) -> None:
    """Take a further reference; null has none."""
    kind = ir.FunctionType(ir.VoidType(), [BYTES])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, "NRT_incref"), [meminfo])


# --- from Python and back ---------------------------------------------------------------------


@unbox(ByteString)
def _given(type_: Any, value: Any, c: Any) -> NativeValue:
    """Read where an object known to be bytes has its memory, and hold the object."""
    builder, python = c.builder, c.pyapi
    data = cgutils.alloca_once(builder, python.cstring)
    length = cgutils.alloca_once(builder, python.py_ssize_t)
    python.bytes_as_string_and_size(value, data, length)
    made = view(c.context, builder)
    made.data, made.length = builder.load(data), builder.load(length)
    made.meminfo = python.nrt_meminfo_new_from_pyobject(made.data, value)
    made.parent = builder.bitcast(value, BYTES)
    failed = cgutils.is_null(builder, made.meminfo)
    with builder.if_then(failed, likely=False):
        python.err_set_string("PyExc_MemoryError", "no memory for a bytes argument")
    return NativeValue(made._getvalue(), is_error=failed)


@box(ByteString)
def _returned(type_: Any, value: Any, c: Any) -> Any:
    """Return the object that a value is all of, or new bytes; takes the reference."""
    builder, python = c.builder, c.pyapi
    held = view(c.context, builder, value)
    parent = builder.bitcast(held.parent, python.pyobj)
    result = cgutils.alloca_once_value(builder, parent)
    with builder.if_else(cgutils.is_null(builder, parent)) as (if_part, if_whole):
        with if_part:
            builder.store(python.bytes_from_string_and_size(held.data, held.length), result)
        with if_whole:
            python.incref(parent)
    c.context.nrt.decref(builder, type_, value)
    return builder.load(result)
