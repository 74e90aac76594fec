"""Lists and dicts of a module as constants of compiled code: made once, read by all calls.

What a function names is made by compiled code when it is first wanted, and kept as long as the
code is, which is for good. It has the types that arguments have (`GivenList`, `GivenDict`), so
compiled code only reads it. Two workers that come at once both make it; one of the two stays. A
submission finds out whether the module's own object has changed since (`frontend/contents.py`).
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic
from numba.core.imputils import impl_ret_borrowed, impl_ret_new_ref
from numba.core.typing import signature

from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList

POINTER = ir.IntType(8).as_pointer()


def given_type(made: types.Type) -> types.Type | None:
    """Return the type that can only be read, of a list or dict that was made."""
    if isinstance(made, types.List):
        return GivenList(given_type(made.dtype) or made.dtype)
    if isinstance(made, types.DictType):
        return GivenDict(made.key_type, given_type(made.value_type) or made.value_type)
    return None


def _as_given(_context: Any, made: Any) -> Any:
    """Return a list or dict that was just made as one that can only be read."""

    def generate(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        return impl_ret_borrowed(context, builder, sig.return_type, values[0])

    type_ = given_type(made)
    return None if type_ is None else (signature(type_, made), generate)


as_given: Any = intrinsic(_as_given)


def _kept(typing_context: Any, maker: Any) -> Any:
    """Return what `maker()`, a function of the program, made when it was first wanted."""
    found = typing_context.resolve_function_type(maker, (), {})
    type_ = found and given_type(found.return_type)
    if not type_:
        return None
    make = signature(found.return_type)

    def generate(context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> Any:
        slot = cgutils.add_global_variable(
            builder.module, POINTER, f".cz_kept.{context.tag}.{maker.dispatcher.py_func.__name__}"
        )
        slot.linkage = "internal"
        slot.initializer = POINTER(None)
        present = builder.load_atomic(slot, "acquire", 8)
        with builder.if_then(cgutils.is_null(builder, present), likely=False):
            made = context.get_function(maker, make)(builder, ())
            memory = builder.bitcast(_memory(context, builder, make.return_type, made), POINTER)
            pair = builder.cmpxchg(slot, POINTER(None), memory, "acq_rel", "acquire")
            lost = builder.not_(builder.extract_value(pair, 1))
            with builder.if_then(lost, likely=False):
                context.nrt.decref(builder, make.return_type, made)
        kept = _value(context, builder, type_, builder.load_atomic(slot, "acquire", 8))
        context.nrt.incref(builder, type_, kept)
        return impl_ret_new_ref(context, builder, type_, kept)

    return signature(type_, maker), generate


kept: Any = intrinsic(_kept)


def _memory(context: Any, builder: ir.IRBuilder, type_: Any, value: Any) -> ir.Value:
    return cgutils.create_struct_proxy(type_)(context, builder, value=value).meminfo


def _value(context: Any, builder: ir.IRBuilder, type_: Any, memory: ir.Value) -> Any:
    """Return the list or dict whose memory this is."""
    made = cgutils.create_struct_proxy(type_)(context, builder)
    made.meminfo = builder.bitcast(memory, made.meminfo.type)
    if isinstance(type_, GivenDict):
        data = context.nrt.meminfo_data(builder, made.meminfo)
        made.data = builder.load(builder.bitcast(data, POINTER.as_pointer()))
    else:
        made.parent = made.parent.type(None)
    return made._getvalue()
