"""From a function to a CompiledTask: screen, types, kernel, entry, addresses.

Everything that touches Numba happens under its global compiler lock, which is re-entrant and
shared with every other user of Numba in the process.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import inspect
import time
import types as pytypes
from collections.abc import Sequence
from typing import Any

from numba.core import types
from numba.core.compiler_lock import global_compiler_lock

from catzilla_jit.compile import hints
from catzilla_jit.compile.boxes import can_unpack, write_boxes
from catzilla_jit.compile.compiled import CompiledTask
from catzilla_jit.compile.context import bind_environment
from catzilla_jit.compile.effects import is_pure
from catzilla_jit.compile.entry import write_entry
from catzilla_jit.compile.kernel import Kernel, compile_kernel
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.pipeline import new_program
from catzilla_jit.compile.program import Program
from catzilla_jit.compile.reason import CompileRefused, Reason
from catzilla_jit.compile.refusals import reason_of
from catzilla_jit.compile.screen import screen
from catzilla_jit.compile.slots import Slot, is_scalar, lay_out

#: The symbols of pack, unpack and release begin with this.
BOX = "cz_box"


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
        program = new_program(options)
        kernel = _kernel(program, plain, name, wanted)
        return _finish(kernel, plain, name, program, begun)


def _kernel(
    program: Program, function: pytypes.FunctionType, name: str, wanted: tuple[types.Type, ...]
) -> Kernel:
    try:
        kernel = compile_kernel(program, function, wanted)
    except Exception as error:  # Numba raises errors of every kind for what it does not support
        reasons = program.reasons or [reason_of(error, function)]
        raise CompileRefused(name, tuple(reasons)) from error
    _refuse_result(kernel, function, name)
    return kernel


def _refuse_result(kernel: Kernel, function: pytypes.FunctionType, name: str) -> None:
    type_ = kernel.result_type
    if is_scalar(type_) or can_unpack(type_):
        return
    line = function.__code__.co_firstlineno
    message = f"it returns {type_}, which cannot be given back as Python has it"
    advice = "return numbers, strings, arrays, or tuples and lists of them"
    raise CompileRefused(name, (Reason(line, message, advice),))


def _finish(
    kernel: Kernel, function: pytypes.FunctionType, name: str, program: Program, begun: float
) -> CompiledTask:
    """Add the entry and the boxes, make the library executable, describe it."""
    slots, size = _layout(kernel, function)
    symbol = write_entry(kernel, slots[0], slots[1:])
    boxes = _write_boxes(kernel, slots, program.keys)
    entry = kernel.library.get_pointer_to_function(symbol)
    bind_environment(kernel.library, kernel.fndesc, kernel.environment)
    slots = tuple(_addressed(kernel, slot, boxes) for slot in slots)
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
        interruptible=not uses_python(kernel.library),
        pure=is_pure(program.effects, kernel.argument_types),
    )


def _write_boxes(
    kernel: Kernel, slots: tuple[Slot, ...], keys: tuple[str, ...] | None
) -> dict[str, list[str]]:
    """Write pack, unpack and release of the slots that need them; return the symbols by name."""
    found = {}
    kinds = (kernel.result_type, *kernel.argument_types)
    for index, (slot, type_) in enumerate(zip(slots, kinds, strict=True)):
        if slot.code == "O":
            prefix = f"{BOX}{index}.{kernel.fndesc.llvm_func_name}"
            found[slot.name] = write_boxes(
                kernel, type_, prefix, argument=index > 0, keys=None if index else keys
            )
    return found


def _addressed(kernel: Kernel, slot: Slot, boxes: dict[str, list[str]]) -> Slot:
    """Return the slot with the addresses of its functions."""
    if slot.code != "O":
        return slot
    pack, unpack, release = (
        kernel.library.get_pointer_to_function(symbol) if symbol else 0
        for symbol in boxes[slot.name]
    )
    return dataclasses.replace(slot, pack=pack, unpack=unpack, release=release)


def _layout(kernel: Kernel, function: pytypes.FunctionType) -> tuple[tuple[Slot, ...], int]:
    names = ("return", *inspect.signature(function).parameters)
    kinds = (kernel.result_type, *kernel.argument_types)
    return lay_out(kernel.context, list(zip(names, kinds, strict=True)))


def _signature(slots: tuple[Slot, ...], kernel: Kernel) -> str:
    shown = zip(slots[1:], kernel.argument_types, strict=True)
    return (
        f"({', '.join(f'{slot.name}: {type_}' for slot, type_ in shown)}) -> {kernel.result_type}"
    )


def uses_python(library: Any) -> bool:
    """Tell whether the finished kernel may call the C API of Python (print, object mode).

    The boxes and what makes the arguments of an exception do, but only with the GIL held.
    """
    module = library._final_module
    if not any(f.is_declaration and f.name.startswith("Py") for f in module.functions):
        return False
    return any(
        not function.is_declaration
        and not function.name.startswith(("__excinfo_unwrap", BOX))
        and "@Py" in str(function)
        for function in module.functions
    )
