"""The entry: `int32_t entry(void *payload, void **error)`.

It loads the arguments from the payload, calls the kernel's native symbol, stores the result and
returns the status: 0, or the kernel's, with `*error` the description of the exception. It takes
no lock, knows no Python and allocates nothing. Caller holds Numba's compiler lock.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types, typing
from numba.core.imputils import fix_returning_optional

from catzilla_jit.compile.backend.kernel import Kernel
from catzilla_jit.compile.datamodel.bytes_type import lent, owned
from catzilla_jit.compile.slots import Slot
from catzilla_jit.compile.target import float_status, lost_errors, recursion

INT32 = ir.IntType(32)
INT64 = ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()


def write_entry(
    kernel: Kernel, result: Slot, arguments: tuple[Slot, ...], *, repeatable: bool = False
) -> str:
    """Add the entry to the kernel's library; return its symbol.

    repeatable: the task can be run again as Python, so that NumPy's warnings are not lost.
    """
    symbol = "cz_entry." + kernel.symbol
    module = kernel.library.create_ir_module(symbol)
    float_status.define(module, repeatable)
    function = ir.Function(module, ir.FunctionType(INT32, [BYTES, BYTES.as_pointer()]), symbol)
    payload, error = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    if kernel.native.recursive:
        recursion.note(builder)
    values = [
        lent(
            kernel.context,
            builder,
            type_,
            load(kernel, builder, type_, builder.gep(payload, [INT32(slot.offset)])),
        )
        for slot, type_ in zip(arguments, kernel.argument_types, strict=True)
    ]
    status, value = call_kernel(kernel, builder, values)
    with builder.if_then(status.is_error, likely=False):
        builder.store(builder.bitcast(status.excinfoptr, BYTES), error)
        with builder.if_then(status.is_user_exc):
            _take_back(kernel, builder, values, status.excinfoptr)
        builder.ret(status.code)
    value = owned(kernel.context, builder, kernel.result_type, value)
    store(kernel, builder, value, builder.gep(payload, [INT32(result.offset)]))
    builder.ret(INT32(0))
    kernel.library.add_ir_module(module)
    return symbol


def _take_back(kernel: Kernel, builder: ir.IRBuilder, values: list[ir.Value], error: Any) -> None:
    """Undo the references to the arguments that a failed run has left behind.

    Numba counts none down where an exception passes, and what is never freed keeps the caller's
    object. The slots have the only other references, but for a description that was made at run
    time and may refer to arguments: those stay.
    """
    made_at_run_time = builder.load(cgutils.gep_inbounds(builder, error, 0, lost_errors.NUMBER))
    with builder.if_then(builder.not_(lost_errors.holds_values(builder, made_at_run_time))):
        for type_, value in zip(kernel.argument_types, values, strict=True):
            for _, meminfo in kernel.context.nrt.get_meminfos(builder, type_, value):
                with builder.if_then(cgutils.is_not_null(builder, meminfo)):
                    builder.store(INT64(1), builder.bitcast(meminfo, INT64.as_pointer()))


def call_kernel(
    kernel: Kernel, builder: ir.IRBuilder, values: list[ir.Value]
) -> tuple[Any, ir.Value]:
    """Call the native symbol; return Numba's status and the result."""
    callee = kernel.declare(builder.module)
    status, value = kernel.context.call_conv.call_function(
        builder, callee, kernel.result_type, kernel.argument_types, values
    )
    # Numba returns the None of an optional as a status.
    signature = typing.signature(kernel.result_type, *kernel.argument_types)
    return status, fix_returning_optional(kernel.context, builder, signature, status, value)


def load(kernel: Kernel, builder: ir.IRBuilder, type_: types.Type, address: ir.Value) -> ir.Value:
    """Load a value in its memory form (a bool is one byte) from an `i8 *`."""
    if type_ == types.none:
        return kernel.context.get_dummy_value()
    if isinstance(type_, types.Record):
        held = builder.load(builder.bitcast(address, BYTES.as_pointer()))
        return builder.bitcast(held, kernel.context.get_value_type(type_))
    return kernel.context.unpack_value(builder, type_, pointer_to(kernel, builder, type_, address))


def store(kernel: Kernel, builder: ir.IRBuilder, value: ir.Value, address: ir.Value) -> None:
    """Store the kernel's result in its memory form at an `i8 *`; None takes no room."""
    type_ = kernel.result_type
    if type_ == types.none:
        return
    kernel.context.pack_value(builder, type_, value, pointer_to(kernel, builder, type_, address))


def store_record(builder: ir.IRBuilder, fields: ir.Value, address: ir.Value) -> None:
    """Store where the fields of a record are: it is a view of them, also in the payload."""
    builder.store(fields, builder.bitcast(address, BYTES.as_pointer()))


def pointer_to(
    kernel: Kernel, builder: ir.IRBuilder, type_: types.Type, address: ir.Value
) -> ir.Value:
    """Return the `i8 *` as a pointer to the memory form of a type."""
    return builder.bitcast(address, kernel.context.get_data_type(type_).as_pointer())
