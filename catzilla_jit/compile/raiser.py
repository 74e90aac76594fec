"""From a status and a description to a Python exception, on a thread that holds the GIL.

One compiled function per process hands both to Numba's own unwinding. A description made at
compile time is constant data and can be raised any number of times. One made at run time
(`ValueError("bad " + str(x))`) owns what it points to, and raising it frees it: raise it once and
keep the exception.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import functools
import pickle
import sys
from collections.abc import Callable
from typing import Any, NoReturn, cast

from llvmlite import ir
from numba import _dynfunc
from numba.core import callconv
from numba.core.compiler_lock import global_compiler_lock
from numba.core.runtime import rtsys

from catzilla_jit.compile.context import task_context

SYMBOL = "cz_raise"
INT32 = ir.IntType(32)
INT64 = ir.IntType(64)
LOADS = pickle.loads  # kept: its address is in the code


def raise_error(status: int, error: int) -> NoReturn:
    """Raise what a kernel that returned `status` left in `*error`."""
    _raiser()(status, error)
    raise SystemError(f"compiled code returned status {status} without an error")


@functools.cache
def _raiser() -> Callable[[int, int], NoReturn]:
    with global_compiler_lock:
        return _compile()


def _compile() -> Callable[[int, int], NoReturn]:
    """Compile `raise(status, error)` as a function that Python can call."""
    context = task_context()
    rtsys.initialize(context)
    library = context.codegen().create_library(SYMBOL)
    module = library.create_ir_module(SYMBOL)
    _write(module)
    library.add_ir_module(module)
    address = library.get_pointer_to_function(SYMBOL)
    function = _dynfunc.make_function(
        sys.modules[__name__],
        "raise_error",
        "Raise.",
        address,
        _dynfunc.Environment({}),
        (library,),
    )
    return cast("Callable[[int, int], NoReturn]", function)


def _write(module: ir.Module) -> None:
    context = task_context()
    function = ir.Function(module, ir.FunctionType(*_python_signature()), SYMBOL)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    python = context.get_python_api(builder)
    python.unserialize = functools.partial(_unpickle, python)
    status, error = builder.alloca(INT32), builder.alloca(INT64)
    text = context.insert_const_string(module, "iL")
    parsed = python.parse_tuple(function.args[1], text, status, error)
    with builder.if_then(builder.icmp_signed("!=", parsed, INT32(0)), likely=True):
        description = builder.inttoptr(builder.load(error), callconv.excinfo_ptr_t)
        convention = context.call_conv
        convention.raise_error(
            builder,
            python,
            convention._get_return_status(builder, builder.load(status), description),
        )
    builder.ret(ir.Constant(python.pyobj, None))


def _unpickle(python: Any, description: ir.Value) -> ir.Value:
    """Write `pickle.loads` of a description made at compile time.

    Numba's own function remembers what came of it: the exception's class as it was before its
    module was reloaded.
    """
    builder = python.builder
    fields = builder.load(description)
    data, size = (builder.extract_value(fields, index) for index in range(2))
    text = python.bytes_from_string_and_size(data, builder.sext(size, python.py_ssize_t))
    loads = builder.inttoptr(INT64(id(LOADS)), python.pyobj)
    made = python.call_function_objargs(loads, (text,))
    python.decref(text)
    return made


def _python_signature() -> tuple[ir.Type, list[ir.Type]]:
    """`PyObject *f(PyObject *self, PyObject *args, PyObject *kwargs)`."""
    pointer = ir.IntType(8).as_pointer()
    return pointer, [pointer] * 3
