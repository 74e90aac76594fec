"""Items, slices and repetitions that would reach outside the object they are taken from.

Numba adds the step of a slice to an index without a look at 64 bits, reads the code point at the
start of a slice of text before it asks whether there is one, takes any index of `array.flat`,
and multiplies a length by a number as they come. What these work on is made fit here, so that
Numba's own functions stay inside.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numpy
from llvmlite import ir as llvm
from numba.core import cgutils, types
from numba.cpython import slicing

from catzilla_jit.compile.analysis import number_kinds
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.frontend.own_functions import is_own
from catzilla_jit.compile.lowering import overflow
from catzilla_jit.compile.target import stand_ins

#: No sequence is as long: a step of this size leads out of each of them, and two do not wrap.
STEP = 2**61
#: What has more items has no room in memory, whatever the size of one.
MOST = 2**58
TEXTS = (types.UnicodeType, types.StringLiteral)
SEQUENCES = (*TEXTS, types.List, GivenList)
#: They are told numbers that they multiply, or negate.
FUNCTIONS = (numpy.repeat, numpy.reshape, numpy.partition, numpy.argpartition)
#: Methods of text that are told how long their result is to be.
WIDENING = {"center", "ljust", "rjust", "zfill", "expandtabs"}
INT64 = llvm.IntType(64)
#: A value and the type that it has in the place of a variable.
Typed = tuple[types.Type, llvm.Value]


def fitted_index(lower: Any, container: str, index: str) -> Typed | None:
    """Return what to use in the place of an index; None for the index itself."""
    type_, own = lower.typeof(container), lower.typeof(index)
    if isinstance(type_, types.NumpyFlatType) and isinstance(own, types.Integer):
        return _flat_index(lower, container, index)
    if isinstance(type_, types.Array) and lower.options.boundscheck:
        _bail_beyond_int64(lower, index)
    if isinstance(type_, TEXTS):
        return _text_slice(lower, container, index) if isinstance(own, types.SliceType) else None
    return None


def with_step_inside(lower: Any, type_: Any, value: llvm.Value) -> llvm.Value:
    """Return a slice whose step, where it leads out of everything, does so within 64 bits."""
    builder = lower.builder
    made = lower.context.make_helper(builder, type_, value)
    low, high = INT64(-STEP), INT64(STEP)
    step = builder.select(builder.icmp_signed("<", made.step, low), low, made.step)
    made.step = builder.select(builder.icmp_signed(">", step, high), high, step)
    return made._getvalue()


def is_too_long(lower: Any, sequence: str, times: str) -> llvm.Value:
    """Tell whether a repetition has more items than there is memory for."""
    length = length_of(lower, lower.typeof(sequence), sequence)
    return _is_too_much(lower, [length, lower.operand(times, types.int64)])


def _is_too_much(lower: Any, factors: list[llvm.Value]) -> llvm.Value:
    """Tell whether a product is more than there is memory for; what is negative counts as 1."""
    builder = lower.builder
    total, found = INT64(1), overflow.FALSE
    for factor in factors:
        factor = builder.select(builder.icmp_signed("<", factor, INT64(0)), INT64(1), factor)
        total, failed = overflow.multiply(builder, total, factor, True)
        found = builder.or_(found, failed)
    return builder.or_(found, builder.icmp_signed(">", total, INT64(MOST)))


def keep_inside(lower: Any, expr: Any) -> None:
    """Leave before a call whose numbers would lead it outside of what it works on."""
    callee = lower.typeof(expr.func.name)
    arguments = [each.name for each in (*expr.args, *(value for _, value in expr.kws or ()))]
    if isinstance(callee, types.BoundFunction):
        method, given, type_ = number_kinds.method_name(callee), expr.func.name, callee.this
    else:
        function = number_kinds.called(lower.fndesc.typemap, expr)
        method = function.__name__ if function in FUNCTIONS else ""
        given = arguments.pop(0) if method and arguments else ""
        type_ = lower.typeof(given) if given else None
    numbers = [number for name in arguments for number in _integers(lower, name)]
    if isinstance(type_, TEXTS) and method in WIDENING:
        most = 2**31 - 1 if method == "expandtabs" else MOST
        for number in numbers:
            too_wide = lower.builder.icmp_signed(">", number, INT64(most))
            too_low = lower.builder.icmp_signed("<", number, INT64(-most))
            lower.bail_if(lower.builder.or_(too_wide, too_low), "a text of this length")
    elif not isinstance(type_, (types.Array, *SEQUENCES)):
        return
    elif method == "repeat" and numbers:
        too_much = _is_too_much(lower, [length_of(lower, type_, given), numbers[0]])
        # NumPy itself writes outside: nothing is left to it.
        lower.raise_if(too_much, MemoryError, "the repetition has no room in memory")
    elif method == "reshape":
        _note_copy(lower, type_)
        lower.bail_if(_is_too_much(lower, numbers), "a shape")
        for number in numbers:
            unknown = lower.builder.icmp_signed("<", number, INT64(-1))
            lower.bail_if(unknown, "a shape")
    elif method in ("partition", "argpartition"):
        for number in numbers:
            lowest = lower.builder.icmp_signed("==", number, INT64(-(2**63)))
            lower.bail_if(lowest, "a place in an array")


def _note_copy(lower: Any, type_: Any) -> None:
    """Note that NumPy may have to copy what is reshaped, which Numba does not do."""
    unit = lower.metadata["unit"]
    may_copy = isinstance(type_, types.Array) and type_.layout != "C"
    if may_copy and not is_own(lower.func_ir.func_id.func):
        unit.findings.numpy_choice = unit.findings.numpy_choice or lower.loc


def _integers(lower: Any, name: str) -> list[llvm.Value]:
    """Return an argument that is an integer, or those in a tuple."""
    type_ = lower.typeof(name)
    if isinstance(type_, types.Integer):
        return [lower.operand(name, types.int64)]
    if isinstance(type_, types.UniTuple) and isinstance(type_.dtype, types.Integer):
        builder, value = lower.builder, lower.loadvar(name)
        parts = (builder.extract_value(value, index) for index in range(type_.count))
        return [lower.context.cast(builder, part, type_.dtype, types.int64) for part in parts]
    return []


def length_of(lower: Any, type_: Any, name: str) -> llvm.Value:
    """Return how many items there are; a method holds what it is of."""
    value = lower.loadvar(name)
    if isinstance(type_, types.StringLiteral):
        return INT64(len(type_.literal_value))
    if isinstance(type_, types.Array):
        return lower.context.make_array(type_)(lower.context, lower.builder, value).nitems
    if isinstance(type_, types.UnicodeType):
        return cgutils.create_struct_proxy(type_)(lower.context, lower.builder, value).length
    of_list = type_.list if isinstance(type_, GivenList) else type_
    signature = types.intp(of_list)
    return lower.context.get_function(len, signature)(lower.builder, (value,))


def _bail_beyond_int64(lower: Any, index: str) -> None:
    """Leave with an index that NumPy does not take; the check of bounds has it for a negative."""
    type_, value = lower.typeof(index), lower.loadvar(index)
    parts = [(type_, value)]
    if isinstance(type_, types.BaseTuple):
        builder = lower.builder
        parts = [(each, builder.extract_value(value, i)) for i, each in enumerate(type_.types)]
    for each, number in parts:
        if isinstance(each, types.Integer) and not each.signed and each.bitwidth == 64:
            beyond = lower.builder.icmp_signed("<", number, number.type(0))
            lower.bail_if(beyond, "an index beyond 64 bits")


def _flat_index(lower: Any, container: str, index: str) -> Typed:
    """Leave for an index out of bounds; count a negative one from the end."""
    builder, context = lower.builder, lower.context
    type_, own = lower.typeof(container), lower.typeof(index)
    size = context.get_function(len, types.intp(type_))(builder, (lower.loadvar(container),))
    value = lower.operand(index, types.intp)
    if own.signed:
        negative = builder.icmp_signed("<", value, INT64(0))
        value = builder.select(negative, builder.add(value, size), value)
    outside = builder.icmp_unsigned(">=", value, size)
    given = lower.operand(index, types.intp)
    lower.leave_if(outside, stand_ins.OutOfBounds, given, size, size.type(-1))
    return types.intp, value


def _text_slice(lower: Any, text: str, index: str) -> Typed:
    """Return a slice that begins inside the text, also where there is nothing in it."""
    builder, context = lower.builder, lower.context
    type_ = lower.typeof(index)
    asked = context.make_helper(builder, type_, lower.loadvar(index))
    bounds = context.make_helper(builder, type_, lower.loadvar(index))
    zero, one = INT64(0), INT64(1)
    bounds.step = builder.select(builder.icmp_signed("==", bounds.step, zero), one, bounds.step)
    slicing.fix_slice(builder, bounds, length_of(lower, lower.typeof(text), text))
    empty = builder.icmp_signed("==", slicing.get_slice_length(builder, bounds), zero)
    empty = builder.and_(empty, builder.icmp_signed("!=", asked.step, zero))
    for name, value in (("start", zero), ("stop", zero), ("step", one)):
        setattr(asked, name, builder.select(empty, value, getattr(asked, name)))
    return type_, asked._getvalue()
