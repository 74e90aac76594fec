"""The compile stage: from a Python function to addresses and layouts.

This package is the only importer of numba and llvmlite, and the import of it is the import of
them: take it late. It knows no worker and no queue. Its whole contract with the runtime:

`compile_task(function, *, name, argument_types=None, fastmath=False, boundscheck=False,
overflow="check")`
    -> CompiledTask, or raises CompileRefused, whose `reasons` are never empty. Any thread; takes
    Numba's compiler lock.

`CompiledTask`
    name, signature         for people
    entry                   address of `int32_t entry(void *payload, void **error)`: 0, or a status
    payload_size            bytes: the result at offset 0, then the arguments, as the slots say
    result, arguments       Slot(name, code, offset, numpy)
    compile_seconds, from_cache
    interruptible           False when the code may call back into Python
    pure                    True when it may be run again as Python without anybody noticing
    chunk(pattern)          address of the batch function of that pattern (`chunk.py` has the ABI)
    raise_error(status, error)
                            raises what a failed run left; the GIL is held. Call it once per
                            failed run and keep the exception: raising a description made at run
                            time frees it.

`STATUS_OVERFLOW`
    the status of a run whose answer Python has and compiled code has not (an integer beyond 64
    bits, a negative integer power). A pure task is to be run again as Python. For the others
    `raise_error` raises OverflowError with the line. Other statuses are ordinary exceptions.

Slot codes: `bhiq` and `BHIQ` integers of 8 to 64 bits, `f d` floats, `?` bool (one byte, 0 or 1),
`F D` complex64 and complex128 (real, imaginary), `n` None (no bytes). `numpy` says that the
caller gets the NumPy scalar. The packer checks ranges; nothing here truncates or converts.
"""

from __future__ import annotations

from catzilla_jit.compile.build import compile_task
from catzilla_jit.compile.compiled import CompiledTask
from catzilla_jit.compile.context import STATUS_OVERFLOW
from catzilla_jit.compile.explanation import Explanation
from catzilla_jit.compile.reason import CompileRefused, Reason
from catzilla_jit.compile.slots import Slot

__all__ = [
    "STATUS_OVERFLOW",
    "CompileRefused",
    "CompiledTask",
    "Explanation",
    "Reason",
    "Slot",
    "compile_task",
]
