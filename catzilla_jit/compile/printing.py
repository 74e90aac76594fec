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
    arguments = python.tuple_new(len(values))
    for index, (type_, value) in enumerate(values):
        python.tuple_setitem(arguments, index, _object(context, python, environment, type_, value))
    function = python.unserialize(python.serialize_object(print))
    result = python.call(function, arguments)
    failed = cgutils.is_null(builder, result)
    with builder.if_then(failed, likely=False):
        python.err_clear()
    for each in (result, arguments, function):
        python.decref(each)
    python.gil_release(lock)
    return failed


def _object(context: Any, python: Any, environment: Any, type_: Any, value: ir.Value) -> ir.Value:
    """Return a new reference to the Python object of a value."""
    if isinstance(type_, types.Literal):
        return python.unserialize(python.serialize_object(type_.literal_value))
    if context.enable_nrt:
        context.nrt.incref(python.builder, type_, value)
    return python.from_native_value(type_, value, environment)
