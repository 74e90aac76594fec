"""One object that a result holds in several places: it is boxed once.

Numba boxes a list anew at each place where it is held; in Python `[row] * 3` holds one list three
times. While a result is boxed a dict maps the address of what is held more than once to what it
became. Without such an object the dict stays empty, and nothing is looked up.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

INT64 = ir.IntType(64)


def holds_mutable(type_: Any) -> bool:
    """Tell whether a value of the type is a list or dict, or holds one."""
    if isinstance(type_, types.BaseTuple):
        return any(map(holds_mutable, type_.types))
    if isinstance(type_, types.Optional):
        return holds_mutable(type_.type)
    return isinstance(type_, types.List | types.DictType)


def may_share(type_: Any) -> bool:
    """Tell whether a value of the type may hold one list or dict in two places."""
    if isinstance(type_, types.BaseTuple):
        return sum(map(holds_mutable, type_.types)) > 1 or any(map(may_share, type_.types))
    if isinstance(type_, types.Optional):
        return may_share(type_.type)
    if isinstance(type_, types.List):
        return holds_mutable(type_.dtype)
    return isinstance(type_, types.DictType) and holds_mutable(type_.value_type)


class Memo:
    """What has been boxed of one result; `free` it in the end."""

    def __init__(self, python: Any) -> None:
        self.python = python
        self.context, self.builder = python.context, python.builder
        self.known = python.dict_new()

    def free(self) -> None:
        self.python.decref(self.known)

    def boxed(self, type_: Any, value: Any, borrowed: bool, box: Callable[[], Any]) -> Any:
        """Return the object for a list or dict, made by `box` unless there is one.

        Steals the reference to the value unless that is borrowed. The count is read before any
        reference is taken: LLVM leaves out pairs of taking and letting go.
        """
        builder, python = self.builder, self.python
        ((_, memory),) = self.context.nrt.get_meminfos(builder, type_, value)
        count = builder.load(builder.bitcast(memory, INT64.as_pointer()))
        some = builder.icmp_unsigned(">", count, INT64(1))
        some = builder.or_(some, builder.icmp_signed(">", self._size(), INT64(0)))
        result = cgutils.alloca_once_value(builder, cgutils.get_null_value(python.pyobj))
        with builder.if_then(some, likely=False):
            key = python.long_from_longlong(builder.ptrtoint(memory, INT64))
            found = python.dict_getitem(self.known, key)
            python.decref(key)
            builder.store(found, result)
            with builder.if_then(cgutils.is_not_null(builder, found)):
                python.incref(found)
                if not borrowed:
                    self.context.nrt.decref(builder, type_, value)
        with builder.if_then(cgutils.is_null(builder, builder.load(result))):
            if borrowed:
                self.context.nrt.incref(builder, type_, value)
            made = box()
            builder.store(made, result)
            with builder.if_then(builder.and_(some, cgutils.is_not_null(builder, made))):
                key = python.long_from_longlong(builder.ptrtoint(memory, INT64))
                python.dict_setitem(self.known, key, made)
                python.decref(key)
        return builder.load(result)

    def _size(self) -> Any:
        module = self.builder.module
        kind = ir.FunctionType(INT64, [self.python.pyobj])
        size = cgutils.get_or_insert_function(module, kind, "PyDict_Size")
        return self.builder.call(size, [self.known])


def is_same_array(python: Any, type_: Any, first: Any, second: Any) -> Any:
    """Write whether two arrays are one object; two views that `lowering/views.py` has marked are
    not.
    """
    builder = python.builder
    left, right = (
        python.context.make_array(type_)(python.context, builder, x) for x in (first, second)
    )
    none = builder.bitcast(python.borrow_none(), left.parent.type)
    same = builder.icmp_unsigned("!=", left.parent, none)
    for each in ("meminfo", "parent", "data"):
        pair = getattr(left, each), getattr(right, each)
        same = builder.and_(same, builder.icmp_unsigned("==", *pair))
    for each in ("shape", "strides"):
        for axis in range(type_.ndim):
            pair = tuple(builder.extract_value(getattr(x, each), axis) for x in (left, right))
            same = builder.and_(same, builder.icmp_unsigned("==", *pair))
    return same
