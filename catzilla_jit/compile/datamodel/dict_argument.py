"""A dict that a task is given: a copy of the caller's that compiled code can only read.

As with lists (`list_argument.py`) the copy is made at the submission and has a type of its own,
`GivenDict`, with the operations that read. In memory it is Numba's dict, which keeps the order of
insertion too. What a task returns is boxed here as well: Numba would make a dict of its own
kind. A key is looked up only if it has the type of the keys: Python finds 1 by 1.0, Numba not.
"""

# Numba is annotated in part only, and compares the signatures of an overload and its body.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined,no-untyped-def"
# mypy: disable-error-code="untyped-decorator,name-defined,misc"

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types, typing
from numba.core.compiler import Flags
from numba.core.extending import (
    NativeValue,
    intrinsic,
    lower_builtin,
    overload,
    overload_method,
    register_model,
    unbox,
)
from numba.core.imputils import impl_ret_borrowed
from numba.core.registry import cpu_target
from numba.typed import Dict
from numba.typed.dictobject import DictModel

INT32 = ir.IntType(32)


class GivenDict(types.IterableType):
    """The type of a dict argument."""

    mutable = False

    def __init__(self, key: types.Type, value: types.Type) -> None:
        self.key_type = key
        self.value_type = value
        self.dict = types.DictType(key, value)
        super().__init__(f"dict[{key}, {value}]")

    @property
    def key(self) -> Any:
        return self.key_type, self.value_type

    @property
    def iterator_type(self) -> Any:
        return self.dict.iterator_type  # not kept: it cannot be pickled, and so not saved


@register_model(GivenDict)
class GivenDictModel(DictModel):
    """In memory it is Numba's dict."""

    def __init__(self, manager: Any, type_: GivenDict) -> None:
        super().__init__(manager, type_.dict)


def _as_dict(_context: Any, given: Any) -> Any:
    """Return the dict that is in memory: only for code here, which does not change it."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return impl_ret_borrowed(context, builder, signature.return_type, values[0])

    return (given.dict(given), generate) if isinstance(given, GivenDict) else None


as_dict: Any = intrinsic(_as_dict)


@lower_builtin("getiter", GivenDict)
def _iterate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    same = typing.signature(signature.return_type, signature.args[0].dict)
    return context.get_function("getiter", same)(builder, values)


def _has_key(given: GivenDict, key: types.Type) -> bool:
    return types.unliteral(key) == given.key_type


@overload(len)
def _length(given):
    return (lambda given: len(as_dict(given))) if isinstance(given, GivenDict) else None


@overload(bool)
def _truth(given):
    return (lambda given: len(as_dict(given)) > 0) if isinstance(given, GivenDict) else None


@overload(operator.not_)
def _is_empty(given):
    return (lambda given: len(as_dict(given)) == 0) if isinstance(given, GivenDict) else None


@overload(operator.getitem)
def _item(given, key):
    if isinstance(given, GivenDict) and _has_key(given, key):
        return lambda given, key: as_dict(given)[key]
    return None


@overload(operator.contains)
def _contains(given, key):
    if isinstance(given, GivenDict) and _has_key(given, key):
        return lambda given, key: key in as_dict(given)
    return None


def _get_or(given, key, default=None):
    if key in as_dict(given):
        return as_dict(given)[key]
    return default


@overload_method(GivenDict, "get")
def _get(given, key, default=None):
    if not _has_key(given, key):
        return None
    if default is None or isinstance(default, types.NoneType | types.Omitted):
        return lambda given, key, default=None: as_dict(given).get(key)
    if types.unliteral(default) == given.value_type:
        return _get_or  # Numba's own says that it may be None
    return None


@overload_method(GivenDict, "keys")
def _keys(given):
    return lambda given: as_dict(given).keys()


@overload_method(GivenDict, "values")
def _values(given):
    return lambda given: as_dict(given).values()


@overload_method(GivenDict, "items")
def _items(given):
    return lambda given: as_dict(given).items()


@overload_method(GivenDict, "copy")
def _copy(given):
    return lambda given: as_dict(given).copy()


# --- from Python and back --------------------------------------------------------------------


def dict_size(python: Any, value: Any) -> Any:
    """Write a call of `PyDict_Size`."""
    kind = ir.FunctionType(python.py_ssize_t, [python.pyobj])
    size = cgutils.get_or_insert_function(python.builder.module, kind, "PyDict_Size")
    return python.builder.call(size, [value])


@contextmanager
def each_item(builder: Any, python: Any, value: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Write a loop over a Python dict that nobody changes; yields it, the key and its value."""
    size = dict_size(python, value)
    position = cgutils.alloca_once_value(builder, size.type(0))
    key, item = (cgutils.alloca_once(builder, python.pyobj) for _ in range(2))
    pointers = [position.type, key.type, item.type]
    kind = ir.FunctionType(INT32, [python.pyobj, *pointers])
    step = cgutils.get_or_insert_function(builder.module, kind, "PyDict_Next")
    builder.store(size.type(0), position)
    with cgutils.for_range(builder, size) as loop:
        builder.call(step, [value, position, key, item])
        yield loop, builder.load(key), builder.load(item)


@unbox(GivenDict)
def _copied(type_: GivenDict, value: Any, c: Any) -> NativeValue:
    """Copy a dict whose keys and values are known to be of the types, and to fit."""
    builder, context = c.builder, c.context
    kind, key_type, value_type = type_.dict, type_.key_type, type_.value_type

    def make(size):
        return Dict.empty(key_type, value_type, size)

    def put(made, key, item):
        made[key] = item

    size = dict_size(c.pyapi, value)
    status, made = _call(context, builder, make, kind(types.intp), [size])
    failed = cgutils.alloca_once_value(builder, status.is_error)
    with builder.if_then(status.is_ok), each_item(builder, c.pyapi, value) as (loop, key, item):
        parts = [c.unbox(key_type, key), c.unbox(value_type, item)]
        values = [part.value for part in parts]
        signature = types.void(kind, key_type, value_type)
        status, _ = _call(context, builder, put, signature, [made, *values])
        for part_type, part in zip((key_type, value_type), parts, strict=True):
            context.nrt.decref(builder, part_type, part.value)  # the dict has its own
            if part.cleanup is not None:
                part.cleanup()
        with builder.if_then(status.is_error, likely=False):
            context.nrt.decref(builder, kind, made)
            builder.store(cgutils.true_bit, failed)
            loop.do_break()
    with builder.if_then(builder.load(failed), likely=False):
        c.pyapi.err_set_string("PyExc_MemoryError", "no memory for a dict argument")
    return NativeValue(made, is_error=builder.load(failed))


def _call(context: Any, builder: Any, body: Any, signature: Any, values: list[Any]) -> Any:
    """Call a small function from code that has no way to pass an exception on."""
    flags = Flags()  # outside of a compilation Numba's own would not count references
    cpu_target.options.parse_as_flags(flags, {"nopython": True})
    compiled = context.compile_subroutine(builder, body, signature, flags=flags)
    return context.call_internal_no_propagate(builder, compiled.fndesc, signature, values)


def box_dict(
    context: Any, python: Any, type_: types.DictType, value: Any, box: Callable[[Any, Any], Any]
) -> Any:
    """Return a Python dict of a compiled one, NULL with an exception; takes the reference.

    box: returns the Python list of a compiled one.
    """

    def listed(made):
        return [(key, item) for key, item in made.items()]

    builder = python.builder
    items = types.List(type_.keyvalue_type)
    result = cgutils.alloca_once_value(builder, cgutils.get_null_value(python.pyobj))
    status, pairs = _call(context, builder, listed, items(type_), [value])
    context.nrt.decref(builder, type_, value)
    with builder.if_else(status.is_ok) as (if_ok, otherwise):
        with if_ok:
            listing = box(items, pairs)
            with cgutils.if_likely(builder, cgutils.is_not_null(builder, listing)):
                builder.store(_dict_of(python, listing), result)
                python.decref(listing)
        with otherwise:
            python.err_set_string("PyExc_MemoryError", "no memory for a dict result")
    return builder.load(result)


def _dict_of(python: Any, pairs: Any) -> Any:
    """Return the Python dict of a list of pairs, NULL with an exception."""
    builder = python.builder
    null = cgutils.get_null_value(python.pyobj)
    made = python.dict_new()
    result = cgutils.alloca_once_value(builder, made)
    with cgutils.if_likely(builder, cgutils.is_not_null(builder, made)):
        kind = ir.FunctionType(INT32, [python.pyobj, python.pyobj, INT32])
        merge = cgutils.get_or_insert_function(builder.module, kind, "PyDict_MergeFromSeq2")
        status = builder.call(merge, [made, pairs, INT32(1)])
        with builder.if_then(builder.icmp_signed("!=", status, INT32(0)), likely=False):
            python.decref(made)
            builder.store(null, result)
    return builder.load(result)
