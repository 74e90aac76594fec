"""The compile stage: from a Python function to addresses and layouts.

This package is the only importer of numba and llvmlite. The import of it is the import of llvmlite:
take it late. Numba, which takes four times as long, is imported when something is to be compiled,
or was compiled and needs it; as a whole before its parts, because of two threads that import its
parts in different orders one gets them half made. It knows no worker and no queue. Its whole
contract with the runtime:

`compile_task(function, *, name, argument_types=None, fastmath=False, boundscheck=False,
overflow="check", prints=True, exact=False)`
    -> CompiledTask, or raises CompileRefused, whose `reasons` are never empty. Any thread; takes
    Numba's compiler lock. The same function again (also in another process) is not compiled again.
    A global that is an object with `__task_function__` is called as the function it holds.

`needs_values(function)`, `argument_types_for(function, values, *, name)`
    for functions whose hints do not tell every type (arrays, no hints): the second gives the
    `argument_types` for one call's values, one per parameter, defaults filled in. Hints that do
    tell win, but an int in the place of a float stays one. Raises CompileRefused when a value has
    no type: then the call runs as Python. `hinted_types(function, name)` gives those of the hints.

`Dependencies(function)`
    made when a task is compiled; `unchanged()` tells whether the globals, closures and helpers that
    the code has as constants still are the same objects. If not, compile again.

`CompiledTask`
    name, signature         for people
    entry                   address of `int32_t entry(void *payload, void **error)`: 0, or a status
    payload_size            bytes: the result at offset 0, then the arguments, as the slots say
    result, arguments       Slot(name, code, offset, numpy, pack, unpack, release)
    compile_seconds, from_cache
    interruptible           False when the code may call back into Python
    code_ranges             (start, size) of its machine code; grows with each chunk function
    pure                    True when it may be run again as Python without anybody noticing
    chunk(pattern)          address of the batch function of that pattern (`backend/chunk.py` has
    the ABI) known_chunk(pattern)    the same, or None: compiles and loads nothing
    raise_error(status, error)
                            raises what a failed run left; the GIL is held. Call it once per
                            failed run and keep the exception: raising a description made at run
                            time frees it.

`STATUS_OVERFLOW`
    the status of a run whose answer Python has and compiled code has not: an integer beyond 64
    bits, an integer that a variable for floats holds, an exception that Python words otherwise, a
    recursion too deep. A pure task is to be run again as Python. For the others `raise_error`
    raises, with the line: mostly OverflowError. Other statuses are exceptions as Python has them.

`Explanation.of(task or refusal)`
    what to show to people.

Slot codes: `bhiq` and `BHIQ` integers of 8 to 64 bits, `f d` floats, `?` bool (one byte, 0 or 1),
`F D` complex64 and complex128 (real, imaginary), `n` None (no bytes). `numpy` says that the
caller gets the NumPy scalar. The packer checks ranges; nothing here truncates or converts.
Code `O` is everything else (str, bytes, tuples, arrays, optionals, lists): its slot has functions
    int32_t pack(PyObject *value, void *slot)   0, or -1 with TypeError or OverflowError set; an
                                                argument's, else 0
    PyObject *unpack(void *slot)                a new reference, empties the slot; a result's
    void release(void *slot)                    empties the slot instead
all three to be called with the GIL held. The caller keeps `value` alive until the task has ended,
then releases each argument, whatever the status was; a result is there only after status 0.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from catzilla_jit.compile.compiled_task import CompiledTask
from catzilla_jit.compile.diagnostics.reason import CompileRefused, Reason
from catzilla_jit.compile.driver import compile_task
from catzilla_jit.compile.explanation import Explanation
from catzilla_jit.compile.frontend.guards import Dependencies
from catzilla_jit.compile.slots import STATUS_OVERFLOW, Slot
from catzilla_jit.compile.target.abandon import Abandoned
from catzilla_jit.compile.with_numba import import_numba

if TYPE_CHECKING:
    from catzilla_jit.compile.frontend.in_place import on_copies
    from catzilla_jit.compile.frontend.values import (
        argument_types_for,
        hinted_types,
        needs_values,
        with_constants,
        without_optionals,
    )
    from catzilla_jit.compile.target.parallel_turns import in_turn
    from catzilla_jit.compile.target.threading_layer import THREADS, use_layer

__all__ = [
    "STATUS_OVERFLOW",
    "THREADS",
    "Abandoned",
    "CompileRefused",
    "CompiledTask",
    "Dependencies",
    "Explanation",
    "Reason",
    "Slot",
    "argument_types_for",
    "compile_task",
    "hinted_types",
    "in_turn",
    "needs_values",
    "on_copies",
    "use_layer",
    "with_constants",
    "without_optionals",
]

_WITH_NUMBA = {
    "THREADS": "target.threading_layer",
    "argument_types_for": "frontend.values",
    "hinted_types": "frontend.values",
    "in_turn": "target.parallel_turns",
    "needs_values": "frontend.values",
    "on_copies": "frontend.in_place",
    "use_layer": "target.threading_layer",
    "with_constants": "frontend.values",
    "without_optionals": "frontend.values",
}


def __getattr__(name: str) -> Any:
    """Import what imports Numba when it is asked for."""
    if name not in _WITH_NUMBA:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_numba()
    return getattr(importlib.import_module(f"{__name__}.{_WITH_NUMBA[name]}"), name)
