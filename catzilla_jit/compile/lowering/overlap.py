"""Assignments to slices whose source may lie in the same object: Python copies such a source first.

Numba does so for arrays, by the bounds of the two in memory; where the index has an integer beside
a slice it computes these from the wrong dimensions, and it compiles seconds of text functions for
the error of shapes that do not fit. So parts of arrays are written to by code of ours. Of lists
Numba copies nothing.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

from llvmlite import ir as llvm
from numba.core import cgutils, types
from numba.cpython.listobj import ListInstance

from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.frontend.own_functions import is_own
from catzilla_jit.compile.library import c_text
from catzilla_jit.compile.library.ufuncs import assignment, number_rows

INT64 = llvm.IntType(64)
FALSE = llvm.IntType(1)(0)


def assigns_to_view(lower: Any, target: str, index: str, value: str) -> bool:
    """Take a part of an array as an array of its own and write to that; False for the others."""
    context, builder = lower.context, lower.builder
    source = lower.typeof(value)
    of_numbers = number_rows.kind(source) is not None
    if not (of_numbers or isinstance(source, types.Array)):
        return False
    if not isinstance(lower.typeof(target), types.Array):
        return False
    if not number_rows.is_basic(lower.typeof(index)):
        return False
    typing = context.typing_context
    given = (lower.typeof(target), lower.typeof(index))
    taking = typing.resolve_function_type(operator.getitem, given, {})
    if taking is None or not isinstance(taking.return_type, types.Array):
        return False
    type_ = taking.return_type
    given_as, new = source, lower.loadvar(value)
    if of_numbers:
        source = number_rows.line_type(given_as, type_)
        if source is None:
            return False
        new = number_rows.line(context, builder, given_as, new, source)
    known = assignment.is_known(type_, source)
    everything = (type_, types.slice2_type, source)
    storing: Any = None
    if not known:
        storing = typing.resolve_function_type(operator.setitem, everything, {})
        if storing is None or not isinstance(given[1], types.BaseTuple):
            return False
    view = _called(lower, operator.getitem, taking, [target, index])
    if known:
        values = (view, new)
        refuse = functools.partial(_raise_unfit, lower)
        assignment.assign(context, builder, (type_, source), values, refuse)
    else:
        new = context.cast(builder, new, source, storing.args[2])
        function = context.get_function(typing.resolve_value_type(operator.setitem), storing)
        function(builder, (view, _all_of(context, builder), new))
    context.nrt.decref(builder, type_, view)
    return True


def _raise_unfit(
    lower: Any, condition: llvm.Value, source: Sequence[llvm.Value], target: Sequence[llvm.Value]
) -> None:
    """Raise what NumPy raises where shapes do not fit."""
    form = "could not broadcast input array from shape {} into shape {}"
    raise_shapes(lower, condition, form, source, target)


def raise_shapes(
    lower: Any, condition: llvm.Value, form: str, *shapes: Sequence[llvm.Value]
) -> None:
    """Raise a ValueError that names shapes, where a condition holds."""
    context, builder = lower.context, lower.builder
    if isinstance(condition, llvm.Constant) and not condition.constant:
        return
    with builder.if_then(condition, likely=False):
        shown = ["(" + ",".join(["%lld"] * len(each)) + "," * (len(each) == 1) + ")"
                 for each in shapes]  # fmt: skip
        values = [length for each in shapes for length in each]
        text = c_text.written(context, builder, form.format(*shown), values)
        lower.return_dynamic_exception(ValueError, (text,), (types.unicode_type,), loc=lower.loc)


def raise_unfit_operand(
    lower: Any, target: Sequence[llvm.Value], value: Sequence[llvm.Value]
) -> None:
    """Raise what NumPy raises where an operation in place has an operand of another shape."""
    builder = lower.builder
    shape, apart, larger = list(target), FALSE, FALSE
    for place, length in enumerate(value, len(target) - len(value)):
        own = target[place]
        single = builder.icmp_signed("==", own, INT64(1))
        differs = builder.and_(
            builder.icmp_signed("!=", own, length), builder.icmp_signed("!=", length, INT64(1))
        )
        apart = builder.or_(apart, builder.and_(differs, builder.not_(single)))
        larger = builder.or_(larger, builder.and_(differs, single))
        shape[place] = builder.select(single, length, own)
    form = "operands could not be broadcast together with shapes {} {} {} "
    raise_shapes(lower, apart, form, target, value, target)
    form = "non-broadcastable output operand with shape {} doesn't match the broadcast shape {}"
    raise_shapes(lower, larger, form, target, shape)


def fitted_operand(lower: Any, expr: Any) -> tuple[Any, llvm.Value] | None:
    """Return an operand that an operation in place can read; a reference to let go of.

    Numba looks neither at its shape, which raises here, nor at whether it overlaps what is
    written. None: it is used as it is.
    """
    names = [expr.lhs.name, expr.rhs.name]
    given = tuple(types.unliteral(lower.typeof(name)) for name in names)
    known = (
        expr.op == "inplace_binop"
        and not is_own(lower.func_ir.func_id.func)
        and names[0] != names[1]
        and all(isinstance(each, types.Array) for each in given)
        and given[0].ndim >= given[1].ndim
    )
    if not known:
        return None
    context, builder = lower.context, lower.builder
    values = (lower.loadvar(names[0]), lower.loadvar(names[1]))
    shapes = [
        cgutils.unpack_tuple(builder, context.make_array(type_)(context, builder, value).shape)
        for type_, value in zip(given, values, strict=True)
    ]
    raise_unfit_operand(lower, *shapes)
    return given[1], assignment.copied_if_overlapping(context, builder, given, values).value()


def assigns_to_list(lower: Any, target: str, index: str, value: str) -> bool:
    """Assign a list to a slice of a list, copied first if it is the same; False for the rest."""
    context, builder = lower.context, lower.builder
    given = tuple(map(lower.typeof, (target, index, value)))
    lists = isinstance(given[0], types.List) and isinstance(given[2], types.List)
    if not lists or not isinstance(given[1], types.SliceType):
        return False
    if context.data_model_manager[given[0].dtype].contains_nrt_meminfo():
        # Numba lets go of items that it has only moved.
        what = f"the function assigns to a slice of a {type_names.of(given[0])}"
        lower.refuse(rules.SLICE, what, "join the parts to a new list")
    typing = context.typing_context
    storing = typing.resolve_function_type(operator.setitem, given, {})
    into, part, source = map(lower.loadvar, (target, index, value))
    meminfos = (
        ListInstance(context, builder, type_, each).meminfo
        for type_, each in ((given[0], into), (given[2], source))
    )
    held = cgutils.alloca_once_value(builder, source)
    with builder.if_else(builder.icmp_unsigned("==", *meminfos), likely=False) as (same, others):
        with same:
            copy = context.get_function(operator.getitem, given[2](given[2], types.slice2_type))
            builder.store(copy(builder, (source, _all_of(context, builder))), held)
        with others:
            context.nrt.incref(builder, given[2], source)
    source = builder.load(held)
    values = [
        context.cast(builder, each, type_, wanted)
        for each, type_, wanted in zip((into, part, source), given, storing.args, strict=True)
    ]
    context.get_function(typing.resolve_value_type(operator.setitem), storing)(builder, values)
    context.nrt.decref(builder, given[2], source)
    return True


def _called(lower: Any, operation: Any, signature: Any, names: list[str]) -> llvm.Value:
    context = lower.context
    function = context.get_function(context.typing_context.resolve_value_type(operation), signature)
    values = [
        context.cast(lower.builder, lower.loadvar(name), lower.typeof(name), type_)
        for name, type_ in zip(names, signature.args, strict=True)
    ]
    return function(lower.builder, values)


def _all_of(context: Any, builder: Any) -> llvm.Value:
    """Return the slice of everything."""
    made = context.make_helper(builder, types.slice2_type)
    made.start, made.stop, made.step = INT64(0), INT64(2**63 - 1), INT64(1)
    return made._getvalue()
