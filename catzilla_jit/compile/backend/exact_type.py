"""Machine code that tests whether a Python value is exactly of a Numba type.

It looks at the types of the elements and at the layout of an array, because Numba's own unboxing
trusts its caller.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numpy
from llvmlite import ir
from numba.core import cgutils, types
from numba.np import numpy_support

from catzilla_jit.compile.analysis.numpy_made import SCALARS, is_numpys
from catzilla_jit.compile.analysis.origins import PYTHON, Origin
from catzilla_jit.compile.backend.entry import BYTES, INT32
from catzilla_jit.compile.backend.kernel import Kernel
from catzilla_jit.compile.datamodel.constant_argument import GivenConstant, GivenDefault
from catzilla_jit.compile.datamodel.convertible import EXACT_TYPES, MEMBERS
from catzilla_jit.compile.datamodel.data_object import DataObject, borrowed_field
from catzilla_jit.compile.datamodel.dict_argument import GivenDict, each_item
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.datamodel.record_type import GivenRecord

INT64 = ir.IntType(64)
#: Offsets in bytes in the C structs of CPython and NumPy, the same in all versions that we run on.
OB_TYPE = 8
ARRAY_NDIM, ARRAY_DTYPE, ARRAY_FLAGS = 24, 56, 64
DTYPE_TYPE, DTYPE_BYTEORDER = 16, 26
VOID_DATA, VOID_DTYPE, VOID_FLAGS = 24, 32, 40
C_CONTIGUOUS, F_CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x2, 0x100, 0x400


class ExactType:
    """The test that a Python value is exactly of a type; branches away where it is not."""

    def __init__(self, kernel: Kernel, builder: ir.IRBuilder, mismatch: ir.Block) -> None:
        self.builder = builder
        self.mismatch = mismatch
        self.python = kernel.context.get_python_api(builder)
        self.environment = environment(kernel, self.python)
        self.in_container = False
        self.writable_too = True  # what only reads takes what may be written: no view comes of it

    def value(self, type_: types.Type, value: ir.Value, origin: Origin = PYTHON) -> None:
        """Check one value and what it consists of, and that its numbers are of that origin."""
        if is_numpys(type_, origin):
            self._need(self._is(self._type_of(value), self._constant(SCALARS[type_])))
        elif isinstance(type_, types.Optional):
            self._optional(type_, value, origin)
        elif isinstance(type_, types.BaseTuple):
            self._tuple(type_, value, origin)
        elif isinstance(type_, types.Array):
            self._array(type_, value)
        elif isinstance(type_, GivenList):
            self._list(type_, value, origin)
        elif isinstance(type_, GivenDict):
            self._dict(type_, value, origin)
        elif isinstance(type_, DataObject):
            self._object(type_, value)
        elif isinstance(type_, MEMBERS):
            self._need(self._is(self._type_of(value), self._constant(type_.instance_class)))
        elif isinstance(type_, GivenDefault):
            self._need(self._is(value, self._constant(type_.value)))
        elif isinstance(type_, GivenConstant):
            self._same(type_.value, value)
        elif type_ == types.none:
            self._need(self._is(value, self.python.borrow_none()))
        else:
            self._need(self._is(self._type_of(value), self._c_object(EXACT_TYPES[type_])))
            if type_ == types.int64 and self.in_container:
                self._fits(value)

    def _same(self, wanted: Any, value: ir.Value) -> None:
        """Check that a value is of the class of a constant, and equals it."""
        self._need(self._is(self._type_of(value), self._constant(type(wanted))))
        held = self.builder.bitcast(self._constant(wanted), value.type)
        self._need_same(self.python.object_richcompare(value, held, "=="), True)

    def _optional(self, type_: types.Optional, value: ir.Value, origin: Origin) -> None:
        present = self.builder.not_(self._is(value, self.python.borrow_none()))
        with self.builder.if_then(present):
            self.value(type_.type, value, origin)

    def _tuple(self, type_: types.BaseTuple, value: ir.Value, origin: Origin) -> None:
        if isinstance(type_, types.BaseNamedTuple):
            class_ = self._constant(type_.instance_class)
        else:
            class_ = self._c_object("PyTuple_Type")
        self._need(self._is(self._type_of(value), class_))
        size = self.python.tuple_size(value)
        self._need(self.builder.icmp_signed("==", size, size.type(len(type_.types))))
        outer, self.in_container = self.in_container, True
        origins = origin if isinstance(origin, tuple) else (origin,) * len(type_.types)
        for index, element in enumerate(type_.types):
            self.value(element, self.python.tuple_getitem(value, index), origins[index])
        self.in_container = outer

    def _object(self, type_: DataObject, value: ir.Value) -> None:
        self._need(self._is(self._type_of(value), self._constant(type_.instance_class)))
        outer, self.in_container = self.in_container, True
        for name, part in zip(type_.fields, type_.types, strict=True):
            self.value(part, borrowed_field(self.builder, self.python, value, name))
        self.in_container = outer

    def _list(self, type_: GivenList, value: ir.Value, origin: Origin) -> None:
        self._need(self._is(self._type_of(value), self._c_object("PyList_Type")))
        with cgutils.for_range(self.builder, self.python.list_size(value)) as loop:
            self.value(type_.dtype, self.python.list_getitem(value, loop.index), origin)

    def _dict(self, type_: GivenDict, value: ir.Value, origin: Origin) -> None:
        self._need(self._is(self._type_of(value), self._c_object("PyDict_Type")))
        outer, self.in_container = self.in_container, True
        with each_item(self.builder, self.python, value) as (_, key, item):
            self.value(type_.key_type, key)
            self.value(type_.value_type, item, origin)
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
