"""From a function to a CompiledTask: types, kernel, entry, addresses.

Everything that compiles happens under Numba's compiler lock, which is re-entrant and shared with
every other user of Numba in the process (`target/compiler_lock.py`).
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

import numba  # noqa: F401 -- the whole before its parts
from numba.core import types

from catzilla_jit.compile.analysis.effects import is_pure
from catzilla_jit.compile.analysis.origins import NUMPY, PYTHON, Origin
from catzilla_jit.compile.backend.boxing import write_boxes
from catzilla_jit.compile.backend.entry import write_entry
from catzilla_jit.compile.backend.kernel import Kernel, compile_kernel
from catzilla_jit.compile.backend.payload_layout import is_scalar, lay_out
from catzilla_jit.compile.cache import saved_task
from catzilla_jit.compile.cache.fingerprint import fingerprint
from catzilla_jit.compile.cache.numba_state import freeze, thaw
from catzilla_jit.compile.cache.saved_task import Facts, Saved
from catzilla_jit.compile.compiled_task import CompiledTask
from catzilla_jit.compile.datamodel.convertible import can_return
from catzilla_jit.compile.datamodel.dict_argument import GivenDict
from catzilla_jit.compile.datamodel.list_argument import GivenList
from catzilla_jit.compile.diagnostics import rules, source_line, type_names
from catzilla_jit.compile.diagnostics.numba_errors import reason_of
from catzilla_jit.compile.diagnostics.reason import CompileRefused, Reason
from catzilla_jit.compile.frontend import hints
from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.library.bytes import build as _octetmaking  # noqa: F401 -- its import adds them
from catzilla_jit.compile.library.bytes import split as _octetparts  # noqa: F401 -- its import adds them
from catzilla_jit.compile.loaded import known, loaded, spoiled, with_boxes
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.passes.pipeline import new_program
from catzilla_jit.compile.slots import NUMPY_TOO, Slot
from catzilla_jit.compile.target import clocks as _clocks  # noqa: F401 -- its import adds them
from catzilla_jit.compile.target import list_truth as _overloads  # noqa: F401 -- its import adds them
from catzilla_jit.compile.target.abandon import go_on
from catzilla_jit.compile.target.compiler_lock import compiler
from catzilla_jit.compile.target.context import UNWRAP, TaskContext
from catzilla_jit.compile.target.deferred_library import deferring
from catzilla_jit.compile.target.finished import finish

#: The symbols of pack, unpack and release begin with this.
BOX = "cz_box"
#: Bytes that arguments and result may take, with a reference for each where one is an object: what
#: the largest block has beside its record.
ROOM = 2048 - 32 - 64


def build(
    function: pytypes.FunctionType,
    name: str,
    argument_types: Sequence[types.Type] | None,
    options: Options,
    begun: float,
) -> CompiledTask:
    """Return the task for the types given, or for those of the hints; see `compile_task`.

    begun: when that was called, by `time.perf_counter`.
    """
    if argument_types is None:
        argument_types = hints.argument_types(function, name)
    wanted = tuple(argument_types)
    digest, portable = fingerprint(function, _shown(wanted), options)
    found: CompiledTask | CompileRefused | None = loaded(name, digest, portable, begun)
    if found is None:
        kept = _kept(digest) if portable and (name, digest) not in known else None
        with compiler():
            portable = portable and digest not in spoiled
            found = known.get((name, digest))
            if found is None and kept is not None and portable:
                found = known[name, digest] = _thawed(*kept, name, digest, begun)
            elif found is None:
                found = _made(function, name, wanted, options, digest, portable, begun)
                # Otherwise the digest holds addresses, which can be used again.
                if portable and not _is_spoiled(function, wanted, options, digest):
                    known[name, digest] = found
    if isinstance(found, CompileRefused):
        raise CompileRefused(found.name, found.reasons)
    return found


def _kept(digest: str) -> tuple[Saved, dict[str, Any]] | None:
    """Return a saved task that only Numba can load, with what its variables point at."""
    task = saved_task.read(digest)
    variables = task.variables() if task is not None else None
    return None if task is None or variables is None else (task, variables)


def _thawed(
    task: Saved, variables: dict[str, Any], name: str, digest: str, begun: float
) -> CompiledTask:
    kernel = thaw(task, variables)
    return _addressed(kernel, task.facts, task.object_code, name, digest, begun, True)


def _made(
    function: pytypes.FunctionType,
    name: str,
    wanted: tuple[types.Type, ...],
    options: Options,
    digest: str,
    portable: bool,
    begun: float,
) -> CompiledTask | CompileRefused:
    """Compile the task, and keep it on disk where another process can use it."""
    TaskContext.begin(digest[:16] if portable else f"{digest[:16]}_{next(_counter)}")
    try:
        with deferring():
            program, kernel = _compile(options, function, name, wanted)
            facts = _finish(kernel, function, name, program)
    except CompileRefused as refused:
        return refused
    kept = portable and not _is_spoiled(function, wanted, options, digest)
    task = freeze(kernel, facts) if kept else None
    if task is not None:
        saved_task.write(digest, task)
    kernel.bind()
    object_code = kernel.library._get_compiled_object()
    under = digest if task is not None else None
    return _addressed(kernel, facts, object_code, name, under, begun, False)


_counter = itertools.count()


def _shown(wanted: tuple[types.Type, ...]) -> list[str]:
    return [repr(type_) for type_ in wanted]


def _is_spoiled(
    function: pytypes.FunctionType, wanted: tuple[types.Type, ...], options: Options, digest: str
) -> bool:
    """Tell whether what the function names was assigned while it was compiled."""
    if fingerprint(function, _shown(wanted), options)[0] != digest:
        spoiled.add(digest)
    return digest in spoiled


def _compile(
    options: Options, function: pytypes.FunctionType, name: str, wanted: tuple[types.Type, ...]
) -> tuple[CompilationUnit, Kernel]:
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
    TaskContext.begin(TaskContext.tag + "_r")
    program = new_program(options, leaves_raises=True, mixes=mixes)
    kernel = _kernel(program, function, name, wanted)
    if not is_pure(program.effects, kernel.argument_types):
        raise first
    return program, kernel


def _kernel(
    program: CompilationUnit,
    function: pytypes.FunctionType,
    name: str,
    wanted: tuple[types.Type, ...],
) -> Kernel:
    try:
        kernel = compile_kernel(program, function, wanted)
    except Exception as error:  # Numba raises errors of every kind for what it does not support
        reasons = program.reasons or [reason_of(error, [function, *program.helpers_of_user])]
        own = function.__code__.co_filename
        placed = (dataclasses.replace(r, file="") if r.file == own else r for r in reasons)
        raise CompileRefused(name, tuple(placed)) from error
    _refuse_result(kernel, function, name)
    _refuse_handlers(program, kernel, function, name)
    _refuse_doubts(program, kernel, function, name)
    _refuse_choices(program, kernel, function, name)
    return kernel


def _refuse_result(kernel: Kernel, function: pytypes.FunctionType, name: str) -> None:
    type_ = kernel.result_type
    if is_scalar(type_) or can_return(type_):
        return
    line = source_line.line_of(function.__code__, source_line.RETURNS)
    code = rules.RESULT_TYPE
    message = f"the function returns {type_names.of(type_)}, which cannot be converted back"
    advice = "return numbers, strings, bytes, arrays, or tuples and lists of them"
    if isinstance(type_, types.LiteralList):
        code = rules.MIXED_ITEMS
        message = f"the function returns a list with items of several types, {type_names.of(type_)}"
        advice = "return a tuple, or make the items one type"
    if isinstance(type_, types.Set):
        code = rules.SET_ORDER
        message = f"the function returns {type_names.of(type_)}, whose order is Python's own"
        advice = "return sorted(...) of it; otherwise it runs as a Python task"
    if isinstance(type_, GivenList | GivenDict):
        kind = "list" if isinstance(type_, GivenList) else "dict"
        code = rules.GIVEN_CONTAINER
        message = f"the function returns a {kind} that it was given; the caller would get a copy"
        advice = "return `.copy()` of it; otherwise it runs as a Python task"
    raise CompileRefused(name, (Reason(code, line, message, advice),))


def _refuse_handlers(
    program: CompilationUnit, kernel: Kernel, function: pytypes.FunctionType, name: str
) -> None:
    """What a handler catches is left to Python, which needs a task that can be run again."""
    if (program.leaves_handlers or program.tries) and not is_pure(
        program.effects, kernel.argument_types
    ):
        line = source_line.line_of(function.__code__, source_line.HANDLERS)
        message = "the function has `try` and side effects: it cannot be run again as Python"
        advice = "move the `try` to the caller; otherwise it runs as a Python task"
        raise CompileRefused(name, (Reason(rules.TRY_WITH_EFFECTS, line, message, advice),))


def _refuse_doubts(
    program: CompilationUnit, kernel: Kernel, function: pytypes.FunctionType, name: str
) -> None:
    """A result of Python's where NumPy's is usual is Python's to compute: it has to run again."""
    if program.doubts_result and not is_pure(program.effects, kernel.argument_types):
        line = source_line.line_of(function.__code__, source_line.RETURNS)
        message = (
            "the function returns a number that is sometimes NumPy's, sometimes Python's, and has "
            "side effects"
        )
        reason = Reason(rules.NUMPY_OR_PYTHON, line, message, "return float(x) or int(x)")
        raise CompileRefused(name, (reason,))


def _refuse_choices(
    program: CompilationUnit, kernel: Kernel, function: pytypes.FunctionType, name: str
) -> None:
    """What is NumPy's to choose (which of two zeros) is left to it: the task has to run again."""
    where = program.leaves_numpys
    if where is not None and not is_pure(program.effects, kernel.argument_types):
        file = "" if where.filename == function.__code__.co_filename else where.filename
        message = (
            "NumPy decides some results of this call, and a function that writes to arrays or "
            "prints cannot be run again as Python"
        )
        advice = "copy the arrays first; otherwise it runs as a Python task"
        reason = Reason(rules.NUMPY_CHOICE, where.line, message, advice, file=file)
        raise CompileRefused(name, (reason,))


def _finish(
    kernel: Kernel, function: pytypes.FunctionType, name: str, program: CompilationUnit
) -> Facts:
    """Add the entry and the boxes, make the library executable, describe it."""
    slots, size = _layout(kernel, function)
    boxed = any(slot.code == "O" for slot in slots)
    if size + boxed * 8 * (len(slots) + 1) > ROOM:
        message = f"the {len(slots) - 1} arguments take more room than a compiled call has"
        line = function.__code__.co_firstlineno
        reason = Reason(rules.TOO_MANY_ARGUMENTS, line, message, "pass lists of them")
        raise CompileRefused(name, (reason,))
    origin = program.result_origin
    if origin == NUMPY and slots[0].code in NUMPY_TOO:
        slots = (dataclasses.replace(slots[0], numpy=True), *slots[1:])
    with kernel.context.push_code_library(kernel.library):
        symbol = write_entry(kernel, slots[0], slots[1:])
        boxes = _write_boxes(kernel, slots, program.keys, origin)
    go_on()
    finish(kernel.library)
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
    kernel: Kernel,
    facts: Facts,
    object_code: bytes,
    name: str,
    digest: str | None,
    begun: float,
    from_cache: bool,
) -> CompiledTask:
    """Look up the addresses in a finished library."""
    return CompiledTask(
        facts,
        with_boxes(facts, kernel.library.get_pointer_to_function),
        kernel.library.get_pointer_to_function(facts.entry),
        object_code,
        lambda: kernel,
        name=name,
        digest=digest,
        compile_seconds=time.perf_counter() - begun,
        from_cache=from_cache,
    )


def _layout(kernel: Kernel, function: pytypes.FunctionType) -> tuple[tuple[Slot, ...], int]:
    names = ("return", *inspect.signature(function).parameters)
    kinds = (kernel.result_type, *kernel.argument_types)
    return lay_out(kernel.context, list(zip(names, kinds, strict=True)))


def _signature(slots: tuple[Slot, ...], kernel: Kernel, *, as_dict: bool) -> str:
    """Return the types in Python's words; a dict of fixed keys is a tuple to the kernel."""
    shown = zip(slots[1:], kernel.argument_types, strict=True)
    arguments = ", ".join(f"{slot.name}: {type_names.of(type_)}" for slot, type_ in shown)
    result = type_names.of(kernel.result_type)
    if as_dict:
        values = dict.fromkeys(map(type_names.of, kernel.result_type.types))
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
        and not function.name.startswith(("__excinfo_unwrap", UNWRAP, BOX))
        and "@Py" in str(function)
        for function in module.functions
    )
