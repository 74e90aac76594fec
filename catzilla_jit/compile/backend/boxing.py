"""The functions that carry a Python value into a slot and a slot's value back to Python.

They are machine code, written for one Numba type, and run with the GIL held. `pack` checks the
value first (`exact_type.py`); a value that does not match is a TypeError, never a conversion. What
`pack` made owns a reference; `release` or `unpack` gives it up. The slot is only valid between
the two.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.cpython.listobj import ListInstance

from catzilla_jit.compile.analysis.numpy_made import SCALARS
from catzilla_jit.compile.analysis.origins import NUMPY, PYTHON, Origin, has_numpy
from catzilla_jit.compile.backend.entry import BYTES, INT32, load, pointer_to, store_record
from catzilla_jit.compile.backend.exact_type import ExactType, environment
from catzilla_jit.compile.backend.kernel import Kernel
from catzilla_jit.compile.backend.sharing import Memo, holds_mutable, is_same_array, may_share
from catzilla_jit.compile.datamodel.convertible import can_unpack
from catzilla_jit.compile.datamodel.data_object import DataObject
from catzilla_jit.compile.datamodel.dict_argument import box_dict
from catzilla_jit.compile.datamodel.record_type import GivenRecord

INT64 = ir.IntType(64)
VOID = ir.VoidType()


def _holds_array(type_: types.Type) -> bool:
    if isinstance(type_, types.BaseTuple):
        return any(map(_holds_array, type_.types))
    if isinstance(type_, types.Optional):
        return _holds_array(type_.type)
    return isinstance(type_, types.Array)


@dataclasses.dataclass
class Boxes:
    """The writer of one type's three functions in one module."""

    kernel: Kernel
    module: ir.Module
    type: types.Type
    keys: tuple[str, ...] | None = None  # of the dict that a returned tuple stands for
    origin: Origin = PYTHON  # who made the numbers
    memo: Memo | None = None  # of a result that may hold one object in two places
    borrowed: bool = False  # what is boxed stays with the list that holds it

    def write_pack(self, symbol: str) -> None:
        """Write `int32_t pack(PyObject *value, void *slot)`."""
        builder, (value, slot) = self._begin(symbol, INT32, [BYTES, BYTES])
        check = ExactType(self.kernel, builder, self._failing_block(builder))
        check.writable_too = not _holds_array(self.kernel.result_type)
        if isinstance(self.type, GivenRecord):
            store_record(builder, check.record(self.type, value), slot)
            builder.ret(INT32(0))
            return
        check.value(self.type, value, self.origin)
        native = check.python.to_native_value(self.type, value)
        with builder.if_then(native.is_error, likely=False):
            builder.ret(INT32(-1))
        if native.cleanup is not None:
            native.cleanup()
        pointer = pointer_to(self.kernel, builder, self.type, slot)
        self.kernel.context.pack_value(builder, self.type, native.value, pointer)
        builder.ret(INT32(0))

    def write_unpack(self, symbol: str) -> None:
        """Write `PyObject *unpack(void *slot)`."""
        builder, (slot,) = self._begin(symbol, BYTES, [BYTES])
        python = self.kernel.context.get_python_api(builder)
        value = load(self.kernel, builder, self.type, slot)
        manager = environment(self.kernel, python)
        self.memo = Memo(python) if may_share(self.type) else None
        boxed = self._boxed(python, manager, self.type, value, self.origin)
        if self.memo is not None:
            self.memo.free()
        builder.ret(boxed if self.keys is None else self._as_dict(python, manager, boxed))

    def _boxed(
        self, python: Any, manager: Any, type_: types.Type, value: ir.Value, origin: Origin
    ) -> ir.Value:
        """Return the Python value, NULL with an exception; takes the reference to the value."""
        if origin == NUMPY and type_ in SCALARS:
            return self._numpys(python, manager, SCALARS[type_], value, type_)
        if isinstance(type_, types.StringLiteral):
            # Numba's own function for it would import Numba.
            boxed = manager.read_const(manager.add_const(type_.literal_value))
            python.incref(boxed)
            return boxed
        if isinstance(type_, types.IntEnumMember):
            return self._called(
                manager,
                python,
                type_.instance_class,
                self._boxed(python, manager, type_.dtype, value, PYTHON),
            )
        if isinstance(type_, types.List | types.DictType):
            return self._container(python, manager, type_, value, origin)
        if isinstance(type_, types.Optional) and (holds_mutable(type_) or has_numpy(origin)):
            return self._optional(python, manager, type_, value, origin)
        if isinstance(type_, DataObject) or (
            can_unpack(type_) and not isinstance(type_, types.BaseTuple)
        ):
            if self.borrowed:
                self.kernel.context.nrt.incref(python.builder, type_, value)
            return python.from_native_value(type_, value, manager)
        builder = python.builder
        origins = origin if isinstance(origin, tuple) else (origin,) * len(type_.types)
        values = [builder.extract_value(value, index) for index in range(len(type_.types))]
        parts: list[ir.Value] = []
        for index, each in enumerate(type_.types):
            box = functools.partial(
                self._boxed, python, manager, each, values[index], origins[index]
            )
            before = [i for i in range(index) if type_.types[i] == each]
            if isinstance(each, types.Array) and before:
                parts.append(self._array_or(python, each, values, parts, before, index, box))
            else:
                parts.append(box())
        made = cgutils.alloca_once_value(builder, cgutils.get_null_value(python.pyobj))
        whole = cgutils.true_bit
        for part in parts:
            whole = builder.and_(whole, cgutils.is_not_null(builder, part))
        with cgutils.if_likely(builder, whole):
            builder.store(python.tuple_pack(parts), made)
        for part in parts:  # the tuple has references of its own; null is none
            python.decref(part)
        if isinstance(type_, types.BaseNamedTuple):
            maker = type_.instance_class._make
            return self._called(manager, python, maker, builder.load(made))
        return builder.load(made)

    def _array_or(
        self,
        python: Any,
        type_: types.Type,
        values: list[ir.Value],
        parts: list[ir.Value],
        before: list[int],
        index: int,
        box: Callable[[], ir.Value],
    ) -> ir.Value:
        """Return what an array before this one has become if it is the same, or a new object."""
        builder = python.builder
        result = cgutils.alloca_once_value(builder, cgutils.get_null_value(python.pyobj))
        for earlier in before:
            same = is_same_array(python, type_, values[earlier], values[index])
            with builder.if_then(same):
                builder.store(parts[earlier], result)
        found = builder.load(result)
        with builder.if_else(cgutils.is_null(builder, found)) as (if_new, if_known):
            with if_new:
                builder.store(box(), result)
            with if_known:
                python.incref(found)
                self.kernel.context.nrt.decref(builder, type_, values[index])
        return builder.load(result)

    def _container(
        self, python: Any, manager: Any, type_: types.Type, value: ir.Value, origin: Origin
    ) -> ir.Value:
        """Return a list or dict, one object for one of the kernel's; steals the reference."""
        box = functools.partial(self._made, python, manager, type_, value, origin)
        if self.memo is None:
            return box()
        return self.memo.boxed(type_, value, self.borrowed, box)

    def _made(
        self, python: Any, manager: Any, type_: types.Type, value: ir.Value, origin: Origin = PYTHON
    ) -> ir.Value:
        if isinstance(type_, types.DictType):
            owning = dataclasses.replace(self, borrowed=False)
            box = functools.partial(owning._made, python, manager, origin=origin)
            return box_dict(self.kernel.context, python, type_, value, box)
        if self.memo is None and not has_numpy(origin):
            return python.from_native_value(type_, value, manager)
        return dataclasses.replace(self, borrowed=True)._list(python, manager, type_, value, origin)

    def _list(
        self, python: Any, manager: Any, type_: Any, value: ir.Value, origin: Origin
    ) -> ir.Value:
        """Return a new list of items that are boxed here; steals the reference."""
        builder, context = python.builder, self.kernel.context
        native = ListInstance(context, builder, type_, value)
        size = native.size
        result = cgutils.alloca_once_value(builder, python.list_new(size))
        with (
            builder.if_then(cgutils.is_not_null(builder, builder.load(result))),
            cgutils.for_range(builder, size) as loop,
        ):
            item = native.getitem(loop.index)
            boxed = self._boxed(python, manager, type_.dtype, item, origin)
            with builder.if_then(cgutils.is_null(builder, boxed), likely=False):
                python.decref(builder.load(result))
                builder.store(cgutils.get_null_value(python.pyobj), result)
                loop.do_break()
            python.list_setitem(builder.load(result), loop.index, boxed)
        context.nrt.decref(builder, type_, value)
        return builder.load(result)

    def _optional(
        self, python: Any, manager: Any, type_: types.Optional, value: ir.Value, origin: Origin
    ) -> ir.Value:
        builder = python.builder
        optional = self.kernel.context.make_helper(builder, type_, value)
        result = cgutils.alloca_once_value(builder, python.borrow_none())
        with builder.if_else(cgutils.as_bool_bit(builder, optional.valid)) as (if_some, if_none):
            with if_some:
                boxed = self._boxed(python, manager, type_.type, optional.data, origin)
                builder.store(boxed, result)
            with if_none:
                python.incref(python.borrow_none())
        return builder.load(result)

    def _numpys(
        self, python: Any, manager: Any, class_: Any, value: ir.Value, type_: types.Type
    ) -> ir.Value:
        """Return a NumPy scalar, NULL with an exception."""
        return self._called(
            manager, python, class_, python.from_native_value(type_, value, manager)
        )

    def _called(self, manager: Any, python: Any, class_: Any, boxed: ir.Value) -> ir.Value:
        """Return what a class makes of an object, or NULL; steals the reference to that."""
        builder = python.builder
        made = cgutils.alloca_once_value(builder, boxed)
        with cgutils.if_likely(builder, cgutils.is_not_null(builder, boxed)):
            maker = manager.read_const(manager.add_const(class_))
            builder.store(python.call_function_objargs(maker, (boxed,)), made)
            python.decref(boxed)
        return builder.load(made)

    def _as_dict(self, python: Any, manager: Any, boxed: ir.Value) -> ir.Value:
        """Make the dict of a tuple; None stays None. Steals the reference to the tuple."""
        builder = python.builder
        result = cgutils.alloca_once_value(builder, boxed)
        is_tuple = builder.icmp_unsigned("!=", boxed, python.borrow_none())
        with builder.if_then(is_tuple):
            made = python.dict_new(len(self.keys or ()))
            for index, key in enumerate(self.keys or ()):
                item = python.tuple_getitem(boxed, index)
                python.dict_setitem(made, manager.read_const(manager.add_const(key)), item)
            python.decref(boxed)
            builder.store(made, result)
        return builder.load(result)

    def write_release(self, symbol: str) -> None:
        """Write `void release(void *slot)`."""
        builder, (slot,) = self._begin(symbol, VOID, [BYTES])
        value = load(self.kernel, builder, self.type, slot)
        self.kernel.context.nrt.decref(builder, self.type, value)
        builder.ret_void()

    def _begin(
        self, symbol: str, result: ir.Type, parameters: list[ir.Type]
    ) -> tuple[ir.IRBuilder, Any]:
        function = ir.Function(self.module, ir.FunctionType(result, parameters), symbol)
        return ir.IRBuilder(function.append_basic_block("entry")), function.args

    def _failing_block(self, builder: ir.IRBuilder) -> ir.Block:
        """Return a block that raises the TypeError of a value that is not of the type."""
        block = builder.append_basic_block("mismatch")
        with builder.goto_block(block):
            python = self.kernel.context.get_python_api(builder)
            python.err_set_string("PyExc_TypeError", f"the value is not a {self.type}")
            builder.ret(INT32(-1))
        return block


Write = Callable[[str], None]


def write_boxes(
    kernel: Kernel,
    type_: types.Type,
    prefix: str,
    *,
    argument: bool,
    keys: tuple[str, ...] | None = None,
    origin: Origin = PYTHON,
) -> list[str]:
    """Add the functions of one slot to the kernel's library; return their symbols.

    An argument has pack and release, a result unpack and release; the third symbol is "".
    """
    module = kernel.library.create_ir_module(prefix)
    boxes = Boxes(kernel, module, type_, keys, origin)
    symbols = [f"{prefix}.{part}" for part in ("pack", "unpack", "release")]
    writers: list[Write] = [boxes.write_pack, boxes.write_unpack, boxes.write_release]
    left_out = 1 if argument else 0
    symbols[left_out] = ""
    for symbol, write in zip(symbols, writers, strict=True):
        if symbol:
            write(symbol)
    kernel.library.add_ir_module(module)
    return symbols
