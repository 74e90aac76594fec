"""Machine code that was saved: made executable without Numba, where it needs nothing of Numba's.

Code on plain numbers refers to the C library and to nothing else: not to Numba's runtime
(reference counts), not to its helper functions, not to Python's C API, and so not to Numba's
environments, which hold the constants that boxing and exceptions need. Only such code is taken.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call,no-any-return"

from __future__ import annotations

import functools
import os
import threading
from typing import Any

import llvmlite.binding as llvm

from catzilla_jit.compile import stacktable  # noqa: F401 -- saved code needs its table
from catzilla_jit.compile.objectcode import undefined

#: What a symbol that Numba or Python has to provide begins with.
FOREIGN = ("NRT_", "numba", "_numba", "Py", "_Py", ".numba")

#: Around every use of the engine; held during a fork, so that the child finds it free.
LOCK = threading.RLock()
os.register_at_fork(before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release)


def is_loadable(data: bytes) -> bool:
    """Tell whether an object file is code that `load` takes."""
    names = undefined(data)
    with LOCK:
        _engine()  # it is what opens the program's own symbols to LLVM
        return names is not None and all(map(_is_known, names))


def _is_known(name: str) -> bool:
    # An unknown symbol would end the process: LLVM knows no other answer.
    return not name.startswith(FOREIGN) and llvm.address_of_symbol(name) is not None


def load(data: bytes, symbol: str) -> int:
    """Make an object file executable; return the address of one of its functions."""
    with LOCK:
        engine = _engine()
        engine.add_object_file(llvm.ObjectFileRef.from_data(data))
        engine.finalize_object()
        return engine.get_function_address(symbol)


@functools.cache
def _engine() -> Any:
    """Return the owner of the code; it lives as long as the process, like Numba's own."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
