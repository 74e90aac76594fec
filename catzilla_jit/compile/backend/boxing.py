"""The functions that carry a Python value into a slot and a slot's value back to Python.

They are machine code, written for one Numba type, and run with the GIL held. `pack` checks the
value first, down to the types of the elements and the layout of an array, because Numba's own
unboxing trusts its caller; a value that does not match is a TypeError, never a conversion. What
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

import numpy
from llvmlite import ir
from numba.core import cgutils, types
from numba.cpython.listobj import ListInstance
from numba.np import numpy_support

from catzilla_jit.compile.analysis.origins import NUMPY, PYTHON, Origin
from catzilla_jit.compile.backend.entry import BYTES, INT32, load, pointer_to, store_record
from catzilla_jit.compile.backend.kernel import Kernel
from catzilla_jit.compile.backend.sharing import Memo, holds_mutable, is_same_array, may_share
from catzilla_jit.compile.datamodel.convertible import EXACT_TYPES, can_unpack
from catzilla_jit.compile.datamodel.dict_argument import GivenDict, box_dict, each_item
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.datamodel.record_type import GivenRecord

INT64 = ir.IntType(64)
VOID = ir.VoidType()
#: Offsets in bytes in the C structs of CPython and NumPy, the same in all versions that we run on.
OB_TYPE = 8
ARRAY_NDIM, ARRAY_DTYPE, ARRAY_FLAGS = 24, 56, 64
DTYPE_TYPE, DTYPE_BYTEORDER = 16, 26
VOID_DATA, VOID_DTYPE, VOID_FLAGS = 24, 32, 40
C_CONTIGUOUS, F_CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x2, 0x100, 0x400


#: The numbers that Python and NumPy both have, as NumPy has them.
SCALARS: dict[Any, Any] = {
    types.int64: numpy.int64,
    types.float64: numpy.float64,
    types.boolean: numpy.bool_,
    types.complex128: numpy.complex128,
}


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
    origin: Origin = PYTHON  # who made the numbers of a result
    memo: Memo | None = None  # of a result that may hold one object in two places
    borrowed: bool = False  # what is boxed stays with the list that holds it

    def write_pack(self, symbol: str) -> None:
        """Write `int32_t pack(PyObject *value, void *slot)`."""
        builder, (value, slot) = self._begin(symbol, INT32, [BYTES, BYTES])
        check = _Check(self.kernel, builder, self._failing_block(builder))
        check.writable_too = not _holds_array(self.kernel.result_type)
        if isinstance(self.type, GivenRecord):
            store_record(builder, check.record(self.type, value), slot)
            builder.ret(INT32(0))
            return
        check.value(self.type, value)
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
        if isinstance(type_, types.List | types.DictType):
            return self._container(python, manager, type_, value)
        if isinstance(type_, types.Optional) and holds_mutable(type_):
            return self._optional(python, manager, type_, value, origin)
        if can_unpack(type_) and not isinstance(type_, types.BaseTuple):
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

    def _container(self, python: Any, manager: Any, type_: types.Type, value: ir.Value) -> ir.Value:
        """Return a list or dict, one object for one of the kernel's; steals the reference."""
        box = functools.partial(self._made, python, manager, type_, value)
        if self.memo is None:
            return box()
        return self.memo.boxed(type_, value, self.borrowed, box)

    def _made(self, python: Any, manager: Any, type_: types.Type, value: ir.Value) -> ir.Value:
        if isinstance(type_, types.DictType):
            owning = dataclasses.replace(self, borrowed=False)
            box = functools.partial(owning._made, python, manager)
            return box_dict(self.kernel.context, python, type_, value, box)
        if self.memo is None:
            return python.from_native_value(type_, value, manager)
        return dataclasses.replace(self, borrowed=True)._list(python, manager, type_, value)

    def _list(self, python: Any, manager: Any, type_: Any, value: ir.Value) -> ir.Value:
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
            boxed = self._boxed(python, manager, type_.dtype, item, PYTHON)
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
        builder = python.builder
        boxed = python.from_native_value(type_, value, manager)
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


class _Check:
    """The test that a Python value is exactly of a type; branches away where it is not."""

    def __init__(self, kernel: Kernel, builder: ir.IRBuilder, mismatch: ir.Block) -> None:
        self.builder = builder
        self.mismatch = mismatch
        self.python = kernel.context.get_python_api(builder)
        self.environment = environment(kernel, self.python)
        self.in_container = False
        self.writable_too = True  # what only reads takes what may be written: no view comes of it

    def value(self, type_: types.Type, value: ir.Value) -> None:
        """Check one value and what it consists of."""
        if isinstance(type_, types.Optional):
            self._optional(type_, value)
        elif isinstance(type_, types.BaseTuple):
            self._tuple(type_, value)
        elif isinstance(type_, types.Array):
            self._array(type_, value)
        elif isinstance(type_, GivenList):
            self._list(type_, value)
        elif isinstance(type_, GivenDict):
            self._dict(type_, value)
        elif type_ == types.none:
            self._need(self._is(value, self.python.borrow_none()))
        else:
            self._need(self._is(self._type_of(value), self._c_object(EXACT_TYPES[type_])))
            if type_ == types.int64 and self.in_container:
                self._fits(value)

    def _optional(self, type_: types.Optional, value: ir.Value) -> None:
        present = self.builder.not_(self._is(value, self.python.borrow_none()))
        with self.builder.if_then(present):
            self.value(type_.type, value)

    def _tuple(self, type_: types.BaseTuple, value: ir.Value) -> None:
        self._need(self._is(self._type_of(value), self._c_object("PyTuple_Type")))
        size = self.python.tuple_size(value)
        self._need(self.builder.icmp_signed("==", size, size.type(len(type_.types))))
        outer, self.in_container = self.in_container, True
        for index, element in enumerate(type_.types):
            self.value(element, self.python.tuple_getitem(value, index))
        self.in_container = outer

    def _list(self, type_: GivenList, value: ir.Value) -> None:
        self._need(self._is(self._type_of(value), self._c_object("PyList_Type")))
        with cgutils.for_range(self.builder, self.python.list_size(value)) as loop:
            self.value(type_.dtype, self.python.list_getitem(value, loop.index))

    def _dict(self, type_: GivenDict, value: ir.Value) -> None:
        self._need(self._is(self._type_of(value), self._c_object("PyDict_Type")))
        outer, self.in_container = self.in_container, True
        with each_item(self.builder, self.python, value) as (_, key, item):
            self.value(type_.key_type, key)
            self.value(type_.value_type, item)
        self.in_container = outer

    def _fits(self, value: ir.Value) -> None:
        """Check that an integer has 64 bits.

        Numba's unboxing of a tuple would keep what it has unboxed before such an integer, and
        that of a dict has no way back.
        """
        number = self.python.long_as_longlong(value)
        with self.builder.if_then(self.builder.icmp_signed("==", number, INT64(-1)), likely=False):
            failed = self.python.c_api_error()
            with self.builder.if_then(failed, likely=False):
                self.builder.ret(INT32(-1))

    def _array(self, type_: types.Array, value: ir.Value) -> None:
        self._need(self._is(self._type_of(value), self._constant(numpy.ndarray)))
        dimensions = self._field(value, ARRAY_NDIM, INT32)
        self._need(self.builder.icmp_signed("==", dimensions, INT32(type_.ndim)))
        self._dtype(type_.dtype, self._field(value, ARRAY_DTYPE, BYTES))
        wanted = {"C": C_CONTIGUOUS, "F": F_CONTIGUOUS, "A": 0}[type_.layout]
        wanted |= (ALIGNED if type_.aligned else 0) | (WRITEABLE if type_.mutable else 0)
        looked_at = wanted if self.writable_too else wanted | WRITEABLE
        flags = self.builder.and_(self._field(value, ARRAY_FLAGS, INT32), INT32(looked_at))
        self._need(self.builder.icmp_signed("==", flags, INT32(wanted)))

    def _dtype(self, type_: types.Type, dtype: ir.Value) -> None:
        """Check the scalar type and the byte order: a dtype out of a pickle has copies."""
        wanted = self._constant(numpy_support.as_dtype(type_).type)
        self._need(self._is(self._field(dtype, DTYPE_TYPE, BYTES), wanted))
        order = self._field(dtype, DTYPE_BYTEORDER, ir.IntType(8))
        native = [self.builder.icmp_unsigned("==", order, order.type(ord(c))) for c in "=|"]
        self._need(self.builder.or_(*native))
        if isinstance(type_, GivenRecord):
            self._layout(type_, dtype)

    def _layout(self, type_: GivenRecord, dtype: ir.Value) -> None:
        """Check names, types and places of the fields; NumPy's `==` is blind to two things."""
        wanted = type_.given
        held = self.builder.bitcast(self._constant(wanted), dtype.type)
        another = self.builder.not_(self._is(dtype, held))
        with self.builder.if_then(another):
            self._need_same(self.python.object_richcompare(dtype, held, "=="), True)
            for name in ("isalignedstruct", "metadata"):
                found = self.python.object_getattr_string(dtype, name)
                self._need_same(found, getattr(wanted, name))

    def _need_same(self, found: ir.Value, wanted: Any) -> None:
        """Check that an object is True, False or None, and let go of it."""
        held = self.builder.bitcast(self._constant(wanted), found.type)
        with self.builder.if_then(cgutils.is_null(self.builder, found), likely=False):
            self.builder.ret(INT32(-1))
        self.python.decref(found)
        self._need(self._is(found, held))

    def record(self, type_: GivenRecord, value: ir.Value) -> ir.Value:
        """Check a record; return the address of its fields, which may lie in an array."""
        self._need(self._is(self._type_of(value), self._constant(numpy.void)))
        self._dtype(type_, self._field(value, VOID_DTYPE, BYTES))
        wanted = (ALIGNED if type_.aligned else 0) | (WRITEABLE if type_.mutable else 0)
        flags = self.builder.and_(self._field(value, VOID_FLAGS, INT32), INT32(wanted))
        self._need(self.builder.icmp_signed("==", flags, INT32(wanted)))
        return self._field(value, VOID_DATA, BYTES)

    def _field(self, value: ir.Value, offset: int, type_: ir.Type) -> ir.Value:
        address = self.builder.gep(value, [INT64(offset)])
        return self.builder.load(self.builder.bitcast(address, type_.as_pointer()))

    def _type_of(self, value: ir.Value) -> ir.Value:
        return self._field(value, OB_TYPE, BYTES)

    def _c_object(self, name: str) -> ir.Value:
        """Return the address of one of CPython's static type objects."""
        return self.python.context.get_c_value(self.builder, ir.IntType(8), name, dllimport=True)

    def _constant(self, value: Any) -> ir.Value:
        return self.environment.read_const(self.environment.add_const(value))

    def _is(self, left: ir.Value, right: ir.Value) -> ir.Value:
        return self.builder.icmp_unsigned("==", left, self.builder.bitcast(right, left.type))

    def _need(self, condition: ir.Value) -> None:
        following = self.builder.append_basic_block("match")
        self.builder.cbranch(condition, following, self.mismatch)
        self.builder.position_at_end(following)


def environment(kernel: Kernel, python: Any) -> Any:
    """Return Numba's manager of the constants that the kernel's environment holds."""
    builder, context = python.builder, kernel.context
    holder = context.declare_env_global(builder.module, kernel.native.env_name)
    pointer = builder.load(holder)
    body = context.get_env_body(builder, pointer)
    return python.get_env_manager(kernel.environment, body, pointer)


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
