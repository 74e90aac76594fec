"""Where an exception was raised, in the user's source, and what NumPy would say of an index.

What Numba's functions and ours leave with is described without a line of the user's, and in words
without the numbers. A task that can be run again as Python never shows it. For the others the code
of the user's functions describes anew, where it leaves: with the line, and with the numbers.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from catzilla_jit.compile.slots import STATUS_OVERFLOW
from catzilla_jit.compile.target import lost_errors, stand_ins
from catzilla_jit.compile.target.lost_errors import BYTES, DESCRIPTION, DROP, INT32, INT64

NUMBERS = ir.LiteralStructType([INT64] * 3)
ZERO = INT64(0)
#: The status of an exception that handlers see.
RAISED = 1


@dataclasses.dataclass(frozen=True)
class Site:
    """The line that code is written for; None: not one of the user's, who calls it."""

    function: ir.Function
    loc: Any
    name: str | None
    #: What it calls is not the user's: an exception of that is raised at this line.
    calls_library: bool = False
    #: The arguments of `stand_ins.Called`, and the numbers, of a call of Python's function.
    called: tuple[Any, ...] | None = None
    numbers: Callable[[], tuple[ir.Value, ...]] = tuple


def describe(
    convention: Any,
    builder: ir.IRBuilder,
    class_: type[Exception],
    numbers: tuple[ir.Value, ...],
    site: Site,
    wanted: ir.Value,
    arguments: tuple[Any, ...] = (),
) -> None:
    """Leave with a new description, of a stand-in with three integers, where it is wanted.

    Without memory for it the one that is there stays.
    """
    constant = convention.build_excinfo_struct(class_, arguments, site.loc, site.name)
    constant = convention.context.get_python_api(builder).serialize_object(constant)
    numbers = (*numbers, *[ZERO] * (3 - len(numbers)))
    wide = [builder.sext(each, INT64) if each.type.width < 64 else each for each in numbers]
    if class_ is stand_ins.Placed:
        drop = _drop_placed(convention.context, builder.module)
    else:
        drop = lost_errors.drop_values(convention.context, builder.module, [types.int64] * 3)
    place = convention._get_excinfo_argument(builder.function)
    there = builder.bitcast(builder.load(place), BYTES)
    function = _describe(convention, builder.module)
    made = builder.call(function, [wanted, there, builder.bitcast(constant, BYTES), drop, *wide])
    builder.store(builder.bitcast(made, place.type.pointee), place)


def give_place(
    convention: Any, builder: ir.IRBuilder, status: Any, code: ir.Value, site: Site
) -> None:
    """Give what a callee has left with the line of the call."""
    once = builder.not_(convention.can_run_again(builder))
    left = builder.and_(once, builder.icmp_signed("==", code, INT32(STATUS_OVERFLOW)))
    wanted = builder.icmp_signed("==", code, INT32(RAISED))
    if site.called is None:
        wanted = builder.or_(wanted, left)
    else:  # functions of numbers leave with constant descriptions, which need no drop
        with builder.if_then(left, likely=False):
            numbers, yes = site.numbers(), ir.IntType(1)(1)
            describe(convention, builder, stand_ins.Called, numbers, site, yes, site.called)
    inner = builder.ptrtoint(status.excinfoptr, INT64)
    describe(convention, builder, stand_ins.Placed, (inner,), site, wanted)


def _describe(convention: Any, module: ir.Module) -> ir.Function:
    """Write `void *f(i1 wanted, void *there, void *constant, void (*drop)(void *), i64, ...)`."""
    name = "cz_describe_numbers"
    if name in module.globals:
        return module.globals[name]
    kind = ir.FunctionType(
        BYTES, [ir.IntType(1), BYTES, BYTES, DROP.as_pointer(), INT64, INT64, INT64]
    )
    function = ir.Function(module, kind, name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    function.attributes.add("cold")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    context = convention.context
    wanted, there, constant, drop, *numbers = function.args
    with builder.if_then(builder.not_(wanted)):
        builder.ret(there)
    block, made = (
        context.nrt.allocate_unchecked(builder, _size(context, type_, extra))
        for type_, extra in ((NUMBERS, lost_errors.HEAD), (DESCRIPTION, 0))
    )
    missing = builder.or_(cgutils.is_null(builder, block), cgutils.is_null(builder, made))
    with builder.if_then(missing, likely=False):
        for each in (block, made):
            context.nrt.free(builder, each)
        builder.ret(there)
    lost_errors.put(builder, block, NUMBERS, numbers)
    builder.store(drop, builder.bitcast(block, DROP.as_pointer().as_pointer()))
    into, source = (builder.bitcast(each, DESCRIPTION.as_pointer()) for each in (made, constant))
    unwrap = convention.emit_unwrap_dynamic_exception_fn(module, NUMBERS, [types.int64] * 3)
    text, length = (builder.load(cgutils.gep_inbounds(builder, source, 0, i)) for i in range(2))
    # Of another description only what it holds itself matters: an address holds nothing.
    before = cgutils.gep_inbounds(
        builder, builder.bitcast(there, DESCRIPTION.as_pointer()), 0, lost_errors.NUMBER
    )
    holds = lost_errors.holds_values(builder, builder.load(before))
    nothing = builder.select(holds, INT32(0), INT32(lost_errors.NOTHING))
    number = builder.or_(nothing, INT32(3 | lost_errors.OURS))
    members = (text, length, block, builder.bitcast(unwrap, BYTES), number)
    for index, value in enumerate(members):
        builder.store(value, cgutils.gep_inbounds(builder, into, 0, index))
    builder.ret(made)
    return function


def _size(context: Any, type_: ir.Type, extra: int) -> ir.Value:
    return ir.Constant(context.get_value_type(types.intp), context.get_abi_sizeof(type_) + extra)


def _drop_placed(context: Any, module: ir.Module) -> ir.Function:
    """Write `void f(void *block)`, which lets go of the other description as well."""
    name = "cz_drop_placed"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, DROP, name)
    function.linkage = "linkonce_odr"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    numbers = builder.load(lost_errors.values_at(builder, function.args[0], NUMBERS))
    inner = builder.inttoptr(builder.extract_value(numbers, 0), BYTES)
    dropping = lost_errors.dropping(context, module)
    builder.call(dropping, [INT32(STATUS_OVERFLOW), inner])
    context.nrt.free(builder, function.args[0])
    builder.ret_void()
    return function
