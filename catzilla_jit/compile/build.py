"""From a function to a CompiledTask: screen, types, kernel, entry, addresses.

Everything that touches Numba happens under its global compiler lock, which is re-entrant and
shared with every other user of Numba in the process.
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import inspect
import itertools
import time
import types as pytypes
from collections.abc import Sequence
from typing import Any

from numba.core import types
from numba.core.compiler_lock import global_compiler_lock

from catzilla_jit.compile import hints, store, words
from catzilla_jit.compile import saved as saved_forms
from catzilla_jit.compile.boxes import can_return, write_boxes
from catzilla_jit.compile.compiled import CompiledTask
from catzilla_jit.compile.context import TaskContext
from catzilla_jit.compile.dicts import GivenDict
from catzilla_jit.compile.effects import is_pure
from catzilla_jit.compile.entry import write_entry
from catzilla_jit.compile.fingerprint import fingerprint
from catzilla_jit.compile.kernel import Kernel, compile_kernel
from catzilla_jit.compile.lists import GivenList
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.origins import NUMPY, PYTHON, Origin
from catzilla_jit.compile.pipeline import new_program
from catzilla_jit.compile.program import Program
from catzilla_jit.compile.quiet import quiet
from catzilla_jit.compile.ranges import code_range
from catzilla_jit.compile.reason import CompileRefused, Reason
from catzilla_jit.compile.refusals import reason_of
from catzilla_jit.compile.saved import Facts
from catzilla_jit.compile.screen import screen
from catzilla_jit.compile.slots import NUMPY_TOO, Slot, is_scalar, lay_out

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
    prints: bool = True,
    exact: bool = False,
) -> CompiledTask:
    """Compile a function for the types its hints name, or for `argument_types`.

    `overflow` is "check" or "wrap"; `prints=False` refuses what prints, `exact` what Numba
    computes otherwise than NumPy. The return type is the inferred one. A function that was
    compiled before, in this process or another, is not compiled again. Takes milliseconds to
    seconds, and Numba's compiler lock. Raises CompileRefused with the reasons when the function
    must stay Python.
    """
    options = Options(fastmath, boundscheck, overflow, prints, exact)
    begun = time.perf_counter()
    plain = screen(function, name)
    wanted = (
        tuple(argument_types) if argument_types is not None else hints.argument_types(plain, name)
    )
    digest, portable = fingerprint(plain, wanted, options)
    with global_compiler_lock, quiet():
        known = _known.get((name, digest))
        if known is None:
            known = _obtain(plain, name, wanted, options, digest, portable, begun)
            if portable:  # otherwise the digest holds addresses, which can be used again
                _known[name, digest] = known
    if isinstance(known, CompileRefused):
        raise CompileRefused(known.name, known.reasons)
    return known


#: What became of each function in this process; Numba keeps its machine code for good as well.
_known: dict[tuple[str, str], CompiledTask | CompileRefused] = {}


def _obtain(
    function: pytypes.FunctionType,
    name: str,
    wanted: tuple[types.Type, ...],
    options: Options,
    digest: str,
    portable: bool,
    begun: float,
) -> CompiledTask | CompileRefused:
    """Load the task from the disk cache or compile it."""
    data = store.read(digest) if portable else None
    saved = saved_forms.from_bytes(data) if data is not None else None
    if saved is not None:
        return _addressed(*saved, name=name, begun=begun, from_cache=True)
    TaskContext.tag = digest[:16] if portable else f"{digest[:16]}_{next(_counter)}"
    try:
        program, kernel = _compile(options, function, name, wanted)
    except CompileRefused as refused:
        return refused
    facts = _finish(kernel, function, program)
    if portable:
        data = saved_forms.to_bytes(kernel, facts)
        if data is not None:
            store.write(digest, data)
    return _addressed(kernel, facts, name=name, begun=begun, from_cache=False)


_counter = itertools.count()


def _compile(
    options: Options, function: pytypes.FunctionType, name: str, wanted: tuple[types.Type, ...]
) -> tuple[Program, Kernel]:
    """Compile; if that fails, once more with what the first attempt has shown to be needed.

    Helpers that do not know whether a number is NumPy's, and no texts of exceptions, which
    Python can make.
    """
    program = new_program(options)
    try:
        return program, _kernel(program, function, name, wanted)
    except CompileRefused as refused:
        if not program.makes_exceptions and not program.wants_mixes:
            raise
        first = refused
    mixes = program.wants_mixes
    if mixes:
        TaskContext.tag += "_m"  # the helpers of the first attempt have its symbols
        program = new_program(options, mixes=True)
        try:
            return program, _kernel(program, function, name, wanted)
        except CompileRefused as refused:
            if not program.makes_exceptions:
                raise
            first = refused
    TaskContext.tag += "_r"
    program = new_program(options, leaves_raises=True, mixes=mixes)
    kernel = _kernel(program, function, name, wanted)
    if not is_pure(program.effects, kernel.argument_types):
        raise first
    return program, kernel


def _kernel(
    program: Program, function: pytypes.FunctionType, name: str, wanted: tuple[types.Type, ...]
) -> Kernel:
    try:
        kernel = compile_kernel(program, function, wanted)
    except Exception as error:  # Numba raises errors of every kind for what it does not support
        reasons = program.reasons or [reason_of(error, function)]
        own = function.__code__.co_filename
        placed = (dataclasses.replace(r, file="") if r.file == own else r for r in reasons)
        raise CompileRefused(name, tuple(placed)) from error
    _refuse_result(kernel, function, name)
    _refuse_handlers(program, kernel, function, name)
    _refuse_doubts(program, kernel, function, name)
    return kernel


def _refuse_result(kernel: Kernel, function: pytypes.FunctionType, name: str) -> None:
    type_ = kernel.result_type
    if is_scalar(type_) or can_return(type_):
        return
    line = function.__code__.co_firstlineno
    message = f"it returns {words.of(type_)}, which cannot be given back as Python has it"
    advice = "return numbers, strings, arrays, or tuples and lists of them"
    if isinstance(type_, GivenList | GivenDict):
        kind = "list" if isinstance(type_, GivenList) else "dict"
        message = f"it returns a {kind} that it was given, and the caller would get another one"
        advice = "return `.copy()` of it; as it is, it runs as a Python task"
    raise CompileRefused(name, (Reason(line, message, advice),))


def _refuse_handlers(
    program: Program, kernel: Kernel, function: pytypes.FunctionType, name: str
) -> None:
    """What a handler catches is left to Python, which needs a task that can be run again."""
    if program.leaves_handlers and not is_pure(program.effects, kernel.argument_types):
        line = function.__code__.co_firstlineno
        message = "it catches exceptions by their class and has side effects"
        raise CompileRefused(name, (Reason(line, message, "catch Exception, without a name"),))


def _refuse_doubts(
    program: Program, kernel: Kernel, function: pytypes.FunctionType, name: str
) -> None:
    """A result of Python's where NumPy's is usual is Python's to compute: it has to run again."""
    if program.doubts_result and not is_pure(program.effects, kernel.argument_types):
        line = function.__code__.co_firstlineno
        message = "it returns a number that is NumPy's or Python's, and has side effects"
        raise CompileRefused(name, (Reason(line, message, "return float(x) or int(x)"),))


def _finish(kernel: Kernel, function: pytypes.FunctionType, program: Program) -> Facts:
    """Add the entry and the boxes, make the library executable, describe it."""
    slots, size = _layout(kernel, function)
    origin = program.result_origin
    if origin == NUMPY and slots[0].code in NUMPY_TOO:
        slots = (dataclasses.replace(slots[0], numpy=True), *slots[1:])
    with kernel.context.push_code_library(kernel.library):
        symbol = write_entry(kernel, slots[0], slots[1:])
        boxes = _write_boxes(kernel, slots, program.keys, origin)
    kernel.library.finalize()
    return Facts(
        signature=_signature(slots, kernel, as_dict=program.keys is not None),
        slots=slots,
        payload_size=size,
        entry=symbol,
        boxes=boxes,
        interruptible=not uses_python(kernel.library),
        pure=is_pure(program.effects, kernel.argument_types),
    )


def _write_boxes(
    kernel: Kernel, slots: tuple[Slot, ...], keys: tuple[str, ...] | None, origin: Origin
) -> dict[str, list[str]]:
    """Write pack, unpack and release of the slots that need them; return the symbols by name."""
    found = {}
    kinds = (kernel.result_type, *kernel.argument_types)
    for index, (slot, type_) in enumerate(zip(slots, kinds, strict=True)):
        if slot.code == "O":
            prefix = f"{BOX}{index}.{kernel.symbol}"
            found[slot.name] = write_boxes(
                kernel,
                type_,
                prefix,
                argument=index > 0,
                keys=None if index else keys,
                origin=PYTHON if index else origin,
            )
    return found


def _addressed(
    kernel: Kernel, facts: Facts, *, name: str, begun: float, from_cache: bool
) -> CompiledTask:
    """Look up the addresses in a finished library."""
    entry = kernel.library.get_pointer_to_function(facts.entry)
    kernel.bind_environments()
    object_code = kernel.object_code or kernel.library._get_compiled_object()
    slots = [_with_boxes(kernel, slot, facts.boxes) for slot in facts.slots]
    return CompiledTask(
        kernel,
        name=name,
        signature=facts.signature,
        entry=entry,
        payload_size=facts.payload_size,
        result=slots[0],
        arguments=tuple(slots[1:]),
        compile_seconds=time.perf_counter() - begun,
        from_cache=from_cache,
        interruptible=facts.interruptible,
        pure=facts.pure,
        code_range=code_range(object_code, facts.entry, entry),
    )


def _with_boxes(kernel: Kernel, slot: Slot, boxes: dict[str, list[str]]) -> Slot:
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


def _signature(slots: tuple[Slot, ...], kernel: Kernel, *, as_dict: bool) -> str:
    """Return the types in Python's words; a dict of fixed keys is a tuple to the kernel."""
    shown = zip(slots[1:], kernel.argument_types, strict=True)
    arguments = ", ".join(f"{slot.name}: {words.of(type_)}" for slot, type_ in shown)
    result = words.of(kernel.result_type)
    if as_dict:
        values = dict.fromkeys(map(words.of, kernel.result_type.types))
        result = f"dict[str, {' | '.join(values)}]"
    return f"({arguments}) -> {result}"


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
