"""From a function to a CompiledTask: types, kernel, entry, addresses.

Everything that compiles happens under Numba's compiler lock, which is re-entrant and shared with
every other user of Numba in the process (`target/compiler_lock.py`).
"""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

import dataclasses
import itertools
import time
import types as pytypes
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numba  # noqa: F401 -- the whole before its parts
from numba.core import types

from catzilla_jit import signatures
from catzilla_jit.compile.admission import reason_against
from catzilla_jit.compile.analysis.effects import is_pure, is_repeatable
from catzilla_jit.compile.analysis.numpy_made import (
    SCALARS,
    is_numpys,
    origin_of_argument,
    type_of_argument,
)
from catzilla_jit.compile.analysis.origins import NUMPY, Origin
from catzilla_jit.compile.backend import loader
from catzilla_jit.compile.backend.boxing import write_boxes
from catzilla_jit.compile.backend.entry import write_entry
from catzilla_jit.compile.backend.kernel import Kernel, compile_kernel
from catzilla_jit.compile.backend.payload_layout import lay_out
from catzilla_jit.compile.cache import saved_task
from catzilla_jit.compile.cache.fingerprint import fingerprint
from catzilla_jit.compile.cache.library_code import LibraryCode
from catzilla_jit.compile.cache.numba_state import freeze, thaw
from catzilla_jit.compile.cache.saved_task import Facts, Saved
from catzilla_jit.compile.compiled_task import CompiledTask
from catzilla_jit.compile.datamodel.plain_class import classes_in
from catzilla_jit.compile.diagnostics import rules, type_names
from catzilla_jit.compile.diagnostics.evaluation import Evaluation
from catzilla_jit.compile.diagnostics.numba_errors import reason_of
from catzilla_jit.compile.diagnostics.reason import CompileRefused, Reason
from catzilla_jit.compile.frontend import hints
from catzilla_jit.compile.frontend.findings import Findings
from catzilla_jit.compile.frontend.unit import CompilationUnit
from catzilla_jit.compile.library import repeated_text as _repeated  # noqa: F401 -- its import adds it
from catzilla_jit.compile.library import twister_methods as _twister_methods  # noqa: F401 -- its import adds them
from catzilla_jit.compile.library.bytes import build as _bytes_build  # noqa: F401 -- its import adds them
from catzilla_jit.compile.library.bytes import split as _bytes_split  # noqa: F401 -- its import adds them
from catzilla_jit.compile.library.ufuncs import generator_choice as _generator_choice  # noqa: F401 -- its import adds it
from catzilla_jit.compile.library.ufuncs import generator_methods as _generator_methods  # noqa: F401 -- its import adds them
from catzilla_jit.compile.loaded import known, loaded, spoiled, with_boxes
from catzilla_jit.compile.options import Options
from catzilla_jit.compile.passes.pipeline import new_unit
from catzilla_jit.compile.slots import NUMPY_TOO, Slot
from catzilla_jit.compile.target import array_abs as _array_abs  # noqa: F401 -- its import adds it
from catzilla_jit.compile.target import bounds as _bounds  # noqa: F401 -- its import puts it in place
from catzilla_jit.compile.target import clocks as _clocks  # noqa: F401 -- its import adds them
from catzilla_jit.compile.target import dict_values as _dict_values  # noqa: F401 -- its import changes it
from catzilla_jit.compile.target import list_truth as _overloads  # noqa: F401 -- its import adds them
from catzilla_jit.compile.target import symbol_numbers as _numbers  # noqa: F401 -- its import begins them
from catzilla_jit.compile.target import text_repetition as _repetition  # noqa: F401 -- its import changes it
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
    digest, portable = _fingerprint(function, wanted, options)
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
    if task is None or variables is None or not loader.has_loops(task.object_code):
        return None
    return task, variables


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
    TaskContext.begin(digest if portable else f"{digest}_{next(_counter)}")
    shelves = LibraryCode()
    try:
        with deferring(shelves.adopt):
            unit, kernel = _compile(options, function, name, wanted, shelves)
            facts = _finish(kernel, function, name, unit)
    except CompileRefused as refused:
        return refused
    finally:
        shelves.close()
    kept = portable and not _is_spoiled(function, wanted, options, digest)
    task = freeze(kernel, facts) if kept else None
    if task is not None:
        saved_task.write(digest, task)
    kernel.bind()
    object_code = kernel.library._get_compiled_object()
    under = digest if task is not None else None
    return _addressed(kernel, facts, object_code, name, under, begun, False)


_counter = itertools.count()


def _fingerprint(
    function: pytypes.FunctionType, wanted: tuple[types.Type, ...], options: Options
) -> tuple[str, bool]:
    classes = [each for type_ in wanted for each in classes_in(type_of_argument(type_))]
    return fingerprint(function, [repr(type_) for type_ in wanted], options, classes)


def _is_spoiled(
    function: pytypes.FunctionType, wanted: tuple[types.Type, ...], options: Options, digest: str
) -> bool:
    """Tell whether what the function names was assigned while it was compiled."""
    if _fingerprint(function, wanted, options)[0] != digest:
        spoiled.add(digest)
    return digest in spoiled


class _Way(NamedTuple):
    """What a further attempt does otherwise, and when the one before shows that it may help."""

    helps: Callable[[Findings], bool]
    change: dict[str, bool]
    suffix: str  # of the symbols: the helpers of the attempt before have theirs


#: In this order, each at most once: helpers that do not know whether a number is NumPy's; lists
#: that become arrays when they are whole, since their items are no numbers; no texts of exceptions,
#: which Python can make.
WAYS = (
    _Way(lambda found: found.wants_mixes, {"mixes": True}, "_m"),
    _Way(lambda found: found.collects, {"keeps_lists": True}, "_l"),
    _Way(lambda found: found.makes_exceptions, {"bails_at_raises": True}, "_r"),
)


def _compile(
    options: Options,
    function: pytypes.FunctionType,
    name: str,
    wanted: tuple[types.Type, ...],
    shelves: LibraryCode,
) -> tuple[CompilationUnit, Kernel]:
    """Compile; if that fails, again with what the attempt has shown to be needed."""
    changes: dict[str, bool] = {}
    ways = iter(WAYS)
    unit = new_unit(options)
    while True:
        unit.adopt = shelves.adopt_helper
        try:
            kernel = _kernel(unit, function, name, wanted)
        except CompileRefused as error:
            way = next((way for way in ways if way.helps(unit.findings)), None)
            if way is None:
                raise
            refused = error
        else:
            effects = unit.findings.effects
            if unit.bails_at_raises and not is_repeatable(effects, kernel.argument_types):
                raise refused
            return unit, kernel
        changes |= way.change
        TaskContext.begin(TaskContext.tag + way.suffix)
        unit = new_unit(options, **changes)


def _kernel(
    unit: CompilationUnit,
    function: pytypes.FunctionType,
    name: str,
    wanted: tuple[types.Type, ...],
) -> Kernel:
    unit.argument_origins = tuple(map(origin_of_argument, wanted))
    try:
        kernel = compile_kernel(unit, function, tuple(map(type_of_argument, wanted)))
    except Exception as error:  # Numba raises errors of every kind for what it does not support
        reasons = unit.findings.reasons or [reason_of(error, [function, *unit.helpers_of_user])]
        own = function.__code__.co_filename
        placed = (dataclasses.replace(r, file="") if r.file == own else r for r in reasons)
        raise CompileRefused(name, tuple(placed)) from error
    finally:
        unit.findings.origins_for.clear()  # it has the code of every helper
    reason = reason_against(unit, kernel, function)
    if reason is not None:
        raise CompileRefused(name, (reason,))
    return kernel


def _finish(
    kernel: Kernel, function: pytypes.FunctionType, name: str, unit: CompilationUnit
) -> Facts:
    """Add the entry and the boxes, make the library executable, describe it."""
    slots, size = _layout(kernel, function, unit.argument_origins)
    boxed = any(slot.code == "O" for slot in slots)
    if size + boxed * 8 * (len(slots) + 1) > ROOM:
        message = f"the {len(slots) - 1} arguments take more room than a compiled call has"
        line = function.__code__.co_firstlineno
        reason = Reason(rules.TOO_MANY_ARGUMENTS, line, message, "pass lists of them")
        raise CompileRefused(name, (reason,))
    origin = unit.result_origin
    if origin == NUMPY and slots[0].code in NUMPY_TOO:
        slots = (dataclasses.replace(slots[0], numpy=True), *slots[1:])
    with kernel.context.push_code_library(kernel.library):
        repeatable = is_repeatable(unit.findings.effects, kernel.argument_types)
        symbol = write_entry(kernel, slots[0], slots[1:], repeatable=repeatable)
        origins = (origin, *unit.argument_origins)
        boxes = _write_boxes(kernel, slots, unit.findings.keys, origins)
    go_on()
    finish(kernel.library)
    return Facts(
        signature=_signature(slots, kernel, as_dict=unit.findings.keys is not None),
        slots=slots,
        payload_size=size,
        entry=symbol,
        boxes=boxes,
        interruptible=not uses_python(kernel.library),
        pure=is_pure(unit.findings.effects, kernel.argument_types),
        repeatable=repeatable,
        overwritten=tuple(sorted(unit.findings.overwritten)),
        loops=tuple(sorted(unit.findings.loops.items())),
        evaluations=_evaluations(unit, function),
    )


def _evaluations(unit: CompilationUnit, function: pytypes.FunctionType) -> tuple[Evaluation, ...]:
    """Return how array expressions are evaluated, by file and line, the task's own first."""
    own = function.__code__.co_filename
    found = (
        dataclasses.replace(each, file="") if each.file == own else each
        for each in unit.findings.evaluations
    )
    return tuple(sorted(found, key=lambda each: (each.file, each.line)))


def _write_boxes(
    kernel: Kernel,
    slots: tuple[Slot, ...],
    keys: tuple[str, ...] | None,
    origins: tuple[Origin, ...],
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
                origin=origins[index],
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


def _layout(
    kernel: Kernel, function: pytypes.FunctionType, origins: tuple[Origin, ...]
) -> tuple[tuple[Slot, ...], int]:
    names = ("return", *signatures.own(function).parameters)
    kinds = (kernel.result_type, *kernel.argument_types)
    slots, size = lay_out(kernel.context, list(zip(names, kinds, strict=True)))
    numpys = map(is_numpys, kernel.argument_types, origins)
    arguments = (
        dataclasses.replace(slot, numpy=True) if each else slot
        for slot, each in zip(slots[1:], numpys, strict=True)
    )
    return (slots[0], *arguments), size


def _signature(slots: tuple[Slot, ...], kernel: Kernel, *, as_dict: bool) -> str:
    """Return the types in Python's words; a dict of fixed keys is a tuple to the kernel."""
    shown = zip(slots[1:], kernel.argument_types, strict=True)
    arguments = ", ".join(f"{slot.name}: {_named(slot, type_)}" for slot, type_ in shown)
    result = type_names.of(kernel.result_type)
    if as_dict:
        values = dict.fromkeys(map(type_names.of, kernel.result_type.types))
        result = f"dict[str, {' | '.join(values)}]"
    return f"({arguments}) -> {result}"


def _named(slot: Slot, type_: types.Type) -> str:
    made = slot.code in NUMPY_TOO and slot.numpy
    return f"numpy.{SCALARS[type_].__name__}" if made else type_names.of(type_)


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
