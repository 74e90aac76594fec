"""print: a call of Python's own, with the values as Python has them.

Numba writes each value by itself through a C function that cuts texts at 1000 bytes and at a NUL,
and that is handed a null pointer for a text which has no UTF-8. Here the values become one call of
`print`, under the GIL. Whether that failed is the answer: what it raised is dropped.
"""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types


def write_print(
    context: Any, builder: ir.IRBuilder, environment: Any, values: list[tuple[Any, ir.Value]]
) -> ir.Value:
    """Write the call for (type, value) pairs; return whether it failed, an i1."""
    python = context.get_python_api(builder)
    lock = python.gil_ensure()
    objects = [_object(context, python, environment, type_, value) for type_, value in values]
    whole = cgutils.true_bit
    for each in objects:
        whole = builder.and_(whole, cgutils.is_not_null(builder, each))
    result = cgutils.alloca_once_value(builder, cgutils.get_null_value(python.pyobj))
    with cgutils.if_likely(builder, whole):
        builder.store(python.call_function_objargs(python.object(print), objects), result)
    made = builder.load(result)
    failed = cgutils.is_null(builder, made)
    with builder.if_then(failed, likely=False):
        python.err_clear()
    for each in (made, *objects):  # null is none
        python.decref(each)
    python.gil_release(lock)
    return failed


def _object(context: Any, python: Any, environment: Any, type_: Any, value: ir.Value) -> ir.Value:
    """Return a new reference to the Python object of a value."""
    if isinstance(type_, types.Literal):
        literal = python.object(type_.literal_value)
        python.incref(literal)
        return literal
    if context.enable_nrt:
        context.nrt.incref(python.builder, type_, value)
    return python.from_native_value(type_, value, environment)
