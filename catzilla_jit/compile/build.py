"""From a function to a CompiledTask: screen, types, kernel, entry, addresses.

Everything that touches Numba happens under its global compiler lock, which is re-entrant and
shared with every other user of Numba in the process.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import inspect
import time
import types as pytypes
from collections.abc import Sequence
from typing import Any

from numba.core import types
from numba.core.compiler_lock import global_compiler_lock

from catzilla_jit.compile import hints
from catzilla_jit.compile.compiled import CompiledTask
from catzilla_jit.compile.context import bind_environment
from catzilla_jit.compile.entry import write_entry
from catzilla_jit.compile.kernel import Kernel, compile_kernel
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.pipeline import new_program
from catzilla_jit.compile.reason import CompileRefused, Reason
from catzilla_jit.compile.refusals import reason_of
from catzilla_jit.compile.screen import screen
from catzilla_jit.compile.slots import Slot, is_scalar, lay_out


def compile_task(
    function: Any,
    *,
    name: str,
    argument_types: Sequence[types.Type] | None = None,
    fastmath: bool = False,
    boundscheck: bool = False,
    overflow: str = "check",
) -> CompiledTask:
    """Compile a function for the types its hints name, or for `argument_types`.

    `overflow` is "check" or "wrap". The return type is the inferred one. Takes milliseconds to
    seconds, and Numba's compiler lock. Raises CompileRefused with the reasons when the function
    must stay Python.
    """
    options = Options(fastmath, boundscheck, overflow)
    begun = time.perf_counter()
    plain = screen(function, name)
    wanted = (
        tuple(argument_types) if argument_types is not None else hints.argument_types(plain, name)
    )
    with global_compiler_lock:
        kernel = _kernel(plain, name, wanted, options)
        return _finish(kernel, plain, name, begun)


def _kernel(
    function: pytypes.FunctionType, name: str, wanted: tuple[types.Type, ...], options: Options
) -> Kernel:
    program = new_program(options)
    try:
        kernel = compile_kernel(program, function, wanted)
    except Exception as error:  # Numba raises errors of every kind for what it does not support
        reasons = program.reasons or [reason_of(error, function)]
        raise CompileRefused(name, tuple(reasons)) from error
    if not is_scalar(kernel.result_type):
        line = function.__code__.co_firstlineno
        message = f"it returns {kernel.result_type}, which is no number"
        raise CompileRefused(name, (Reason(line, message, "return a number, a bool or None"),))
    return kernel


def _finish(
    kernel: Kernel, function: pytypes.FunctionType, name: str, begun: float
) -> CompiledTask:
    """Add the entry, make the library executable, describe it."""
    slots, size = _layout(kernel, function)
    symbol = write_entry(kernel, slots[0], slots[1:])
    entry = kernel.library.get_pointer_to_function(symbol)
    bind_environment(kernel.library, kernel.fndesc, kernel.environment)
    calls_python = uses_python(kernel.library)
    return CompiledTask(
        kernel,
        name=name,
        signature=_signature(slots, kernel),
        entry=entry,
        payload_size=size,
        result=slots[0],
        arguments=slots[1:],
        compile_seconds=time.perf_counter() - begun,
        from_cache=False,
        interruptible=not calls_python,
        pure=not calls_python,
    )


def _layout(kernel: Kernel, function: pytypes.FunctionType) -> tuple[tuple[Slot, ...], int]:
    names = ("return", *inspect.signature(function).parameters)
    return lay_out(list(zip(names, (kernel.result_type, *kernel.argument_types), strict=True)))


def _signature(slots: tuple[Slot, ...], kernel: Kernel) -> str:
    shown = zip(slots[1:], kernel.argument_types, strict=True)
    return (
        f"({', '.join(f'{slot.name}: {type_}' for slot, type_ in shown)}) -> {kernel.result_type}"
    )


def uses_python(library: Any) -> bool:
    """Tell whether the finished code may call the C API of Python (print, object mode)."""
    module = library._final_module
    if not any(
        function.is_declaration and function.name.startswith("Py") for function in module.functions
    ):
        return False
    return any(
        not function.is_declaration
        and not function.name.startswith("__excinfo_unwrap")
        and "@Py" in str(function)
        for function in module.functions
    )
