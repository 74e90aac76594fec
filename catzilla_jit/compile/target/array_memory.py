"""Where the memory of arrays comes from: a function of libcatzilla_jit.so, or Numba's own.

Numba lets an allocator be given for each object; ours keeps the memory of large arrays a moment for
the next ones (native/src/spare.h). Small ones, all of them in a process on jemalloc, and code
without the library have Numba's function. Numba is not imported here.
"""

# llvmlite is not annotated.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import contextlib
import ctypes
from typing import Any

import llvmlite.binding as llvm

from catzilla_jit.compile.target import fork_symbols

#: The function's symbol. It begins as those of Numba's do that are registered with it.
NEW = "NRT_cz_array_new"
OLD = "NRT_MemInfo_alloc_aligned"
_SET_UP = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_INTERFACE = ctypes.CFUNCTYPE(ctypes.c_void_p)


def exchange(module: Any) -> None:
    """Have the LLVM code of a task call our function, also where it is Numba's that was linked in.

    Numba's functions are compiled once for all, tasks and others, so they name Numba's.
    """
    with contextlib.suppress(NameError):  # it makes no array
        module.get_function(OLD).name = NEW


def provide(runtime: Any) -> None:
    """Register the function that makes arrays; runtime: Numba's module of reference counts."""
    plain = runtime.c_helpers["MemInfo_alloc_aligned"]
    llvm.add_symbol(NEW, _address(runtime, plain) or plain)


def _address(runtime: Any, plain: int) -> int | None:
    if not fork_symbols.AVAILABLE:
        return None
    found = (llvm.address_of_symbol(name) for name in ("cz_array_memory", "cz_array_new"))
    set_up, new = found
    if set_up is None or new is None:
        return None
    _SET_UP(set_up)(_INTERFACE(runtime.c_helpers["get_api"])(), plain)
    return new  # type: ignore[no-any-return]
