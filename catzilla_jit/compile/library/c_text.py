"""Floats as text by the C library, whose `e` and `g` are Python's digit for digit."""

# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic
from numba.core.typing import signature
from numba.cpython import unicode

from catzilla_jit.compile.library.builtin_functions import bail_out

_get_code_point: Any = unicode._get_code_point
_malloc_string: Any = unicode._malloc_string
_set_code_point: Any = unicode.set_uint8

INT32, INT64 = ir.IntType(32), ir.IntType(64)
BYTES = ir.IntType(8).as_pointer()


@functools.cache
def printed(kind: str, digits: int) -> Callable[[float], str]:
    """Return a function that writes a float as `%.<digits><kind>` does; kind: one of eEgG."""
    into = _print_into(f"%.{digits}{kind}")

    def write(x: float) -> str:
        if not math.isfinite(x):
            bail_out()
        length = into(0, 0, x)
        text = _malloc_string(1, 1, length, True)
        into(_address(text._data), length + 1, x)
        for place in range(length):
            code = _get_code_point(text, place)
            if code == 44 or code > 122:  # the decimal point of another locale
                bail_out()
        return text

    write.__module__ = __name__
    return write


def written(context: Any, builder: ir.IRBuilder, form: str, values: Sequence[ir.Value]) -> ir.Value:
    """Write code that makes a text of integers of 64 bits, by a form of `snprintf`."""
    room = len(form) + 20 * len(values) + 1
    kind = ir.FunctionType(INT32, [BYTES, INT64, BYTES], var_arg=True)
    function = cgutils.get_or_insert_function(builder.module, kind, "snprintf")
    text = cgutils.create_struct_proxy(types.unicode_type)(context, builder)
    text.meminfo = context.nrt.meminfo_alloc(builder, INT64(room))
    text.data = context.nrt.meminfo_data(builder, text.meminfo)
    form_text = context.insert_const_string(builder.module, form)
    length = builder.call(function, [text.data, INT64(room), form_text, *values])
    text.length = builder.sext(length, INT64)
    text.kind, text.is_ascii = INT32(1), INT32(1)
    text.hash, text.parent = INT64(-1), ir.Constant(text.parent.type, None)
    return text._getvalue()


def _print_into(form: str) -> Any:
    def template(_context: Any, at: Any, size: Any, x: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> Any:
            kind = ir.FunctionType(INT32, [BYTES, INT64, BYTES], var_arg=True)
            function = cgutils.get_or_insert_function(builder.module, kind, "snprintf")
            text = context.insert_const_string(builder.module, form)
            place = builder.inttoptr(values[0], BYTES)
            made = builder.call(function, [place, values[1], text, values[2]])
            return builder.sext(made, INT64)

        return signature(types.int64, types.int64, types.int64, types.float64), generate

    return intrinsic(template)


def _address_of(_context: Any, pointer: Any) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, sig: Any, values: Any) -> Any:
        return builder.ptrtoint(values[0], INT64)

    return signature(types.int64, pointer), generate


_address: Any = intrinsic(_address_of)
