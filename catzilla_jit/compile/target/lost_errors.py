"""Errors that nobody will hear of: of several that were raised at once, one is the task's.

A description of an exception whose arguments are made at run time owns them, and its own memory:
raising it frees both (`backend/raise_error.py`). Of parallel loops and forked calls more than one
may fail. Who holds the GIL can make Python's objects of the arguments; native workers only let go
of them. So each description of ours says how:

    {i8 *pickle, i32 size, i8 *values, i8 *unwrap, i32 number of values | OURS}
                               |
                               +-> {i8 *drop, values}, in one block

Numba's own descriptions, without that mark, are left alone.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

INT32, INT64 = ir.IntType(32), ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()
DESCRIPTION = ir.LiteralStructType([BYTES, INT32, BYTES, BYTES, INT32])
VALUES, NUMBER = 2, 4  # its members
OURS = 1 << 20
#: None of the values counts references, so none can be to an argument of the task.
NOTHING = 1 << 21
HEAD = 16  # bytes before the values
DROP = ir.FunctionType(ir.VoidType(), [BYTES])
#: cz_error_drop
DROP_ERROR = ir.FunctionType(ir.VoidType(), [INT32, BYTES])
#: The first status that has a description.
DESCRIBED = 1


def values_at(builder: ir.IRBuilder, block: ir.Value, type_: ir.Type) -> ir.Value:
    """Return where the values are in the block of a description."""
    return builder.bitcast(builder.gep(block, [INT64(HEAD)]), type_.as_pointer())


def stored(context: Any, builder: ir.IRBuilder, type_: ir.Type, values: list[ir.Value]) -> ir.Value:
    """Return a block with the values, whose head is not filled in yet."""
    size = ir.Constant(context.get_value_type(types.intp), HEAD + context.get_abi_sizeof(type_))
    block = context.nrt.allocate(builder, size)
    put(builder, block, type_, values)
    return block


def put(builder: ir.IRBuilder, block: ir.Value, type_: ir.Type, values: Sequence[ir.Value]) -> None:
    """Store the values of a description in its block."""
    place = values_at(builder, block, type_)
    for index, value in enumerate(values):
        builder.store(value, cgutils.gep_inbounds(builder, place, 0, index))


def holds_values(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
    """Tell whether a description, by its number of values, may refer to arguments of the task."""
    made = builder.icmp_signed(">", number, INT32(0))
    counted = builder.icmp_signed("==", builder.and_(number, INT32(NOTHING)), INT32(0))
    return builder.and_(made, counted)


def mark(convention: Any, builder: ir.IRBuilder, kinds: Any) -> None:
    """Say in the description that was just made how its values are let go of."""
    kinds = [each for each in kinds if each is not None]
    if not kinds:
        return
    error = builder.load(convention._get_excinfo_argument(builder.function))
    error = builder.bitcast(error, DESCRIPTION.as_pointer())
    block = builder.load(cgutils.gep_inbounds(builder, error, 0, VALUES))
    drop = drop_values(convention.context, builder.module, kinds)
    head = builder.bitcast(block, DROP.as_pointer().as_pointer())
    builder.store(drop, head)
    number = cgutils.gep_inbounds(builder, error, 0, NUMBER)
    builder.store(builder.or_(builder.load(number), INT32(OURS)), number)


def drop_values(context: Any, module: ir.Module, kinds: list[Any]) -> ir.Function:
    """Write `void f(void *block)`, which frees a block and lets go of its values."""
    kept = [context.get_value_type(each) for each in kinds]
    shape = ir.LiteralStructType(kept)
    name = f"cz_drop_values.{hashlib.sha256(str((kinds, kept)).encode()).hexdigest()[:32]}"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, DROP, name)
    function.linkage = "linkonce_odr"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    values = builder.load(values_at(builder, function.args[0], shape))
    for index, kind in enumerate(kinds):
        context.nrt.decref(builder, kind, builder.extract_value(values, index))
    context.nrt.free(builder, function.args[0])
    builder.ret_void()
    return function


def dropping(context: Any, module: ir.Module) -> ir.Function:
    """Return the module's `void f(i32 status, void *error)` that lets go of an error."""
    name = "cz_drop_error"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, DROP_ERROR, name)
    function.linkage = "linkonce_odr"
    status, error = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    with builder.if_then(builder.icmp_signed(">=", status, INT32(DESCRIBED))):
        description = builder.bitcast(error, DESCRIPTION.as_pointer())
        number = builder.load(cgutils.gep_inbounds(builder, description, 0, NUMBER))
        with builder.if_then(builder.icmp_signed(">=", number, INT32(OURS))):
            block = builder.load(cgutils.gep_inbounds(builder, description, 0, VALUES))
            drop = builder.load(builder.bitcast(block, DROP.as_pointer().as_pointer()))
            builder.call(drop, [block])
            context.nrt.free(builder, error)
    builder.ret_void()
    return function
