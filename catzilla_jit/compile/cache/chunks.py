"""Chunk functions: from the cache, or compiled and kept there."""
# Numba is annotated in part only.
# mypy: disable-error-code="no-untyped-call,no-any-return,attr-defined"

from __future__ import annotations

from typing import Any

import numba  # noqa: F401 -- the whole before its parts
from numba.core.runtime import rtsys

from catzilla_jit.compile.backend.chunk import _compile
from catzilla_jit.compile.backend.kernel import Kernel
from catzilla_jit.compile.cache import numba_state, saved_task


def obtain(kernel: Kernel, pattern: str, digest: str | None) -> tuple[str, int, Any, bytes]:
    """Return symbol, address, library and machine code of a chunk function, cached or compiled.

    digest: under which the task is saved, None if it is not.
    """
    rtsys.initialize(kernel.context)
    kept = saved_task.read_chunk(digest, pattern) if digest is not None else None
    if kept is not None:
        library = numba_state.thaw_chunk(kept)
        # Numba does not tell the machine code of a library that was loaded.
        return kept.symbol, library.get_pointer_to_function(kept.symbol), library, kept.object_code
    symbol = f"cz_chunk.{pattern}.{kernel.symbol}"
    library = _compile(kernel, pattern, symbol)
    made = numba_state.freeze_chunk(symbol, library) if digest is not None else None
    if digest is not None and made is not None:
        saved_task.write_chunk(digest, pattern, made)
    address = library.get_pointer_to_function(symbol)
    return symbol, address, library, library._get_compiled_object()
